// The names and orders of cultures, from ICU, and the time zones. Cultures are read once a thread
// and kept.
#include <fmt/format.h>
#include <unicode/basictz.h>
#include <unicode/dtfmtsym.h>
#include <unicode/dtptngen.h>
#include <unicode/smpdtfmt.h>
#include <unicode/timezone.h>

#include <memory>

#include "base/text.hpp"
#include "expr/date_time.hpp"
#include "expr/unicode.hpp"

namespace rollcall::expr {
namespace {

DateCulture english() {
  DateCulture c;
  constexpr std::string_view months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
  constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
  for (std::size_t i = 0; i < 12; ++i) {
    c.months[i] = c.genitive_months[i] = months[i];
    c.short_months[i] = months[i].substr(0, 3);
  }
  for (std::size_t i = 0; i < 7; ++i) {
    c.days[i] = days[i];
    c.short_days[i] = days[i].substr(0, 3);
  }
  c.am = "AM";
  c.pm = "PM";
  c.order = "mdy";
  c.short_date = "M/d/yyyy";
  c.long_date = "dddd, MMMM d, yyyy";
  c.short_time = "h:mm tt";
  c.long_time = "h:mm:ss tt";
  c.month_day = "MMMM d";
  c.year_month = "MMMM yyyy";
  c.english = true;
  return c;
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

// ICU's pattern as a .NET format: E → ddd, y → yyyy, a → tt, L → M, c → d.
std::string net_format(const icu::UnicodeString& pattern) {
  icu::UnicodeString spaced = pattern;
  spaced.findAndReplace(u"\u202f", u" ");  // ICU 72 puts narrow spaces before AM and PM
  const std::string icu = utf8(spaced);
  std::string out;
  for (std::size_t i = 0; i < icu.size();) {
    const char c = icu[i];
    if (c == '\'') {
      const std::size_t end = std::min(icu.find('\'', i + 1), icu.size() - 1);
      out.append(icu, i, end + 1 - i);
      i = end + 1;
      continue;
    }
    std::size_t count = 1;
    while (i + count < icu.size() && icu[i + count] == c) ++count;
    i += count;
    switch (c) {
      case 'E':
      case 'c':
        out += count >= 4 ? "dddd" : "ddd";
        break;
      case 'y':
        out += count == 2 ? "yy" : "yyyy";
        break;
      case 'a':
      case 'b':
      case 'B':
        out += "tt";
        break;
      case 'L':
        out.append(count, 'M');
        break;
      case 'z':
      case 'v':
      case 'G':
        break;
      default:
        out.append(count, c);
        break;
    }
  }
  return std::string(trim(out));
}

std::string order_of_date(std::string_view short_date) {
  std::string order;
  for (const char c : short_date) {
    const char letter = c == 'M' ? 'm' : c;
    if ((letter == 'd' || letter == 'm' || letter == 'y') &&
        order.find(letter) == std::string::npos)
      order += letter;
  }
  return order.size() == 3 ? order : "ymd";
}

DateCulture read_culture(const icu::Locale& locale) {
  UErrorCode status = U_ZERO_ERROR;
  DateCulture c = english();
  c.english = false;
  const icu::DateFormatSymbols symbols(locale, status);
  std::int32_t count = 0;
  using Symbols = icu::DateFormatSymbols;
  const auto names = [&](const icu::UnicodeString* from, std::string* to, std::int32_t size,
                         std::int32_t skip) {
    for (std::int32_t i = 0; i < size && i + skip < count; ++i) to[i] = utf8(from[i + skip]);
  };
  names(symbols.getMonths(count, Symbols::STANDALONE, Symbols::WIDE), c.months, 12, 0);
  names(symbols.getMonths(count, Symbols::FORMAT, Symbols::WIDE), c.genitive_months, 12, 0);
  names(symbols.getMonths(count, Symbols::FORMAT, Symbols::ABBREVIATED), c.short_months, 12, 0);
  names(symbols.getWeekdays(count, Symbols::STANDALONE, Symbols::WIDE), c.days, 7, 1);
  names(symbols.getWeekdays(count, Symbols::FORMAT, Symbols::ABBREVIATED), c.short_days, 7, 1);
  const icu::UnicodeString* halves = symbols.getAmPmStrings(count);
  if (count == 2) {
    c.am = utf8(halves[0]);
    c.pm = utf8(halves[1]);
  }
  const auto pattern = [&](icu::DateFormat* created) {
    const std::unique_ptr<icu::DateFormat> format(created);
    icu::UnicodeString text;
    if (const auto* simple = dynamic_cast<const icu::SimpleDateFormat*>(format.get()))
      simple->toPattern(text);
    return net_format(text);
  };
  c.short_date = pattern(icu::DateFormat::createDateInstance(icu::DateFormat::kShort, locale));
  c.long_date = pattern(icu::DateFormat::createDateInstance(icu::DateFormat::kFull, locale));
  c.short_time = pattern(icu::DateFormat::createTimeInstance(icu::DateFormat::kShort, locale));
  c.long_time = pattern(icu::DateFormat::createTimeInstance(icu::DateFormat::kMedium, locale));
  const std::unique_ptr<icu::DateTimePatternGenerator> generator(
      icu::DateTimePatternGenerator::createInstance(locale, status));
  if (U_SUCCESS(status)) {
    c.month_day = net_format(generator->getBestPattern("MMMMd", status));
    c.year_month = net_format(generator->getBestPattern("yMMMM", status));
  }
  c.order = order_of_date(c.short_date);
  return c;
}

Result<std::unique_ptr<icu::TimeZone>> find_zone(std::string_view name) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString id;
  const auto wanted = icu::UnicodeString::fromUTF8(
      icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())));
  icu::TimeZone::getIDForWindowsID(wanted, nullptr, id, status);
  if (U_FAILURE(status) || id.isEmpty()) id = wanted;
  std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(id));
  if (zone && *zone != icu::TimeZone::getUnknown()) return zone;
  return fail(
      "EXPR0303",
      fmt::format(
          "there is no time zone '{}'; it is a Windows name such as 'Pacific Standard Time'",
          name));
}

