// KQL text to tokens. Works on the bytes of UTF-8. Typed literals whose text is free
// (`datetime(…)`, `guid(…)`, `1.5h`) and words with dashes or a leading `!` are single tokens, as
// in Kusto's own lexer.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "kql/compile.hpp"

namespace rollcall::kql {

enum class TokenKind {
  identifier,  // a name that is no keyword
  keyword,     // text tells which; some may stand as names (is_name_keyword)
  string,      // text: the value, unescaped
  integer,     // 12, 0xff
  real,        // 1.5, 1e3
  typed,       // text: what stands in the parentheses, or a timespan such as 1.5h; type tells which
  boolean,
  punctuation,
  bad,
  end
};

struct Token {
  TokenKind kind;
  std::string text;
  Span span;
  bool spaced = false;  // white space or a comment stands before it
  Type type = Type::unknown;
};

// Complaints go to `diagnostics`; the last token is of kind end.
std::vector<Token> tokenize(std::string_view text, Diagnostics& diagnostics);
// A keyword that may stand where a name is wanted: `count`, `partition`.
bool is_name_keyword(std::string_view word);
// A keyword that may stand as a declared or assigned name as well: `by`, `where`.
bool is_extended_name_keyword(std::string_view word);

}  // namespace rollcall::kql
