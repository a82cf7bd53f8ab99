#include "flow/duration.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace rollcall::flow {
namespace {

constexpr double most_ticks = 9e18;

struct Unit {
  char letter;
  bool of_time;  // behind the T
  std::int64_t ticks;
};
constexpr std::array<Unit, 7> units{{{'Y', false, 365 * ticks_per_day},
                                     {'M', false, 30 * ticks_per_day},
                                     {'W', false, 7 * ticks_per_day},
                                     {'D', false, ticks_per_day},
                                     {'H', true, ticks_per_hour},
                                     {'M', true, ticks_per_minute},
                                     {'S', true, ticks_per_second}}};

std::unexpected<Error> wrong(std::string_view text) {
  return fail("FLOW0327", fmt::format("'{}' is no duration such as PT5M or P1D", text));
}

}  // namespace

// duration = [ "-" ] "P" *( number ( "Y" / "M" / "W" / "D" ) ) [ "T" 1*( number ( "H" / "M" / "S" ) ) ]
Result<Timespan> parse_duration(std::string_view text) {
  auto rest = trim(text);
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (!rest.starts_with('P')) return wrong(text);
  rest.remove_prefix(1);
  bool time = false;
  std::size_t parts = 0;
  double ticks = 0;
  while (!rest.empty()) {
    if (rest.front() == 'T' && !time) {
      time = true;
      rest.remove_prefix(1);
      if (rest.empty()) return wrong(text);
      continue;
    }
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    const auto read = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc() || read == rest.size() || number < 0) return wrong(text);
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& one) {
      return one.letter == rest[read] && one.of_time == time;
    });
    if (unit == units.end()) return wrong(text);
    ticks += number * static_cast<double>(unit->ticks);
    rest.remove_prefix(read + 1);
    ++parts;
  }
  if (parts == 0 || ticks > most_ticks) return wrong(text);
  const auto whole = static_cast<std::int64_t>(ticks);
  return Timespan{negative ? -whole : whole};
}

Result<Timespan> span_of(std::int64_t count, std::string_view unit) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> names{
      {{"second", ticks_per_second},
       {"minute", ticks_per_minute},
       {"hour", ticks_per_hour},
       {"day", ticks_per_day},
       {"week", 7 * ticks_per_day},
       {"month", 30 * ticks_per_day},
       {"year", 365 * ticks_per_day}}};
  for (const auto& [name, ticks] : names) {
    if (!equals_ignoring_case(unit, name)) continue;
    std::int64_t product = 0;
    if (__builtin_mul_overflow(count, ticks, &product)) break;
    return Timespan{product};
  }
  return fail(
      "FLOW0327",
      fmt::format("'{} {}' is no time span: units are Second, Minute, Hour, Day, Week, Month, Year",
                  count, unit));
}

}  // namespace rollcall::flow
