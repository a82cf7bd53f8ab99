#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "kql/decimal.hpp"
#include "kql/native_table.hpp"

// Taking texts apart: regular expressions, URLs, CSV, paths, key-value pairs, versions, encodings.

namespace rollcall::kql {

namespace {
constexpr std::string_view base64_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}  // namespace

std::string base64_text(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < s.size() ? static_cast<unsigned char>(s[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += i + j <= s.size() ? base64_letters[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}
std::optional<std::string> base64_bytes(std::string_view s) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  while (s.ends_with('=')) s.remove_suffix(1);
  for (const char c : s) {
    const std::size_t value = base64_letters.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return count >= 6 ? std::nullopt : std::optional(out);
}

namespace {

re2::StringPiece piece(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const re2::StringPiece& p) {
  return p.data() == nullptr ? std::string_view() : std::string_view(p.data(), p.size());
}

// The groups of the first match; empty when there is none.
std::vector<re2::StringPiece> match(const re2::RE2& re, std::string_view s, std::size_t from = 0) {
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
  if (!re.Match(piece(s), from, s.size(), re2::RE2::UNANCHORED, groups.data(),
                static_cast<int>(groups.size())))
    return {};
  return groups;
}

Cell extract(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[0]), scratch);
  if (re == nullptr) return cell("");
  const auto groups = match(*re, text(a[2]));
  const auto group = whole(a[1]);
  if (group < 0 || group >= static_cast<std::int64_t>(groups.size())) return cell("");
  return cell(view(groups[static_cast<std::size_t>(group)]));
}

Cell extract_all(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[0]), scratch);
  const std::string_view s = text(a[2]);
  if (re == nullptr) return {};
  std::vector<std::size_t> wanted;
  if (is_null(a[1])) {
    for (int i = 1; i <= re->NumberOfCapturingGroups(); ++i)
      wanted.push_back(static_cast<std::size_t>(i));
  } else {
    const auto list = read_json(text(a[1])).value_or(json::value());
    if (list.is_array())
      for (const auto& g : list.get_array()) {
        if (g.is_int64()) wanted.push_back(static_cast<std::size_t>(g.get_int64()));
        if (g.is_string()) {
          const auto& names = re->NamedCapturingGroups();
          if (const auto found = names.find(std::string(g.get_string())); found != names.end())
            wanted.push_back(static_cast<std::size_t>(found->second));
        }
      }
  }
  json::array out;
  for (std::size_t from = 0; from <= s.size();) {
    const auto groups = match(*re, s, from);
    if (groups.empty()) break;
    const auto put = [&](std::size_t g) {
      return g < groups.size() ? json::value(json::string(view(groups[g]))) : json::value("");
    };
    if (wanted.size() == 1) {
      out.push_back(put(wanted[0]));
    } else if (wanted.empty()) {
      out.push_back(put(0));
    } else {
      json::array row;
      for (const auto g : wanted) row.push_back(put(g));
      out.emplace_back(std::move(row));
    }
    from = static_cast<std::size_t>(groups[0].data() - s.data()) +
           std::max<std::size_t>(1, groups[0].size());
  }
  return out.empty() ? Cell{} : cell(json::value(out));
}

// --- encodings
std::string percent_decoded(std::string_view s) {
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '%' && i + 2 < s.size()) {
      if (const auto code = parse_long("0x" + std::string(s.substr(i + 1, 2)))) {
        out += static_cast<char>(*code);
        i += 2;
        continue;
      }
    }
    out += s[i] == '+' ? ' ' : s[i];
  }
  return out;
}
std::string percent_encoded(std::string_view s, std::string_view space) {
  std::string out;
  for (const char c : s) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-_.!*()~").contains(c);
    if (plain)
      out += c;
    else if (c == ' ')
      out += space;
    else
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

// A GUID's bytes stand with the first three groups reversed.
constexpr std::size_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
Cell base64_guid(Arguments a, Scratch&) {
  const auto bytes = base64_bytes(text(a[0]));
  if (!bytes || bytes->size() != 16) return {};
  std::string hex;
  for (const std::size_t i : guid_order)
    hex += fmt::format("{:02x}", static_cast<unsigned char>((*bytes)[i]));
  return cell(parse_guid(hex));
}
Cell guid_base64(Arguments a, Scratch&) {
  std::string digits;
  for (const char c : text(a[0]))
    if (c != '-') digits += c;
  if (digits.size() != 32) return cell("");
  std::string bytes(16, '\0');
  for (std::size_t i = 0; i < 16; ++i)
    bytes[guid_order[i]] =
        static_cast<char>(parse_long("0x" + digits.substr(i * 2, 2)).value_or(0));
  return cell(base64_text(bytes));
}

// --- URLs and paths
json::object query_parameters(std::string_view s) {
  json::object out;
  if (s.starts_with('?')) s.remove_prefix(1);
  for (const auto pair : split(s, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    out[percent_decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1));
  }
  return out;
}
Cell parse_url(Arguments a, Scratch&) {
  std::string_view s = text(a[0]);
  json::object out;
  const auto take = [&](std::string_view key, std::string_view value) {
    out[json::string_view(key.data(), key.size())] = json::string(value);
  };
  std::string_view fragment, query, user, password, port, path, host;
  const std::size_t scheme = s.find("://");
  std::string_view scheme_text;
  if (scheme != std::string_view::npos) {
    scheme_text = s.substr(0, scheme);
    s.remove_prefix(scheme + 3);
  } else {
    return {};
  }
  if (const auto i = s.find('#'); i != std::string_view::npos) {
    fragment = s.substr(i + 1);
    s = s.substr(0, i);
  }
  if (const auto i = s.find('?'); i != std::string_view::npos) {
    query = s.substr(i + 1);
    s = s.substr(0, i);
  }
  if (const auto i = s.find('/'); i != std::string_view::npos) {
    path = s.substr(i);
    s = s.substr(0, i);
  }
  if (const auto i = s.find('@'); i != std::string_view::npos) {
    user = s.substr(0, i);
    s = s.substr(i + 1);
    if (const auto j = user.find(':'); j != std::string_view::npos) {
      password = user.substr(j + 1);
      user = user.substr(0, j);
    }
  }
  if (const auto i = s.rfind(':');
      i != std::string_view::npos && s.find(']', i) == std::string_view::npos) {
    port = s.substr(i + 1);
    s = s.substr(0, i);
  }
  host = s;
  take("Scheme", scheme_text);
  take("Host", host);
  take("Port", port);
  take("Path", path);
  take("Username", user);
  take("Password", password);
  out["Query Parameters"] = query_parameters(query);
  take("Fragment", fragment);
  return cell(json::value(out));
}
Cell parse_path(Arguments a, Scratch&) {
  std::string_view s = text(a[0]);
  if (s.empty()) return {};
  std::string_view scheme, stream, root;
  if (const auto i = s.find("://"); i != std::string_view::npos) {
    scheme = s.substr(0, i);
    s.remove_prefix(i + 3);
  }
  const std::size_t slash = s.find_last_of("/\\");
  std::string_view directory = slash == std::string_view::npos ? "" : s.substr(0, slash);
  std::string_view file = slash == std::string_view::npos ? s : s.substr(slash + 1);
  if (const auto i = file.find(':'); i != std::string_view::npos) {
    stream = file.substr(i + 1);
    file = file.substr(0, i);
  }
  if (s.size() > 1 && s[1] == ':') root = s.substr(0, 3);
  std::string_view parent = directory;
  if (const auto i = directory.find_last_of("/\\"); i != std::string_view::npos)
    parent = directory.substr(i + 1);
  std::string_view extension;
  if (const auto i = file.rfind('.'); i != std::string_view::npos) extension = file.substr(i + 1);
  json::object out;
  out["Scheme"] = json::string(scheme);
  out["RootPath"] = json::string(root);
  out["DirectoryPath"] = json::string(directory);
  out["DirectoryName"] = json::string(parent);
  out["Filename"] = json::string(file);
  out["Extension"] = json::string(extension);
  out["AlternateDataStreamName"] = json::string(stream);
  return cell(json::value(out));
}

// --- CSV, versions, command lines
Cell parse_csv(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]);
  json::array out;
  std::string field;
  bool quoted = false;
  for (std::size_t i = 0; i <= s.size(); ++i) {
    const char c = i < s.size() ? s[i] : '\n';
    if (quoted) {
      if (i == s.size()) break;
      if (c == '"' && i + 1 < s.size() && s[i + 1] == '"') {
        field += '"';
        ++i;
      } else if (c == '"')
        quoted = false;
      else
        field += c;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n' || c == '\r') {
      out.emplace_back(json::string(field));
      field.clear();
      if (c != ',') break;
    } else {
      field += c;
    }
  }
  if (quoted) out.emplace_back(json::string(field));
  return cell(json::value(out));
}
Cell parse_version(Arguments a, Scratch&) {
  const auto parts = split(text(a[0]), '.');
  if (parts.empty() || parts.size() > 4) return {};
  std::string digits;
  for (std::size_t i = 0; i < 4; ++i) {
    std::int64_t part = 0;
    if (i < parts.size()) {
      const auto number = parse_long(parts[i]);
      if (!number || *number < 0 || *number > 99'999'999) return {};
      part = *number;
    }
    digits += fmt::format("{:08}", part);
  }
  return cell(parse_decimal(digits));
}
Cell parse_command_line(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]);
  if (text(a[1]) != "windows" || trim(s).empty()) return {};
  json::array out;
  std::string word;
  bool quoted = false, any = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const char c = s[i];
    if (c == '\\') {
      std::size_t n = 1;
      while (i + n < s.size() && s[i + n] == '\\') ++n;
      const bool quote = i + n < s.size() && s[i + n] == '"';
      word += std::string(quote ? n / 2 : n, '\\');
      i += n - 1;
      if (quote && n % 2 == 1) {
        word += '"';
        ++i;
      }
      any = true;
    } else if (c == '"') {
      quoted = !quoted;
      any = true;
    } else if ((c == ' ' || c == '\t') && !quoted) {
      if (any) out.emplace_back(json::string(word));
      word.clear();
      any = false;
    } else {
      word += c;
      any = true;
    }
  }
  if (any) out.emplace_back(json::string(word));
  return cell(json::value(out));
}

