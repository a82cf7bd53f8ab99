#include "kql/parser.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"

// The parser's footing: tokens, complaints and recovery, names, types and schemas.

namespace rollcall::kql {

Parser::Parser(std::string_view text) {
  if (text.size() > max_text_bytes) {
    diagnostics_.push_back(
        {"KQL0003", {}, fmt::format("the query is longer than {} bytes", max_text_bytes), ""});
    text = {};
  } else if (!is_utf8(text)) {
    diagnostics_.push_back({"KQL0001", {}, "the query is not valid UTF-8", ""});
    text = {};
  }
  tokens_ = tokenize(text, diagnostics_);
  end_ = tokens_.back();
}

const Token& Parser::peek(std::size_t ahead) const {
  if (panicking_ || at_ + ahead >= tokens_.size()) return end_;
  return tokens_[at_ + ahead];
}

bool Parser::at(std::string_view text, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == TokenKind::keyword || token.kind == TokenKind::punctuation) &&
         token.text == text;
}

Token Parser::take() {
  if (panicking_ || at_ + 1 >= tokens_.size()) return end_;
  return tokens_[at_++];
}

bool Parser::accept(std::string_view text) {
  if (!at(text)) return false;
  take();
  return true;
}

bool Parser::expect(std::string_view text) {
  if (accept(text)) return true;
  complain(fmt::format("expected '{}'", text));
  return false;
}

void Parser::complain(std::string message, std::string suggestion) {
  if (panicking_) return;
  const Token& token = peek();
  if (token.kind == TokenKind::end) {
    message += " before the end";
  } else {
    message += fmt::format(" before '{}'", token.text);
  }
  complain_at(token.span, std::move(message), std::move(suggestion));
}

void Parser::complain_at(Span span, std::string message, std::string suggestion) {
  if (panicking_) return;
  if (diagnostics_.size() < max_diagnostics) {
    diagnostics_.push_back({"KQL0002", span, std::move(message), std::move(suggestion)});
  }
  panicking_ = true;
}

// Skips to the next `|` of this nesting or to the end of the statement.
void Parser::recover(bool to_statement) {
  if (stopped_) return;
  panicking_ = false;
  int nesting = 0;
  while (at_ + 1 < tokens_.size()) {
    if (at("(") || at("[") || at("{")) ++nesting;
    if (at(")") || at("]") || at("}")) {
      if (nesting == 0 && !to_statement) return;
      --nesting;
    }
    if (at(";") && nesting <= 0) return;
    if (at("|") && nesting <= 0 && !to_statement) return;
    take();
  }
}

bool Parser::enter() {
  if (++depth_ <= max_nesting) return true;
  if (!panicking_) {
    diagnostics_.push_back({"KQL0003", peek().span, "the query is nested too deeply", ""});
    panicking_ = stopped_ = true;
  }
  return false;
}

Span Parser::from(std::uint32_t start) const {
  if (at_ == 0) return {start, 0};
  const Span last = tokens_[at_ - 1].span;
  const std::uint32_t end = last.offset + last.length;
  return {start, end > start ? end - start : 0};
}

bool Parser::at_list_end(std::size_t ahead) const {
  return at_kind(TokenKind::end, ahead) || at(")", ahead) || at("]", ahead) || at("}", ahead) ||
         at("|", ahead) || at(";", ahead);
}

Diagnostics Parser::take_diagnostics() {
  std::stable_sort(
      diagnostics_.begin(), diagnostics_.end(),
      [](const Diagnostic& a, const Diagnostic& b) { return a.span.offset < b.span.offset; });
  return std::move(diagnostics_);
}

void Parser::expect_end() {
  if (!at_kind(TokenKind::end)) complain("expected ';' or '|'");
}

// --- names
// ------------------------------------------------------------------------------------------

// Name: identifier | keyword that may be a name | ['…'] | {client parameter}
std::size_t Parser::scan_name(std::size_t ahead) const {
  const Token& token = peek(ahead);
  if (token.kind == TokenKind::identifier) return 1;
  if (token.kind == TokenKind::keyword) return is_name_keyword(token.text) ? 1 : 0;
  if (at("[", ahead)) {
    std::size_t n = 1;
    while (at_kind(TokenKind::string, ahead + n)) ++n;
    return n > 1 && at("]", ahead + n) ? n + 1 : 0;
  }
  return at_braced_name(ahead) ? 3 : 0;
}

std::size_t Parser::scan_extended_name(std::size_t ahead) const {
  if (const std::size_t n = scan_name(ahead); n > 0) return n;
  return at_kind(TokenKind::keyword, ahead) && is_extended_name_keyword(peek(ahead).text) ? 1 : 0;
}

