// Names and values of a URL's query into Options.
#include "odata/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace rollcall::odata {
namespace {

constexpr std::array<std::string_view, 16> names{
    "apply", "compute",     "count",   "deltatoken", "expand", "filter", "format",    "id",
    "index", "inlinecount", "orderby", "search",     "select", "skip",   "skiptoken", "top"};

Result<std::int64_t> read_count(std::string_view option, std::string_view text) {
  std::int64_t value = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < 0) {
    return fail("ODATA0202", fmt::format("${} is '{}'; it wants a number from 0 on", option, text));
  }
  return value;
}

Result<void> set(std::optional<std::string>& option, std::string_view name,
                 const std::string& value) {
  if (trim(value).empty()) return fail("ODATA0202", fmt::format("${} is empty", name));
  option = value;
  return {};
}

Result<void> read_option(Options& options, std::string_view name, const std::string& value) {
  if (name == "filter") return set(options.filter, name, value);
  if (name == "orderby") return set(options.orderby, name, value);
  if (name == "select") return set(options.select, name, value);
  if (name == "expand") return set(options.expand, name, value);
  if (name == "search") return set(options.search, name, value);
  if (name == "apply") return set(options.apply, name, value);
  if (name == "skiptoken") return set(options.skiptoken, name, value);
  if (name == "top" || name == "skip") {
    TRY((name == "top" ? options.top : options.skip), read_count(name, value));
    return {};
  }
  if (name == "format") return {};  // the door's
  if (name == "count" || name == "inlinecount") {
    const bool yes = value == "true" || (name == "inlinecount" && value == "allpages");
    if (!yes && value != "false" && value != "none") {
      return fail("ODATA0202", fmt::format("${} is '{}'; it wants true or false", name, value));
    }
    options.count = yes;
    return {};
  }
  return fail("ODATA0203", fmt::format("lists do not have the option ${}", name));
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const int high = i + 1 < text.size() ? hex(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail("ODATA0202", fmt::format("'{}' is no percent-encoding", text.substr(i, 3)));
      }
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

Result<Options> parse_options(const std::vector<std::pair<std::string, std::string>>& query) {
  Options options;
  std::vector<std::string> seen;
  for (const auto& [key, value] : query) {
    const bool dollar = key.starts_with('$');
    const auto name = to_lower(dollar ? std::string_view(key).substr(1) : std::string_view(key));
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      if (dollar) return fail("ODATA0203", fmt::format("there is no option {}", key));
      continue;
    }
    if (name != "format" && std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return fail("ODATA0201", fmt::format("${} is given twice", name));
    }
    seen.push_back(name);
    TRY_DO(read_option(options, name, value));
  }
  return options;
}

void trim_filter(Options& options) {
  if (options.filter) options.filter = std::string(trim(*options.filter));
}

Result<Options> parse_query_text(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (query.starts_with('?')) query.remove_prefix(1);
  for (const auto part : split(query, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    TRY(auto name, percent_decode(part.substr(0, equals)));
    TRY(auto value,
        percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1)));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return parse_options(pairs);
}

}  // namespace rollcall::odata
