// A played fleet through detection in memory: lines → Observations → Deployments() → reconcile →
// lists, every five minutes, and the score of what the lists say in the end.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "memory_fleet.hpp"
#include "memory_lists.hpp"
#include "sim/player.hpp"
#include "sim/score.hpp"
#include "sim/timeline.hpp"

namespace rollcall::fleet::test {

struct Replayed {
  sim::Score score;
  double wrong_cell_minutes = 0, cell_minutes = 0;
  sim::Truth truth;
  std::uint64_t polls = 0, lines = 0, rows = 0, changes = 0, creates = 0;
};

struct Watch {                  // for looking at one cell while it happens
  Timespan look = minutes(15);  // how often the snapshot is compared with the truth
  std::function<void(Timestamp, std::span<const Interval>, std::span<const Change>)> poll;
};

Replayed replay(const sim::FleetOptions& options, const sim::Timeline& timeline, Timestamp from,
                const Watch& watch = {});

}  // namespace rollcall::fleet::test
