// A fleet that a seed makes up: one or two roles in two to four regions, and of every role a rollout through
// its regions each 25 to 55 minutes, to a new version, to the one before, or of the same again; two to six
// instances in a cell, and each of the faults or not.
#pragma once
#include <cstdint>

#include "sim/player.hpp"

namespace rollcall::sim {

struct RandomFleet {
  FleetOptions options;
  Timeline timeline;
};

// plain: all cells are. any: each is of a kind that is drawn for it, by random numbers of their own: the plain cells live as they would in a
// fleet of plain ones. Of the rollouts a sparse cell has only those that come six of its heartbeats after the one before,
// and one that tells of requests those that come 80 minutes after it.
enum class Cells : std::uint8_t { plain, any };

// What runs at `begin` is the cells' first deployment; the first rollout comes 60 to 85 minutes later, the last one
// begins before begin + length. The same arguments give the same fleet.
RandomFleet random_fleet(std::uint64_t seed, Timestamp begin, Timespan length,
                         Cells cells = Cells::plain);

}  // namespace rollcall::sim
