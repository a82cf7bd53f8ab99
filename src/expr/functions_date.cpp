// Times: all are texts, read by parse_date and written by format `o` unless another is given.
#include <fmt/format.h>

#include "base/text.hpp"
#include "expr/date_time.hpp"
#include "expr/functions.hpp"

namespace rollcall::expr {
namespace {

constexpr std::string_view round_trip = "o";

std::unexpected<Error> named(const Arguments& arguments, Error error) {
  return arguments.error(error.code, error.message);
}

Result<DateTime> time_argument(const Arguments& arguments, std::size_t i) {
  TRY(const std::string_view text, arguments.text(i));
  auto time = parse_date(text, "");
  if (!time) return named(arguments, std::move(time).error());
  return time;
}

Result<Value> written(const Arguments& arguments, DateTime time, std::size_t format_at,
                      std::size_t locale_at = 99) {
  TRY(const std::string_view format, arguments.text_or(format_at, round_trip));
  TRY(const std::string_view locale, arguments.text_or(locale_at, ""));
  auto text = format_date(time, format, locale);
  if (!text) return named(arguments, std::move(text).error());
  return text_value(*text);
}

enum class Unit { second, minute, hour, day, week, month, year };

Result<Unit> unit_argument(const Arguments& arguments, std::size_t i) {
  TRY(const std::string_view text, arguments.text(i));
  std::string name = to_lower(text);
  if (name.ends_with('s')) name.pop_back();
  constexpr std::string_view names[] = {"second", "minute", "hour", "day", "week", "month", "year"};
  for (std::size_t unit = 0; unit < std::size(names); ++unit)
    if (name == names[unit]) return static_cast<Unit>(unit);
  return arguments.wrong(i, "Second, Minute, Hour, Day, Week, Month or Year");
}

// A month's end stays within its month: January 31 and one month is February 28 or 29.
std::optional<Timestamp> add_months(Timestamp time, std::int64_t months) {
  CivilTime civil = to_civil(time);
  const std::int64_t all = std::int64_t{civil.year} * 12 + civil.month - 1 + months;
  if (all < 12 || all >= 120'000) return std::nullopt;
  civil.year = static_cast<int>(all / 12);
  civil.month = static_cast<int>(all % 12) + 1;
  while (civil.day > 28 && !from_civil(civil)) --civil.day;
  return from_civil(civil);
}

Result<DateTime> moved(const Arguments& arguments, DateTime from, std::int64_t count, Unit unit) {
  constexpr std::int64_t ticks[] = {ticks_per_second, ticks_per_minute, ticks_per_hour,
                                    ticks_per_day, 7 * ticks_per_day};
  std::optional<Timestamp> result;
  if (unit == Unit::month || unit == Unit::year) {
    std::int64_t months = count;
    if (unit == Unit::month || !__builtin_mul_overflow(count, 12, &months))
      if (months > -120'000 && months < 120'000) result = add_months(from.time, months);
  } else {
    std::int64_t span = 0, sum = 0;
    if (!__builtin_mul_overflow(count, ticks[static_cast<std::size_t>(unit)], &span) &&
        !__builtin_add_overflow(from.time.ticks, span, &sum))
      result = Timestamp{sum};
  }
  if (!result || *result < Timestamp{} || *result > timestamp_max)
    return arguments.error("EXPR0305", "the result lies outside of the years 1 to 9999");
  return DateTime{*result, from.utc};
}

Result<Value> add_unit(Arguments& arguments, Unit unit) {
  TRY(const DateTime time, time_argument(arguments, 0));
  TRY(const std::int64_t count, arguments.integer(1));
  TRY(const DateTime result, moved(arguments, time, count, unit));
  return written(arguments, result, 2);
}

Result<Value> add_days(Arguments& arguments) { return add_unit(arguments, Unit::day); }
Result<Value> add_hours(Arguments& arguments) { return add_unit(arguments, Unit::hour); }
Result<Value> add_minutes(Arguments& arguments) { return add_unit(arguments, Unit::minute); }
Result<Value> add_seconds(Arguments& arguments) { return add_unit(arguments, Unit::second); }

// (time, interval, unit, format?)
Result<Value> moved_by(Arguments& arguments, int sign) {
  TRY(const DateTime time, time_argument(arguments, 0));
  TRY(const std::int64_t count, arguments.integer(1));
  TRY(const Unit unit, unit_argument(arguments, 2));
  if (count == std::numeric_limits<std::int64_t>::min())
    return arguments.wrong(1, "a smaller number");
  TRY(const DateTime result, moved(arguments, time, sign * count, unit));
  return written(arguments, result, 3);
}
Result<Value> add_to_time(Arguments& arguments) { return moved_by(arguments, 1); }
Result<Value> subtract_from_time(Arguments& arguments) { return moved_by(arguments, -1); }

// (interval, unit, format?), from now
Result<Value> moved_from_now(Arguments& arguments, int sign) {
  TRY(const std::int64_t count, arguments.integer(0));
  TRY(const Unit unit, unit_argument(arguments, 1));
  if (count == std::numeric_limits<std::int64_t>::min())
    return arguments.wrong(0, "a smaller number");
  TRY(const DateTime result,
      moved(arguments, {arguments.environment.now(), true}, sign * count, unit));
  return written(arguments, result, 2);
}
Result<Value> get_future_time(Arguments& arguments) { return moved_from_now(arguments, 1); }
Result<Value> get_past_time(Arguments& arguments) { return moved_from_now(arguments, -1); }

Result<Value> utc_now(Arguments& arguments) {
  return written(arguments, {arguments.environment.now(), true}, 0);
}

Result<Value> convert_from_utc(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  TRY(const std::string_view zone, arguments.text(1));
  auto local = from_utc(time.time, zone);
  if (!local) return named(arguments, std::move(local).error());
  return written(arguments, *local, 2);
}

Result<Value> convert_to_utc(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  TRY(const std::string_view zone, arguments.text(1));
  if (time.utc) return written(arguments, time, 2);
  auto utc = to_utc(time.time, zone);
  if (!utc) return named(arguments, std::move(utc).error());
  return written(arguments, {*utc, true}, 2);
}

Result<Value> convert_time_zone(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  TRY(const std::string_view source, arguments.text(1));
  TRY(const std::string_view destination, arguments.text(2));
  Timestamp utc = time.time;
  if (!time.utc) {
    auto converted = to_utc(time.time, source);
    if (!converted) return named(arguments, std::move(converted).error());
    utc = *converted;
  }
  auto local = from_utc(utc, destination);
  if (!local) return named(arguments, std::move(local).error());
  return written(arguments, *local, 3);
}

Result<Value> format_date_time(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  return written(arguments, time, 1, 2);
}

// (text, locale?, format?)
Result<Value> parse_date_time(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view locale, arguments.text_or(1, ""));
  TRY(const std::string_view format, arguments.text_or(2, ""));
  auto time = format.empty() ? parse_date(text, locale) : parse_date_exact(text, locale, format);
  if (!time) return named(arguments, std::move(time).error());
  return written(arguments, *time, 99);
}

Result<Value> date_difference(Arguments& arguments) {
  TRY(const DateTime from, time_argument(arguments, 0));
  TRY(const DateTime to, time_argument(arguments, 1));
  return text_value(format_timespan(to.time - from.time));
}

Result<Value> day_of_month(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  return json::value(to_civil(time.time).day);
}
Result<Value> day_of_week_of(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  return json::value(day_of_week(time.time));
}
Result<Value> day_of_year(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  const Timestamp start = *from_civil({.year = to_civil(time.time).year, .month = 1, .day = 1});
  return json::value((time.time - start).ticks / ticks_per_day + 1);
}

Result<Value> start_of_day(Arguments& arguments) {
  TRY(DateTime time, time_argument(arguments, 0));
  time.time.ticks -= time.time.ticks % ticks_per_day;
  return written(arguments, time, 1);
}
Result<Value> start_of_hour(Arguments& arguments) {
  TRY(DateTime time, time_argument(arguments, 0));
  time.time.ticks -= time.time.ticks % ticks_per_hour;
  return written(arguments, time, 1);
}
Result<Value> start_of_month(Arguments& arguments) {
  TRY(DateTime time, time_argument(arguments, 0));
  const CivilTime civil = to_civil(time.time);
  time.time = *from_civil({.year = civil.year, .month = civil.month, .day = 1});
  return written(arguments, time, 1);
}

Result<Value> ticks(Arguments& arguments) {
  TRY(const DateTime time, time_argument(arguments, 0));
  return json::value(time.time.ticks);
}

constexpr Function rows[] = {
    {"addDays", 2, 3, add_days},
    {"addHours", 2, 3, add_hours},
    {"addMinutes", 2, 3, add_minutes},
    {"addSeconds", 2, 3, add_seconds},
    {"addToTime", 3, 4, add_to_time},
    {"convertFromUtc", 2, 3, convert_from_utc},
    {"convertTimeZone", 3, 4, convert_time_zone},
    {"convertToUtc", 2, 3, convert_to_utc},
    {"dateDifference", 2, 2, date_difference},
    {"dayOfMonth", 1, 1, day_of_month},
    {"dayOfWeek", 1, 1, day_of_week_of},
    {"dayOfYear", 1, 1, day_of_year},
    {"formatDateTime", 1, 3, format_date_time},
    {"getFutureTime", 2, 3, get_future_time},
    {"getPastTime", 2, 3, get_past_time},
    {"parseDateTime", 1, 3, parse_date_time},
    {"startOfDay", 1, 2, start_of_day},
    {"startOfHour", 1, 2, start_of_hour},
    {"startOfMonth", 1, 2, start_of_month},
    {"subtractFromTime", 3, 4, subtract_from_time},
    {"ticks", 1, 1, ticks},
    {"utcNow", 0, 1, utc_now},
};

}  // namespace

std::span<const Function> date_functions() { return rows; }

}  // namespace rollcall::expr
