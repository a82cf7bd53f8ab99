#include <re2/re2.h>
#include <unicode/unistr.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "kql/native_table.hpp"

// Strings: terms, searching, cutting, replacing. Positions and lengths count code points.

namespace rollcall::kql {
namespace {

bool is_term_char(std::string_view s, std::size_t i) {
  const char c = s[i];
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c & 0x80) != 0;
}

std::string folded(std::string_view s) {
  std::string out;
  bool ascii = true;
  for (const char c : s) ascii = ascii && (c & 0x80) == 0;
  if (ascii) return to_lower(s);
  icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int>(s.size())))
      .toLower()
      .toUTF8String(out);
  return out;
}

// A needle stands as a whole term (or begins, or ends one): no term character touches it on the
// sides asked for.
bool has_term(std::string_view text, std::string_view needle, bool at_start, bool at_end) {
  if (needle.empty()) return true;
  for (std::size_t at = text.find(needle); at != std::string_view::npos;
       at = text.find(needle, at + 1)) {
    const std::size_t end = at + needle.size();
    const bool starts =
        !at_start || at == 0 || !is_term_char(text, at - 1) || !is_term_char(needle, 0);
    const bool ends = !at_end || end == text.size() || !is_term_char(text, end) ||
                      !is_term_char(needle, needle.size() - 1);
    if (starts && ends) return true;
  }
  return false;
}

bool has(Arguments a, bool at_start, bool at_end) {
  if (truth(a[2])) return has_term(text(a[0]), text(a[1]), at_start, at_end);
  return has_term(folded(text(a[0])), folded(text(a[1])), at_start, at_end);
}

std::string element_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_null() ? std::string() : json_text(value);
}

// Byte offsets of code points; one more at the end.
std::vector<std::size_t> code_points(std::string_view s) {
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if ((s[i] & 0xc0) != 0x80) at.push_back(i);
  }
  at.push_back(s.size());
  return at;
}

std::int64_t length_of(std::string_view s) {
  return static_cast<std::int64_t>(code_points(s).size()) - 1;
}

Cell substring(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]);
  const auto at = code_points(s);
  const std::int64_t size = static_cast<std::int64_t>(at.size()) - 1;
  std::int64_t start = whole(a[1]);
  if (start < 0) start = std::max<std::int64_t>(0, size + start);
  start = std::min(start, size);
  std::int64_t length = is_null(a[2]) ? size : whole(a[2]);
  length = std::clamp<std::int64_t>(length, 0, size - start);
  const std::size_t first = at[static_cast<std::size_t>(start)],
                    last = at[static_cast<std::size_t>(start + length)];
  return cell(s.substr(first, last - first));
}

// indexof(text, what [, start [, length [, occurrence]]]): -1 when absent, null for a wrong
// occurrence.
Cell indexof(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]), needle = text(a[1]);
  const auto at = code_points(s);
  const std::int64_t size = static_cast<std::int64_t>(at.size()) - 1;
  std::int64_t start = whole(a[2], 0);
  if (start < 0) start = std::max<std::int64_t>(0, size + start);
  if (start > size) return std::int64_t{-1};
  std::int64_t length = whole(a[3], -1);
  if (length < 0 || start + length > size) length = size - start;
  std::int64_t occurrence = whole(a[4], 1);
  if (occurrence < 1) return {};
  const std::string_view part = s.substr(0, at[static_cast<std::size_t>(start + length)]);
  std::size_t from = at[static_cast<std::size_t>(start)];
  while (true) {
    const std::size_t found = part.find(needle, from);
    if (found == std::string_view::npos) return std::int64_t{-1};
    if (--occurrence == 0) return length_of(s.substr(0, found));
    from = found + 1;
  }
}

