#include "kql/catalog.hpp"
#include "kql/parser.hpp"

#include "base/text.hpp"

// Statements: let, set, declare, alias, restrict, and the queries themselves; function
// declarations.

namespace rollcall::kql {

// Statements: statement ; statement …
std::vector<ast::Statement> Parser::parse_statements() {
  std::vector<ast::Statement> statements;
  while (true) {
    while (accept(";")) continue;
    if (at_kind(TokenKind::end)) break;
    auto statement = parse_statement();
    if (statement) statements.push_back(*std::move(statement));
    if (!panicking_ && !at(";") && !at_kind(TokenKind::end)) {
      complain(statement ? "expected ';' or '|'" : "expected a statement");
    }
    if (panicking_) recover(true);
    if (!accept(";")) break;
  }
  if (panicking_) recover(true);
  return statements;
}

std::optional<ast::Statement> Parser::parse_statement() {
  const std::uint32_t start = peek().span.offset;
  const auto statement = [&](decltype(ast::Statement::node) node) {
    return ast::Statement{std::move(node), from(start)};
  };
  if (at("let") && scan_name(1) > 0) {
    take();
    ast::Let let;
    let.name = expect_name();
    expect("=");
    let.value = parse_let_value();
    return statement(std::move(let));
  }
  if (at("set")) {
    take();
    ast::Set set{expect_name()};
    if (accept("=")) required(parse_unnamed());
    return statement(std::move(set));
  }
  if (at("declare") && at("pattern", 1)) return parse_pattern();
  if (at("declare") && at("query_parameters", 1)) {
    take();
    take();
    return statement(ast::QueryParameters{parse_parameters()});
  }
  if (at("alias") && at("database", 1)) {
    take();
    take();
    ast::Alias alias{expect_name()};
    expect("=");
    required(parse_unnamed());
    return statement(std::move(alias));
  }
  if (at("restrict") && at("access", 1)) return parse_restrict();
  auto expr = parse_expression();
  if (!expr) return std::nullopt;
  return statement(ast::Query{std::move(expr)});
}

ast::ExprPtr Parser::parse_let_value() {
  if (at("materialize") && at("(", 1)) {
    return required(parse_call());
  }
  if (at("entity_group")) return parse_entity_group();
  if (at_function_declaration()) return parse_lambda();
  return required(parse_expression());
}

// A parameter list stands here, and not a parenthesised expression.
bool Parser::at_function_declaration() const {
  const std::size_t i = at("view") ? 1 : 0;
  if (!at("(", i)) return false;
  if (at(")", i + 1) || at("*", i + 1)) return true;
  const std::size_t n = scan_extended_name(i + 1);
  return n > 0 && at(":", i + 1 + n);
}

// FunctionDeclaration: [view] ( parameter, … ) { statement ; … expression [;] }
ast::ExprPtr Parser::parse_lambda() {
  const std::uint32_t start = peek().span.offset;
  accept("view");
  ast::Lambda lambda;
  lambda.parameters = parse_parameters();
  lambda.body = std::make_shared<std::vector<ast::Statement>>();
  expect("{");
  while (!at("}") && !at_kind(TokenKind::end)) {
    auto statement = parse_statement();
    if (!statement) break;
    const bool is_query = std::holds_alternative<ast::Query>(statement->node);
    lambda.body->push_back(*std::move(statement));
    if (is_query) {
      accept(";");
      break;
    }
    expect(";");
  }
  expect("}");
  return std::make_unique<ast::Expr>(ast::Expr{std::move(lambda), from(start)});
}

// ( name : type [= literal], … ), where a tabular type is ( schema ) or (*)
std::vector<ast::Parameter> Parser::parse_parameters() {
  std::vector<ast::Parameter> parameters;
  expect("(");
  while (!at_list_end()) {
    parameters.push_back(parse_parameter());
    if (!accept(",")) break;
    if (at_list_end()) complain("expected a parameter");
  }
  expect(")");
  return parameters;
}

ast::Parameter Parser::parse_parameter() {
  ast::Parameter parameter;
  parameter.name = expect_name(true);
  expect(":");
  if (at("(")) {
    parameter.schema = parse_schema(true);
  } else {
    parameter.type = expect_type();
  }
  if (accept("=")) {
    parameter.default_value = parse_literal();
    if (!parameter.default_value) parameter.default_value = required(name_expr());
  }
  return parameter;
}

// declare pattern name = ( parameter, … ) [ [ name : type ] ] { ( value, … ) [. [ value ]] = { body
// } ; … }
std::optional<ast::Statement> Parser::parse_pattern() {
  const std::uint32_t start = take().span.offset;
  take();
  ast::Pattern pattern{expect_name()};
  if (accept("=")) {
    parse_parameters();
    if (accept("[")) {
      parse_parameter();
      expect("]");
    }
    expect("{");
    while (accept("(")) {
      ast::PatternArm arm{parse_list(&Parser::parse_unnamed, true), "", {}};
      expect(")");
      if (accept(".")) {
        expect("[");
        const auto path = required(parse_literal());
        if (const auto* literal = std::get_if<ast::Literal>(&path->node)) arm.path = literal->text;
        expect("]");
      }
      expect("=");
      expect("{");
      arm.body = std::make_shared<std::vector<ast::Statement>>();
      while (at("let")) {
        if (auto statement = parse_statement()) arm.body->push_back(*std::move(statement));
        expect(";");
      }
      const std::uint32_t at_query = peek().span.offset;
      if (auto query = parse_expression())
        arm.body->push_back({ast::Query{std::move(query)}, from(at_query)});
      accept(";");
      expect("}");
      expect(";");
      pattern.arms.push_back(std::move(arm));
    }
    expect("}");
  }
  return ast::Statement{std::move(pattern), from(start)};
}

// restrict access to ( table, … ) [with ( property, … )]
std::optional<ast::Statement> Parser::parse_restrict() {
  const std::uint32_t start = take().span.offset;
  take();
  expect("to");
  expect("(");
  parse_list(&Parser::parse_table_operand, true);
  expect(")");
  if (accept("with")) parse_property_list();
  return ast::Statement{ast::Restrict{}, from(start)};
}

// The outline of a stored function: its name, its parameters and its body as texts.
Result<Function> parse_function(std::string_view text) {
  Diagnostics ignored;
  const std::vector<Token> tokens = tokenize(text, ignored);
  std::size_t i = 0;
  const auto at = [&](std::string_view word) {
    return i < tokens.size() && tokens[i].text == word;
  };
  const auto matching = [&](std::size_t open, std::string_view opening, std::string_view closing) {
    int nesting = 0;
    for (std::size_t j = open; j < tokens.size(); ++j) {
      if (tokens[j].kind != TokenKind::punctuation) continue;
      if (tokens[j].text == opening) ++nesting;
      if (tokens[j].text == closing && --nesting == 0) return j;
    }
    return tokens.size();
  };
  Function function;
  // `.create-or-alter function`: the words before the name are skipped
  if (at(".")) {
    while (i < tokens.size() && !at("function")) ++i;
    ++i;
    while (at("ifnotexists")) ++i;
  }
  if (at("let")) ++i;
  if (at("with") && i + 1 < tokens.size() && tokens[i + 1].text == "(") {
    const std::size_t close = matching(i + 1, "(", ")");
    for (std::size_t j = i + 2; j + 2 < close; ++j) {
      if (tokens[j + 1].text != "=" || tokens[j + 2].kind != TokenKind::string) continue;
      if (tokens[j].text == "docstring") function.docstring = tokens[j + 2].text;
      if (tokens[j].text == "folder") function.folder = tokens[j + 2].text;
    }
    i = close + 1;
  }
  const auto bad = [&](std::string message) {
    const Span span = i < tokens.size() ? tokens[i].span : tokens.back().span;
    return fail("KQL0002", std::move(message), span);
  };
  if (at("[")) ++i;
  if (i >= tokens.size() ||
      (tokens[i].kind != TokenKind::identifier && tokens[i].kind != TokenKind::keyword &&
       tokens[i].kind != TokenKind::string)) {
    return bad("expected the function's name");
  }
  function.name = tokens[i++].text;
  if (at("]")) ++i;
  if (at("=")) ++i;
  const auto slice = [&](std::size_t from, std::size_t to) {
    return std::string(text.substr(from, to - from));
  };
  function.parameters = "()";
  if (at("(")) {
    const std::size_t close = matching(i, "(", ")");
    if (close == tokens.size()) return bad("expected ')'");
    function.parameters = slice(tokens[i].span.offset, tokens[close].span.offset + 1);
    i = close + 1;
  }
  if (!at("{")) return bad("expected '{'");
  const std::size_t close = matching(i, "{", "}");
  if (close == tokens.size()) return bad("expected '}'");
  function.body = slice(tokens[i].span.offset + 1, tokens[close].span.offset);
  return function;
}

}  // namespace rollcall::kql
