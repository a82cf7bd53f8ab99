#include "warehouse/request_options.hpp"

#include <algorithm>

#include "kql/lexer.hpp"
#include "kql/parser.hpp"
#include "kql/values.hpp"

namespace rollcall::warehouse {
namespace {

constexpr Timespan longest_timeout = hours(1);
// `notruncation` is a limit all the same: an answer is held in memory.
constexpr std::uint64_t most_rows = 10'000'000;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30U;

std::unexpected<Error> unreadable(std::string_view name, std::string_view value,
                                  std::string_view wanted) {
  return fail("WAREHOUSE0407",
              fmt::format("option {}: '{}' is no {}", name, value.substr(0, 60), wanted));
}

Result<std::uint64_t> number(std::string_view name, std::string_view value, std::uint64_t most) {
  const auto read = kql::parse_long(value);
  if (!read || *read <= 0) return unreadable(name, value, "positive number");
  return std::min(static_cast<std::uint64_t>(*read), most);
}

Result<bool> truth(std::string_view name, std::string_view value) {
  const auto read = kql::parse_bool(value);
  if (!read) return unreadable(name, value, "bool");
  return *read;
}

}  // namespace

SetStatements set_statements(std::string_view kql) {
  SetStatements all;
  if (kql.size() > kql::max_text_bytes || !kql.contains("set"))
    return all;  // the parser refuses what is longer
  kql::Diagnostics ignored;
  const auto tokens = kql::tokenize(kql, ignored);
  int depth = 0;
  bool begins = true;  // a statement
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const auto& text = tokens[i].text;
    const bool punctuation = tokens[i].kind == kql::TokenKind::punctuation;
    if (begins && text == "set" && tokens[i].kind == kql::TokenKind::keyword) {
      const bool has_value = i + 3 < tokens.size() && tokens[i + 2].text == "=";
      all.emplace_back(tokens[i + 1].text, has_value ? tokens[i + 3].text : "true");
    }
    if (punctuation && (text == "(" || text == "{" || text == "[")) ++depth;
    if (punctuation && (text == ")" || text == "}" || text == "]")) --depth;
    begins = punctuation && text == ";" && depth == 0;
  }
  return all;
}

Result<void> take_option(QueryOptions& options, std::string_view name, std::string_view value) {
  if (name == "servertimeout") {
    const auto ticks = kql::parse_timespan(value);
    if (!ticks || *ticks <= 0) return unreadable(name, value, "timespan");
    options.limits.timeout = Timespan{std::min(*ticks, longest_timeout.ticks)};
  } else if (name == "norequesttimeout") {
    TRY(const auto asked, truth(name, value));
    if (asked) options.limits.timeout = longest_timeout;
  } else if (name == "truncationmaxrecords") {
    TRY(options.limits.rows, number(name, value, most_rows));
  } else if (name == "truncationmaxsize") {
    TRY(options.limits.bytes, number(name, value, most_bytes));
  } else if (name == "notruncation") {
    TRY(const auto asked, truth(name, value));
    if (asked) options.limits = {most_rows, most_bytes, options.limits.timeout};
  } else if (name == "query_take_max_records") {
    TRY(options.take_records, number(name, value, most_rows));
  } else if (name == "request_readonly") {
    TRY(options.readonly, truth(name, value));
  } else if (name == "query_now") {
    const auto ticks = kql::parse_datetime(value);
    if (!ticks) return unreadable(name, value, "datetime");
    if (!options.asked_at) options.asked_at = options.now;
    options.now = Timestamp{*ticks};
  } else if (name == "query_language" && value != "csl" && value != "kql") {
    return fail("WAREHOUSE0407", fmt::format("option query_language: {} is not spoken here; kql is",
                                             value.substr(0, 60)));
  }
  return {};
}

}  // namespace rollcall::warehouse
