#include "kql/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"

// KQL text to tokens.

namespace rollcall::kql {
namespace {

constexpr auto name_keywords = std::to_array<std::string_view>({
    "__partitionby",
    "access",
    "alias",
    "best_effort",
    "bin",
    "bool",
    "consume",
    "count",
    "database",
    "dataformat",
    "datetime_pattern",
    "declare",
    "default",
    "distinct",
    "edges",
    "entity_group",
    "evaluate",
    "extend",
    "facet",
    "filter",
    "fork",
    "from",
    "getschema",
    "graph",
    "guid",
    "id",
    "inline_external_table",
    "join",
    "let",
    "limit",
    "lookup",
    "mvapply",
    "mvexpand",
    "nodes",
    "null",
    "nulls",
    "on",
    "optional",
    "order",
    "output",
    "pack",
    "parse",
    "partition",
    "pattern",
    "plotly",
    "query_parameters",
    "range",
    "reduce",
    "regex",
    "render",
    "restrict",
    "scan",
    "serialize",
    "sort",
    "step",
    "summarize",
    "take",
    "top",
    "typeof",
    "uuid",
    "view",
    "with",
    "with_node_id",
});

constexpr auto extended_name_keywords = std::to_array<std::string_view>({
    "accumulate",   "as",       "by",      "contains", "datatable", "earliest",
    "externaldata", "find",     "has",     "in",       "invoke",    "latest",
    "materialize",  "mdm",      "of",      "print",    "sample",    "sample-distinct",
    "search",       "set",      "sql",     "title",    "to",        "top-hitters",
    "top-nested",   "toscalar", "totable", "verbose",  "viewers",   "where",
});

constexpr auto reserved_keywords = std::to_array<std::string_view>({
    "!between",
    "!contains",
    "!contains_cs",
    "!endswith",
    "!endswith_cs",
    "!has",
    "!has_cs",
    "!hasprefix",
    "!hasprefix_cs",
    "!hassuffix",
    "!hassuffix_cs",
    "!in",
    "!in~",
    "!startswith",
    "!startswith_cs",
    "3Dchart",
    "__contextual_datatable",
    "__crossCluster",
    "__crossDB",
    "__executeAndCache",
    "__id",
    "__isFuzzy",
    "__noWithSource",
    "__packedColumn",
    "__projectAway",
    "__sourceColumnIndex",
    "accumulate",
    "and",
    "anomalychart",
    "areachart",
    "as",
    "asc",
    "assert-schema",
    "bagexpansion",
    "barchart",
    "between",
    "boolean",
    "by",
    "byte",
    "cachingpolicy",
    "callout",
    "cancel",
    "card",
    "char",
    "columnchart",
    "commands-and-queries",
    "contains",
    "contains_cs",
    "containscs",
    "cycles",
    "dataexport",
    "datascope",
    "datatable",
    "date",
    "datetime",
    "decimal",
    "decodeblocks",
    "desc",
    "double",
    "dynamic",
    "earliest",
    "encodingpolicy",
    "endswith",
    "endswith_cs",
    "expandoutput",
    "extent_tags_retention",
    "external_data",
    "externaldata",
    "find",
    "first",
    "flags",
    "float",
    "force_remote",
    "granny-asc",
    "granny-desc",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "harddelete",
    "hardretention",
    "has",
    "has_all",
    "has_any",
    "has_cs",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "hint.concurrency",
    "hint.distribution",
    "hint.materialized",
    "hint.progressive_top",
    "hint.remote",
    "hint.shufflekey",
    "hint.spread",
    "hint.strategy",
    "hotcache",
    "in",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "invoke",
    "in~",
    "isfuzzy",
    "journal",
    "kind",
    "ladderchart",
    "last",
    "latest",
    "like",
    "likecs",
    "linechart",
    "long",
    "macro-expand",
    "make-graph",
    "make-series",
    "matches regex",
    "materialize",
    "materialized-view-combine",
    "materialized-views",
    "mdm",
    "missing",
    "mv-apply",
    "mv-expand",
    "nooptimization",
    "notcontains",
    "notcontainscs",
    "notlike",
    "notlikecs",
    "of",
    "or",
    "others",
    "parse-kv",
    "parse-where",
    "partitioned-by",
    "pathformat",
    "piechart",
    "pivotchart",
    "print",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "project-smart",
    "queries",
    "query_results",
    "real",
    "relaxed",
    "restricted_view_access",
    "row_level_security",
    "rowstore",
    "rowstore_references",
    "rowstore_sealinfo",
    "rowstorepolicy",
    "rowstores",
    "sample",
    "sample-distinct",
    "scatterchart",
    "seal",
    "seals",
    "search",
    "set",
    "set-or-append",
    "set-or-replace",
    "shards",
    "simple",
    "softdelete",
    "softretention",
    "sql",
    "stackedareachart",
    "startswith",
    "startswith_cs",
    "statistics",
    "storedqueryresultcontainers",
    "string",
    "tablepurge",
    "time",
    "timechart",
    "timeline",
    "timepivot",
    "timespan",
    "title",
    "to",
    "top-hitters",
    "top-nested",
    "toscalar",
    "totable",
    "treemap",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "ulong",
    "union",
    "uniqueid",
    "unrestrictedviewers",
    "verbose",
    "viewers",
    "views",
    "where",
    "with_itemindex",
    "with_match_id",
    "with_source",
    "with_step_name",
    "withsource",
    "writeaheadlog",
});

constexpr auto timespan_suffixes = std::to_array<std::string_view>({
    "m",           "min",          "minute",       "minutes",
    "s",           "sec",          "second",       "seconds",
    "d",           "day",          "days",         "h",
    "hr",          "hrs",          "hour",         "hours",
    "ms",          "milli",        "millis",       "millisec",
    "millisecond", "milliseconds", "micro",        "micros",
    "microsec",    "microsecond",  "microseconds", "nano",
    "nanos",       "nanosec",      "nanosecond",   "nanoseconds",
    "tick",        "ticks",
});

constexpr auto punctuation = std::to_array<std::string_view>({
    "<|", "<>", "<=", ">=", "==", "=>", "=~", "!=", "!~", "..", "(", ")", "[", "]", "{", "}",
    "|",  ".",  "+",  "-",  "*",  "/",  "%",  "<",  ">",  "=",  ":", ";", ",", "@", "?",
});

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::binary_search(words.begin(), words.end(), word);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
// Bytes of non-ASCII letters count as letters; spaces outside ASCII are skipped before this is
// asked.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}
bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

// A white-space character outside ASCII at the start of the text: its length, else 0.
std::size_t wide_space(std::string_view s) {
  static constexpr auto spaces =
      std::to_array<std::string_view>({"\xc2\xa0", "\xe1\x9a\x80", "\xe1\xa0\x8e", "\xe2\x80\xaf",
                                       "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"});
  for (auto space : spaces) {
    if (s.starts_with(space)) return space.size();
  }
  if (s.starts_with("\xe2\x80") && s.size() > 2) {
    const auto last = static_cast<unsigned char>(s[2]);
    if (last >= 0x80 && last <= 0x8b) return 3;
  }
  return 0;
}

// Signs that no name holds, outside ASCII: general punctuation, arrows, mathematical signs.
bool is_foreign_sign(std::string_view s) {
  return s.size() > 2 && s[0] == '\xe2' && (static_cast<unsigned char>(s[1]) < 0xb0);
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x110000) {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Words whose parentheses hold free text.
std::optional<Type> free_text_type(std::string_view word) {
  if (word == "dynamic" || word == "string" || word == "uuid" || word == "uniqueid")
    return std::nullopt;
  static constexpr auto words = std::to_array<std::string_view>(
      {"bool", "date", "datetime", "decimal", "double", "guid", "int", "int32", "int64", "long",
       "real", "time", "timespan"});
  return contains(words, word) ? type_named(word) : std::nullopt;
}

class Lexer {
 public:
  Lexer(std::string_view text, Diagnostics& diagnostics) : text_(text), diagnostics_(diagnostics) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    while (true) {
      const bool spaced = skip_space();
      if (at_ >= text_.size()) break;
      Token token = next();
      token.spaced = spaced;
      tokens.push_back(std::move(token));
    }
    tokens.push_back({TokenKind::end, "", span(text_.size(), 0), true});
    return tokens;
  }

 private:
  static Span span(std::size_t offset, std::size_t length) {
    return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)};
  }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  std::string_view rest() const { return text_.substr(at_); }

