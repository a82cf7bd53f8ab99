#include <algorithm>
#include <array>

#include "kql/parser.hpp"

// Scalar expressions, from `or` down to a unary sign. Operators of one line bind equally.

namespace rollcall::kql {
namespace {

// A chain of arithmetic is a left-deep tree; longer ones are refused.
constexpr int max_chain = 200;

bool is_string_operator(const Token& token) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"=~",          "!~",          "has",           "!has",           "has_cs",
       "!has_cs",     "hasprefix",   "!hasprefix",    "hasprefix_cs",   "!hasprefix_cs",
       "hassuffix",   "!hassuffix",  "hassuffix_cs",  "!hassuffix_cs",  "like",
       "notlike",     "likecs",      "notlikecs",     "contains",       "!contains",
       "notcontains", "containscs",  "contains_cs",   "notcontainscs",  "!contains_cs",
       "startswith",  "!startswith", "startswith_cs", "!startswith_cs", "endswith",
       "!endswith",   "endswith_cs", "!endswith_cs",  "matches regex",  ":"});
  return (token.kind == TokenKind::keyword || token.kind == TokenKind::punctuation) &&
         std::find(words.begin(), words.end(), token.text) != words.end();
}

}  // namespace

ast::ExprPtr Parser::required(ast::ExprPtr expr) {
  if (!expr) complain("expected an expression");
  if (!expr) expr = std::make_unique<ast::Expr>(ast::Expr{ast::NameRef{""}, peek().span});
  return expr;
}

ast::ExprPtr Parser::binary(ast::ExprPtr left, ast::ExprPtr right, std::string op) {
  right = required(std::move(right));
  const Span span{left->span.offset, from(left->span.offset).length};
  return std::make_unique<ast::Expr>(
      ast::Expr{ast::Binary{std::move(op), std::move(left), std::move(right)}, span});
}

// List: element, element …   A comma must be followed by an element unless `trailing` allows it.
ast::ExprList Parser::parse_list(ast::ExprPtr (Parser::*element)(), bool one_or_more,
                                 bool trailing) {
  ast::ExprList list;
  if (at_list_end()) {
    if (one_or_more) complain("expected an expression");
    return list;
  }
  while (true) {
    auto item = (this->*element)();
    if (!item) {
      if (list.empty() && !one_or_more && !at(",")) return list;
      complain("expected an expression");
      return list;
    }
    list.push_back(std::move(item));
    if (!accept(",")) return list;
    if (trailing && at_list_end()) return list;
  }
}

// NamedExpression: name = expr | ( name, … ) = expr | expr
ast::ExprPtr Parser::parse_named() {
  const std::uint32_t start = peek().span.offset;
  ast::Named named;
  if (const std::size_t n = scan_extended_name(); n > 0 && at("=", n)) {
    named.names.push_back(expect_name(true));
  } else if (at("(")) {
    std::size_t next = 1;
    while (const std::size_t length = scan_extended_name(next)) {
      next += length;
      if (!at(",", next)) break;
      ++next;
    }
    if (next == 1 || !at(")", next) || !at("=", next + 1)) return parse_unnamed();
    take();
    do {
      named.names.push_back(expect_name(true));
    } while (accept(","));
    expect(")");
  } else {
    return parse_unnamed();
  }
  expect("=");
  named.expr = required(parse_unnamed());
  return std::make_unique<ast::Expr>(ast::Expr{std::move(named), from(start)});
}

ast::ExprPtr Parser::parse_unnamed() {
  ast::ExprPtr expr;
  if (enter()) expr = parse_logical_or();
  leave();
  return expr;
}

// LogicalOr: LogicalAnd [or LogicalAnd] …
ast::ExprPtr Parser::parse_logical_or() {
  auto expr = parse_logical_and();
  if (!expr || !at("or")) return expr;
  const std::uint32_t start = expr->span.offset;
  ast::Logical chain{false, {}};
  chain.operands.push_back(std::move(expr));
  while (accept("or")) chain.operands.push_back(required(parse_logical_and()));
  return std::make_unique<ast::Expr>(ast::Expr{std::move(chain), from(start)});
}

// LogicalAnd: Equality [and Equality] …
ast::ExprPtr Parser::parse_logical_and() {
  auto expr = parse_equality();
  if (!expr || !at("and")) return expr;
  const std::uint32_t start = expr->span.offset;
  ast::Logical chain{true, {}};
  chain.operands.push_back(std::move(expr));
  while (accept("and")) chain.operands.push_back(required(parse_equality()));
  return std::make_unique<ast::Expr>(ast::Expr{std::move(chain), from(start)});
}