bool Parser::at_braced_name(std::size_t ahead) const {
  return at("{", ahead) && at("}", ahead + 2) && !peek(ahead + 1).spaced &&
         !peek(ahead + 2).spaced &&
         (at_kind(TokenKind::identifier, ahead + 1) || at_kind(TokenKind::keyword, ahead + 1));
}

std::optional<ast::Identifier> Parser::parse_name(bool extended) {
  const std::size_t n = extended ? scan_extended_name() : scan_name();
  if (n == 0) return std::nullopt;
  const std::uint32_t start = peek().span.offset;
  if (n == 1) {
    Token token = take();
    return ast::Identifier{std::move(token.text), token.span};
  }
  std::string text;
  take();
  for (std::size_t i = 0; i + 2 < n; ++i) text += take().text;
  take();
  return ast::Identifier{std::move(text), from(start)};
}

ast::Identifier Parser::expect_name(bool extended) {
  if (auto name = parse_name(extended)) return *std::move(name);
  complain("expected a name");
  return {"", peek().span};
}

// WildcardedName: parts of names and asterisks, with no space between
std::size_t Parser::scan_wildcard(std::size_t ahead) const {
  std::size_t n = ahead;
  const auto part = [&](std::size_t i) {
    return at_kind(TokenKind::identifier, i) ||
           (at_kind(TokenKind::keyword, i) && is_extended_name_keyword(peek(i).text));
  };
  if (at("*", n)) {
    ++n;
  } else if (part(n) && at("*", n + 1) && !peek(n + 1).spaced) {
    n += 2;
  } else {
    return 0;
  }
  while ((part(n) || at("*", n) || at_kind(TokenKind::integer, n)) && !peek(n).spaced) ++n;
  return n - ahead;
}

ast::ExprPtr Parser::name_expr() {
  auto name = parse_name();
  if (!name) return nullptr;
  return std::make_unique<ast::Expr>(ast::Expr{ast::NameRef{std::move(name->text)}, name->span});
}

ast::ExprPtr Parser::wildcard_expr() {
  const bool bracketed = at("[") && scan_wildcard(1) > 0;
  const std::size_t n = scan_wildcard(bracketed ? 1 : 0);
  if (n == 0) return nullptr;
  const std::uint32_t start = peek().span.offset;
  if (bracketed) take();
  std::string pattern;
  for (std::size_t i = 0; i < n; ++i) pattern += take().text;
  if (bracketed) expect("]");
  return std::make_unique<ast::Expr>(ast::Expr{ast::Wildcard{std::move(pattern)}, from(start)});
}

// --- types and schemas
// ------------------------------------------------------------------------------

std::string Parser::expect_type(bool any_type) {
  static constexpr auto names = std::to_array<std::string_view>(
      {"bool", "boolean", "date", "datetime", "decimal", "double", "dynamic", "guid", "int",
       "int64", "int8", "long", "real", "string", "time", "timespan", "uniqueid"});
  const Token& token = peek();
  const bool word = token.kind == TokenKind::keyword || token.kind == TokenKind::identifier;
  if (word &&
      (any_type ? type_named(token.text).has_value() || token.text == "float" || scan_name() == 1
                : std::find(names.begin(), names.end(), token.text) != names.end())) {
    return take().text;
  }
  if (word && !any_type) {
    const std::vector<std::string> known(names.begin(), names.end());
    complain_at(token.span, fmt::format("'{}' is no type", token.text),
                nearest_name(token.text, known));
  } else {
    complain("expected a type");
  }
  return "string";
}

// RowSchema: ( [,] name : type, … [,] )
ast::Schema Parser::parse_schema(bool nested_type) {
  ast::Schema schema;
  expect("(");
  if (!nested_type) accept(",");
  if (accept("*")) {
    schema.star = true;
    if (!accept(",")) {
      expect(")");
      return schema;
    }
  }
  while (!at_list_end()) {
    auto name = expect_name(true);
    expect(":");
    schema.columns.emplace_back(std::move(name), expect_type());
    if (!accept(",")) break;
  }
  expect(")");
  return schema;
}

Parsed parse(std::string_view text) {
  Parser parser(text);
  Parsed parsed;
  parsed.statements = parser.parse_statements();
  parsed.diagnostics = parser.take_diagnostics();
  return parsed;
}

ParsedFunction parse_function(std::string_view parameters, std::string_view body) {
  ParsedFunction function;
  Parser head(parameters);
  function.parameters = head.parse_parameters();
  head.expect_end();
  function.diagnostics = head.take_diagnostics();
  Parsed parsed = parse(body);
  function.body = std::move(parsed.statements);
  std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(),
            std::back_inserter(function.diagnostics));
  return function;
}

Diagnostics check_syntax(std::string_view text) { return parse(text).diagnostics; }

}  // namespace rollcall::kql
