// Offsets of clocks, and when a run may be taken for gone.
#include "fleet/runs.hpp"

#include <algorithm>
#include <unordered_map>

namespace rollcall::fleet {
namespace {

// From so many lines on, the least lag is that of a line that was not held up.
constexpr std::int64_t enough_lines = 5;

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
Offset offset_of(const Interval& interval, const Parameters& parameters) {
  const Timespan behind = interval.host_lag - interval.usual_lag;
  const Timespan skew = parameters.skew;
  if (behind < Timespan{-skew.ticks}) return {{-skew.ticks}, skew};
  if (behind > skew) return {{0}, skew * 2};
  const std::int64_t lines = told_apart(interval);
  if (lines >= enough_lines) return {behind, parameters.jitter};
  return {behind, std::max(parameters.jitter, Timespan{skew.ticks / lines})};
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
      for (std::size_t j = i + 1; j < own.size(); ++j) {
        if (!own[j]->started || own[j]->interval->first <= own[i]->interval->last) continue;
        own[i]->replaced = true;
        own[i]->gone = own[j]->start;
        break;
      }
    }
  }
}

}  // namespace

std::vector<Run> make_runs(std::span<const Interval> intervals, Timestamp now,
                           const Parameters& parameters) {
  std::vector<Run> runs;
  runs.reserve(intervals.size());
  Timestamp heard{0};
  for (const Interval& interval : intervals) {
    const Offset offset = offset_of(interval, parameters);
    runs.push_back({&interval, interval.version, clock_of(interval), interval.first + offset.ahead,
                    interval.last + offset.ahead, offset.error, interval.started, false,
                    timestamp_max});
    heard = std::max(heard, runs.back().end);
  }
  heard = std::min(heard, now);
  for (Run& run : runs) {
    if (run.end + parameters.quiet + run.error < heard) run.gone = run.end + parameters.heartbeat;
  }
  mark_replaced(runs);
  std::ranges::stable_sort(runs, {}, [](const Run& run) {
    return std::tuple(run.start, run.version, std::string_view(run.interval->instance));
  });
  return runs;
}

}  // namespace rollcall::fleet