Cell indexof_regex(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[1]), scratch);
  if (re == nullptr) return {};
  const std::string_view s = text(a[0]);
  const auto at = code_points(s);
  const std::int64_t size = static_cast<std::int64_t>(at.size()) - 1;
  std::int64_t start = whole(a[2], 0);
  if (start < 0) return {};
  start = std::min(start, size);
  std::int64_t length = whole(a[3], -1);
  if (length < 0 || start + length > size) length = size - start;
  std::int64_t occurrence = whole(a[4], 1);
  if (occurrence < 1) return {};
  const std::size_t end = at[static_cast<std::size_t>(start + length)];
  std::size_t from = at[static_cast<std::size_t>(start)];
  re2::StringPiece match;
  const re2::StringPiece whole_text(s.data(), s.size());
  while (from <= end && re->Match(whole_text, from, end, re2::RE2::UNANCHORED, &match, 1)) {
    const std::size_t found = static_cast<std::size_t>(match.data() - s.data());
    if (--occurrence == 0) return length_of(s.substr(0, found));
    from = found + std::max<std::size_t>(1, match.size());
  }
  return std::int64_t{-1};
}

Cell split_text(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]), delimiter = text(a[1]);
  std::vector<std::string> parts;
  if (delimiter.empty()) {
    const auto at = code_points(s);
    for (std::size_t i = 0; i + 1 < at.size(); ++i)
      parts.emplace_back(s.substr(at[i], at[i + 1] - at[i]));
  } else {
    std::size_t from = 0;
    while (true) {
      const std::size_t found = s.find(delimiter, from);
      parts.emplace_back(s.substr(from, found - from));
      if (found == std::string_view::npos) break;
      from = found + delimiter.size();
    }
  }
  std::string out = "[";
  if (!is_null(a[2])) {
    const std::int64_t i = whole(a[2]);
    if (i >= 0 && i < static_cast<std::int64_t>(parts.size()))
      out += json_string(parts[static_cast<std::size_t>(i)]);
  } else {
    for (std::size_t i = 0; i < parts.size(); ++i)
      out += (i > 0 ? "," : "") + json_string(parts[i]);
  }
  return cell(out + "]");
}

// \1 in the replacement stays as it is for RE2; `$` has no meaning.
Cell replace_regex(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[1]), scratch);
  if (re == nullptr) return cell(text(a[0]));
  std::string s(text(a[0]));
  std::string rewrite;
  for (std::size_t i = 0; i < text(a[2]).size(); ++i) {
    const char c = text(a[2])[i];
    const char next = i + 1 < text(a[2]).size() ? text(a[2])[i + 1] : '\0';
    if (c == '\\' && !(next >= '0' && next <= '9') && next != '\\') rewrite += '\\';
    rewrite += c;
    if (c == '\\' && next == '\\') {
      rewrite += next;
      ++i;
    }
  }
  std::string error;
  if (!re->CheckRewriteString(rewrite, &error)) return cell(text(a[0]));
  re2::RE2::GlobalReplace(&s, *re, rewrite);
  return cell(std::move(s));
}

std::string replace_all(std::string_view s, std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(s);
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t found = s.find(from, at);
    out += s.substr(at, found - at);
    if (found == std::string_view::npos) return out;
    out += to;
    at = found + from.size();
  }
}

// A piece of the text that patterns may still be found in, or what has replaced one.
struct Piece {
  std::string text;
  bool done = false;
};

std::vector<Piece> replaced(const std::vector<Piece>& pieces, const std::string& pattern_text,
                            const std::string& with) {
  std::vector<Piece> out;
  for (const auto& piece : pieces) {
    if (piece.done) {
      out.push_back(piece);
      continue;
    }
    std::size_t at = 0;
    for (std::size_t next = 0; (next = piece.text.find(pattern_text, at)) != std::string::npos;
         at = next + pattern_text.size()) {
      out.push_back({piece.text.substr(at, next - at)});
      out.push_back({with, true});
    }
    out.push_back({piece.text.substr(at)});
  }
  return out;
}

