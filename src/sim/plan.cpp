#include "sim/plan.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/check.hpp"
#include "sim/random.hpp"

namespace rollcall::sim {
namespace {

constexpr Timespan lead = minutes(30);
constexpr Timespan tail = minutes(90);
constexpr double old_image_share = 0.2;
// Between the end of one process in a place and the start of the next.
constexpr Timespan restart_gap = seconds(1);

// A new version stands warm for so long before it is served, and who was served idles for so long before something else starts in its
// place. What is shorter, by clocks that differ by twice their bound, looks like a start and a rolling restart: requests are counted in
// stretches of five minutes, and two of them are no idling.
constexpr Timespan least_idle = minutes(32), most_idle = minutes(40);

enum Stream : std::uint64_t { orders = 101, ages, strays, warmths };

// The lives of one cell's instances.
class CellPlan {
 public:
  CellPlan(const FleetOptions& options, std::uint32_t cell, std::vector<Process>& processes)
      : options_(options), cell_(cell), processes_(processes) {}

  // `next` is when the cell's next deployment comes.
  void deploy(const Deployment& deployment, Timestamp begin, Timestamp next) {
    const auto index = static_cast<std::uint32_t>(episodes_.size());
    const bool has_sides = options_.kind(cell_) == CellKind::blue_green;
    Episode episode;
    episode.version = deployment.version;
    episode.start = std::max(deployment.time, begin);
    if (deployment.time < begin) {
      start_long_ago(deployment, begin, index);
      serve(begin - days(10), live_places(), index);
      episode.completion = begin;
    } else {
      const Timespan duration = rollout_until(deployment.time, next);
      if (has_sides && !episodes_.empty() && episodes_.back().version != deployment.version)
        episode.completion = swap_sides(deployment, index);
      else if (options_.kind(cell_) == CellKind::canary && is_new(deployment.version))
        episode.completion = roll_behind_canary(deployment, duration, index);
      else
        episode.completion = roll_all(deployment, duration, index);
      if (options_.faults.has(Fault::old_image) && options_.kind(cell_) == CellKind::plain &&
          !episodes_.empty() && next - deployment.time > duration + minutes(10)) {
        episode.completion = std::max(episode.completion, stray(deployment, duration, index));
      }
    }
    side_versions_[side_] = deployment.version;
    episodes_.push_back(episode);
  }

  std::vector<Episode> take_episodes() {
    number_episodes(episodes_);
    return std::move(episodes_);
  }
  std::vector<Served> take_served() { return std::move(served_); }

 private:
  Random random(Stream stream, std::uint64_t index) const {
    return Random(hash(options_.seed, stream, cell_, index));
  }

  // Of one side, or all.
  std::uint32_t live_count() const {
    return options_.kind(cell_) == CellKind::blue_green ? std::max(1U, options_.instances / 2)
                                                        : options_.instances;
  }
  std::uint32_t first_live() const { return side_ * live_count(); }
  std::uint64_t live_places() const {
    return (~std::uint64_t{0} >> (64 - live_count())) << first_live();
  }
  bool is_new(std::uint32_t version) const {
    return !episodes_.empty() &&
           std::ranges::none_of(episodes_, [&](const Episode& e) { return e.version == version; });
  }

  void serve(Timestamp from, std::uint64_t places, std::uint32_t episode) {
    const CellKind kind = options_.kind(cell_);
    if (kind == CellKind::blue_green || kind == CellKind::canary)
      served_.push_back({from, places, episode});
  }

  // The version is warm on the other side, or has stood there since it was left, when traffic goes over.
  Timestamp swap_sides(const Deployment& deployment, std::uint32_t index) {
    side_ = 1 - side_;
    if (side_versions_[side_] != deployment.version) {
      const Timestamp from = warm_since(deployment.time, index).value_or(deployment.time);
      for (std::uint32_t i = 0; i < live_count(); ++i)
        start(first_live() + i, from + seconds(5 * i), deployment.version, index);
    }
    serve(deployment.time, live_places(), index);
    return deployment.time;
  }

