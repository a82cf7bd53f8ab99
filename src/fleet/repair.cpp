#include "fleet/repair.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <unordered_map>

namespace rollcall::fleet {
namespace {

// Zones are whole quarters of an hour, none between UTC and an hour from it, and none beyond 14
// hours.
constexpr Timespan quarter = minutes(15);
constexpr Timespan least_zone = hours(1), most_zone = hours(14);
constexpr Timespan drift = minutes(7);  // what a clock is off besides
constexpr Timespan exactly =
    minutes(2);  // a line may also be an hour late, but hardly to the minute
constexpr std::int64_t enough_lines = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The zone in which a line was written that has this lag; negative to the east of UTC, whose local
// time is ahead.
std::optional<Timespan> zone_of(Timespan lag) {
  const std::int64_t away = std::abs(lag.ticks);
  const std::int64_t rounded = (away + quarter.ticks / 2) / quarter.ticks * quarter.ticks;
  if (rounded < least_zone.ticks || rounded > most_zone.ticks) return std::nullopt;
  // No line comes before it was written; late it may be.
  const Timespan tolerance = lag.ticks < 0 ? drift : exactly;
  if (std::abs(away - rounded) > tolerance.ticks) return std::nullopt;
  return Timespan{lag.ticks < 0 ? -rounded : rounded};
}

struct Span {
  Timestamp first = timestamp_max, last, earliest = timestamp_max, latest;
  void add(const Interval& interval) {
    first = std::min(first, interval.first);
    last = std::max(last, interval.last);
    earliest = std::min(earliest, interval.earliest_ingested);
    latest = std::max(latest, interval.latest_ingested);
  }
  // Lines that were held up come all at once.
  bool came_as_written() const { return (latest - earliest) * 2 >= last - first && last > first; }
};

bool repair_local_time(std::vector<Interval>& intervals) {
  if (std::ranges::none_of(intervals,
                           [](const Interval& one) { return zone_of(one.host_lag).has_value(); }))
    return false;
  std::unordered_map<std::string, Span> clocks;
  for (const Interval& one : intervals) clocks[std::string(clock_of(one))].add(one);
  for (Interval& one : intervals) {
    const auto zone = zone_of(one.host_lag);
    if (!zone || one.host_lines < enough_lines ||
        !clocks.at(std::string(clock_of(one))).came_as_written())
      continue;
    // Each end by its own line: summer time may end in between.
    one.first = one.first + zone_of(one.earliest_ingested - one.first).value_or(*zone);
    one.last =
        std::max(one.first, one.last + zone_of(one.latest_ingested - one.last).value_or(*zone));
    one.host_lag = one.host_lag - *zone;
    if (const auto usual = zone_of(one.usual_lag)) one.usual_lag = one.usual_lag - *usual;
  }
  return true;
}

// The spelling of each version that has several.
using Spellings = std::map<std::string, std::string, std::less<>>;
Spellings spellings_of(const std::vector<Interval>& intervals,
                       std::span<const Deployment* const> history) {
  std::unordered_map<std::string_view, std::string_view> first;
  Spellings several;
  for (const Deployment* item : history) {
    const auto [known, fresh] = first.emplace(version_key(item->version), item->version);
    if (!fresh && known->second != item->version) known->second = {};  // they stay apart
  }
  for (const Interval& one : intervals) {
    const auto [known, fresh] = first.emplace(version_key(one.version), one.version);
    if (!fresh && !known->second.empty() && known->second != one.version)
      several.emplace(one.version, known->second);
  }
  return several;
}

// Of one process and version, and one behind the other: what a spelling had cut apart.
void join(std::vector<Interval>& intervals) {
  std::map<std::pair<std::string, std::string>, std::size_t> latest;  // of each process
  std::vector<Interval> joined;
  for (Interval& one : intervals) {
    const auto [place, fresh] = latest.emplace(std::pair(one.host, one.instance), joined.size());
    Interval* before = fresh ? nullptr : &joined[place->second];
    const bool named = !one.host.empty() || !one.instance.empty();
    if (before == nullptr || before->version != one.version || !named) {
      place->second = joined.size();
      joined.push_back(std::move(one));
      continue;
    }
    before->last = std::max(before->last, one.last);
    before->earliest_ingested = std::min(before->earliest_ingested, one.earliest_ingested);
    before->latest_ingested = std::max(before->latest_ingested, one.latest_ingested);
    before->lines += one.lines;
  }
  intervals = std::move(joined);
}

bool repair_spellings(std::vector<Interval>& intervals,
                      std::span<const Deployment* const> history) {
  const Spellings several = spellings_of(intervals, history);
  if (several.empty()) return false;
  for (Interval& one : intervals) {
    if (const auto found = several.find(one.version); found != several.end())
      one.version = found->second;
  }
  join(intervals);
  return true;
}

}  // namespace

std::string_view version_key(std::string_view version) {
  if (version.size() > 1 && (version[0] == 'v' || version[0] == 'V') && is_digit(version[1]))
    version.remove_prefix(1);
  const bool dotted = std::ranges::all_of(version, [](char c) { return is_digit(c) || c == '.'; });
  if (dotted && std::ranges::count(version, '.') == 3 && version.ends_with(".0"))
    version.remove_suffix(2);
  return version;
}

std::vector<std::string> spellings(std::string_view version) {
  const std::string key(version_key(version));
  std::vector<std::string> all;
  for (const std::string ending : {"", ".0"}) {
    for (const std::string beginning : {"", "v", "V"}) {
      std::string other = beginning + key + ending;
      if (version_key(other) == key) all.push_back(std::move(other));
    }
  }
  return all;
}

void repair(std::vector<Interval>& intervals, std::span<const Deployment* const> history) {
  const auto sort = [&] {
    std::ranges::sort(intervals, {}, [](const Interval& i) {
      return std::tuple(i.first, i.instance, i.version, i.last, i.host);
    });
  };
  if (repair_local_time(intervals)) sort();
  if (repair_spellings(intervals, history)) sort();
}

}  // namespace rollcall::fleet
