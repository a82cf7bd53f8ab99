// Reads the command line and carries out what it says.
#pragma once
#include <string>
#include <vector>

#include "app/console.hpp"
#include "base/clock.hpp"

namespace rollcall::app {

// `arguments` are those behind the program's name. Answers the exit code: 0 done, 1 it went wrong (one line on
// err says what), 2 the command line is off.
int run(const std::vector<std::string>& arguments, const Console& console, const Clock& clock);

}  // namespace rollcall::app