  Timestamp roll_behind_canary(const Deployment& deployment, Timespan duration,
                               std::uint32_t index) {
    const auto from = warm_since(deployment.time, index);
    if (!from || options_.instances == 1) return roll_all(deployment, duration, index);
    const std::vector<std::uint32_t> places = order(index);
    start(places[0], *from, deployment.version, index);
    serve(*from, live_places() & ~(std::uint64_t{1} << places[0]), index - 1);
    serve(deployment.time, live_places(), index);
    for (std::uint32_t i = 1; i < options_.instances; ++i)
      start(places[i], deployment.time + offset(i, duration), deployment.version, index);
    return deployment.time + offset(options_.instances - 1, duration);
  }

  Timestamp roll_all(const Deployment& deployment, Timespan duration, std::uint32_t index) {
    if (served_.empty()) serve(deployment.time, live_places(), index);
    return roll(deployment, duration, index);
  }

  // When a version begins to stand warm that is served from `time` on; nullopt: what came before was too near.
  std::optional<Timestamp> warm_since(Timestamp time, std::uint32_t index) const {
    const Timespan long_ago = random(warmths, index).between(least_idle, most_idle);
    const Timestamp from = std::max(time - long_ago, episodes_.back().completion + least_idle);
    if (time - from < least_idle) return std::nullopt;
    return from;
  }

  void start(std::uint32_t place, Timestamp time, std::uint32_t version, std::uint32_t episode) {
    processes_.push_back(
        {time, timestamp_max, cell_ * options_.instances + place, version, episode});
  }

  void start_long_ago(const Deployment& deployment, Timestamp begin, std::uint32_t index) {
    Random ages_of = random(ages, index);
    for (std::uint32_t place = 0; place < live_count(); ++place) {
      start(place, begin - ages_of.between(hours(1), days(10)), deployment.version, index);
    }
  }

  // The whole rollout, or what fits well before the next deployment.
  Timespan rollout_until(Timestamp time, Timestamp next) const {
    if (next == timestamp_max) return options_.rollout;
    return std::min(options_.rollout, Timespan{(next - time).ticks * 9 / 10});
  }

  // When the i-th of the instances restarts: evenly over the duration, the first at once, the last at its end.
  Timespan offset(std::uint32_t i, Timespan duration) const {
    return live_count() == 1 ? Timespan{0} : Timespan{duration.ticks * i / (live_count() - 1)};
  }

  // The order in which a deployment restarts the places.
  std::vector<std::uint32_t> order(std::uint32_t index) const {
    std::vector<std::uint32_t> places(live_count());
    std::iota(places.begin(), places.end(), first_live());
    Random shuffle = random(orders, index);
    for (std::size_t i = places.size(); i > 1; --i)
      std::swap(places[i - 1], places[shuffle.below(i)]);
    return places;
  }

  Timestamp roll(const Deployment& deployment, Timespan duration, std::uint32_t index) {
    const std::vector<std::uint32_t> places = order(index);
    for (std::uint32_t i = 0; i < live_count(); ++i) {
      start(places[i], deployment.time + offset(i, duration), deployment.version, index);
    }
    return deployment.time + offset(live_count() - 1, duration);
  }

  // Before the last restart one of the new instances comes back with the old image, for some minutes. At
  // least one other new one lives on. Answers when it is new again.
  Timestamp stray(const Deployment& deployment, Timespan duration, std::uint32_t index) {
    Random chosen = random(strays, index);
    if (options_.instances < 3 || duration < minutes(1) || !chosen.chance(old_image_share))
      return deployment.time;
    const std::uint32_t last = options_.instances - 1;
    const std::uint32_t place = order(index)[chosen.below(last)];
    const Timespan low = offset(last - 1, duration), high = offset(last, duration);
    const Timestamp old = deployment.time + low + Timespan{(high - low).ticks / 4} +
                          Timespan{static_cast<std::int64_t>(chosen.below(
                              static_cast<std::uint64_t>((high - low).ticks / 2 + 1)))};
    const Timestamp again = old + chosen.between(minutes(1), minutes(4));
    start(place, old, episodes_.back().version, index);
    start(place, again, deployment.version, index);
    return again;
  }

