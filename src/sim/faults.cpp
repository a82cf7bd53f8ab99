#include "sim/faults.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::sim {
namespace {

constexpr std::array<std::string_view, fault_count> names{
    "late", "skew", "duplicates", "loss", "silence", "warehouse", "tracker", "crash", "old-image"};

// Each kind of question draws from a stream of its own.
enum Stream : std::uint64_t {
  delays = 1,
  stalls,
  clocks,
  losses,
  doubles,
  silences,
  warehouses,
  trackers
};

constexpr Timespan stall_period = hours(1);

// A moment near some deployment of the timeline: `low`..`high` from it.
Timestamp near_deployment(const std::vector<Timestamp>& times, Random& random, Timespan low,
                          Timespan high) {
  return times[random.below(times.size())] + random.between(low, high);
}

Timestamp floor_to(Timestamp time, Timespan step) { return {time.ticks - time.ticks % step.ticks}; }

std::int64_t periods(const std::vector<Timestamp>& times, Timespan period) {
  return 1 + (times.back() - times.front()).ticks / period.ticks;
}

}  // namespace

std::string_view to_string(Fault fault) { return names[static_cast<std::size_t>(fault)]; }

Faults Faults::all() {
  Faults faults;
  for (std::size_t i = 0; i < fault_count; ++i) faults.add(static_cast<Fault>(i));
  return faults;
}

Result<Faults> Faults::parse(std::string_view text) {
  if (text == "none" || text.empty()) return Faults{};
  if (text == "all") return all();
  Faults faults;
  for (const std::string_view part : split(text, ',')) {
    const auto found = std::ranges::find(names, trim(part));
    if (found == names.end()) {
      return fail("SIM0102", fmt::format("unknown fault '{}'; there are none, all, {}", part,
                                         fmt::join(names, ", ")));
    }
    faults.add(static_cast<Fault>(found - names.begin()));
  }
  return faults;
}

std::string Faults::to_string() const {
  if (none()) return "none";
  std::vector<std::string_view> chosen;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (has(static_cast<Fault>(i))) chosen.push_back(names[i]);
  }
  return chosen.size() == fault_count ? "all" : fmt::format("{}", fmt::join(chosen, ","));
}

void Schedule::add(Interval interval) {
  CHECK(interval.from < interval.to);
  auto place = std::ranges::lower_bound(intervals_, interval.from, {}, &Interval::to);
  const auto first = place;
  for (; place != intervals_.end() && place->from <= interval.to; ++place) {
    interval.from = std::min(interval.from, place->from);
    interval.to = std::max(interval.to, place->to);
  }
  intervals_.insert(intervals_.erase(first, place), interval);
}

std::optional<Interval> Schedule::covering(Timestamp time) const {
  const auto found = std::ranges::upper_bound(intervals_, time, {}, &Interval::to);
  if (found == intervals_.end() || time < found->from) return std::nullopt;
  return *found;
}

Timestamp Outages::let_in(Timestamp time) const {
  for (;;) {
    if (const auto down = tracker.covering(time))
      time = down->to;
    else if (const auto closed = warehouse.covering(time))
      time = closed->to;
    else
      return time;
  }
}

Outages plan_outages(const Timeline& timeline, Faults faults, std::uint64_t seed, Timespan poll) {
  Outages outages;
  outages.silence.resize(timeline.cells().size());
  std::vector<Timestamp> times;
  std::map<std::pair<std::string, std::string>, std::vector<Timestamp>> by_region;
  std::vector<bool> known(timeline.cells().size(),
                          false);  // a cell's first deployment is where it stands
  for (const Deployment& deployment : timeline.deployments()) {
    const Cell& cell = timeline.cells()[deployment.cell];
    if (known[deployment.cell]) {
      times.push_back(deployment.time);
      by_region[{cell.environment, cell.region}].push_back(deployment.time);
    }
    known[deployment.cell] = true;
  }
  if (times.empty()) return outages;
  if (faults.has(Fault::warehouse)) {
    Random random(hash(seed, warehouses));
    for (std::int64_t i = 0; i < periods(times, days(3)); ++i) {
      // From just before one poll to just after the second next.
      const Timestamp first =
          floor_to(near_deployment(times, random, minutes(-15), minutes(15)), poll);
      outages.warehouse.add({first - random.between(seconds(5), seconds(60)),
                             first + poll * 2 + random.between(seconds(5), seconds(60))});
    }
  }
  if (faults.has(Fault::tracker)) {
    Random random(hash(seed, trackers));
    for (std::int64_t i = 0; i < periods(times, days(7)); ++i) {
      const Timestamp from = near_deployment(times, random, minutes(-20), minutes(20));
      outages.tracker.add({from, from + minutes(20)});
    }
    const Timestamp from = near_deployment(times, random, hours(-3), minutes(20));
    outages.tracker.add({from, from + hours(3)});
  }
  if (faults.has(Fault::silence)) {
    Random random(hash(seed, silences));
    std::map<std::pair<std::string, std::string>, Schedule> schedules;
    for (const auto& [region, own] : by_region) {
      for (std::int64_t i = 0; i < periods(own, days(30)); ++i) {
        const Timestamp from = near_deployment(own, random, minutes(-40), minutes(10));
        schedules[region].add({from, from + random.between(minutes(20), minutes(60))});
      }
    }
    for (std::size_t i = 0; i < timeline.cells().size(); ++i) {
      const Cell& cell = timeline.cells()[i];
      const auto found = schedules.find({cell.environment, cell.region});
      if (found != schedules.end()) outages.silence[i] = found->second;
    }
  }
  return outages;
}

Timespan LineFaults::skew(std::uint64_t host) const {
  if (!faults_.has(Fault::skew)) return {0};
  return Random(hash(seed_, clocks, host)).between(Timespan{-skew_bound.ticks}, skew_bound);
}

bool LineFaults::lost(std::uint64_t n) const {
  return faults_.has(Fault::loss) && unit(hash(seed_, losses, n)) < 0.02;
}

bool LineFaults::doubled(std::uint64_t n) const {
  return faults_.has(Fault::duplicates) && unit(hash(seed_, doubles, n)) < 0.02;
}

Timespan LineFaults::delay(Timestamp written, std::uint64_t host, std::uint64_t n,
                           unsigned copy) const {
  Random random(hash(seed_, delays, n, copy));
  Timespan delay = random.between(seconds(1), seconds(6));
  if (!faults_.has(Fault::late))
    return copy == 0 ? delay : delay + random.between(seconds(1), minutes(5));
  if (copy != 0 || random.chance(0.1)) {
    // Evenly over the orders of magnitude from 10 seconds to the bound.
    const double low = std::log(10.0),
                 high = std::log(static_cast<double>(lateness_bound.ticks / ticks_per_second));
    delay = Timespan{
        static_cast<std::int64_t>(std::exp(low + random.unit() * (high - low)) * ticks_per_second)};
  }
  // Now and then a host's pipeline stands still, and all of it comes at once.
  const std::int64_t period = written.ticks / stall_period.ticks;
  Random stall(hash(seed_, stalls, host, period));
  if (stall.chance(0.02)) {
    const Timestamp from =
        Timestamp{period * stall_period.ticks} + stall.between(minutes(0), minutes(20));
    const Timestamp to = from + stall.between(minutes(5), lateness_bound - minutes(1));
    if (written >= from && written < to)
      delay = std::max(delay, to - written + random.between(seconds(1), seconds(6)));
  }
  return std::min(delay, lateness_bound);
}

}  // namespace rollcall::sim
