// Texts of options, already percent-decoded, into trees. Pure syntax: names mean nothing yet.
// Errors: ODATA0101 and ODATA0107 of the lexer, ODATA0102 what was expected, ODATA0108 too long or
// too deep. https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt
// DIFFERS: `and`, `or` and the other operators have the precedence of the specification's table,
// which its grammar does not have.
#pragma once
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "odata/ast.hpp"

namespace rollcall::odata {

inline constexpr int max_depth = 100;

Result<ast::ExprPtr> parse_expression(std::string_view text);
Result<std::vector<ast::OrderItem>> parse_orderby(std::string_view text);
Result<std::vector<ast::PathItem>> parse_select(std::string_view text);
Result<std::vector<ast::PathItem>> parse_expand(std::string_view text);
Result<ast::SearchPtr> parse_search(std::string_view text);
// A path of resources: `lists/getbytitle('x')/items(5)`.
Result<ast::Path> parse_resource_path(std::string_view text);

}  // namespace rollcall::odata