constexpr double milliseconds_of(Timestamp time) {
  return static_cast<double>(to_unix_milliseconds(time));
}

}  // namespace

Result<const DateCulture*> date_culture(std::string_view name) {
  static const DateCulture built_in = english();
  const std::string key = to_lower(name);
  if (key.empty() || key == "en-us" || key == "en") return &built_in;
  thread_local std::map<std::string, DateCulture, std::less<>> kept;
  if (const auto found = kept.find(key); found != kept.end()) return &found->second;
  if (!known_locale(name)) return fail("EXPR0303", fmt::format("there is no locale '{}'", name));
  if (kept.size() > 100) kept.clear();
  return &kept.emplace(key, read_culture(icu::Locale::createCanonical(key.c_str()))).first->second;
}

Result<DateTime> from_utc(Timestamp utc, std::string_view name) {
  TRY(const std::unique_ptr<icu::TimeZone> zone, find_zone(name));
  std::int32_t raw = 0, daylight = 0;
  UErrorCode status = U_ZERO_ERROR;
  zone->getOffset(milliseconds_of(utc), false, raw, daylight, status);
  return DateTime{utc + milliseconds(raw + daylight), false};
}

Result<Timestamp> to_utc(Timestamp local, std::string_view name) {
  TRY(const std::unique_ptr<icu::TimeZone> zone, find_zone(name));
  std::int32_t raw = 0, daylight = 0;
  UErrorCode status = U_ZERO_ERROR;
  if (const auto* basic = dynamic_cast<const icu::BasicTimeZone*>(zone.get()))
    basic->getOffsetFromLocal(milliseconds_of(local), UCAL_TZ_LOCAL_FORMER,
                              UCAL_TZ_LOCAL_STANDARD_LATTER, raw, daylight, status);
  else
    zone->getOffset(milliseconds_of(local), true, raw, daylight, status);
  return local - milliseconds(raw + daylight);
}

}  // namespace rollcall::expr
