#include "sim/random_fleet.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "sim/random.hpp"

namespace rollcall::sim {
namespace {

enum Stream : std::uint64_t {
  fleets = 7,
  kinds_of_cells
};  // of randomness that nothing else draws from
constexpr std::int64_t heartbeats_apart = 6;    // rollouts of a sparse cell
constexpr Timespan served_apart = minutes(80);  // and of one in which the next version stands warm
constexpr unsigned most_cells = 8;

FleetOptions random_options(Random& random, std::uint64_t seed) {
  FleetOptions options;
  options.seed = seed;
  options.instances = 2 + static_cast<unsigned>(random.below(5));
  options.rollout = random.between(minutes(2), minutes(10));
  for (std::size_t fault = 0; fault < fault_count; ++fault) {
    if (random.chance(0.5)) options.faults.add(static_cast<Fault>(fault));
  }
  return options;
}

std::vector<CellKind> random_kinds(std::uint64_t seed) {
  Random random(hash(seed, kinds_of_cells));
  std::vector<CellKind> kinds;
  while (kinds.size() < most_cells) kinds.push_back(static_cast<CellKind>(random.below(4)));
  return kinds;
}

// Which rollouts a cell takes part in.
class Rollouts {
 public:
  explicit Rollouts(const FleetOptions& options) : options_(options) {}
  bool reach(std::uint32_t cell, Timestamp at) {
    const CellKind kind = options_.kind(cell);
    if (kind == CellKind::plain) return true;
    const Timespan apart =
        kind == CellKind::sparse ? options_.heartbeat_in(cell) * heartbeats_apart : served_apart;
    const auto found = last_.find(cell);
    if (found != last_.end() && at - found->second < apart) return false;
    last_[cell] = at;
    return true;
  }

 private:
  const FleetOptions& options_;
  std::map<std::uint32_t, Timestamp> last_;
};

Timeline random_timeline(Random& random, const FleetOptions& options, Timestamp begin,
                         Timespan length) {
  Timeline timeline;
  Rollouts rollouts(options);
  const auto roles = 1 + random.below(2), regions = 2 + random.below(3);
  for (std::uint64_t role = 0; role < roles; ++role) {
    std::vector<int> versions{1};
    const auto roll_out = [&](Timestamp at, int version) {
      for (std::uint64_t region = 0; region < regions; ++region) {
        const Timestamp time = at + seconds(static_cast<std::int64_t>(region * random.below(120)));
        const Cell cell{"production", fmt::format("role{}", role), fmt::format("region{}", region)};
        const auto name = fmt::format("1.{}", version);
        timeline.version(name);
        if (rollouts.reach(timeline.cell(cell), time)) timeline.add(time, cell, name);
      }
    };
    roll_out(begin, 1);
    for (Timestamp at = begin + minutes(60) + random.between(minutes(0), minutes(25));
         at < begin + length; at = at + random.between(minutes(25), minutes(55))) {
      const double what = random.unit();
      if (what < 0.2 && versions.size() > 1) {
        versions.pop_back();
      } else if (what > 0.35) {
        versions.push_back(static_cast<int>(timeline.versions().size()) +
                           static_cast<int>(role) * 100 + 2);
      }
      roll_out(at, versions.back());
    }
  }
  return timeline;
}

}  // namespace

RandomFleet random_fleet(std::uint64_t seed, Timestamp begin, Timespan length, Cells cells) {
  Random random(hash(seed, fleets));
  auto options = random_options(random, seed);
  if (cells == Cells::any) options.kinds = random_kinds(seed);
  auto timeline = random_timeline(random, options, begin, length);
  return {std::move(options), std::move(timeline)};
}

}  // namespace rollcall::sim
