// A turn takes one run forward by as many events as it can, and commits them with everything they did to our
// own stores, or nothing of it. Reads that need no transaction (the warehouse) are made before it begins; one
// that is asked for later ends the turn.
#pragma once
#include <functional>

#include "base/clock.hpp"
#include "flow/live_run.hpp"
#include "store/database.hpp"

namespace rollcall::flow {

struct TurnLimits {
  std::size_t events = 2'000;
  Timespan time = milliseconds(500);
  std::size_t history_bytes = std::size_t{8} << 20;
};

// What a turn needs of its driver, called inside the transaction.
struct TurnHooks {
  // Creates the run of a child flow; an Outcome says why there is none.
  std::function<Result<std::optional<Outcome>>(store::Transaction&, LiveRun& parent,
                                               StartChild child)>
      start_child;
  // The run has ended: whoever waits for it is told.
  std::function<Result<void>(store::Transaction&, LiveRun& run)> ended;
  // Between the last write and the commit.
  std::function<Result<void>(store::Transaction&, LiveRun& run)> before_commit;
};

// After an Error the run must be loaded anew.
Result<void> take_turn(store::Database& database, RunStore& store, const Clock& clock, LiveRun& run,
                       const TurnLimits& limits, const TurnHooks& hooks);

}  // namespace rollcall::flow
