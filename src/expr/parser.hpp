// The expression language's lexer and parser: text in, tree out.
#pragma once
#include <string_view>

#include "base/error.hpp"
#include "expr/tree.hpp"

namespace rollcall::expr {

// A string of a template: a whole expression, text with `@{…}` in it, or plain text. Spans count
// from the start of the string.
Result<Node> parse_string(std::string_view text);

}  // namespace rollcall::expr
