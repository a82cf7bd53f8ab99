// Times of golden cases: `10:30`, `10:30:15` or `26:00` on one day, ranges `10:00..10:30`, spans
// `+5m`, `-30s`, `2h`.
#pragma once
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace rollcall::fleet::test {

inline constexpr Timestamp golden_day = from_unix_seconds(1'767'225'600);  // 2026-01-01

inline std::int64_t read_number(std::string_view text) {
  std::int64_t number = 0;
  CHECK(std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc());
  return number;
}

inline Timestamp read_time(std::string_view text) {
  const auto parts = split(text, ':');
  CHECK(parts.size() >= 2);
  const std::int64_t s = parts.size() > 2 ? read_number(parts[2]) : 0;
  return golden_day + hours(read_number(parts[0])) + minutes(read_number(parts[1])) + seconds(s);
}

inline std::pair<Timestamp, Timestamp> read_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  CHECK(dots != std::string_view::npos);
  return {read_time(text.substr(0, dots)), read_time(text.substr(dots + 2))};
}

inline Timespan read_span(std::string_view text) {
  const bool back = text.starts_with('-');
  if (back || text.starts_with('+')) text.remove_prefix(1);
  const std::int64_t number = read_number(text) * (back ? -1 : 1);
  return text.ends_with('h')   ? hours(number)
         : text.ends_with('m') ? minutes(number)
                               : seconds(number);
}

inline std::string show_time(Timestamp time) {
  const std::int64_t s = (time - golden_day).ticks / ticks_per_second;
  return fmt::format("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace rollcall::fleet::test
