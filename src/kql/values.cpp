#include "kql/values.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"

// Texts of KQL's values, both ways.

namespace rollcall::kql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A reader over a text, for dates in their many shapes.
struct Reader {
  std::string_view text;
  std::size_t at = 0;

  char peek(std::size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  bool done() const { return at >= text.size(); }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at;
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at;
  }
  // A number of at most `most` digits; -1 when there is none.
  int number(int most, int* digits = nullptr) {
    int value = 0, n = 0;
    while (n < most && is_digit(peek())) {
      value = value * 10 + (text[at++] - '0');
      ++n;
    }
    if (digits != nullptr) *digits = n;
    return n == 0 ? -1 : value;
  }
  std::string_view word() {
    const std::size_t start = at;
    while (is_alpha(peek())) ++at;
    return text.substr(start, at - start);
  }
};

int month_named(std::string_view word) {
  static constexpr auto names = std::to_array<std::string_view>(
      {"january", "february", "march", "april", "may", "june", "july", "august", "september",
       "october", "november", "december"});
  const std::string lower = to_lower(word);
  for (std::size_t i = 0; i < names.size() && lower.size() >= 3; ++i) {
    if (names[i] == lower || names[i].substr(0, 3) == lower) return static_cast<int>(i) + 1;
  }
  return 0;
}

// hh:mm[:ss[.fffffff]] [AM|PM]
bool read_time(Reader& in, CivilTime& civil) {
  civil.hour = in.number(2);
  if (civil.hour < 0 || !in.accept(':')) return false;
  civil.minute = in.number(2);
  if (civil.minute < 0) return false;
  if (in.accept(':')) {
    civil.second = in.number(2);
    if (civil.second < 0) return false;
    if (in.accept('.') || in.accept(',')) {
      int scale = 1'000'000;
      if (!is_digit(in.peek())) return false;
      while (is_digit(in.peek())) {
        civil.fraction += (in.text[in.at++] - '0') * scale;
        scale /= 10;
      }
    }
  }
  in.skip_blanks();
  const std::string half = to_lower(in.text.substr(std::min(in.at, in.text.size()), 2));
  if (half == "am" || half == "pm") {
    in.at += 2;
    if (civil.hour > 12) return false;
    civil.hour = civil.hour % 12 + (half == "pm" ? 12 : 0);
  }
  return true;
}

// Z | GMT | UTC | ±hh[:]mm, in ticks
bool read_offset(Reader& in, std::int64_t& offset) {
  in.skip_blanks();
  if (in.done()) return true;
  if (in.peek() == '+' || in.peek() == '-') {
    const bool negative = in.text[in.at++] == '-';
    int digits = 0;
    const int hour = in.number(2, &digits);
    if (hour < 0) return false;
    in.accept(':');
    const int minute = is_digit(in.peek()) ? in.number(2) : 0;
    offset = (hour * 60 + minute) * ticks_per_minute * (negative ? -1 : 1);
  } else {
    const std::string zone = to_lower(in.word());
    if (zone != "z" && zone != "gmt" && zone != "utc") return false;
  }
  in.skip_blanks();
  return in.done();
}

