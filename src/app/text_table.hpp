// Tables for people: aligned by spaces, in at most 80 columns.
#pragma once
#include <string>
#include <vector>

#include "base/time.hpp"

namespace rollcall::app {

inline constexpr std::size_t screen_columns = 80;

// The first row is the heading. When the table is too wide, the widest columns are cut (`…`) until it fits.
std::string text_table(const std::vector<std::vector<std::string>>& rows);
// How many characters are shown; text is UTF-8.
std::size_t width_of(std::string_view text);
// `45s`, `12m`, `3h`, `9d`.
std::string age(Timespan span);

}  // namespace rollcall::app