// Equality: Relational [== Relational | in ( … ) | between ( … .. … )]; not a chain
ast::ExprPtr Parser::parse_equality() {
  if (at("*") && at("==", 1)) {
    auto star = std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, take().span});
    take();
    return binary(std::move(star), parse_relational(), "==");
  }
  auto expr = parse_relational();
  if (!expr) return expr;
  if (at("==") || at("!=") || at("<>")) {
    std::string op = take().text;
    return binary(std::move(expr), parse_relational(), op == "<>" ? "!=" : std::move(op));
  }
  if (at("in") && at("range", 1)) return expr;  // make-series … in range(…)
  if (at("in") || at("in~") || at("!in") || at("!in~") || at("has_any") || at("has_all")) {
    return parse_in_list(std::move(expr));
  }
  if (at("between") || at("!between")) return parse_between(std::move(expr));
  return expr;
}

ast::ExprPtr Parser::parse_in_list(ast::ExprPtr left) {
  const std::uint32_t start = left->span.offset;
  ast::InList in{take().text, std::move(left), {}};
  expect("(");
  if (at_query_expression()) {
    in.list.push_back(required(parse_expression()));
  } else {
    in.list = parse_list(&Parser::parse_unnamed, true);
  }
  expect(")");
  return std::make_unique<ast::Expr>(ast::Expr{std::move(in), from(start)});
}

ast::ExprPtr Parser::parse_between(ast::ExprPtr left) {
  const std::uint32_t start = left->span.offset;
  ast::Between between{std::move(left), nullptr, nullptr, take().text == "!between"};
  expect("(");
  between.low = required(parse_unnamed());
  expect("..");
  between.high = required(parse_unnamed());
  expect(")");
  return std::make_unique<ast::Expr>(ast::Expr{std::move(between), from(start)});
}

// A query stands here when an operator starts it or a `|` follows before the closing parenthesis.
bool Parser::at_query_expression() const {
  if (at_possible_operator()) return true;
  int nesting = 0;
  for (std::size_t i = 0;; ++i) {
    if (at_kind(TokenKind::end, i) || at(";", i)) return false;
    if (at(",", i) && nesting == 0) return false;
    if (at("|", i) && nesting == 0) return true;
    if (at("(", i)) ++nesting;
    if (at(")", i) && nesting-- == 0) return false;
  }
}

// Relational: Additive [< Additive]; not a chain
ast::ExprPtr Parser::parse_relational() {
  auto expr = parse_additive();
  if (expr && (at("<") || at("<=") || at(">") || at(">="))) {
    std::string op = take().text;
    return binary(std::move(expr), parse_additive(), std::move(op));
  }
  return expr;
}

// Additive: Multiplicative [+ Multiplicative] …
ast::ExprPtr Parser::parse_additive() {
  auto expr = parse_multiplicative();
  for (int length = 0; expr && (at("+") || at("-")); ++length) {
    if (length > max_chain) complain("a shorter chain of operators is needed");
    std::string op = take().text;
    expr = binary(std::move(expr), parse_multiplicative(), std::move(op));
  }
  return expr;
}

// Multiplicative: StringOperation [* StringOperation] …
ast::ExprPtr Parser::parse_multiplicative() {
  auto expr = parse_string_operation();
  for (int length = 0; expr && (at("*") || at("/") || at("%")); ++length) {
    if (length > max_chain) complain("a shorter chain of operators is needed");
    std::string op = take().text;
    expr = binary(std::move(expr), parse_string_operation(), std::move(op));
  }
  return expr;
}

// StringOperation: [*] Unary [has Unary]; not a chain
ast::ExprPtr Parser::parse_string_operation() {
  ast::ExprPtr expr;
  if (at("*") && is_string_operator(peek(1))) {
    expr = std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, take().span});
  } else {
    expr = parse_unary();
  }
  if (expr && is_string_operator(peek())) {
    std::string op = take().text;
    return binary(std::move(expr), parse_unary(), std::move(op));
  }
  return expr;
}

// Unary: [-|+] Path
ast::ExprPtr Parser::parse_unary() {
  const std::uint32_t start = peek().span.offset;
  if (accept("-")) {
    auto operand = required(parse_path());
    return std::make_unique<ast::Expr>(ast::Expr{ast::Negate{std::move(operand)}, from(start)});
  }
  if (accept("+")) return required(parse_path());
  return parse_path();
}

}  // namespace rollcall::kql
