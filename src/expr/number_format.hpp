// Numbers by .NET's format strings: C2, N0, F3, P1, E4, D5, X, G, and custom ones such as
// `#,##0.00;(0)`.
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "expr/number.hpp"

namespace rollcall::expr {

// EXPR0303: the format or the locale is not known. "" is the invariant culture.
Result<std::string> format_number(const Number& number, std::string_view format,
                                  std::string_view locale);

}  // namespace rollcall::expr
