// KQL text laid out as people expect it: a statement begins a line, so does each `|`; brackets that hold a long query,
// or several statements, are indented; an operator too long for a line is broken at its commas. Comments stay, and so
// does every token: only white space between them changes.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "kql/compile.hpp"

namespace rollcall::kql {

// What does not parse is not laid out: its diagnostics.
std::expected<std::string, Diagnostics> format(std::string_view text);

}  // namespace rollcall::kql
