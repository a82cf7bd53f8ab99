// Cuts the text of an option into tokens. What begins like a digit may be a guid, a date, a time or
// a number, tried in this order; a name right before a quote is the prefix of a literal.
#include "odata/lexer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace rollcall::odata {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

template <class Predicate>
std::size_t run(std::string_view text, std::size_t from, Predicate predicate) {
  while (from < text.size() && predicate(text[from])) ++from;
  return from;
}

// Two digits at `from`, at most `most`; the place behind them, or 0.
std::size_t two_digits(std::string_view text, std::size_t from, int most, int least = 0) {
  if (from + 2 > text.size() || !is_digit(text[from]) || !is_digit(text[from + 1])) return 0;
  const int value = (text[from] - '0') * 10 + (text[from + 1] - '0');
  return value >= least && value <= most ? from + 2 : 0;
}

bool at(std::string_view text, std::size_t from, char c) {
  return from < text.size() && text[from] == c;
}

}  // namespace

bool is_literal(TokenKind kind) {
  return kind >= TokenKind::integer && kind <= TokenKind::enumeration;
}

Result<void> check_edges(std::string_view text) {
  if (text.empty() || (!is_space(text.front()) && !is_space(text.back()))) return {};
  const auto at = is_space(text.front()) ? 0 : text.size() - 1;
  return fail("ODATA0102", "no blanks stand before or behind an expression",
              Span{static_cast<std::uint32_t>(at), 1});
}

std::size_t scan_guid(std::string_view text) {
  static constexpr std::size_t groups[] = {8, 4, 4, 4, 12};
  std::size_t end = 0;
  for (const auto digits : groups) {
    if (end != 0 && !at(text, end++, '-')) return 0;
    if (end + digits > text.size()) return 0;
    if (run(text.substr(0, end + digits), end, is_hex) != end + digits) return 0;
    end += digits;
  }
  return at(text, end, '-') || (end < text.size() && is_name_part(text[end])) ? 0 : end;
}

// [ "-" ] year "-" month "-" day
std::size_t scan_date(std::string_view text) {
  const std::size_t year = at(text, 0, '-') ? 1 : 0;
  const auto end = run(text, year, is_digit);
  if (end < year + 4 || (end > year + 4 && text[year] == '0') || !at(text, end, '-')) return 0;
  const auto month = two_digits(text, end + 1, 12, 1);
  return month == 0 || !at(text, month, '-') ? 0 : two_digits(text, month + 1, 31, 1);
}

// hour ":" minute [ ":" second [ "." fractionalSeconds ] ]
std::size_t scan_time_of_day(std::string_view text) {
  const auto hour = two_digits(text, 0, 23);
  if (hour == 0 || !at(text, hour, ':')) return 0;
  const auto minute = two_digits(text, hour + 1, 59);
  if (minute == 0 || !at(text, minute, ':')) return minute;
  const auto second = two_digits(text, minute + 1, 60);
  if (second == 0 || !at(text, second, '.')) return second;
  const auto end = run(text, second + 1, is_digit);
  return end > second + 1 && end <= second + 13 ? end : 0;
}

// date "T" timeOfDay [ "Z" / SIGN hour ":" minute ]
std::size_t scan_datetime(std::string_view text) {
  const auto date = scan_date(text);
  if (date == 0 || (!at(text, date, 'T') && !at(text, date, 't'))) return 0;
  const auto time = scan_time_of_day(text.substr(date + 1));
  if (time == 0) return 0;
  const auto end = date + 1 + time;
  if (at(text, end, 'Z') || at(text, end, 'z')) return end + 1;
  if (!at(text, end, '+') && !at(text, end, '-')) return end;
  const auto hour = two_digits(text, end + 1, 23);
  return hour == 0 || !at(text, hour, ':') ? 0 : two_digits(text, hour + 1, 59);
}

// [ SIGN ] "P" [ days "D" ] [ "T" [ hours "H" ] [ minutes "M" ] [ seconds [ "." fraction ] "S" ] ]
std::size_t scan_duration(std::string_view text) {
  std::size_t end = at(text, 0, '-') || at(text, 0, '+') ? 1 : 0;
  if (!at(text, end, 'P')) return 0;
  ++end;
  const auto part = [&](char unit, bool fraction) {
    auto digits = run(text, end, is_digit);
    if (digits == end) return false;
    if (fraction && at(text, digits, '.')) {
      const auto more = run(text, digits + 1, is_digit);
      if (more == digits + 1) return false;
      digits = more;
    }
    if (!at(text, digits, unit)) return false;
    end = digits + 1;
    return true;
  };
  part('D', false);
  if (at(text, end, 'T')) {
    ++end;
    part('H', false);
    part('M', false);
    part('S', true);
  }
  return end;
}