// The date's part; leaves the reader behind it.
bool read_date(Reader& in, CivilTime& civil) {
  if (is_alpha(in.peek())) {  // a day's name, or a month's
    const std::string_view word = in.word();
    in.accept('.');
    if (const int month = month_named(word); month > 0) {
      in.skip_blanks();
      civil.month = month;
      civil.day = in.number(2);
      in.accept(',');
      in.skip_blanks();
      civil.year = in.number(4);
      return civil.day > 0 && civil.year > 0;
    }
    in.accept(',');
    in.skip_blanks();
  }
  int digits = 0;
  const int first = in.number(8, &digits);
  if (digits == 8) {
    civil.year = first / 10000;
    civil.month = first / 100 % 100;
    civil.day = first % 100;
    return true;
  }
  if (digits == 4) {
    civil.year = first;
    if (!in.accept('-') && !in.accept('/') && !in.accept('.')) return true;
    civil.month = in.number(2);
    if (civil.month < 0) return false;
    if (!in.accept('-') && !in.accept('/') && !in.accept('.')) return true;
    civil.day = in.number(2);
    return civil.day > 0;
  }
  if (digits != 1 && digits != 2) return false;
  if (in.peek() == ' ' || (in.peek() == '-' && is_alpha(in.peek(1)))) {  // 8 Nov 14
    ++in.at;
    civil.day = first;
    civil.month = month_named(in.word());
    if (civil.month == 0 || (!in.accept(' ') && !in.accept('-'))) return false;
  } else {  // month first
    if (!in.accept('-') && !in.accept('/') && !in.accept('.')) return false;
    civil.month = first;
    civil.day = in.number(2);
    if (civil.day < 0 || (!in.accept('-') && !in.accept('/') && !in.accept('.'))) return false;
  }
  civil.year = in.number(4, &digits);
  if (digits == 2) civil.year += civil.year < 50 ? 2000 : 1900;
  return digits == 2 || digits == 4;
}

}  // namespace

std::optional<std::int64_t> parse_datetime(std::string_view text) {
  Reader in{trim(text)};
  if (in.done()) return std::nullopt;
  if (in.text == "min") return 0;
  if (in.text == "max") return timestamp_max.ticks;
  CivilTime civil;
  if (!read_date(in, civil)) return std::nullopt;
  std::int64_t offset = 0;
  if (!in.done()) {
    if (in.accept('T') || in.accept('t')) {
      if (!read_time(in, civil)) return std::nullopt;
    } else {
      in.skip_blanks();
      in.accept(',');
      in.skip_blanks();
      if (is_digit(in.peek()) && !read_time(in, civil)) return std::nullopt;
    }
    if (!read_offset(in, offset)) return std::nullopt;
  }
  bool next_day = false;
  if (civil.hour == 24 && civil.minute == 0 && civil.second == 0) {
    civil.hour = 0;
    next_day = true;
  }
  const auto time = from_civil(civil);
  if (!time) return std::nullopt;
  const std::int64_t ticks = time->ticks - offset + (next_day ? ticks_per_day : 0);
  if (ticks < 0 || ticks > timestamp_max.ticks) return std::nullopt;
  return ticks;
}

std::optional<std::int64_t> parse_timespan(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return std::nullopt;
  if (text.find(':') == std::string_view::npos) {  // a number and its unit; days without one
    std::size_t n = 0;
    while (n < text.size() && (is_digit(text[n]) || text[n] == '.')) ++n;
    const auto number = parse_real(text.substr(0, n));
    const std::string unit = to_lower(trim(text.substr(n)));
    if (!number) return std::nullopt;
    double scale = 0;
    if (unit.empty() || unit == "d" || unit == "day" || unit == "days")
      scale = ticks_per_day;
    else if (unit == "h" || unit == "hr" || unit == "hrs" || unit == "hour" || unit == "hours")
      scale = ticks_per_hour;
    else if (unit == "m" || unit == "min" || unit == "minute" || unit == "minutes")
      scale = ticks_per_minute;
    else if (unit == "s" || unit == "sec" || unit == "second" || unit == "seconds")
      scale = ticks_per_second;
    else if (unit == "ms" || unit.starts_with("milli"))
      scale = ticks_per_millisecond;
    else if (unit.starts_with("micro"))
      scale = ticks_per_microsecond;
    else if (unit.starts_with("nano"))
      scale = 0.01;
    else if (unit == "tick" || unit == "ticks")
      scale = 1;
    else
      return std::nullopt;
    const double ticks = *number * scale;
    if (!(std::abs(ticks) < 9.2e18)) return std::nullopt;
    return static_cast<std::int64_t>(std::llround(ticks)) * (negative ? -1 : 1);
  }
  // [d.]hh:mm[:ss[.fffffff]]
  Reader in{text};
  std::int64_t days = 0;
  int hour = in.number(9);
  if (in.accept('.')) {
    days = hour;
    hour = in.number(2);
  } else if (hour >= 24 && in.peek() == ':') {
    // 24:00 and more means days in .NET; Kusto refuses it
    return std::nullopt;
  }
  if (hour < 0 || hour > 23 || !in.accept(':')) return std::nullopt;
  CivilTime parts;
  parts.minute = in.number(2);
  if (parts.minute < 0 || parts.minute > 59) return std::nullopt;
  if (in.accept(':')) {
    parts.second = in.number(2);
    if (parts.second < 0 || parts.second > 59) return std::nullopt;
    if (in.accept('.')) {
      int scale = 1'000'000;
      while (is_digit(in.peek())) {
        parts.fraction += (in.text[in.at++] - '0') * scale;
        scale /= 10;
      }
    }
  }
  if (!in.done() || days > 10'675'199) return std::nullopt;
  const std::int64_t ticks = days * ticks_per_day + hour * ticks_per_hour +
                             parts.minute * ticks_per_minute + parts.second * ticks_per_second +
                             parts.fraction;
  return negative ? -ticks : ticks;
}