// One pattern after the other, each in what those before it have left; what is not text replaces
// nothing.
Cell replace_strings(Arguments a, Scratch& scratch) {
  const json::value from = parsed(a[1], scratch), to = parsed(a[2], scratch);
  if (!from.is_array()) return cell(text(a[0]));
  std::vector<Piece> pieces{{std::string(text(a[0]))}};
  for (std::size_t i = 0; i < from.get_array().size(); ++i) {
    const json::value& with = to.is_array() && i < to.get_array().size() ? to.get_array()[i] : to;
    const std::string pattern_text = element_text(from.get_array()[i]);
    if (pattern_text.empty()) continue;
    pieces = replaced(pieces, pattern_text, with.is_string() ? element_text(with) : pattern_text);
  }
  std::string out;
  for (const auto& piece : pieces) out += piece.text;
  return cell(std::move(out));
}

std::string trimmed(std::string_view s, std::string_view regex, bool start, bool end,
                    Scratch& scratch) {
  if (start) {
    if (const auto* re = pattern(fmt::format("^(?:{})", regex), scratch)) {
      re2::StringPiece match;
      if (re->Match(re2::StringPiece(s.data(), s.size()), 0, s.size(), re2::RE2::UNANCHORED, &match,
                    1))
        s.remove_prefix(match.size());
    }
  }
  if (end) {
    if (const auto* re = pattern(fmt::format("(?:{})$", regex), scratch)) {
      re2::StringPiece match;
      if (re->Match(re2::StringPiece(s.data(), s.size()), 0, s.size(), re2::RE2::UNANCHORED, &match,
                    1))
        s.remove_suffix(match.size());
    }
  }
  return std::string(s);
}

Cell countof(Arguments a, Scratch& scratch) {
  const std::string_view s = text(a[0]), needle = text(a[1]);
  std::int64_t count = 0;
  if (text(a[2]) == "regex") {
    const auto* re = pattern(needle, scratch);
    if (re == nullptr) return {};
    std::size_t from = 0;
    re2::StringPiece match;
    while (from <= s.size() && re->Match(re2::StringPiece(s.data(), s.size()), from, s.size(),
                                         re2::RE2::UNANCHORED, &match, 1)) {
      ++count;
      from = static_cast<std::size_t>(match.data() - s.data()) +
             std::max<std::size_t>(1, match.size());
    }
    return count;
  }
  if (needle.empty()) return std::int64_t{0};
  for (std::size_t at = s.find(needle); at != std::string_view::npos; at = s.find(needle, at + 1))
    ++count;
  return count;
}

Cell translate(Arguments a, Scratch&) {
  const std::string_view from = text(a[0]), to = text(a[1]), s = text(a[2]);
  const auto from_at = code_points(from), to_at = code_points(to), at = code_points(s);
  std::string out;
  for (std::size_t i = 0; i + 1 < at.size(); ++i) {
    const std::string_view c = s.substr(at[i], at[i + 1] - at[i]);
    bool found = false;
    for (std::size_t j = 0; j + 1 < from_at.size() && !found; ++j) {
      if (from.substr(from_at[j], from_at[j + 1] - from_at[j]) != c) continue;
      found = true;
      if (to_at.size() > 1) {
        const std::size_t k = std::min(j, to_at.size() - 2);
        out += to.substr(to_at[k], to_at[k + 1] - to_at[k]);
      }
    }
    if (!found) out += c;
  }
  return cell(std::move(out));
}

Cell reverse(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]);
  const auto at = code_points(s);
  std::string out;
  for (std::size_t i = at.size() - 1; i > 0; --i) out += s.substr(at[i - 1], at[i] - at[i - 1]);
  return cell(std::move(out));
}

Cell strcat_delim(Arguments a, Scratch&) {
  std::string out;
  for (std::size_t i = 1; i < a.size(); ++i) {
    if (i > 1) out += text(a[0]);
    out += text(a[i]);
  }
  return cell(std::move(out));
}

