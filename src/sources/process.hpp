// Another program run to its end: what it writes is handed on as it comes.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rollcall::sources {

// The first argument is the program, found in PATH. `input`: the file that is its standard input; empty: none. SOURCE0101: it
// cannot be started, or ended with an error, which then is in the message. `environment`: NAME=value, over what this
// process has; others do not see it, as they see arguments.
Result<void> run_program(const std::vector<std::string>& arguments,
                         const std::filesystem::path& input,
                         const std::function<void(std::string_view)>& output,
                         const std::vector<std::string>& environment = {});

}  // namespace rollcall::sources
