#include "sim/random_fleet.hpp"

#include <fmt/format.h>

#include <vector>

#include "sim/random.hpp"

namespace rollcall::sim {
namespace {

constexpr std::uint64_t stream = 7;  // of randomness that nothing else draws from

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

Timeline random_timeline(Random& random, Timestamp begin, Timespan length) {
  Timeline timeline;
  const auto roles = 1 + random.below(2), regions = 2 + random.below(3);
  for (std::uint64_t role = 0; role < roles; ++role) {
    std::vector<int> versions{1};
    const auto roll_out = [&](Timestamp at, int version) {
      for (std::uint64_t region = 0; region < regions; ++region) {
        timeline.add(at + seconds(static_cast<std::int64_t>(region * random.below(120))),
                     {"production", fmt::format("role{}", role), fmt::format("region{}", region)},
                     fmt::format("1.{}", version));
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

RandomFleet random_fleet(std::uint64_t seed, Timestamp begin, Timespan length) {
  Random random(hash(seed, stream));
  const auto options = random_options(random, seed);
  return {options, random_timeline(random, begin, length)};
}

}  // namespace rollcall::sim
