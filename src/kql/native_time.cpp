#include <unicode/strenum.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>
#include <cmath>

#include "base/text.hpp"
#include "base/time.hpp"
#include "kql/native_table.hpp"

// Datetimes and timespans: parts, starts and ends of periods, differences, formats, time zones.

namespace rollcall::kql {
namespace {

CivilTime civil(const Argument& a) { return to_civil(Timestamp{whole(a)}); }
Cell ticks_of(const CivilTime& c) {
  const auto time = from_civil(c);
  return time ? Cell(time->ticks) : Cell{};
}

// Months are counted from year 0, so that adding them carries into years.
std::optional<std::int64_t> add_months(std::int64_t ticks, std::int64_t months) {
  CivilTime c = to_civil(Timestamp{ticks});
  const std::int64_t total = c.year * std::int64_t{12} + c.month - 1 + months;
  if (total < 12 || total >= 120'000) return std::nullopt;
  c.year = static_cast<int>(total / 12);
  c.month = static_cast<int>(total % 12) + 1;
  while (true) {  // a day the month lacks becomes its last one
    if (const auto time = from_civil(c)) return time->ticks;
    if (--c.day < 28) return std::nullopt;
  }
}

std::int64_t day_start(std::int64_t ticks) { return ticks - ticks % ticks_per_day; }

std::optional<std::int64_t> period_start(std::string_view period, std::int64_t ticks) {
  if (period == "day") return day_start(ticks);
  if (period == "week") {
    const std::int64_t start = day_start(ticks) - day_of_week(Timestamp{ticks}) * ticks_per_day;
    return start < 0 ? std::nullopt : std::optional(start);
  }
  CivilTime c = to_civil(Timestamp{ticks});
  CivilTime start{c.year, period == "year" ? 1 : c.month, 1};
  const auto time = from_civil(start);
  return time ? std::optional(time->ticks) : std::nullopt;
}

std::optional<std::int64_t> period_moved(std::string_view period, std::int64_t start,
                                         std::int64_t n) {
  if (period == "day") return start + n * ticks_per_day;
  if (period == "week") return start + n * 7 * ticks_per_day;
  return add_months(start, period == "year" ? n * 12 : n);
}

template <char which>
constexpr std::string_view period_name() {
  return which == 'd' ? "day" : which == 'w' ? "week" : which == 'm' ? "month" : "year";
}

template <char which>
Cell start_of(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  const auto start = period_start(period_name<which>(), whole(a[0]));
  return start ? cell(period_moved(period_name<which>(), *start, whole(a[1], 0))) : Cell{};
}

template <char which>
Cell end_of(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  const auto start = period_start(period_name<which>(), whole(a[0]));
  if (!start) return {};
  const auto next = period_moved(period_name<which>(), *start, whole(a[1], 0) + 1);
  return next ? Cell(*next - 1) : Cell{};
}

int day_of_year(std::int64_t ticks) {
  return static_cast<int>((day_start(ticks) - period_start("year", ticks).value_or(0)) /
                          ticks_per_day) +
         1;
}

// ISO 8601: weeks begin on Monday; the first one holds the year's first Thursday.
std::int64_t iso_week(std::int64_t ticks) {
  const std::int64_t weekday = (day_of_week(Timestamp{ticks}) + 6) % 7;  // Monday is 0
  const std::int64_t thursday = day_start(ticks) + (3 - weekday) * ticks_per_day;
  return (day_of_year(thursday) - 1) / 7 + 1;
}

std::string unit_of(std::string_view part) {
  std::string unit = to_lower(part);
  if (unit == "week_of_year" || unit == "weekofyear") return "weekofyear";
  if (unit == "dayofyear" || unit == "day_of_year") return "dayofyear";
  return unit;
}

Cell part(Arguments a, Scratch&) {
  if (is_null(a[1])) return {};
  const std::string unit = unit_of(text(a[0]));
  const std::int64_t t = whole(a[1]);
  const CivilTime c = civil(a[1]);
  if (unit == "year") return std::int64_t{c.year};
  if (unit == "quarter") return std::int64_t{(c.month - 1) / 3 + 1};
  if (unit == "month") return std::int64_t{c.month};
  if (unit == "weekofyear" || unit == "week") return iso_week(t);
  if (unit == "day") return std::int64_t{c.day};
  if (unit == "dayofyear") return std::int64_t{day_of_year(t)};
  if (unit == "hour") return std::int64_t{c.hour};
  if (unit == "minute") return std::int64_t{c.minute};
  if (unit == "second") return std::int64_t{c.second};
  if (unit == "millisecond") return std::int64_t{c.fraction / 10'000};
  if (unit == "microsecond") return std::int64_t{c.fraction / 10};
  if (unit == "nanosecond") return std::int64_t{c.fraction} * 100;
  return {};
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

// How many boundaries of the unit lie between: first minus second.
Cell difference(Arguments a, Scratch&) {
  if (is_null(a[1]) || is_null(a[2])) return {};
  const std::string unit = unit_of(text(a[0]));
  const std::int64_t x = whole(a[1]), y = whole(a[2]);
  const CivilTime p = civil(a[1]), q = civil(a[2]);
  const auto by = [&](std::int64_t size) -> Cell {
    return floor_div(x, size) - floor_div(y, size);
  };
  if (unit == "year") return std::int64_t{p.year - q.year};
  if (unit == "quarter")
    return std::int64_t{(p.year * 4 + (p.month - 1) / 3) - (q.year * 4 + (q.month - 1) / 3)};
  if (unit == "month") return std::int64_t{(p.year * 12 + p.month) - (q.year * 12 + q.month)};
  if (unit == "week") {
    // weeks begin on Sunday; 0001-01-01 was a Monday
    return floor_div(x + ticks_per_day, 7 * ticks_per_day) -
           floor_div(y + ticks_per_day, 7 * ticks_per_day);
  }
  if (unit == "day") return by(ticks_per_day);
  if (unit == "hour") return by(ticks_per_hour);
  if (unit == "minute") return by(ticks_per_minute);
  if (unit == "second") return by(ticks_per_second);
  if (unit == "millisecond") return by(ticks_per_millisecond);
  if (unit == "microsecond") return by(ticks_per_microsecond);
  if (unit == "nanosecond") return (x - y) * 100;
  return {};
}

Cell datetime_add(Arguments a, Scratch&) {
  if (is_null(a[1]) || is_null(a[2])) return {};
  const std::string unit = unit_of(text(a[0]));
  const std::int64_t n = whole(a[1]), t = whole(a[2]);
  if (unit == "year") return cell(add_months(t, n * 12));
  if (unit == "quarter") return cell(add_months(t, n * 3));
  if (unit == "month") return cell(add_months(t, n));
  std::int64_t size = 0;
  if (unit == "week") size = 7 * ticks_per_day;
  if (unit == "day") size = ticks_per_day;
  if (unit == "hour") size = ticks_per_hour;
  if (unit == "minute") size = ticks_per_minute;
  if (unit == "second") size = ticks_per_second;
  if (unit == "millisecond") size = ticks_per_millisecond;
  if (unit == "microsecond") size = ticks_per_microsecond;
  if (unit == "nanosecond") return t + n / 100;
  const Int128 sum = static_cast<Int128>(t) + static_cast<Int128>(n) * size;
  if (size == 0 || sum < 0 || sum > timestamp_max.ticks) return {};
  return static_cast<std::int64_t>(sum);
}

// The letters of format_datetime: runs of one letter, anything else as it stands.
Cell format_datetime(Arguments a, Scratch&) {
  if (is_null(a[0])) return cell("");
  const CivilTime c = civil(a[0]);
  const std::string_view format = text(a[1]);
  std::string out;
  for (std::size_t i = 0; i < format.size();) {
    std::size_t n = 1;
    while (i + n < format.size() && format[i + n] == format[i]) ++n;
    const char letter = format[i];
    const auto fraction = [&] {
      const std::string digits = fmt::format("{:07}", c.fraction);
      return digits.substr(0, std::min<std::size_t>(n, 7));
    };
    switch (letter) {
      case 'y':
        out += n <= 2 ? fmt::format("{:02}", c.year % 100) : fmt::format("{:04}", c.year);
        break;
      case 'M':
        out += fmt::format("{:0{}}", c.month, n == 1 ? 1 : 2);
        break;
      case 'd':
        out += fmt::format("{:0{}}", c.day, n == 1 ? 1 : 2);
        break;
      case 'H':
        out += fmt::format("{:0{}}", c.hour, n == 1 ? 1 : 2);
        break;
      case 'h':
        out += fmt::format("{:0{}}", c.hour % 12 == 0 ? 12 : c.hour % 12, n == 1 ? 1 : 2);
        break;
      case 'm':
        out += fmt::format("{:0{}}", c.minute, n == 1 ? 1 : 2);
        break;
      case 's':
        out += fmt::format("{:0{}}", c.second, n == 1 ? 1 : 2);
        break;
      case 'f':
        out += fraction();
        break;
      case 'F': {
        std::string digits = fraction();
        while (!digits.empty() && digits.back() == '0') digits.pop_back();
        out += digits;
        break;
      }
      case 't':
        out += c.hour < 12 ? "AM" : "PM";
        break;
      default:
        out += std::string(n, letter);
    }
    i += n;
  }
  return cell(std::move(out));
}

Cell format_timespan_as(Arguments a, Scratch&) {
  if (is_null(a[0])) return cell("");
  const std::int64_t t = whole(a[0]);
  const std::int64_t size = std::abs(t);
  const std::string_view format = text(a[1]);
  std::string out = t < 0 ? "-" : "";
  for (std::size_t i = 0; i < format.size();) {
    std::size_t n = 1;
    while (i + n < format.size() && format[i + n] == format[i]) ++n;
    const auto number = [&](std::int64_t value) { out += fmt::format("{:0{}}", value, n); };
    switch (format[i]) {
      case 'd':
        number(size / ticks_per_day);
        break;
      case 'H':
      case 'h':
        number(size / ticks_per_hour % 24);
        break;
      case 'm':
        number(size / ticks_per_minute % 60);
        break;
      case 's':
        number(size / ticks_per_second % 60);
        break;
      case 'f':
        out += fmt::format("{:07}", size % ticks_per_second).substr(0, std::min<std::size_t>(n, 7));
        break;
      case 'F': {
        std::string digits =
            fmt::format("{:07}", size % ticks_per_second).substr(0, std::min<std::size_t>(n, 7));
        while (!digits.empty() && digits.back() == '0') digits.pop_back();
        out += digits;
        break;
      }
      default:
        out += std::string(n, format[i]);
    }
    i += n;
  }
  return cell(std::move(out));
}

// --- time zones, by ICU
constexpr std::int64_t ms_of(std::int64_t ticks) {
  return (ticks - unix_epoch_ticks) / ticks_per_millisecond;
}

Cell zoned(Arguments a, bool to_local) {
  if (is_null(a[0])) return {};
  const auto name = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text(a[1]).data(), static_cast<int>(text(a[1]).size())));
  const std::unique_ptr<icu::TimeZone> zone(icu::TimeZone::createTimeZone(name));
  if (!zone || *zone == icu::TimeZone::getUnknown()) return {};
  std::int32_t raw = 0, saving = 0;
  UErrorCode error = U_ZERO_ERROR;
  if (to_local) {
    zone->getOffset(static_cast<double>(ms_of(whole(a[0]))), 0, raw, saving, error);
  } else {
    // A local time that never was, or was twice, is read with the offset behind the change.
    zone->getOffset(static_cast<double>(ms_of(whole(a[0]))), 1, raw, saving, error);
    std::int32_t raw_after = 0, saving_after = 0;
    const double utc = static_cast<double>(ms_of(whole(a[0])) - raw - saving);
    zone->getOffset(utc, 0, raw_after, saving_after, error);
    if (raw_after + saving_after > raw + saving) raw = raw_after, saving = saving_after;
  }
  if (U_FAILURE(error)) return {};
  const std::int64_t offset = std::int64_t{raw + saving} * ticks_per_millisecond;
  return whole(a[0]) + (to_local ? offset : -offset);
}

Cell make_datetime(Arguments a, Scratch&) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (is_null(a[i])) return {};
  }
  CivilTime c{static_cast<int>(whole(a[0])), static_cast<int>(whole(a[1])),
              static_cast<int>(whole(a[2]))};
  c.hour = static_cast<int>(whole(a[3], 0));
  c.minute = static_cast<int>(whole(a[4], 0));
  const double second = real(a[5], 0);
  if (!(second >= 0 && second < 60)) return {};
  c.second = static_cast<int>(second);
  c.fraction = static_cast<int>(std::llround((second - c.second) * 1e7));
  return ticks_of(c);
}

template <std::int64_t numerator, std::int64_t denominator>
Cell from_unix(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  const double ticks =
      real(a[0]) * static_cast<double>(numerator) / static_cast<double>(denominator);
  const double total = ticks + static_cast<double>(unix_epoch_ticks);
  if (!(total >= 0 && total <= static_cast<double>(timestamp_max.ticks))) return {};
  // whole units stay exact
  const double units = real(a[0]);
  if (std::floor(units) == units && std::abs(units) < 9e15) {
    return unix_epoch_ticks +
           static_cast<std::int64_t>(static_cast<Int128>(units) * numerator / denominator);
  }
  return unix_epoch_ticks + static_cast<std::int64_t>(std::llround(ticks));
}

// Times joined by commas, a `!` behind one that restarts: where the last one's session began.
Cell session_start(Arguments a, Scratch&) {
  std::int64_t start = 0, before = 0;
  bool first = true;
  for (const auto part_text : split(text(a[0]), ',')) {
    std::string_view s = part_text;
    const bool restart = s.ends_with('!');
    if (restart) s.remove_suffix(1);
    const auto t = parse_long(s);
    if (!t) continue;
    if (first || restart || *t - before > whole(a[2]) || *t - start > whole(a[1])) start = *t;
    before = *t;
    first = false;
  }
  return first ? Cell{} : Cell(start);
}

}  // namespace

