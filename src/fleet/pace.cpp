#include "fleet/pace.hpp"

#include <algorithm>
#include <vector>

namespace rollcall::fleet {
namespace {

constexpr std::int64_t enough_gaps = 4;  // of which one may be a silence
constexpr std::int64_t missed_gaps = 3;  // so many without a line: gone

}  // namespace

Timespan usual_gap(std::span<const Interval> intervals) {
  std::vector<Timespan> gaps;
  for (const Interval& interval : intervals) {
    if (interval.gaps >= enough_gaps) gaps.push_back(interval.gap);
  }
  if (gaps.empty()) return {0};
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>((gaps.size() - 1) / 2);
  std::ranges::nth_element(gaps, middle);
  return *middle;
}

Parameters paced(const Parameters& parameters, Timespan gap) {
  if (gap * missed_gaps <= parameters.quiet) return parameters;
  Parameters suited = parameters;
  const Timespan wait = std::min(gap * missed_gaps, parameters.most_quiet);
  const auto at_least = [](Timespan& constant, Timespan least) {
    constant = std::max(constant, least);
  };
  at_least(suited.heartbeat, std::min(gap, parameters.most_quiet));
  for (Timespan* constant : {&suited.quiet, &suited.hold, &suited.settle, &suited.stall})
    at_least(*constant, wait);
  suited.wave = parameters.wave + suited.heartbeat;
  suited.patience = parameters.patience + (suited.quiet - parameters.quiet);
  return suited;
}

Timespan silent_after(const CellRules& rules, Timespan usual) {
  return std::max(rules.silent_after, usual * 2);
}

}  // namespace rollcall::fleet
