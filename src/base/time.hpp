// Timestamp and Timespan count ticks of 100 ns, as Kusto's datetime and timespan do: a Timestamp since
// 0001-01-01T00:00:00Z (proleptic Gregorian, UTC, no leap seconds), up to 9999-12-31T23:59:59.9999999Z.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

struct Timespan {
  std::int64_t ticks = 0;
  auto operator<=>(const Timespan&) const = default;
};

inline constexpr std::int64_t ticks_per_microsecond = 10;
inline constexpr std::int64_t ticks_per_millisecond = 10'000;
inline constexpr std::int64_t ticks_per_second = 10'000'000;
inline constexpr std::int64_t ticks_per_minute = 60 * ticks_per_second;
inline constexpr std::int64_t ticks_per_hour = 60 * ticks_per_minute;
inline constexpr std::int64_t ticks_per_day = 24 * ticks_per_hour;
// 1970-01-01T00:00:00Z in ticks since 0001-01-01.
inline constexpr std::int64_t unix_epoch_ticks = 621'355'968'000'000'000;

constexpr Timespan milliseconds(std::int64_t n) { return {n * ticks_per_millisecond}; }
constexpr Timespan seconds(std::int64_t n) { return {n * ticks_per_second}; }
constexpr Timespan minutes(std::int64_t n) { return {n * ticks_per_minute}; }
constexpr Timespan hours(std::int64_t n) { return {n * ticks_per_hour}; }
constexpr Timespan days(std::int64_t n) { return {n * ticks_per_day}; }
constexpr Timespan operator+(Timespan a, Timespan b) { return {a.ticks + b.ticks}; }
constexpr Timespan operator-(Timespan a, Timespan b) { return {a.ticks - b.ticks}; }
constexpr Timespan operator*(Timespan a, std::int64_t n) { return {a.ticks * n}; }

struct Timestamp {
  std::int64_t ticks = 0;
  auto operator<=>(const Timestamp&) const = default;
};

inline constexpr Timestamp timestamp_max{3'155'378'975'999'999'999};

constexpr Timestamp operator+(Timestamp t, Timespan d) { return {t.ticks + d.ticks}; }
constexpr Timestamp operator-(Timestamp t, Timespan d) { return {t.ticks - d.ticks}; }
constexpr Timespan operator-(Timestamp a, Timestamp b) { return {a.ticks - b.ticks}; }

constexpr Timestamp from_unix_nanoseconds(std::int64_t ns) { return {unix_epoch_ticks + ns / 100}; }
constexpr Timestamp from_unix_seconds(std::int64_t s) {
  return {unix_epoch_ticks + s * ticks_per_second};
}
constexpr std::int64_t to_unix_milliseconds(Timestamp t) {
  return (t.ticks - unix_epoch_ticks) / ticks_per_millisecond;
}

struct CivilTime {
  int year = 1, month = 1, day = 1;  // month and day from 1
  int hour = 0, minute = 0, second = 0;
  int fraction = 0;  // ticks below the second, 0..9,999,999
};
CivilTime to_civil(Timestamp time);
// nullopt when a part is out of range (a 30th of February) or the year is outside 1..9999.
std::optional<Timestamp> from_civil(const CivilTime& civil);
// 0 is Sunday.
int day_of_week(Timestamp time);

// ISO 8601: `2026-01-01`, `2026-01-01T10:00`, `2026-01-01 10:00:00.1234567+02:00`, `…Z`; without an
// offset the time is UTC. nullopt when the text is anything else.
std::optional<Timestamp> parse_iso(std::string_view text);
// `2026-01-01T10:00:00.1234567Z`, always seven digits.
std::string format_iso(Timestamp time);
// `2026-01-01T10:00:00Z`; a fraction of a second is cut off.
std::string format_iso_seconds(Timestamp time);
// Kusto's text of a timespan: `[-][d.]hh:mm:ss[.fffffff]`.
std::string format_timespan(Timespan span);

}  // namespace rollcall