std::optional<std::int64_t> parse_long(std::string_view text) {
  text = trim(text);
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (base == 10 && value > 9'223'372'036'854'775'807U + (negative ? 1U : 0U)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<double> parse_real(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::string lower = to_lower(text);
  if (lower == "nan") return std::nan("");
  if (lower == "inf" || lower == "+inf" || lower == "infinity") return HUGE_VAL;
  if (lower == "-inf" || lower == "-infinity") return -HUGE_VAL;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    if (const auto whole = parse_long(text)) return static_cast<double>(*whole);
    return std::nullopt;
  }
  return value;
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  if (lower == "true") return true;
  if (lower == "false") return false;
  if (const auto number = parse_long(lower)) return *number != 0;
  return std::nullopt;
}

std::optional<std::string> parse_guid(std::string_view text) {
  text = trim(text);
  if (text.size() > 2 && text.front() == '{' && text.back() == '}')
    text = text.substr(1, text.size() - 2);
  std::string digits;
  for (const char c : text) {
    if (c == '-') continue;
    if (!is_digit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) return std::nullopt;
    digits.push_back(c);
  }
  if (digits.size() != 32) return std::nullopt;
  digits = to_lower(digits);
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" +
         digits.substr(16, 4) + "-" + digits.substr(20);
}

std::string real_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 40> buffer{};
  const double magnitude = std::abs(value);
  const bool plain = magnitude == 0 || (magnitude >= 1e-5 && magnitude < 1e15);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  if (error != std::errc{}) return fmt::format("{}", value);
  std::string text(buffer.data(), end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string datetime_text(std::int64_t ticks) { return format_iso(Timestamp{ticks}); }
std::string timespan_text(std::int64_t ticks) { return format_timespan(Timespan{ticks}); }

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
  return out;
}

void write_json(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_: {
      const double number = value.get_double();
      out += std::isfinite(number) ? real_text(number) : "\"" + real_text(number) + "\"";
      return;
    }
    case json::kind::string:
      out += json_string(value.get_string());
      return;
    case json::kind::array: {
      out.push_back('[');
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!std::exchange(first, false)) out.push_back(',');
        write_json(element, out);
      }
      out.push_back(']');
      return;
    }
    case json::kind::object: {
      out.push_back('{');
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!std::exchange(first, false)) out.push_back(',');
        out += json_string(member.key());
        out.push_back(':');
        write_json(member.value(), out);
      }
      out.push_back('}');
      return;
    }
  }
}

std::string json_text(const json::value& value) {
  std::string out;
  write_json(value, out);
  return out;
}

std::optional<json::value> read_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 100;
  boost::system::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return std::nullopt;
  return value;
}

}  // namespace rollcall::kql
