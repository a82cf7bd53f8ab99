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

// From a time on these places of a cell are served, a bit for each. What they log is the episode's, or of a later one that started them.
struct Served {
  Timestamp from;
  std::uint64_t places = 0;
  std::uint32_t episode = 0;
};
inline constexpr std::uint32_t no_episode = UINT32_MAX;

struct Plan {
  std::vector<Process> processes;              // by slot, then start
  std::vector<std::size_t> first_process;      // by slot; one more at the end
  std::vector<std::vector<Episode>> episodes;  // by cell; numbered
  std::vector<Interval> stretches;             // in which lines are written
  std::vector<std::vector<Served>> served;     // by cell; empty where no requests are logged

  // The time itself when it is in a stretch, else when the next one begins; timestamp_max after the last.
  Timestamp awake(Timestamp time) const;
  // Whether requests go to the slot.
  bool serves(std::uint32_t slot, unsigned instances, Timestamp time) const;
  // Of which deployment a line of the process tells; no_episode when it idles.
  std::uint32_t episode_of(const Process& process, unsigned instances, Timestamp time) const;

 private:
  const Served* served_in(std::uint32_t cell, Timestamp time) const;
};

Plan make_plan(const FleetOptions& options, const Timeline& timeline, Timestamp from,
               const Outages& outages);

}  // namespace rollcall::sim
