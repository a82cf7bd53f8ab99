#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "kql/parser.hpp"

// Pipelines: a source and its operators, and which operator a word begins.

namespace rollcall::kql {
namespace {

constexpr std::size_t max_operators = 400;

const std::vector<std::string>& operator_names() {
  static const std::vector<std::string> names{
      "as",       "assert-schema", "consume",      "count",          "distinct",
      "evaluate", "extend",        "facet",        "filter",         "find",
      "fork",     "getschema",     "invoke",       "join",           "limit",
      "lookup",   "make-series",   "mv-apply",     "mv-expand",      "order",
      "parse",    "parse-kv",      "parse-where",  "partition",      "print",
      "project",  "project-away",  "project-keep", "project-rename", "project-reorder",
      "range",    "reduce",        "render",       "sample",         "sample-distinct",
      "scan",     "search",        "serialize",    "sort",           "summarize",
      "take",     "top",           "top-hitters",  "top-nested",     "union",
      "where"};
  return names;
}

bool never_a_name(std::string_view word) {
  static constexpr auto words = std::to_array<std::string_view>({"as",
                                                                 "assert-schema",
                                                                 "find",
                                                                 "graph-match",
                                                                 "graph-to-table",
                                                                 "invoke",
                                                                 "macro-expand",
                                                                 "make-graph",
                                                                 "graph-mark-components",
                                                                 "make-series",
                                                                 "mv-apply",
                                                                 "mv-expand",
                                                                 "parse-where",
                                                                 "parse-kv",
                                                                 "print",
                                                                 "project",
                                                                 "project-away",
                                                                 "project-keep",
                                                                 "project-rename",
                                                                 "project-by-names",
                                                                 "project-reorder",
                                                                 "sample",
                                                                 "sample-distinct",
                                                                 "search",
                                                                 "top-hitters",
                                                                 "top-nested",
                                                                 "union",
                                                                 "where"});
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

// Is it an operator that stands here, rather than a table with such a name?
bool Parser::at_possible_operator() const {
  if (!at_kind(TokenKind::keyword)) return false;
  const std::string& word = peek().text;
  if (word == "evaluate") return scan_name(1) > 0;
  if (word == "facet") return at("by", 1);
  if (word == "partition" || word == "reduce") {
    return at("by", 1) || at("kind", 1) ||
           (at_kind(TokenKind::keyword, 1) && peek(1).text.starts_with("hint."));
  }
  if (word == "range") {
    const std::size_t n = scan_name(1);
    return n > 0 && at("from", 1 + n);
  }
  if (word == "render") return at_kind(TokenKind::keyword, 1) || at_kind(TokenKind::identifier, 1);
  return never_a_name(word);
}

// Expression: (UnnamedExpression | Operator) [| Operator] …
ast::ExprPtr Parser::parse_expression() {
  if (!enter()) {
    leave();
    return nullptr;
  }
  ast::ExprPtr source;
  if (!at_possible_operator()) source = parse_unnamed();
  auto expr =
      !source && at_list_end() && !at("|") ? nullptr : parse_operators(std::move(source), false);
  leave();
  return expr;
}

// The operators behind a source. Without one, the first operator stands at the start.
ast::ExprPtr Parser::parse_operators(ast::ExprPtr source, bool first_required) {
  ast::Pipeline pipeline;
  const std::uint32_t start = source ? source->span.offset : peek().span.offset;
  if (!source) {
    auto first = parse_operator();
    if (!first) {
      if (first_required) complain("expected a query operator");
      return nullptr;
    }
    pipeline.operators.push_back(*std::move(first));
  }
  while (true) {
    if (panicking_) recover(false);
    if (!accept("|")) break;
    if (pipeline.operators.size() > max_operators) complain("a shorter pipeline is needed");
    if (auto next = parse_operator()) {
      pipeline.operators.push_back(*std::move(next));
    } else if (at_kind(TokenKind::identifier)) {
      const Token token = peek();
      complain_at(token.span, fmt::format("'{}' is no query operator", token.text),
                  nearest_name(token.text, operator_names()));
    } else {
      complain("expected a query operator");
    }
  }
  if (source && pipeline.operators.empty()) return source;
  pipeline.source = std::move(source);
  return std::make_unique<ast::Expr>(ast::Expr{std::move(pipeline), from(start)});
}

std::optional<ast::Operator> Parser::parse_operator() {
  if (!at_kind(TokenKind::keyword)) return std::nullopt;
  const Token word = peek();
  std::optional<ast::Operator> op = parse_transform_operator(word.text);
  if (!op) op = parse_source_operator(word.text);
  if (!op) op = parse_rare_operator(word.text);
  if (!op) return std::nullopt;
  op->name_span = word.span;
  op->span = from(word.span.offset);
  return op;
}

// --- options
// ----------------------------------------------------------------------------------------

// Option: name = value, where the name is one that operators know
std::optional<ast::Option> Parser::parse_option(bool any_name) {
  static constexpr auto known = std::to_array<std::string_view>({"__crossCluster",
                                                                 "__crossDB",
                                                                 "__id",
                                                                 "__isFuzzy",
                                                                 "__noWithSource",
                                                                 "__packedColumn",
                                                                 "__sourceColumnIndex",
                                                                 "bagexpansion",
                                                                 "best_effort",
                                                                 "bin_legacy",
                                                                 "cycles",
                                                                 "decodeblocks",
                                                                 "expandoutput",
                                                                 "flags",
                                                                 "force_remote",
                                                                 "isfuzzy",
                                                                 "kind",
                                                                 "output",
                                                                 "with_component_id",
                                                                 "with_itemindex",
                                                                 "with_match_id",
                                                                 "with_source",
                                                                 "with_step_name",
                                                                 "withsource"});
  const Token& token = peek();
  if (token.kind != TokenKind::keyword && token.kind != TokenKind::identifier) return std::nullopt;
  if (!at("=", 1)) return std::nullopt;
  if (!any_name && !token.text.starts_with("hint.") &&
      std::find(known.begin(), known.end(), token.text) == known.end()) {
    return std::nullopt;
  }
  const Token name = take();
  take();
  return ast::Option{{name.text, name.span}, parse_option_value(any_name)};
}

ast::Options Parser::parse_options() {
  ast::Options options;
  while (auto option = parse_option(false)) options.push_back(*std::move(option));
  return options;
}

// OptionValue: literal | word | name; of a property also a call
ast::ExprPtr Parser::parse_option_value(bool call_allowed) {
  if (auto literal = parse_literal()) return literal;
  if (call_allowed && at_call()) return parse_path();
  if (auto name = name_expr()) return name;
  if (at_kind(TokenKind::keyword)) {
    Token token = take();
    return std::make_unique<ast::Expr>(ast::Expr{ast::NameRef{std::move(token.text)}, token.span});
  }
  return required(nullptr);
}

// ( [,] name = value [, value …], … )
ast::Options Parser::parse_property_list() {
  ast::Options options;
  const bool parenthesised = accept("(");
  if (parenthesised) accept(",");
  while (auto option = parse_option(true)) {
    options.push_back(*std::move(option));
    while (at(",") && !at("=", 2)) {  // a list of columns
      take();
      parse_option_value(true);
    }
    if (!accept(",")) break;
    if (!at("=", 1)) complain("expected a property");
  }
  if (parenthesised) expect(")");
  return options;
}

// --- operands of operators
// --------------------------------------------------------------------------

// Ordered: expr [asc|desc] [nulls first|last]
ast::ExprPtr Parser::parse_ordered() {
  auto expr = parse_named();
  if (!expr) return expr;
  ast::Ordered ordered;
  const std::uint32_t start = expr->span.offset;
  if (at("asc") || at("desc") || at("granny-asc") || at("granny-desc"))
    ordered.direction = take().text;
  if (accept("nulls")) {
    if (!at("first") && !at("last")) complain("expected 'first' or 'last'");
    ordered.nulls = take().text;
  }
  if (ordered.direction.empty() && ordered.nulls.empty()) return expr;
  ordered.expr = std::move(expr);
  return std::make_unique<ast::Expr>(ast::Expr{std::move(ordered), from(start)});
}

ast::ExprPtr Parser::parse_wildcard_or_name() {
  if (auto wildcard = wildcard_expr()) return wildcard;
  return name_expr();
}

ast::ExprPtr Parser::parse_reorder() {
  auto expr = parse_wildcard_or_name();
  if (!expr) return expr;
  if (at("asc") || at("desc") || at("granny-asc") || at("granny-desc")) {
    const std::uint32_t start = expr->span.offset;
    ast::Ordered ordered{std::move(expr), take().text, ""};
    return std::make_unique<ast::Expr>(ast::Expr{std::move(ordered), from(start)});
  }
  return expr;
}

ast::ExprPtr Parser::parse_distinct_column() {
  if (at("*")) return std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, take().span});
  return parse_named();
}

// A table of union: ( query ) | wildcard | path or call, whose last part may be a wildcard
ast::ExprPtr Parser::parse_table_operand() {
  if (at("(")) {
    const std::uint32_t start = take().span.offset;
    auto inner = required(parse_expression());
    expect(")");
    inner->span = from(start);
    return inner;
  }
  if (auto wildcard = wildcard_expr()) return wildcard;
  if (at_kind(TokenKind::string) || at("datatable") || at("externaldata")) return parse_primary();
  auto expr = at_call() ? parse_call() : parse_selector();
  while (expr) {
    const std::uint32_t start = expr->span.offset;
    if (accept(".")) {
      if (auto wildcard = wildcard_expr()) {
        return std::make_unique<ast::Expr>(
            ast::Expr{ast::MemberCall{std::move(expr), std::move(wildcard)}, from(start)});
      }
      if (at_call()) {
        auto call = parse_call();
        expr = std::make_unique<ast::Expr>(
            ast::Expr{ast::MemberCall{std::move(expr), std::move(call)}, from(start)});
      } else {
        auto name = expect_name();
        expr = std::make_unique<ast::Expr>(
            ast::Expr{ast::Member{std::move(expr), std::move(name)}, from(start)});
      }
    } else if (at("[")) {
      take();
      auto index = required(parse_unnamed());
      expect("]");
      expr = std::make_unique<ast::Expr>(
          ast::Expr{ast::Element{std::move(expr), std::move(index)}, from(start)});
    } else {
      break;
    }
  }
  return expr;
}

ast::ExprPtr Parser::parse_find_operand() {
  auto expr = parse_table_operand();
  if (expr && at("|") && at("as", 1)) return parse_operators(std::move(expr), false);
  return expr;
}

// A column of find's project: pack(*) | * | name [: type]
ast::ExprPtr Parser::parse_find_column() {
  const std::uint32_t start = peek().span.offset;
  if (at("pack")) {
    take();
    expect("(");
    expect("*");
    expect(")");
    return std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, from(start)});
  }
  if (at("*")) return std::make_unique<ast::Expr>(ast::Expr{ast::Star{}, take().span});
  auto name = name_expr();
  if (name && accept(":")) {
    ast::Call call{{"$typed", name->span}, {}};
    const std::uint32_t type_start = peek().span.offset;
    const std::string type = expect_type(true);
    call.arguments.push_back(std::move(name));
    call.arguments.push_back(
        std::make_unique<ast::Expr>(ast::Expr{ast::Literal{Type::string, type}, from(type_start)}));
    return std::make_unique<ast::Expr>(ast::Expr{std::move(call), from(start)});
  }
  return name;
}

}  // namespace rollcall::kql
