// Recursive descent over the bytes of one string; each token is read where it is needed.
#include "expr/parser.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "expr/functions.hpp"
#include "expr/limits.hpp"

namespace rollcall::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool in_name(char c) { return starts_name(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

Span span(std::size_t offset, std::size_t length) {
  return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t at) : text_(text), start_(at), at_(at) {}

  // expression = (literal | call) access*
  // access     = ['?'] ('.' name | '[' expression ']')
  Result<Node> expression() {
    if (++depth_ > max_expression_depth)
      return fail("EXPR0501",
                  fmt::format("more than {} expressions within one another", max_expression_depth),
                  span(at_, 1));
    TRY(Node node, primary());
    int accesses = 0;
    while (true) {
      skip_space();
      const std::size_t from = at_;
      const bool optional = next_is('?');
      if (optional) ++at_, skip_space();
      if (!next_is('.') && !next_is('[')) {
        if (optional) return unexpected("'.' or '[' after '?'");
        break;
      }
      if (++accesses + depth_ > max_expression_depth)
        return fail("EXPR0501",
                    fmt::format("more than {} accesses in one expression", max_expression_depth),
                    span(from, 1));
      TRY(Node key, access_key());
      const Span where = span(from, at_ - from);
      node = Node{Access{std::make_unique<Node>(std::move(node)),
                         std::make_unique<Node>(std::move(key)), optional, where}};
    }
    --depth_;
    return node;
  }

  Result<void> end() {
    skip_space();
    if (at_ < text_.size()) return unexpected("the end of the expression");
    return {};
  }
  // Answers the position behind it.
  Result<std::size_t> closing_brace() {
    skip_space();
    if (!next_is('}')) return unexpected("'}'");
    if (at_ - start_ > max_expression_bytes)
      return fail("EXPR0502",
                  fmt::format("the expression is longer than {} bytes", max_expression_bytes),
                  span(start_, at_ - start_));
    return at_ + 1;
  }

 private:
  // literal = string | number | 'true' | 'false' | 'null'
  Result<Node> primary() {
    skip_space();
    if (at_ >= text_.size()) return unexpected("an expression");
    const char c = text_[at_];
    if (c == '\'') {
      TRY(std::string value, string());
      return Node{Literal{json::value(std::move(value))}};
    }
    if (is_digit(c) || c == '+' || c == '-' || c == '.') return number();
    if (!starts_name(c)) return unexpected("an expression");
    const std::size_t from = at_;
    const std::string_view word = name();
    skip_space();
    if (next_is('(')) return call(word, from);
    if (equals_ignoring_case(word, "true")) return Node{Literal{true}};
    if (equals_ignoring_case(word, "false")) return Node{Literal{false}};
    if (equals_ignoring_case(word, "null")) return Node{Literal{nullptr}};
    return fail(
        "EXPR0101",
        fmt::format("'{}' is no value; a text is written '{}', a call {}(…)", word, word, word),
        span(from, word.size()));
  }

  // call = name '(' [expression (',' expression)*] ')'
  Result<Node> call(std::string_view word, std::size_t from) {
    Call result{std::string(word), find_function(word), {}, span(from, word.size())};
    ++at_;
    skip_space();
    if (next_is(')')) {
      ++at_;
    } else {
      while (true) {
        TRY(Node argument, expression());
        result.arguments.push_back(std::move(argument));
        skip_space();
        if (next_is(')')) break;
        if (!next_is(',')) return unexpected("',' or ')'");
        ++at_;
      }
      ++at_;
    }
    return Node{std::move(result)};
  }

  Result<Node> access_key() {
    if (text_[at_] == '.') {
      ++at_;
      skip_space();
      if (at_ >= text_.size() || !starts_name(text_[at_]))
        return unexpected("a property's name after '.'");
      return Node{Literal{json::value(json::string(name()))}};
    }
    ++at_;
    TRY(Node key, expression());
    skip_space();
    if (!next_is(']')) return unexpected("']'");
    ++at_;
    return key;
  }

  // string = "'" (any but "'" | "''")* "'"
  Result<std::string> string() {
    const std::size_t from = at_++;
    std::string value;
    while (true) {
      const std::size_t quote = text_.find('\'', at_);
      if (quote == std::string_view::npos)
        return fail("EXPR0102", "the text that begins here has no closing quote", span(from, 1));
      value += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (!next_is('\'')) return value;
      value += '\'';
      ++at_;
    }
  }

  // number = ['+' | '-'] (digits ['.' [digits]] | '.' digits) [('e' | 'E') ['+' | '-'] digits]
  Result<Node> number() {
    const std::size_t from = at_;
    if (next_is('+') || next_is('-')) ++at_;
    const std::size_t whole = digits();
    std::size_t fraction = 0;
    bool integer = true;
    if (next_is('.')) {
      integer = false;
      ++at_;
      fraction = digits();
    }
    if (whole + fraction == 0) return unexpected("a number");
    if (next_is('e') || next_is('E')) {
      integer = false;
      ++at_;
      if (next_is('+') || next_is('-')) ++at_;
      if (digits() == 0) return unexpected("a whole number behind 'e'");
    }
    if (at_ < text_.size() && in_name(text_[at_])) return unexpected("the end of the number");
    std::string_view written = text_.substr(from, at_ - from);
    if (written.front() == '+') written.remove_prefix(1);
    if (integer) {
      std::int64_t value = 0;
      if (std::from_chars(written.data(), written.data() + written.size(), value).ec != std::errc{})
        return fail("EXPR0103", fmt::format("{} does not fit into 64 bits", written),
                    span(from, at_ - from));
      return Node{Literal{value}};
    }
    double value = 0;
    std::from_chars(written.data(), written.data() + written.size(), value);
    return Node{Literal{value}};
  }

  std::size_t digits() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ - from;
  }
  std::string_view name() {
    const std::size_t from = at_;
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    return text_.substr(from, at_ - from);
  }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  std::unexpected<Error> unexpected(std::string_view wanted) const {
    if (at_ >= text_.size())
      return fail("EXPR0101", fmt::format("the expression ends where {} is expected", wanted),
                  span(at_, 0));
    std::size_t end = at_ + 1;  // of the whole character
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xc0U) == 0x80U) ++end;
    return fail(
        "EXPR0101",
        fmt::format("'{}' stands where {} is expected", text_.substr(at_, end - at_), wanted),
        span(at_, end - at_));
  }

  std::string_view text_;
  std::size_t start_;
  std::size_t at_;
  int depth_ = 0;
};

