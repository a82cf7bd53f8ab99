// A seeded simulation of flows: random flows run on the real driver while the store fails, the process crashes
// between any two durable steps, replies are lost, requests are repeated and the clock jumps. Everything is drawn
// from the seed, so a seed is a whole story that can be told again.
// What must hold at the end of each:
//   ends        every run whose start was answered ends, once the faults have stopped
//   once        a write to our own store is there once for each action that succeeded in it, and for no other
//   done        what a flow believes to have been done outside was done, under the key it was asked with
//   same        actions, their statuses and their outputs are those of the same flow in a calm world
//   folds       the history, folded again, gives the status that is recorded; given twice over, it gives it too
//   forward     time does not run backwards within a run
//   news        what a polling trigger hears starts one run, and only one
//   hidden      what a flow hides is nowhere in its stored history in clear
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace rollcall::flow {

struct SimulationResult {
  std::optional<std::string> violation;  // the first invariant that does not hold: `once: …`
  std::uint64_t crashes = 0, failed_writes = 0, lost_replies = 0, jumps = 0, runs = 0;
};
// An Error is a fault of the simulation itself.
Result<SimulationResult> simulate_flows(std::uint64_t seed);

}  // namespace rollcall::flow
