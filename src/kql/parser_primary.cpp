#include "base/json.hpp"
#include "kql/parser.hpp"

// The leaves of expressions: names, paths, calls, literals, datatable, toscalar and their like.

namespace rollcall::kql {
namespace {

ast::ExprPtr make(decltype(ast::Expr::node) node, Span span) {
  return std::make_unique<ast::Expr>(ast::Expr{std::move(node), span});
}

// Signs that follow a name: a reserved word before one of them was meant as a name.
bool follows_a_name(const Token& token) {
  static constexpr auto words = std::to_array<std::string_view>(
      {"and",        "or",       "==", "!=",  "=~",  "!~",   ">",       ">=",       "<",
       "<=",         "*",        "/",  "%",   "has", "!has", "has_cs",  "contains", "!contains",
       "startswith", "endswith", "in", "in~", "!in", "!in~", "between", "has_any"});
  return (token.kind == TokenKind::keyword || token.kind == TokenKind::punctuation) &&
         std::find(words.begin(), words.end(), token.text) != words.end();
}

}  // namespace

// Path: Primary [. Selector | [ expr ]] …
ast::ExprPtr Parser::parse_path() {
  if (at("totable")) return parse_query_in_parentheses("totable");
  auto expr = parse_primary();
  for (int length = 0; expr; ++length) {
    if (length > max_nesting) complain("a shorter path is needed");
    const std::uint32_t start = expr->span.offset;
    if (accept(".")) {
      if (at_call()) {
        auto call = parse_call();
        expr = make(ast::MemberCall{std::move(expr), std::move(call)}, from(start));
      } else if (auto name = parse_name()) {
        expr = make(ast::Member{std::move(expr), *std::move(name)}, from(start));
      } else if (at("kind") || at("withsource") || at("with_source")) {
        Token token = take();
        expr = make(ast::Member{std::move(expr), {token.text, token.span}}, from(start));
      } else if (at("[")) {
        take();
        auto index = required(parse_unnamed());
        expect("]");
        expr = make(ast::Element{std::move(expr), std::move(index)}, from(start));
      } else {
        complain("expected a name");
      }
    } else if (at("[")) {
      take();
      auto index = required(parse_unnamed());
      expect("]");
      expr = make(ast::Element{std::move(expr), std::move(index)}, from(start));
    } else {
      return expr;
    }
  }
  return expr;
}

// Selector: * wildcard | ['name'] | name | kind
ast::ExprPtr Parser::parse_selector() {
  if (at("[")) {
    if (auto wildcard = wildcard_expr()) return wildcard;
    return name_expr();
  }
  if (at("@")) {
    Token token = take();
    return make(ast::NameRef{"@"}, token.span);
  }
  if (at("kind") || at("withsource") || at("with_source")) {
    Token token = take();
    return make(ast::NameRef{std::move(token.text)}, token.span);
  }
  return name_expr();
}

// SimplePath: Selector [. Selector | [ expr ]] …
ast::ExprPtr Parser::parse_simple_path() {
  auto expr = parse_selector();
  while (expr) {
    const std::uint32_t start = expr->span.offset;
    if (accept(".")) {
      auto name = expect_name();
      expr = make(ast::Member{std::move(expr), std::move(name)}, from(start));
    } else if (at("[")) {
      take();
      auto index = required(parse_unnamed());
      expect("]");
      expr = make(ast::Element{std::move(expr), std::move(index)}, from(start));
    } else {
      break;
    }
  }
  return expr;
}

bool Parser::at_call(std::size_t ahead) const {
  if (const std::size_t n = scan_name(ahead); n > 0 && at("(", ahead + n)) return true;
  return (at("materialize", ahead) || at("has_any", ahead)) && at("(", ahead + 1);
}

// FunctionCall: name ( [argument, …] )
ast::ExprPtr Parser::parse_call() {
  const std::uint32_t start = peek().span.offset;
  ast::Call call;
  if (scan_name() > 0) {
    call.function = expect_name();
  } else {
    Token token = take();
    call.function = {std::move(token.text), token.span};
  }
  if (call.function.text == "materialize" && at("(")) {
    take();
    auto query = required(parse_expression());
    expect(")");
    return make(ast::Materialize{std::move(query)}, from(start));
  }
  expect("(");
  call.arguments = parse_list(&Parser::parse_argument, false);
  expect(")");
  return make(std::move(call), from(start));
}

ast::ExprPtr Parser::parse_argument() {
  if (at("*") && (at(")", 1) || at(",", 1))) return make(ast::Star{}, take().span);
  return parse_named();
}

// Primary: literal | call | name | ( expression ) | datatable … | toscalar ( … )
ast::ExprPtr Parser::parse_primary() {
  const std::uint32_t start = peek().span.offset;
  switch (peek().kind) {
    case TokenKind::string:
    case TokenKind::integer:
    case TokenKind::real:
    case TokenKind::typed:
    case TokenKind::boolean:
      return parse_literal();
    case TokenKind::bad:
    case TokenKind::end:
      return nullptr;
    case TokenKind::identifier:
    case TokenKind::keyword:
    case TokenKind::punctuation:
      break;
  }
  if (at("dynamic")) return parse_dynamic();
  if (at("datatable")) return parse_data_table();
  if (at("externaldata") || at("external_data")) return parse_external_data();
  if (at("toscalar")) return parse_query_in_parentheses("toscalar");
  if (at("(")) {
    take();
    auto inner = required(parse_expression());
    expect(")");
    inner->span = from(start);
    return inner;
  }
  if (at("typeof") && at("(", 1)) return parse_typeof();
  if (at_call()) return parse_call();
  if (auto selector = parse_selector()) {
    if (accept("datascope")) {
      expect("=");
      take();
    }
    return selector;
  }
  if (at_kind(TokenKind::keyword) && follows_a_name(peek(1))) {
    const Token token = peek();
    complain_at(token.span, fmt::format("'{}' is a keyword; write ['{}'] to use it as a name",
                                        token.text, token.text));
  }
  return nullptr;
}

// toscalar ( Expression ), totable ( Expression )
ast::ExprPtr Parser::parse_query_in_parentheses(std::string_view word) {
  const std::uint32_t start = take().span.offset;
  parse_option(false);
  expect("(");
  auto query = required(parse_expression());
  expect(")");
  if (word == "totable") return make(ast::ToTable{std::move(query)}, from(start));
  return make(ast::ToScalar{std::move(query)}, from(start));
}

ast::ExprPtr Parser::parse_literal() {
  const Token& token = peek();
  const auto simple = [&](Type type) {
    Token taken = take();
    return make(ast::Literal{type, std::move(taken.text)}, taken.span);
  };
  switch (token.kind) {
    case TokenKind::string: {
      const std::uint32_t start = token.span.offset;
      std::string text;
      while (at_kind(TokenKind::string)) text += take().text;
      return make(ast::Literal{Type::string, std::move(text)}, from(start));
    }
    case TokenKind::integer:
      return simple(Type::long_integer);
    case TokenKind::real:
      return simple(Type::real);
    case TokenKind::boolean:
      return simple(Type::boolean);
    case TokenKind::typed:
      return simple(token.type);
    case TokenKind::identifier:
    case TokenKind::keyword:
    case TokenKind::punctuation:
    case TokenKind::bad:
    case TokenKind::end:
      break;
  }
  if (at("dynamic")) return parse_dynamic();
  if (at("typeof") && at("(", 1)) return parse_typeof();
  const bool number_follows =
      !peek(1).spaced && (at_kind(TokenKind::integer, 1) || at_kind(TokenKind::real, 1) ||
                          at_kind(TokenKind::typed, 1));
  if ((at("-") || at("+")) && number_follows) {
    const Token sign = take();
    auto literal = parse_literal();
    if (sign.text == "-") {
      auto& value = std::get<ast::Literal>(literal->node);
      value.text.insert(0, "-");
    }
    literal->span = from(sign.span.offset);
    return literal;
  }
  if (at_braced_name()) return name_expr();
  return nullptr;
}

// --- dynamic ( json )
// -------------------------------------------------------------------------------

ast::ExprPtr Parser::parse_dynamic() {
  const std::uint32_t start = peek().span.offset;
  if (!at("(", 1)) return nullptr;
  take();
  take();
  std::string json;
  parse_json(json);
  expect(")");
  return make(ast::DynamicLiteral{std::move(json)}, from(start));
}

// JsonValue: number | string | boolean | null | typed literal | [ … ] | { "…": … }
bool Parser::parse_json(std::string& out) {
  const bool ok = enter() && parse_json_value(out);
  leave();
  if (!ok) complain("expected a JSON value");
  return ok;
}

bool Parser::parse_json_value(std::string& out) {
  if (at_kind(TokenKind::integer) || at_kind(TokenKind::real) || at_kind(TokenKind::boolean)) {
    std::string text = take().text;
    if (text == "True" || text == "TRUE") text = "true";
    if (text == "False" || text == "FALSE") text = "false";
    if (text.ends_with('.')) text += '0';
    out += text;
    return true;
  }
  if (at("-") && (at_kind(TokenKind::integer, 1) || at_kind(TokenKind::real, 1))) {
    take();
    out += "-" + take().text;
    return true;
  }
  if (at_kind(TokenKind::string)) {
    std::string text;
    while (at_kind(TokenKind::string)) text += take().text;
    out += json::serialize(json::string(text));
    return true;
  }
  if (at_kind(TokenKind::typed)) {
    const Token token = take();
    // what the binder reads later: {"\u0001datetime":"…"} would cost a pass, so the type is kept in
    // the text
    out += "\x01" + std::string(name_of(token.type)) + "\x02" + token.text + "\x03";
    return true;
  }
  if (accept("null")) {
    out += "null";
    return true;
  }
  if (at("dynamic")) {
    auto inner = parse_dynamic();
    if (!inner) return false;
    out += std::get<ast::DynamicLiteral>(inner->node).json;
    return true;
  }
  if (at_braced_name()) {
    parse_name();
    out += "null";
    return true;
  }
  if (accept("[")) {
    out += '[';
    while (!at_list_end()) {
      if (!parse_json(out)) return true;
      if (!accept(",")) break;
      out += ',';
      if (at_list_end()) complain("expected a JSON value");
    }
    expect("]");
    out += ']';
    return true;
  }
  if (!accept("{")) return false;
  out += '{';
  while (!at_list_end()) {
    if (!at_kind(TokenKind::string)) complain("expected a string");
    out += json::serialize(json::string(take().text));
    expect(":");
    out += ':';
    if (!parse_json(out)) return true;
    if (!accept(",")) break;
    out += ',';
    if (at_list_end()) complain("expected a string");
  }
  expect("}");
  out += '}';
  return true;
}

// typeof ( type ) | typeof ( name : type, … | * )
ast::ExprPtr Parser::parse_typeof() {
  const std::uint32_t start = take().span.offset;
  ast::TypeOf type;
  expect("(");
  if (!at("*") && at(")", 1)) {
    type.name = expect_type(true);
  } else {
    while (!at_list_end()) {
      if (!accept("*")) {
        auto name = expect_name(true);
        expect(":");
        type.columns.emplace_back(std::move(name), expect_type());
      }
      if (!accept(",")) break;
    }
  }
  expect(")");
  return make(std::move(type), from(start));
}

// --- inline tables
// ----------------------------------------------------------------------------------

// datatable ( schema ) [ literal, … ]
ast::ExprPtr Parser::parse_data_table() {
  const std::uint32_t start = take().span.offset;
  parse_options();
  ast::DataTable table;
  table.schema = parse_schema(false);
  expect("[");
  accept(",");
  table.values = parse_list(&Parser::parse_literal, false, true);
  expect("]");
  return make(std::move(table), from(start));
}

// externaldata ( schema ) [ expression, … ] [with ( name = value, … )]
ast::ExprPtr Parser::parse_external_data() {
  const std::uint32_t start = take().span.offset;
  parse_options();
  ast::ExternalData data;
  data.schema = parse_schema(false);
  expect("[");
  data.sources = parse_list(&Parser::parse_expression, false, true);
  expect("]");
  if (accept("with")) data.with = parse_property_list();
  return make(std::move(data), from(start));
}

// entity_group [ expression, … ]
ast::ExprPtr Parser::parse_entity_group() {
  if (at_call()) return parse_call();
  const std::uint32_t start = take().span.offset;
  ast::EntityGroup group;
  expect("[");
  group.members = parse_list(&Parser::parse_unnamed, true);
  expect("]");
  return make(std::move(group), from(start));
}

}  // namespace rollcall::kql