Node text_node(std::string_view text) { return Node{Literal{json::value(json::string(text))}}; }

Result<Node> parse_interpolation(std::string_view text) {
  Interpolation result;
  std::string plain;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("@{", at);
    if (open == std::string_view::npos) break;
    if (open > at && text[open - 1] == '@') {  // @@{ is a literal @{
      plain += text.substr(at, open - 1 - at);
      plain += "@{";
      at = open + 2;
      continue;
    }
    plain += text.substr(at, open - at);
    if (!plain.empty()) result.parts.push_back(text_node(std::exchange(plain, {})));
    Parser parser(text, open + 2);
    TRY(Node part, parser.expression());
    TRY(at, parser.closing_brace());
    result.parts.push_back(std::move(part));
  }
  plain += text.substr(at);
  if (result.parts.empty()) return text_node(plain);
  if (!plain.empty()) result.parts.push_back(text_node(plain));
  return Node{std::move(result)};
}

}  // namespace

Result<Node> parse_string(std::string_view text) {
  if (text.starts_with("@@")) return text_node(text.substr(1));
  if (!text.starts_with('@') || text.size() == 1 || text[1] == '{')
    return parse_interpolation(text);
  if (text.size() > max_expression_bytes)
    return fail("EXPR0502",
                fmt::format("the expression is longer than {} bytes", max_expression_bytes));
  Parser parser(text, 1);
  TRY(Node node, parser.expression());
  TRY_DO(parser.end());
  return node;
}

}  // namespace rollcall::expr
