// $filter and the other options, cut into tokens on demand. A literal is one token with its sign
// and its prefix (`datetime'…'`), read far enough that only its value remains to be made
// (literal.hpp).
// https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html, and
// SharePoint's older literals: datetime'…', guid'…', 12L, 1.5M.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/error.hpp"

namespace rollcall::odata {

enum class TokenKind {
  end,
  name,    // also with dots: Model.Kind; true, false and null are names
  dollar,  // $it, $count, …
  at,      // @alias, @Core.Messages
  integer,
  real,
  string,
  date,
  datetime,
  time_of_day,
  duration,
  guid,
  binary,
  geo,
  enumeration,
  quoted,  // "…", in JSON and in $search
  open,
  close,
  comma,
  slash,
  colon,
  equals,
  semicolon,
  star,
  minus,
  open_brace,
  close_brace,
  open_bracket,
  close_bracket
};

bool is_literal(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::end;
  Span span = {};
  std::string_view text = {};  // the whole token
  std::string_view content =
      {};  // a literal's without prefix and quotes; quotes inside still doubled
  bool space_before = false;
};

inline constexpr std::size_t max_text_bytes = 32 * 1024;

class Lexer {
 public:
  // The text outlives the lexer and its tokens.
  explicit Lexer(std::string_view text) : text_(text) {}
  // Errors: ODATA0101, what is no token at all; ODATA0108, the text is too long.
  Result<Token> next();
  std::size_t position() const { return at_; }
  void skip_to(std::size_t position) { at_ = position; }

 private:
  Result<Token> quoted_text(Token token, char quote);
  Result<Token> prefixed(Token token, std::string_view prefix);
  Result<Token> number(Token token);
  Token finish(Token token, TokenKind kind, std::size_t end);

  std::string_view text_;
  std::size_t at_ = 0;
};

// The grammar has no blanks around an option's value; ODATA0102 when there are some.
Result<void> check_edges(std::string_view text);

// How far one of these reaches at the text's start; 0: there is none. The grammar's names are
// theirs.
std::size_t scan_guid(std::string_view text);
std::size_t scan_date(std::string_view text);
std::size_t scan_time_of_day(std::string_view text);
std::size_t scan_datetime(std::string_view text);  // the offset may be absent
std::size_t scan_duration(std::string_view text);
std::size_t scan_integer(std::string_view text);
std::size_t scan_real(std::string_view text);  // also INF, -INF, NaN; also an integer
std::size_t scan_name(std::string_view text);  // one identifier, no dots
std::size_t scan_base64(std::string_view text);

}  // namespace rollcall::odata
