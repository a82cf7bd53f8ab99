#include "base/time.hpp"

#include <fmt/format.h>

namespace rollcall {
namespace {

// Days since 0001-01-01 of a civil date, and back: the usual era arithmetic with March as first month.
constexpr std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = year / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 306;
}
static_assert(days_from_civil(1, 1, 1) == 0);
static_assert(days_from_civil(1970, 1, 1) == 719'162);

bool leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : lengths[month - 1];
}

// Reads the text from left to right; each step says whether what it wanted was there.
struct Reader {
  std::string_view rest;
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) {
    if (rest.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return false;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return true;
  }
  // One to seven digits and more (cut off), as ticks.
  bool fraction(int& ticks) {
    ticks = 0;
    int scale = 1'000'000;
    std::size_t count = 0;
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      ticks += (rest.front() - '0') * scale;
      scale /= 10;
      rest.remove_prefix(1);
      ++count;
    }
    return count > 0;
  }
};

// offset = "Z" / ("+" / "-") hh [":"] mm; absent means UTC.
bool read_offset(Reader& reader, std::int64_t& offset_minutes) {
  offset_minutes = 0;
  if (reader.rest.empty() || reader.take('Z') || reader.take('z')) return reader.rest.empty();
  const bool negative = reader.take('-');
  if (!negative && !reader.take('+')) return false;
  int hour = 0, minute = 0;
  if (!reader.digits(2, hour)) return false;
  if (reader.take(':') || !reader.rest.empty()) {
    if (!reader.digits(2, minute)) return false;
  }
  if (hour > 14 || minute > 59) return false;
  offset_minutes = (hour * 60 + minute) * (negative ? -1 : 1);
  return reader.rest.empty();
}

}  // namespace

CivilTime to_civil(Timestamp time) {
  const std::int64_t day_number = time.ticks / ticks_per_day;
  const std::int64_t in_day = time.ticks % ticks_per_day;
  const std::int64_t z = day_number + 306;
  const std::int64_t era = z / 146'097;
  const std::int64_t day_of_era = z - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2));
  civil.hour = static_cast<int>(in_day / ticks_per_hour);
  civil.minute = static_cast<int>(in_day / ticks_per_minute % 60);
  civil.second = static_cast<int>(in_day / ticks_per_second % 60);
  civil.fraction = static_cast<int>(in_day % ticks_per_second);
  return civil;
}

std::optional<Timestamp> from_civil(const CivilTime& civil) {
  if (civil.year < 1 || civil.year > 9999 || civil.month < 1 || civil.month > 12)
    return std::nullopt;
  if (civil.day < 1 || civil.day > days_in_month(civil.year, civil.month)) return std::nullopt;
  if (civil.hour < 0 || civil.hour > 23 || civil.minute < 0 || civil.minute > 59)
    return std::nullopt;
  if (civil.second < 0 || civil.second > 59) return std::nullopt;
  if (civil.fraction < 0 || civil.fraction >= ticks_per_second) return std::nullopt;
  return Timestamp{days_from_civil(civil.year, civil.month, civil.day) * ticks_per_day +
                   civil.hour * ticks_per_hour + civil.minute * ticks_per_minute +
                   civil.second * ticks_per_second + civil.fraction};
}

int day_of_week(Timestamp time) { return static_cast<int>((time.ticks / ticks_per_day + 1) % 7); }

std::optional<Timestamp> parse_iso(std::string_view text) {
  Reader reader{text};
  CivilTime civil;
  if (!reader.digits(4, civil.year) || !reader.take('-') || !reader.digits(2, civil.month) ||
      !reader.take('-') || !reader.digits(2, civil.day)) {
    return std::nullopt;
  }
  std::int64_t offset_minutes = 0;
  if (reader.take('T') || reader.take('t') || reader.take(' ')) {
    if (!reader.digits(2, civil.hour) || !reader.take(':') || !reader.digits(2, civil.minute)) {
      return std::nullopt;
    }
    if (reader.take(':')) {
      if (!reader.digits(2, civil.second)) return std::nullopt;
      if (reader.take('.') && !reader.fraction(civil.fraction)) return std::nullopt;
    }
    if (!read_offset(reader, offset_minutes)) return std::nullopt;
  }
  if (!reader.rest.empty()) return std::nullopt;
  const auto local = from_civil(civil);
  if (!local) return std::nullopt;
  const Timestamp utc = *local - minutes(offset_minutes);
  if (utc.ticks < 0 || utc > timestamp_max) return std::nullopt;
  return utc;
}

// Digit by digit, for every event and item that is shown has several times.
std::string format_iso(Timestamp time) {
  const CivilTime c = to_civil(time);
  if (time.ticks < 0 || time > timestamp_max) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:07}Z", c.year, c.month, c.day, c.hour,
                       c.minute, c.second, c.fraction);
  }
  std::string text = "0000-00-00T00:00:00.0000000Z";
  const auto digits = [&](std::size_t end, int value) {
    for (; value != 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  digits(4, c.year);
  digits(7, c.month);
  digits(10, c.day);
  digits(13, c.hour);
  digits(16, c.minute);
  digits(19, c.second);
  digits(27, c.fraction);
  return text;
}

std::string format_iso_seconds(Timestamp time) {
  auto text = format_iso(time);
  constexpr std::size_t fraction = 8;  // `.0000000`, before the Z
  text.erase(text.size() - 1 - fraction, fraction);
  return text;
}

std::string format_timespan(Timespan span) {
  // The least value has no positive counterpart in 64 bits, so the absolute value is unsigned.
  const auto ticks = span.ticks < 0 ? 0 - static_cast<std::uint64_t>(span.ticks)
                                    : static_cast<std::uint64_t>(span.ticks);
  const auto per = [](std::int64_t unit) { return static_cast<std::uint64_t>(unit); };
  std::string text = span.ticks < 0 ? "-" : "";
  if (const auto day = ticks / per(ticks_per_day); day > 0) text += fmt::format("{}.", day);
  text += fmt::format("{:02}:{:02}:{:02}", ticks / per(ticks_per_hour) % 24,
                      ticks / per(ticks_per_minute) % 60, ticks / per(ticks_per_second) % 60);
  if (const auto fraction = ticks % per(ticks_per_second); fraction > 0) {
    text += fmt::format(".{:07}", fraction);
  }
  return text;
}

}  // namespace rollcall