  const FleetOptions& options_;
  std::uint32_t cell_;
  std::vector<Process>& processes_;
  std::vector<Episode> episodes_;
  std::vector<Served> served_;
  std::uint32_t side_ = 0;  // that is served, of a blue/green cell
  std::array<std::optional<std::uint32_t>, 2> side_versions_;
};

std::vector<Interval> make_stretches(const FleetOptions& options, const Timeline& timeline,
                                     Timestamp from, const Outages& outages) {
  Schedule played;
  for (const Deployment& deployment : timeline.deployments()) {
    if (deployment.time < from) continue;
    const Interval stretch{deployment.time - lead, deployment.time + options.rollout + tail};
    const auto& known = played.intervals();
    if (known.empty() || stretch.from < known.back().from || stretch.to > known.back().to)
      played.add(stretch);
  }
  for (const Schedule* schedule : {&outages.tracker, &outages.warehouse}) {
    for (const Interval& down : schedule->intervals()) played.add({down.from, down.to + tail});
  }
  if (options.skip_quiet || played.intervals().empty()) return played.intervals();
  return {{played.intervals().front().from, timestamp_max}};
}

// Each process of a place ends when the next one starts.
void order_processes(Plan& plan, std::size_t slots) {
  std::ranges::stable_sort(plan.processes, {},
                           [](const Process& p) { return std::pair(p.slot, p.start); });
  plan.first_process.assign(slots + 1, plan.processes.size());
  for (std::size_t i = plan.processes.size(); i-- > 0;) {
    Process& process = plan.processes[i];
    plan.first_process[process.slot] = i;
    if (i + 1 == plan.processes.size() || plan.processes[i + 1].slot != process.slot) continue;
    const Timestamp next = plan.processes[i + 1].start;
    process.end = std::max(process.start + Timespan{1}, next - restart_gap);
  }
}

}  // namespace

Timestamp Plan::awake(Timestamp time) const {
  const auto found = std::ranges::upper_bound(stretches, time, {}, &Interval::to);
  return found == stretches.end() ? timestamp_max : std::max(time, found->from);
}

const Served* Plan::served_in(std::uint32_t cell, Timestamp time) const {
  const auto& all = served[cell];
  const auto next = std::ranges::upper_bound(all, time, {}, &Served::from);
  return next == all.begin() ? nullptr : &*std::prev(next);
}

bool Plan::serves(std::uint32_t slot, unsigned instances, Timestamp time) const {
  const Served* now = served_in(slot / instances, time);
  return now != nullptr && (now->places >> (slot % instances) & 1U) != 0;
}

std::uint32_t Plan::episode_of(const Process& process, unsigned instances, Timestamp time) const {
  const std::uint32_t cell = process.slot / instances;
  if (served[cell].empty()) return process.episode;
  if (!serves(process.slot, instances, time)) return no_episode;
  return std::max(process.episode, served_in(cell, time)->episode);
}

Plan make_plan(const FleetOptions& options, const Timeline& timeline, Timestamp from,
               const Outages& outages) {
  CHECK(options.instances >= 1 && options.instances <= 64);
  CHECK(options.heartbeat.ticks > 0 && options.rollout.ticks >= 0);
  Plan plan;
  plan.stretches = make_stretches(options, timeline, from, outages);
  if (plan.stretches.empty()) {
    plan.first_process.assign(timeline.cells().size() * options.instances + 1, 0);
    plan.episodes.resize(timeline.cells().size());
    plan.served.resize(timeline.cells().size());
    return plan;
  }
  std::vector<std::vector<Deployment>> by_cell(timeline.cells().size());
  for (const Deployment& deployment : timeline.deployments())
    by_cell[deployment.cell].push_back(deployment);
  const Timestamp begin = plan.stretches.front().from;
  for (std::uint32_t cell = 0; cell < by_cell.size(); ++cell) {
    CellPlan lives(options, cell, plan.processes);
    const auto& own = by_cell[cell];
    for (std::size_t i = 0; i < own.size(); ++i) {
      lives.deploy(own[i], begin, i + 1 < own.size() ? own[i + 1].time : timestamp_max);
    }
    plan.episodes.push_back(lives.take_episodes());
    plan.served.push_back(lives.take_served());
  }
  order_processes(plan, timeline.cells().size() * options.instances);
  return plan;
}

}  // namespace rollcall::sim