Cell case_changed(std::string_view s, bool upper) {
  auto unicode =
      icu::UnicodeString::fromUTF8(icu::StringPiece(s.data(), static_cast<int>(s.size())));
  std::string out;
  (upper ? unicode.toUpper() : unicode.toLower()).toUTF8String(out);
  return cell(std::move(out));
}

// has_any_index: the place of the first listed term that the text has, else -1.
Cell has_any_index(Arguments a, Scratch& scratch) {
  const auto& list = parsed(a[1], scratch);
  if (!list.is_array()) return std::int64_t{-1};
  const std::string s = folded(text(a[0]));
  for (std::size_t i = 0; i < list.get_array().size(); ++i) {
    if (has_term(s, folded(element_text(list.get_array()[i])), true, true))
      return static_cast<std::int64_t>(i);
  }
  return std::int64_t{-1};
}

Cell like(Arguments a, Scratch& scratch) {
  std::string regex = truth(a[2]) ? "(?s)^" : "(?is)^";
  for (const char c : text(a[1])) {
    if (c == '*' || c == '%') {
      regex += ".*";
    } else if (c == '?' || c == '_') {
      regex += ".";
    } else {
      regex += re2::RE2::QuoteMeta(std::string(1, c));
    }
  }
  const auto* re = pattern(regex + "$", scratch);
  return re != nullptr &&
         re2::RE2::PartialMatch(re2::StringPiece(text(a[0]).data(), text(a[0]).size()), *re);
}

}  // namespace