// --- key-value pairs (parse-kv): a bag of texts
// Without delimiters: everything that is no word delimits, and a value may be quoted.
Cell parse_word_pairs(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]), quote = text(a[1]), escape = text(a[2]);
  const auto in_word = [](char c) {
    return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0;
  };
  std::vector<std::string> words;
  for (std::size_t i = 0; i < s.size();) {
    if (!quote.empty() && s[i] == quote.front()) {
      std::string quoted;
      for (++i; i < s.size() && s[i] != quote.back(); ++i) {
        if (!escape.empty() && s[i] == escape[0] && i + 1 < s.size()) ++i;
        quoted += s[i];
      }
      ++i;
      words.push_back(std::move(quoted));
    } else if (in_word(s[i])) {
      const std::size_t start = i;
      while (i < s.size() && in_word(s[i])) ++i;
      words.emplace_back(s.substr(start, i - start));
    } else {
      ++i;
    }
  }
  // Any word may be a key; the next one is its value.
  json::object out;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (!out.contains(words[i])) out[words[i]] = words[i + 1];
  return cell(json::value(std::move(out)));
}

// Each match of the pattern is a pair: its first group the key, its second the value.
Cell parse_regex_pairs(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[1]), scratch);
  if (re == nullptr || re->NumberOfCapturingGroups() != 2) return {};
  re2::StringPiece rest(text(a[0]).data(), text(a[0]).size());
  json::object out;
  std::string key, value;
  for (auto left = rest.size(); re2::RE2::FindAndConsume(&rest, *re, &key, &value);
       left = rest.size()) {
    const std::string name(trim(key));
    if (!name.empty() && !out.contains(name)) out[name] = value;
    if (rest.size() == left) break;  // an empty match goes nowhere
  }
  return cell(json::value(std::move(out)));
}