std::size_t scan_integer(std::string_view text) {
  const std::size_t first = at(text, 0, '-') || at(text, 0, '+') ? 1 : 0;
  const auto end = run(text, first, is_digit);
  return end == first ? 0 : end;
}

std::size_t scan_real(std::string_view text) {
  for (const std::string_view word : {"-INF", "INF", "NaN"}) {
    if (text.starts_with(word)) return word.size();
  }
  auto end = scan_integer(text);
  if (end == 0) return 0;
  if (at(text, end, '.')) {
    const auto fraction = run(text, end + 1, is_digit);
    if (fraction == end + 1) return end;
    end = fraction;
  }
  if (at(text, end, 'e') || at(text, end, 'E')) {
    const auto exponent = scan_integer(text.substr(end + 1));
    if (exponent != 0) end += 1 + exponent;
  }
  return end;
}

std::size_t scan_name(std::string_view text) {
  return text.empty() || !is_name_start(text[0]) ? 0 : run(text, 1, is_name_part);
}

std::size_t scan_base64(std::string_view text) {
  auto end = run(text, 0, [](char c) { return is_name_part(c) || c == '-'; });
  if (end % 4 == 1) return 0;
  while (end % 4 != 0 && at(text, end, '=')) ++end;
  return end;
}

Token Lexer::finish(Token token, TokenKind kind, std::size_t end) {
  const auto begin = at_;
  at_ = end;
  token.kind = kind;
  token.text = text_.substr(begin, end - begin);
  if (token.content.empty()) token.content = token.text;
  token.span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  return token;
}

Result<Token> Lexer::quoted_text(Token token, char quote) {
  const auto open = text_.find(quote, at_);
  auto end = open + 1;
  for (;; ++end) {
    end = text_.find(quote, end);
    if (end == std::string_view::npos) {
      return fail(
          "ODATA0101", "this text is not closed by a quote; a quote inside a text is written twice",
          Span{static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(text_.size() - at_)});
    }
    if (quote == '"') {  // JSON: a backslash takes the next character along
      std::size_t slashes = 0;
      while (text_[end - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) break;
    } else if (at(text_, end + 1, quote)) {
      ++end;
    } else {
      break;
    }
  }
  token.content = text_.substr(open + 1, end - open - 1);
  const bool empty = token.content.empty();
  if (token.content.find('\0') != std::string_view::npos) {
    return fail("ODATA0101", "a text cannot hold the character U+0000",
                Span{static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end + 1 - at_)});
  }
  token = finish(token, quote == '"' ? TokenKind::quoted : TokenKind::string, end + 1);
  if (empty) token.content = {};
  return token;
}

// A literal like datetime'2026-01-01': the kind comes from the prefix, the content must be of that
// kind.
Result<Token> Lexer::prefixed(Token token, std::string_view prefix) {
  struct Kind {
    std::string_view prefix;
    TokenKind kind;
    std::size_t (*scan)(std::string_view);
  };
  static constexpr Kind kinds[] = {{"datetime", TokenKind::datetime, scan_datetime},
                                   {"datetimeoffset", TokenKind::datetime, scan_datetime},
                                   {"date", TokenKind::date, scan_date},
                                   {"time", TokenKind::duration, scan_duration},
                                   {"timeofday", TokenKind::time_of_day, scan_time_of_day},
                                   {"duration", TokenKind::duration, scan_duration},
                                   {"guid", TokenKind::guid, scan_guid},
                                   {"binary", TokenKind::binary, scan_base64},
                                   {"x", TokenKind::binary, nullptr},
                                   {"geography", TokenKind::geo, nullptr},
                                   {"geometry", TokenKind::geo, nullptr}};
  TRY(token, quoted_text(token, '\''));
  const auto found = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& one) {
    return equals_ignoring_case(one.prefix, prefix);
  });
  if (found == std::end(kinds)) {
    token.kind = TokenKind::enumeration;
    if (!prefix.contains('.')) {
      return fail("ODATA0101", fmt::format("'{}' is not the name of a kind of literal", prefix),
                  token.span);
    }
    return token;
  }
  token.kind = found->kind;
  auto length = found->scan == nullptr ? token.content.size() : found->scan(token.content);
  // SharePoint takes a date alone in datetime'…'.
  if (length == 0 && found->kind == TokenKind::datetime) length = scan_date(token.content);
  if (length != token.content.size()) {
    return fail("ODATA0107", fmt::format("'{}' is not a valid {}", token.content, prefix),
                token.span);
  }
  return token;
}

