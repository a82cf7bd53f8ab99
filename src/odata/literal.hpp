// The value of a literal's token.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "odata/compile.hpp"
#include "odata/lexer.hpp"
#include "sql/tree.hpp"

namespace rollcall::odata {

Type type_of(const Token& literal);
// Error ODATA0107: the literal has no such value, as a 30th of February.
Result<sql::Value> value_of(const Token& literal, Conversion conversion);
// A quoted literal's content with its doubled quotes made single.
std::string unquote(std::string_view content);
// The text as a literal: `'it''s'`.
std::string quote(std::string_view text);

}  // namespace rollcall::odata