Cell parse_pairs(Arguments a, Scratch&) {
  const std::string_view s = text(a[0]), pair_delimiter = text(a[1]), kv_delimiter = text(a[2]),
                         quote = text(a[3]), escape = text(a[4]);
  const bool greedy = truth(a[5]);
  const char open = quote.empty() ? '\0' : quote.front(),
             close = quote.empty() ? '\0' : quote.back();
  json::object out;
  std::string key, value;
  bool in_value = false, quoted = false;
  const auto finish = [&] {
    const std::string name(trim(key));
    if (!name.empty() && in_value && !out.contains(name))
      out[name] = quoted ? value : std::string(trim(value));
    quoted = false;
    key.clear();
    value.clear();
    in_value = false;
  };
  const auto starts_pair =
      [&](std::size_t i) {  // greedy: a delimiter counts when a key and its delimiter follow
        const std::size_t next = s.find(kv_delimiter, i), again = s.find(pair_delimiter, i);
        return next != std::string_view::npos && (again == std::string_view::npos || next < again);
      };
  for (std::size_t i = 0; i < s.size();) {
    std::string& target = in_value ? value : key;
    if (open != '\0' && s[i] == open && trim(target).empty()) {
      target.clear();
      quoted = in_value;
      ++i;
      while (i < s.size() && s[i] != close) {
        if (!escape.empty() && s[i] == escape[0] && i + 1 < s.size()) ++i;
        target += s[i++];
      }
      ++i;
    } else if (!in_value && !kv_delimiter.empty() && s.substr(i).starts_with(kv_delimiter)) {
      in_value = true;
      i += kv_delimiter.size();
    } else if (!pair_delimiter.empty() && s.substr(i).starts_with(pair_delimiter) &&
               (!greedy || !in_value || starts_pair(i + pair_delimiter.size()))) {
      finish();
      i += pair_delimiter.size();
    } else {
      target += s[i++];
    }
  }
  finish();
  return cell(json::value(out));
}