  bool skip_space() {
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f') {
        ++at_;
      } else if (const std::size_t wide = wide_space(rest()); wide > 0) {
        at_ += wide;
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '#' && start == 0) {  // a client's directive line
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        break;
      }
    }
    return at_ > start;
  }

  Token finish(TokenKind kind, std::size_t length) {
    Token token{kind, std::string(text_.substr(at_, length)), span(at_, length)};
    at_ += length;
    return token;
  }

  Token next() {
    const char c = peek();
    if (starts_string()) return string_token();
    if (c == '!' && is_letter(peek(1))) return bang_word();
    if (is_digit(c)) return number();
    if ((is_letter(c) && !is_foreign_sign(rest())) || c == '_' || c == '$') return word();
    for (auto sign : punctuation) {
      if (rest().starts_with(sign)) return finish(TokenKind::punctuation, sign.size());
    }
    std::size_t length = 1;
    while ((c & 0x80) != 0 && (peek(length) & 0xc0) == 0x80) ++length;
    diagnostics_.push_back({"KQL0001", span(at_, length),
                            fmt::format("unexpected character '{}'", rest().substr(0, length)),
                            ""});
    return finish(TokenKind::bad, length);
  }

  // --- strings
  bool starts_string() const {
    std::size_t i = 0;
    if (peek() == 'h' || peek() == 'H') ++i;
    if (peek(i) == '@') return peek(i + 1) == '"' || peek(i + 1) == '\'';
    if (peek(i) == '"' || peek(i) == '\'') return true;
    return text_.substr(std::min(at_ + i, text_.size())).starts_with("```") ||
           text_.substr(std::min(at_ + i, text_.size())).starts_with("~~~");
  }

  Token string_token() {
    const std::size_t start = at_;
    if (peek() == 'h' || peek() == 'H') ++at_;
    std::string value;
    bool closed = false;
    if (rest().starts_with("```") || rest().starts_with("~~~")) {
      const std::string_view quote = rest().substr(0, 3);
      at_ += 3;
      const std::size_t end = std::min(text_.find(quote, at_), text_.size());
      value = text_.substr(at_, end - at_);
      closed = end < text_.size();
      at_ = closed ? end + 3 : end;
    } else if (peek() == '@') {
      ++at_;
      closed = verbatim(value);
    } else {
      closed = escaped(value);
    }
    if (!closed) {
      diagnostics_.push_back({"KQL0001", span(start, at_ - start), "the string is not closed", ""});
    }
    return {TokenKind::string, std::move(value), span(start, at_ - start)};
  }

  bool verbatim(std::string& value) {
    const char quote = text_[at_++];
    while (at_ < text_.size() && peek() != '\n' && peek() != '\r') {
      if (peek() == quote && peek(1) != quote) {
        ++at_;
        return true;
      }
      if (peek() == quote) ++at_;
      value.push_back(text_[at_++]);
    }
    return false;
  }

  bool escaped(std::string& value) {
    const char quote = text_[at_++];
    while (at_ < text_.size() && peek() != '\n' && peek() != '\r') {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        return true;
      }
      if (c != '\\') {
        value.push_back(c);
        ++at_;
      } else if (!escape(value)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& value) {
    const char c = peek(1);
    static constexpr std::string_view letters = "\\'\"abfnrtv";
    static constexpr std::string_view meanings = "\\'\"\a\b\f\n\r\t\v";
    if (const auto i = letters.find(c); c != '\0' && i != std::string_view::npos) {
      value.push_back(meanings[i]);
      at_ += 2;
      return true;
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits > 0) {
      std::uint32_t code = 0;
      for (std::size_t i = 0; i < digits; ++i) {
        if (!is_hex(peek(2 + i))) return false;
        code = code * 16 +
               static_cast<std::uint32_t>(std::stoi(std::string(1, peek(2 + i)), nullptr, 16));
      }
      at_ += 2 + digits;
      if (code >= 0xd800 && code < 0xdc00 && peek() == '\\' && peek(1) == 'u') {
        std::uint32_t low = 0;
        for (std::size_t i = 0; i < 4 && is_hex(peek(2 + i)); ++i) {
          low = low * 16 +
                static_cast<std::uint32_t>(std::stoi(std::string(1, peek(2 + i)), nullptr, 16));
        }
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at_ += 6;
        }
      }
      append_utf8(value, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
      return true;
    }
    if (c < '0' || c > '7') return false;
    std::uint32_t code = 0;
    std::size_t length = 0;
    const std::size_t most = c <= '3' ? 3 : 2;
    while (length < most && peek(1 + length) >= '0' && peek(1 + length) <= '7') {
      code = code * 8 + static_cast<std::uint32_t>(peek(1 + length) - '0');
      ++length;
    }
    at_ += 1 + length;
    append_utf8(value, code);
    return true;
  }

  // --- numbers
  std::size_t digits(std::size_t from) const {
    std::size_t n = 0;
    while (is_digit(peek(from + n))) ++n;
    return n;
  }

  std::size_t real_length() const {
    std::size_t n = digits(0);
    const auto exponent = [&](std::size_t from) -> std::size_t {
      if (peek(from) != 'e' && peek(from) != 'E') return 0;
      const std::size_t sign = peek(from + 1) == '+' || peek(from + 1) == '-' ? 1 : 0;
      const std::size_t count = digits(from + 1 + sign);
      return count == 0 ? 0 : 1 + sign + count;
    };
    if (peek(n) == '.' && (peek(n + 1) != '.' || peek(n + 2) == '.')) {
      ++n;
      n += digits(n);
      n += exponent(n);
    } else {
      const std::size_t e = exponent(n);
      if (e == 0) return 0;
      n += e;
    }
    return is_name_char(peek(n)) ? 0 : n;
  }

  std::size_t timespan_length() const {
    std::size_t n = digits(0);
    if (peek(n) == '.' && digits(n + 1) > 0) n += 1 + digits(n + 1);
    std::size_t longest = 0;
    for (auto suffix : timespan_suffixes) {
      if (rest().substr(n).starts_with(suffix)) longest = std::max(longest, suffix.size());
    }
    return longest == 0 || is_name_char(peek(n + longest)) ? 0 : n + longest;
  }

  std::size_t raw_guid_length() const {
    static constexpr std::array<std::size_t, 5> groups{8, 4, 4, 4, 12};
    std::size_t n = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (g > 0 && peek(n++) != '-') return 0;
      for (std::size_t i = 0; i < groups[g]; ++i) {
        if (!is_hex(peek(n++))) return 0;
      }
    }
    return is_name_char(peek(n)) ? 0 : n;
  }

  Token raw_guid(std::size_t length) {
    diagnostics_.push_back({"KQL0001", span(at_, length), "a guid is written guid(…)", ""});
    Token token = finish(TokenKind::typed, length);
    token.type = Type::guid;
    return token;
  }

  Token number() {
    if (const std::size_t n = raw_guid_length(); n > 0) return raw_guid(n);
    if (const std::size_t n = real_length(); n > 0) return finish(TokenKind::real, n);
    if (const std::size_t n = timespan_length(); n > 0) {
      Token token = finish(TokenKind::typed, n);
      token.type = Type::timespan;
      return token;
    }
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X') && is_hex(peek(2))) {
      std::size_t n = 2;
      while (is_hex(peek(n))) ++n;
      if (!is_name_char(peek(n))) return finish(TokenKind::integer, n);
    }
    const std::size_t n = digits(0);
    if (!is_name_char(peek(n))) return finish(TokenKind::integer, n);
    std::size_t length = n;
    while (is_name_char(peek(length))) ++length;
    if (is_letter(peek(n)) || peek(n) == '_') {
      // `3Dchart`, or a name that begins with digits
      return finish(contains(reserved_keywords, rest().substr(0, length)) ? TokenKind::keyword
                                                                          : TokenKind::identifier,
                    length);
    }
    return finish(TokenKind::integer, n);
  }

  // --- words
  std::size_t name_length(std::size_t from) const {
    std::size_t n = from;
    while (is_name_char(peek(n)) && (peek(n) > 0 || wide_space(rest().substr(n)) == 0)) ++n;
    return n;
  }

  Token bang_word() {
    std::size_t n = name_length(1);
    if (peek(n) == '~') ++n;
    if (contains(reserved_keywords, rest().substr(0, n))) return finish(TokenKind::keyword, n);
    if (contains(reserved_keywords, rest().substr(0, n - 1)) && text_[at_ + n - 1] == '~') {
      return finish(TokenKind::keyword, n - 1);
    }
    diagnostics_.push_back({"KQL0001", span(at_, 1), "unexpected character '!'", ""});
    return finish(TokenKind::bad, 1);
  }

  // The longest keyword with dashes, a dot or a space that starts here; 0 for none.
  std::size_t compound_length() const {
    std::size_t longest = 0;
    for (auto keyword : reserved_keywords) {
      if (keyword.size() > longest && rest().starts_with(keyword) &&
          name_length(keyword.size()) == keyword.size()) {
        longest = keyword.size();
      }
    }
    return longest;
  }

  // `matches   regex`, with any space between
  std::size_t matches_regex_length() const {
    if (!rest().starts_with("matches")) return 0;
    std::size_t n = 7;
    while (peek(n) == ' ' || peek(n) == '\t' || peek(n) == '\r' || peek(n) == '\n') ++n;
    return n > 7 && rest().substr(n).starts_with("regex") && !is_name_char(peek(n + 5)) ? n + 5 : 0;
  }

  Token word() {
    const std::size_t n = name_length(peek() == '$' ? 1 : 0);
    const std::string_view name = rest().substr(0, n);
    if (peek(n) == '(') {
      if (const auto type = free_text_type(name)) return free_text(*type, n);
    }
    if (const std::size_t length = matches_regex_length(); length > 0) {
      Token token = finish(TokenKind::keyword, length);
      token.text = "matches regex";
      return token;
    }
    if (name == "hint" && peek(n) == '.' && is_letter(peek(n + 1))) {
      return finish(TokenKind::keyword, name_length(n + 1));
    }
    if (const std::size_t length = compound_length(); length > 0) {
      return finish(TokenKind::keyword, length);
    }
    if (contains(name_keywords, name)) return finish(TokenKind::keyword, n);
    if (name == "true" || name == "True" || name == "TRUE" || name == "false" || name == "False" ||
        name == "FALSE") {
      return finish(TokenKind::boolean, n);
    }
    if (const std::size_t length = raw_guid_length(); length > 0) return raw_guid(length);
    return finish(TokenKind::identifier, n);
  }

  Token free_text(Type type, std::size_t name_length) {
    std::size_t end = name_length + 1;
    while (at_ + end < text_.size() && peek(end) != ')' && peek(end) != '\n' && peek(end) != '\r')
      ++end;
    Token token{TokenKind::typed,
                std::string(trim(rest().substr(name_length + 1, end - name_length - 1))),
                {},
                false,
                type};
    if (peek(end) == ')') {
      ++end;
    } else {
      diagnostics_.push_back({"KQL0002", span(at_, end), "expected ')'", ""});
    }
    token.span = span(at_, end);
    at_ += end;
    return token;
  }

  std::string_view text_;
  Diagnostics& diagnostics_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, Diagnostics& diagnostics) {
  return Lexer(text, diagnostics).run();
}

bool is_name_keyword(std::string_view word) { return contains(name_keywords, word); }

bool is_extended_name_keyword(std::string_view word) {
  return contains(name_keywords, word) || contains(extended_name_keywords, word);
}

}  // namespace rollcall::kql