Result<Token> Lexer::number(Token token) {
  const auto rest = text_.substr(at_);
  struct Try {
    std::size_t (*scan)(std::string_view);
    TokenKind kind;
  };
  static constexpr Try tries[] = {{scan_guid, TokenKind::guid},
                                  {scan_datetime, TokenKind::datetime},
                                  {scan_date, TokenKind::date},
                                  {scan_time_of_day, TokenKind::time_of_day}};
  const auto ends = [&](std::size_t length) {
    return length >= rest.size() || !is_name_part(rest[length]);
  };
  for (const auto& one : tries) {
    if (const auto length = one.scan(rest); length != 0 && ends(length))
      return finish(token, one.kind, at_ + length);
  }
  const auto length = scan_real(rest);
  auto kind = length == scan_integer(rest) ? TokenKind::integer : TokenKind::real;
  auto end = length;
  if (end < rest.size() && ends(end + 1)) {  // 12L, 1.5M, 2.0d, 1.5f
    const char suffix = static_cast<char>(rest[end] | 0x20);
    if (suffix == 'l' && kind == TokenKind::integer) ++end;
    if (suffix == 'm' || suffix == 'd' || suffix == 'f') {
      kind = TokenKind::real;
      ++end;
    }
  }
  if (length == 0 || !ends(end) || at(rest, end, '.') || at(rest, end, ':') ||
      (at(rest, end, '-') && end + 1 < rest.size() && is_digit(rest[end + 1]))) {
    const auto bad = std::max<std::size_t>(
        run(rest, 0,
            [](char c) { return is_name_part(c) || c == '.' || c == ':' || c == '-' || c == '+'; }),
        1);
    return fail("ODATA0107",
                fmt::format("'{}' is neither a number nor a date", rest.substr(0, bad)),
                Span{static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(bad)});
  }
  token.content = rest.substr(0, length);
  return finish(token, kind, at_ + end);
}

Result<Token> Lexer::next() {
  if (text_.size() > max_text_bytes) {
    return fail("ODATA0108", fmt::format("the option has {} bytes; at most {} are taken",
                                         text_.size(), max_text_bytes));
  }
  Token token;
  const auto begin = run(text_, at_, is_space);
  token.space_before = begin != at_;
  at_ = begin;
  if (at_ == text_.size()) return finish(token, TokenKind::end, at_);
  const char c = text_[at_];
  const auto rest = text_.substr(at_);
  if (is_digit(c)) return number(token);
  if (c == '+' || c == '-') {
    const bool value =
        rest.size() > 1 && (is_digit(rest[1]) || (c == '-' && rest.starts_with("-INF")));
    if (value) return number(token);
    if (c == '-') return finish(token, TokenKind::minus, at_ + 1);
  }
  if (c == '\'') return quoted_text(token, c);
  if (c == '"') return quoted_text(token, c);
  if (is_name_start(c) || ((c == '$' || c == '@') && rest.size() > 1 && is_name_start(rest[1]))) {
    if (const auto length = scan_guid(rest); length != 0)
      return finish(token, TokenKind::guid, at_ + length);
    std::size_t end = (is_name_start(c) ? 0 : 1);
    end += scan_name(rest.substr(end));
    while (c != '$' && at(rest, end, '.')) {
      const auto more = scan_name(rest.substr(end + 1));
      if (more == 0) break;
      end += 1 + more;
    }
    if (c != '$' && rest.substr(end).starts_with(".*")) end += 2;  // $select=Model.*
    if (is_name_start(c) && at(rest, end, '\'')) return prefixed(token, rest.substr(0, end));
    if (rest.substr(0, end) == "INF" || rest.substr(0, end) == "NaN")
      return finish(token, TokenKind::real, at_ + end);
    const auto kind = c == '$' ? TokenKind::dollar : c == '@' ? TokenKind::at : TokenKind::name;
    return finish(token, kind, at_ + end);
  }
  static constexpr std::string_view marks = "(),/:=;*{}[]";
  static constexpr TokenKind kinds[] = {
      TokenKind::open,        TokenKind::close,        TokenKind::comma,
      TokenKind::slash,       TokenKind::colon,        TokenKind::equals,
      TokenKind::semicolon,   TokenKind::star,         TokenKind::open_brace,
      TokenKind::close_brace, TokenKind::open_bracket, TokenKind::close_bracket};
  if (const auto mark = marks.find(c); mark != std::string_view::npos)
    return finish(token, kinds[mark], at_ + 1);
  std::string_view hint;
  if (c == '<' || c == '>' || c == '!') hint = "; comparisons are written eq, ne, gt, ge, lt, le";
  if (c == '&' || c == '|') hint = "; conditions are joined by and, or";
  return fail("ODATA0101", fmt::format("'{}' has no meaning here{}", c, hint),
              Span{static_cast<std::uint32_t>(at_), 1});
}

}  // namespace rollcall::odata
