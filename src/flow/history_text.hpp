// A run as lines of text: every action with its time, status and what came of it; for tests of flows.
#pragma once
#include <string>

#include "flow/run_view.hpp"

namespace rollcall::flow {

// Times count from `zero`: `+7s`, `+1m30.5s`. `now`: for those that are under way.
std::string history_text(const RunView& view, Timestamp zero, Timestamp now);
std::string since(Timestamp zero, Timestamp time);

}  // namespace rollcall::flow