std::span<const Native> text_natives() {
  static const Native table[] = {
      {"kql__has", "s s b:b", [](Arguments a, Scratch&) -> Cell { return has(a, true, true); }},
      {"kql__hasprefix", "s s b:b",
       [](Arguments a, Scratch&) -> Cell { return has(a, true, false); }},
      {"kql__hassuffix", "s s b:b",
       [](Arguments a, Scratch&) -> Cell { return has(a, false, true); }},
      {"kql__has_any", "s j:b",
       [](Arguments a, Scratch& s) -> Cell {
         return std::get<std::int64_t>(has_any_index(a, s)) >= 0;
       }},
      {"kql__has_all", "s j:b",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& list = parsed(a[1], s);
         const std::string whole_text = folded(text(a[0]));
         if (!list.is_array()) return false;
         return std::ranges::all_of(list.get_array(), [&](const auto& e) {
           return has_term(whole_text, folded(element_text(e)), true, true);
         });
       }},
      {"kql_has_any_index", "s j:l", has_any_index},
      {"kql__like", "s s b:b", like},
      {"kql__lower", "s:s", [](Arguments a, Scratch&) { return case_changed(text(a[0]), false); }},
      {"kql__matches_regex", "s s:b",
       [](Arguments a, Scratch& s) -> Cell {
         const auto* re = pattern(text(a[1]), s);
         return re != nullptr &&
                re2::RE2::PartialMatch(re2::StringPiece(text(a[0]).data(), text(a[0]).size()), *re);
       }},
      {"kql_tolower", "s:s", [](Arguments a, Scratch&) { return case_changed(text(a[0]), false); }},
      {"kql_toupper", "s:s", [](Arguments a, Scratch&) { return case_changed(text(a[0]), true); }},
      {"kql_strlen", "s:l", [](Arguments a, Scratch&) -> Cell { return length_of(text(a[0])); }},
      {"kql_string_size", "s:l",
       [](Arguments a, Scratch&) -> Cell { return static_cast<std::int64_t>(text(a[0]).size()); }},
      {"kql_substring", "s l l?:s", substring},
      {"kql_indexof", "x x l? l? l?:l", indexof},
      {"kql_indexof_regex", "s s l? l? l?:l", indexof_regex},
      {"kql_split", "s s l?:j", split_text},
      {"kql_strcat_delim", "x x x x*:s", strcat_delim},
      {"kql_strcmp", "s s:l",
       [](Arguments a, Scratch&) -> Cell {
         const int order = text(a[0]).compare(text(a[1]));
         return std::int64_t{order < 0 ? -1 : order > 0 ? 1 : 0};
       }},
      {"kql_strrep", "x l s?:s",
       [](Arguments a, Scratch&) {
         std::string out;
         const std::int64_t times = std::clamp<std::int64_t>(whole(a[1]), 0, 1024);
         for (std::int64_t i = 0; i < times; ++i) {
           if (i > 0) out += text(a[2]);
           out += text(a[0]);
         }
         return cell(std::move(out));
       }},
      {"kql_reverse", "x:s", reverse},
      {"kql_replace_string", "s s s:s",
       [](Arguments a, Scratch&) { return cell(replace_all(text(a[0]), text(a[1]), text(a[2]))); }},
      {"kql_replace_strings", "s j j:s", replace_strings},
      {"kql_replace_regex", "s s s:s", replace_regex},
      {"kql_regex_quote", "s:s",
       [](Arguments a, Scratch&) {
         std::string out;
         for (const char c : text(a[0])) {
           if (std::string_view("\\.+*?()|[]{}^$#&-~").contains(c)) out += '\\';
           out += c;
         }
         return cell(std::move(out));
       }},
      {"kql_trim", "s s:s",
       [](Arguments a, Scratch& s) {
         return cell(trimmed(text(a[1]), text(a[0]), true, true, s));
       }},
      {"kql_trim_start", "s s:s",
       [](Arguments a, Scratch& s) {
         return cell(trimmed(text(a[1]), text(a[0]), true, false, s));
       }},
      {"kql_trim_end", "s s:s",
       [](Arguments a, Scratch& s) {
         return cell(trimmed(text(a[1]), text(a[0]), false, true, s));
       }},
      {"kql_countof", "s s s?:l", countof},
      {"kql_translate", "s s s:s", translate},
      {"kql_isascii", "s:b",
       [](Arguments a, Scratch&) -> Cell {
         return std::ranges::all_of(text(a[0]), [](char c) { return (c & 0x80) == 0; });
       }},
      {"kql_isutf8", "s:b", [](Arguments a, Scratch&) -> Cell { return is_utf8(text(a[0])); }},
      {"kql_unicode_codepoints_from_string", "s:j",
       [](Arguments a, Scratch&) {
         const auto unicode = icu::UnicodeString::fromUTF8(
             icu::StringPiece(text(a[0]).data(), static_cast<int>(text(a[0]).size())));
         std::string out = "[";
         for (int i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1))
           out += (i > 0 ? "," : "") + std::to_string(unicode.char32At(i));
         return cell(out + "]");
       }},
      {"kql_to_utf8", "s:j",
       [](Arguments a, Scratch&) {
         const auto unicode = icu::UnicodeString::fromUTF8(
             icu::StringPiece(text(a[0]).data(), static_cast<int>(text(a[0]).size())));
         std::string out = "[";
         for (int i = 0; i < unicode.length(); i = unicode.moveIndex32(i, 1))
           out += (i > 0 ? "," : "") + std::to_string(unicode.char32At(i));
         return cell(out + "]");
       }},
      {"kql__codepoints_text", "j:s",
       [](Arguments a, Scratch& s) {
         icu::UnicodeString unicode;
         const auto& list = parsed(a[0], s);
         const auto put = [&](const json::value& v) {
           if (v.is_int64() && v.get_int64() > 0 && v.get_int64() < 0x110000)
             unicode.append(static_cast<UChar32>(v.get_int64()));
         };
         if (list.is_array())
           for (const auto& v : list.get_array()) {
             if (v.is_array())
               for (const auto& w : v.get_array()) put(w);
             else
               put(v);
           }
         std::string out;
         unicode.toUTF8String(out);
         return cell(std::move(out));
       }},
  };
  return table;
}

}  // namespace rollcall::kql
