// Where a command's answer goes, so that tests can read it: `out` is what was asked for, `err` everything else
// (which data folder is used, progress, the one line that says what went wrong).
#pragma once
#include <functional>
#include <string_view>

#include "base/error.hpp"

namespace rollcall::app {

struct Console {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
};

// Exit codes.
inline constexpr int done = 0;
inline constexpr int went_wrong = 1;
inline constexpr int wrong_usage = 2;

// Prints the error as one line (`KQL0103 1:14..18 …`; places count in `source`) and answers went_wrong.
int report(const Console& console, const Error& error, std::string_view source = {});

}  // namespace rollcall::app
