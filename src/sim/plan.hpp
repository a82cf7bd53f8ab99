// From a timeline to the life of every instance: which process runs in which place from when to when, and the
// stretches of time in which the fleet is played. Made before the play; the player only walks it.
#pragma once
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "sim/faults.hpp"
#include "sim/player.hpp"
#include "sim/timeline.hpp"
#include "sim/truth.hpp"

namespace rollcall::sim {

// [start, end) of one instance in one place (slot) of a cell.
struct Process {
  Timestamp start, end;
  std::uint32_t slot = 0;  // cell * instances + place
  std::uint32_t version = 0;
  std::uint32_t episode = 0;  // of its cell: the deployment that started it
};

struct Plan {
  std::vector<Process> processes;              // by slot, then start
  std::vector<std::size_t> first_process;      // by slot; one more at the end
  std::vector<std::vector<Episode>> episodes;  // by cell; numbered
  std::vector<Interval> stretches;             // in which lines are written

  // The time itself when it is in a stretch, else when the next one begins; timestamp_max after the last.
  Timestamp awake(Timestamp time) const;
};

Plan make_plan(const FleetOptions& options, const Timeline& timeline, Timestamp from,
               const Outages& outages);

}  // namespace rollcall::sim
