// What `render` asks for, drawn with characters: at most screen_columns wide.
#pragma once
#include <string>

#include "base/json.hpp"

namespace rollcall::app {

// `answer` is the API's: columns, rows and visualization. timechart, linechart, areachart and columnchart stand upright, a
// panel for each series; barchart and piechart lie. "" for what is better read as a table, and where nothing can be drawn.
std::string chart(const json::value& answer);

}  // namespace rollcall::app
