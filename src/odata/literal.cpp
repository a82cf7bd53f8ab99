// Literals become values: texts lose their doubled quotes, times become ticks in UTC.
#include "odata/literal.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.hpp"
#include "base/time.hpp"

namespace rollcall::odata {
namespace {

std::unexpected<Error> invalid(const Token& literal, std::string_view what) {
  return fail("ODATA0107", fmt::format("{} is not a valid {}", literal.text, what), literal.span);
}

// ISO 8601 as base/time.hpp reads it: at most seven digits of a second, and 60 seconds only as the
// next minute.
std::optional<Timestamp> read_time(std::string_view text) {
  std::string plain(text);
  if (const auto point = plain.find('.'); point != std::string::npos) {
    auto end = point + 1;
    while (end < plain.size() && plain[end] >= '0' && plain[end] <= '9') ++end;
    if (end > point + 8) plain.erase(point + 8, end - point - 8);
  }
  for (char& c : plain) {
    if (c == 't') c = 'T';
    if (c == 'z') c = 'Z';
  }
  bool leap = false;
  if (const auto seconds = plain.rfind(":60"); seconds != std::string::npos && seconds >= 16) {
    plain[seconds + 1] = '5';
    plain[seconds + 2] = '9';
    leap = true;
  }
  auto time = parse_iso(plain);
  if (time && leap) time = *time + seconds(1);
  return time && *time <= timestamp_max ? time : std::nullopt;
}

std::int64_t digits(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The ticks of `seconds[.fraction]`.
std::int64_t second_ticks(std::string_view text) {
  const auto point = text.find('.');
  std::int64_t ticks = digits(text.substr(0, point)) * ticks_per_second;
  if (point == std::string_view::npos) return ticks;
  std::int64_t unit = ticks_per_second / 10;
  for (const char c : text.substr(point + 1)) {
    ticks += (c - '0') * unit;
    unit /= 10;
  }
  return ticks;
}

std::int64_t time_of_day_ticks(std::string_view text) {
  const auto seconds = text.size() > 6 ? text.substr(6) : std::string_view("0");
  return digits(text.substr(0, 2)) * ticks_per_hour + digits(text.substr(3, 2)) * ticks_per_minute +
         second_ticks(seconds);
}

// The lexer has checked the form. nullopt: beyond what a timespan holds.
std::optional<std::int64_t> duration_ticks(std::string_view text) {
  const bool negative = text.front() == '-';
  double total = 0;
  std::int64_t ticks = 0;
  std::size_t begin = text.find('P') + 1;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const auto part = text.substr(begin, i - begin);
    std::int64_t unit = 0;
    switch (text[i]) {
      case 'D':
        unit = ticks_per_day;
        break;
      case 'H':
        unit = ticks_per_hour;
        break;
      case 'M':
        unit = ticks_per_minute;
        break;
      case 'S':
        unit = ticks_per_second;
        break;
      case 'T':
        begin = i + 1;
        continue;
      default:
        continue;
    }
    if (part.size() > 18) return std::nullopt;
    total += static_cast<double>(digits(part)) * static_cast<double>(unit);
    if (total > 9.2e18) return std::nullopt;
    ticks += unit == ticks_per_second ? second_ticks(part) : digits(part) * unit;
    begin = i + 1;
  }
  return negative ? -ticks : ticks;
}

}  // namespace

std::string unquote(std::string_view content) {
  std::string text;
  text.reserve(content.size());
  while (!content.empty()) {
    const auto quote = content.find('\'');
    text += content.substr(0, quote == content.npos ? quote : quote + 1);
    content.remove_prefix(quote == content.npos ? content.size()
                                                : std::min(quote + 2, content.size()));
  }
  return text;
}

std::string quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

Type type_of(const Token& literal) {
  switch (literal.kind) {
    case TokenKind::integer: {
      std::int64_t value = 0;
      auto text = literal.content;
      if (text.starts_with('+')) text.remove_prefix(1);
      const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
      return read.ec == std::errc() ? Type::integer : Type::real;
    }
    case TokenKind::real:
      return Type::real;
    case TokenKind::string:
    case TokenKind::guid:
    case TokenKind::enumeration:
      return Type::text;
    case TokenKind::date:
      return Type::date;
    case TokenKind::datetime:
      return Type::datetime;
    case TokenKind::time_of_day:
      return Type::time_of_day;
    case TokenKind::duration:
      return Type::duration;
    default:
      return Type::json;
  }
}

Result<sql::Value> value_of(const Token& literal, Conversion conversion) {
  auto text = literal.content;
  if (conversion == Conversion::text_to_datetime) {
    if (const auto time = read_time(unquote(text))) return time->ticks;
    return invalid(literal, "date and time; write it as '2026-01-31T10:00:00Z'");
  }
  if (conversion == Conversion::text_to_json) {
    return json::serialize(json::string(unquote(text)));
  }
  switch (literal.kind) {
    case TokenKind::integer:
    case TokenKind::real: {
      if (text == "INF") return std::numeric_limits<double>::infinity();
      if (text == "-INF") return -std::numeric_limits<double>::infinity();
      if (text == "NaN") return sql::Value();
      if (text.starts_with('+')) text.remove_prefix(1);
      std::int64_t integer = 0;
      const auto* end = text.data() + text.size();
      if (literal.kind == TokenKind::integer &&
          std::from_chars(text.data(), end, integer).ec == std::errc()) {
        if (conversion != Conversion::number_to_boolean) return integer;
        if (integer == 0 || integer == 1) return integer == 1;
        return invalid(literal, "truth value; write true, false, 1 or 0");
      }
      double real = 0;
      const auto read = std::from_chars(text.data(), end, real);
      if (read.ec == std::errc::result_out_of_range) return invalid(literal, "number of 64 bits");
      return real;
    }
    case TokenKind::string:
    case TokenKind::enumeration:
      return unquote(text);
    case TokenKind::guid:
      return std::string(text);
    case TokenKind::date:
    case TokenKind::datetime: {
      if (const auto time = read_time(text)) return time->ticks;
      return invalid(literal, "date between the years 1 and 9999");
    }
    case TokenKind::time_of_day:
      return time_of_day_ticks(text);
    case TokenKind::duration: {
      if (const auto ticks = duration_ticks(text)) return *ticks;
      return invalid(literal, "duration of 64 bits");
    }
    default:
      return fail("ODATA0109", fmt::format("lists hold no values like {}", literal.text),
                  literal.span);
  }
}

}  // namespace rollcall::odata