// --- parse: the groups of one match as an array of texts, NULL without a match
Cell parse_groups(Arguments a, Scratch& scratch) {
  const auto* re = pattern(text(a[0]), scratch);
  if (re == nullptr) return {};
  const auto groups = match(*re, text(a[1]));
  if (groups.empty()) return {};
  std::string out = "[";
  for (std::size_t i = 1; i < groups.size(); ++i) {
    if (i > 1) out += ',';
    out += groups[i].data() == nullptr ? "null" : json_string(view(groups[i]));
  }
  return cell(out + "]");
}

}  // namespace

std::span<const Native> parsing_natives() {
  static const Native table[] = {
      {"kql__extract", "s l s:s", extract},
      {"kql__extract_all", "s j s:j", extract_all},
      {"kql__parse_groups", "s s:j", parse_groups},
      {"kql__parse_pairs", "s s s s s b:j", parse_pairs},
      {"kql__parse_word_pairs", "s s s:j", parse_word_pairs},
      {"kql__parse_regex_pairs", "s s:j", parse_regex_pairs},
      {"kql_url_decode", "s:s",
       [](Arguments a, Scratch&) { return cell(percent_decoded(text(a[0]))); }},
      {"kql_url_encode", "s:s",
       [](Arguments a, Scratch&) { return cell(percent_encoded(text(a[0]), "+")); }},
      {"kql_url_encode_component", "s:s",
       [](Arguments a, Scratch&) { return cell(percent_encoded(text(a[0]), "%20")); }},
      {"kql_base64_encode_tostring", "s:s",
       [](Arguments a, Scratch&) { return cell(base64_text(text(a[0]))); }},
      {"kql_base64_decode_tostring", "s:s",
       [](Arguments a, Scratch&) {
         const auto bytes = base64_bytes(text(a[0]));
         return bytes && is_utf8(*bytes) ? cell(*bytes) : cell("");
       }},
      {"kql_base64_decode_toarray", "s:j",
       [](Arguments a, Scratch&) -> Cell {
         const auto bytes = base64_bytes(text(a[0]));
         if (!bytes) return {};
         json::array out;
         for (const char c : *bytes) out.emplace_back(std::int64_t{static_cast<unsigned char>(c)});
         return cell(json::value(out));
       }},
      {"kql_base64_encode_fromarray", "j:s",
       [](Arguments a, Scratch& s) {
         std::string bytes;
         const auto& list = parsed(a[0], s);
         if (list.is_array())
           for (const auto& v : list.get_array()) {
             if (!v.is_int64() || v.get_int64() < 0 || v.get_int64() > 255) return cell("");
             bytes += static_cast<char>(v.get_int64());
           }
         return cell(base64_text(bytes));
       }},
      {"kql_base64_decode_toguid", "s:g", base64_guid},
      {"kql_base64_encode_fromguid", "g:s", guid_base64},
      {"kql_parse_url", "s:j", parse_url},
      {"kql_parse_urlquery", "s:j",
       [](Arguments a, Scratch&) {
         return cell(json::value(json::object{{"Query Parameters", query_parameters(text(a[0]))}}));
       }},
      {"kql_parse_path", "s:j", parse_path},
      {"kql_parse_csv", "s:j", parse_csv},
      {"kql_parse_version", "s:m", parse_version},
      {"kql_parse_command_line", "s s:j", parse_command_line},
  };
  return table;
}

}  // namespace rollcall::kql