std::span<const Native> time_natives() {
  static const Native table[] = {
      {"kql_startofday", "d l?:d", start_of<'d'>},
      {"kql_startofweek", "d l?:d", start_of<'w'>},
      {"kql_startofmonth", "d l?:d", start_of<'m'>},
      {"kql_startofyear", "d l?:d", start_of<'y'>},
      {"kql_endofday", "d l?:d", end_of<'d'>},
      {"kql_endofweek", "d l?:d", end_of<'w'>},
      {"kql_endofmonth", "d l?:d", end_of<'m'>},
      {"kql_endofyear", "d l?:d", end_of<'y'>},
      {"kql_dayofweek", "d:t",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(day_of_week(Timestamp{whole(a[0])}) * ticks_per_day);
       }},
      {"kql_dayofmonth", "d:i",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{civil(a[0]).day});
       }},
      {"kql_dayofyear", "d:i",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{day_of_year(whole(a[0]))});
       }},
      {"kql_hourofday", "d:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{civil(a[0]).hour});
       }},
      {"kql_monthofyear", "d:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{civil(a[0]).month});
       }},
      {"kql_getmonth", "d:i",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{civil(a[0]).month});
       }},
      {"kql_getyear", "d:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(std::int64_t{civil(a[0]).year});
       }},
      {"kql_week_of_year", "d:i",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : Cell(iso_week(whole(a[0])));
       }},
      {"kql_datetime_part", "s d:l", part},
      {"kql__datetime_diff", "s d d:l", difference},
      {"kql_datetime_add", "s l d:d", datetime_add},
      {"kql_format_datetime", "d s:s", format_datetime},
      {"kql_format_timespan", "t s:s", format_timespan_as},
      {"kql_datetime_utc_to_local", "d s:d", [](Arguments a, Scratch&) { return zoned(a, true); }},
      {"kql_datetime_local_to_utc", "d s:d", [](Arguments a, Scratch&) { return zoned(a, false); }},
      {"kql__make_datetime", "l l l l? l? r?:d", make_datetime},
      {"kql_unixtime_seconds_todatetime", "r:d", from_unix<ticks_per_second, 1>},
      {"kql_unixtime_milliseconds_todatetime", "r:d", from_unix<ticks_per_millisecond, 1>},
      {"kql_unixtime_microseconds_todatetime", "r:d", from_unix<ticks_per_microsecond, 1>},
      {"kql_unixtime_nanoseconds_todatetime", "r:d", from_unix<1, 100>},
      {"kql__session_start", "s t t:d", session_start},
      {"kql_datetime_list_timezones", ":j",
       [](Arguments, Scratch&) -> Cell {
         UErrorCode error = U_ZERO_ERROR;
         const std::unique_ptr<icu::StringEnumeration> zones(
             icu::TimeZone::createEnumeration(error));
         json::array out;
         if (U_SUCCESS(error))
           while (const char* id = zones->next(nullptr, error)) out.emplace_back(json::string(id));
         return cell(json::value(out));
       }},
  };
  return table;
}

}  // namespace rollcall::kql
