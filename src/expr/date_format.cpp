// Writing dates by .NET's format strings.
// https://learn.microsoft.com/dotnet/standard/base-types/custom-date-and-time-format-strings
#include <fmt/format.h>

#include "expr/date_time.hpp"

namespace rollcall::expr {
namespace {

// The custom format behind a standard one; "" when the letter is none.
std::string standard_format(char letter, const DateCulture& culture) {
  switch (letter) {
    case 'd':
      return culture.short_date;
    case 'D':
      return culture.long_date;
    case 'f':
      return culture.long_date + " " + culture.short_time;
    case 'F':
    case 'U':
      return culture.long_date + " " + culture.long_time;
    case 'g':
      return culture.short_date + " " + culture.short_time;
    case 'G':
      return culture.short_date + " " + culture.long_time;
    case 'M':
    case 'm':
      return culture.month_day;
    case 'O':
    case 'o':
      return "yyyy-MM-ddTHH:mm:ss.fffffffK";
    case 'R':
    case 'r':
      return "ddd, dd MMM yyyy HH:mm:ss 'GMT'";
    case 's':
      return "yyyy-MM-ddTHH:mm:ss";
    case 't':
      return culture.short_time;
    case 'T':
      return culture.long_time;
    case 'u':
      return "yyyy-MM-dd HH:mm:ss'Z'";
    case 'Y':
    case 'y':
      return culture.year_month;
    default:
      return {};
  }
}

std::string padded(int value, std::size_t width) { return fmt::format("{:0{}}", value, width); }

std::string fraction(int ticks, std::size_t digits) {
  return padded(ticks, 7).substr(0, std::min<std::size_t>(digits, 7));
}

// A month's name takes another form in some languages where the day stands beside it.
bool has_day(std::string_view format) {
  while (const auto token = next_token(format))
    if (token->letter == 'd' && token->count <= 2) return true;
  return false;
}

struct Writer {
  const CivilTime& civil;
  DateTime value;
  const DateCulture& culture;
  bool day_in_format;
  std::string out;

  void date(const FormatToken& token) {
    const auto month = static_cast<std::size_t>(civil.month - 1);
    const auto day = static_cast<std::size_t>(day_of_week(value.time));
    switch (token.letter) {
      case 'd':
        if (token.count <= 2)
          out += padded(civil.day, token.count);
        else
          out += token.count == 3 ? culture.short_days[day] : culture.days[day];
        break;
      case 'M':
        if (token.count <= 2)
          out += padded(civil.month, token.count);
        else if (token.count == 3)
          out += culture.short_months[month];
        else
          out += day_in_format ? culture.genitive_months[month] : culture.months[month];
        break;
      case 'y':
        out += token.count <= 2 ? padded(civil.year % 100, token.count)
                                : padded(civil.year, token.count);
        break;
      default:
        out += "A.D.";
        break;  // g
    }
  }

  void time(const FormatToken& token) {
    const std::size_t width = std::min<std::size_t>(token.count, 2);
    const std::string& half = civil.hour < 12 ? culture.am : culture.pm;
    switch (token.letter) {
      case 'h':
        out += padded((civil.hour + 11) % 12 + 1, width);
        break;
      case 'H':
        out += padded(civil.hour, width);
        break;
      case 'm':
        out += padded(civil.minute, width);
        break;
      case 's':
        out += padded(civil.second, width);
        break;
      case 't':
        out += token.count == 1 ? half.substr(0, 1) : half;
        break;
      case 'f':
        out += fraction(civil.fraction, token.count);
        break;
      case 'F': {
        std::string digits = fraction(civil.fraction, token.count);
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.empty() && out.ends_with('.')) out.pop_back();
        out += digits;
        break;
      }
      case 'z':
        out += token.count == 1 ? "+0" : token.count == 2 ? "+00" : "+00:00";
        break;
      default:
        out += value.utc ? "Z" : "";
        break;  // K
    }
  }
};

}  // namespace

std::optional<FormatToken> next_token(std::string_view& format) {
  if (format.empty()) return std::nullopt;
  const char c = format[0];
  if (c == '%' && format.size() > 1) {
    format.remove_prefix(1);
    return next_token(format);
  }
  if (c == '\\' && format.size() > 1) {
    const FormatToken token{'\0', 0, format.substr(1, 1)};
    format.remove_prefix(2);
    return token;
  }
  if (c == '\'' || c == '"') {
    const std::size_t end = std::min(format.find(c, 1), format.size());
    const FormatToken token{'\0', 0, format.substr(1, end - 1)};
    format.remove_prefix(std::min(end + 1, format.size()));
    return token;
  }
  constexpr std::string_view letters = "dfFghHKmMstyz";
  if (letters.find(c) == std::string_view::npos) {
    const FormatToken token{'\0', 0, format.substr(0, 1)};
    format.remove_prefix(1);
    return token;
  }
  std::size_t count = c == 'K' ? 1 : format.find_first_not_of(c);
  count = std::min(count, format.size());
  format.remove_prefix(count);
  return FormatToken{c, count, {}};
}

Result<std::string> format_date(DateTime value, std::string_view format, std::string_view locale) {
  if (format.size() > 1'000) return fail("EXPR0303", "the format is longer than 1000 bytes");
  TRY(const DateCulture* culture, date_culture(locale));
  std::string expanded;
  if (format.empty()) format = "o";
  if (format == "o") {  // what functions write when no format is given
    auto text = format_iso(value.time);
    if (!value.utc) text.pop_back();
    return text;
  }
  if (format.size() == 1) {
    if (format[0] == 'R' || format[0] == 'r') {
      TRY(culture, date_culture(""));
    }
    expanded = standard_format(format[0], *culture);
    if (expanded.empty())
      return fail("EXPR0303",
                  fmt::format("'{}' is no format of a date; a single letter of a custom one is %{}",
                              format, format));
    format = expanded;
  }
  const CivilTime civil = to_civil(value.time);
  Writer writer{civil, value, *culture, has_day(format), {}};
  while (const auto token = next_token(format)) {
    constexpr std::string_view of_dates = "dMyg";
    if (token->letter == '\0')
      writer.out += token->literal;
    else if (of_dates.find(token->letter) != std::string_view::npos)
      writer.date(*token);
    else
      writer.time(*token);
  }
  return std::move(writer.out);
}

}  // namespace rollcall::expr
