// Offsets of clocks, and when a run may be taken for gone.
#include "fleet/runs.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace rollcall::fleet {
namespace {

// From so many lines on, the least lag is that of a line that was not held up.
constexpr std::int64_t enough_lines = 5;

// Where traffic went from one version to another is known by the bin of Observations.
constexpr Timespan told_within = minutes(5);

struct Offset {
  Timespan ahead;  // to be added
  Timespan error;
};

// Lines that came all at once were held up together, and tell no more than one.
std::int64_t told_apart(const Interval& interval) {
  const Timespan coming = interval.latest_ingested - interval.earliest_ingested;
  if (interval.host.empty() && coming * 2 < interval.last - interval.first) return 1;
  return std::max<std::int64_t>(1, interval.host_lines);
}

// A lag is the clock's offset plus the way of the line, and the way is never shorter than the usual
// least one. So the clock may be further ahead than the least lag says, never further behind; with
// few lines all of them may have been late.
Offset offset_of(const Interval& interval, Timespan usual, const Parameters& parameters) {
  const Timespan behind = interval.host_lag - usual;
  const Timespan skew = parameters.skew;
  if (behind < Timespan{-skew.ticks}) return {{-skew.ticks}, skew};
  if (behind > skew) return {{0}, skew * 2};
  const std::int64_t lines = told_apart(interval);
  if (lines >= enough_lines) return {behind, parameters.jitter};
  return {behind, std::max(parameters.jitter, Timespan{skew.ticks / lines})};
}

// The usual least lag. No way is shorter than nothing; and no clock is so far ahead that the fleet's
// usual one can hold beside it: a small fleet's clocks tell too little, or lines had to wait. Then
// the cell's own usual one is the better guess.
Timespan usual_lag(std::span<const Interval> intervals, const Parameters& parameters) {
  Timespan usual{0};
  std::map<std::string_view, Timespan> least;
  for (const Interval& interval : intervals) {
    usual = std::max(usual, interval.usual_lag);
    const auto [known, fresh] = least.emplace(clock_of(interval), interval.host_lag);
    if (!fresh) known->second = std::min(known->second, interval.host_lag);
  }
  std::vector<Timespan> own;
  for (const auto& [clock, lag] : least) own.push_back(lag);
  std::ranges::sort(own);
  if (own.empty() || usual - own.front() <= parameters.skew) return usual;
  const Timespan highest = std::max(Timespan{0}, own.front() + parameters.skew);
  return std::clamp(own[(own.size() - 1) / 2], Timespan{0}, highest);
}

// A run is over when its host starts something and it is not heard afterwards.
void mark_replaced(std::vector<Run>& runs) {
  std::unordered_map<std::string_view, std::vector<Run*>> by_clock;
  for (Run& run : runs) {
    if (!run.clock.empty()) by_clock[run.clock].push_back(&run);
  }
  for (auto& [clock, own] : by_clock) {
    std::ranges::sort(own, {}, [](const Run* run) { return run->interval->first; });
    for (std::size_t i = 0; i + 1 < own.size(); ++i) {
      if (own[i]->interval->given_up) continue;
      for (std::size_t j = i + 1; j < own.size(); ++j) {
        if (!own[j]->started || own[j]->interval->first <= own[i]->interval->last) continue;
        own[i]->replaced = true;
        own[i]->gone = own[j]->start;
        break;
      }
    }
  }
}

void link_hosts(std::vector<Run>& runs) {
  std::vector<Run*> own;
  for (Run& run : runs) {
    if (!run.clock.empty()) own.push_back(&run);
  }
  std::ranges::stable_sort(
      own, {}, [](const Run* run) { return std::pair(run->clock, run->interval->first); });
  for (std::size_t i = 1; i < own.size(); ++i) {
    if (own[i]->clock != own[i - 1]->clock) continue;
    own[i]->before = own[i - 1];
    own[i - 1]->after = own[i];
  }
}

}  // namespace

std::vector<Run> make_runs(std::span<const Interval> intervals, Timestamp now,
                           const Parameters& parameters) {
  std::vector<Run> runs;
  runs.reserve(intervals.size());
  Timestamp heard{0};
  const Timespan usual = usual_lag(intervals, parameters);
  for (const Interval& interval : intervals) {
    const Offset offset = offset_of(interval, usual, parameters);
    runs.push_back({&interval, interval.version, clock_of(interval), interval.first + offset.ahead,
                    interval.last + offset.ahead, offset.error, interval.started, false,
                    timestamp_max});
    heard = std::max(heard, runs.back().end);
  }
  heard = std::min(heard, now);
  for (Run& run : runs) {
    if (run.interval->given_up) {
      run.replaced = true;
      run.gone = std::max(run.start, run.end - told_within);
    } else if (run.end + parameters.quiet + run.error < heard)
      run.gone = run.end + parameters.heartbeat;
  }
  mark_replaced(runs);
  std::ranges::stable_sort(runs, {}, [](const Run& run) {
    return std::tuple(run.start, run.version, std::string_view(run.interval->instance));
  });
  link_hosts(runs);
  return runs;
}

}  // namespace rollcall::fleet
