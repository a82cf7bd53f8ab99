// The decision: history of the touched cells + intervals → what is new and what changed. Pure: no clock, no
// store, no order of the inputs matters, and the same inputs twice change nothing the second time. The
// algorithm is told in docs/detection.md.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "fleet/deployment.hpp"
#include "fleet/interval.hpp"

namespace rollcall::fleet {

// Every constant of the algorithm, with what it is for; the defaults suit one heartbeat a minute or faster.
struct Parameters {
  Timespan heartbeat = minutes(1);  // an instance that lives is heard this often
  Timespan quiet = minutes(5);      // unheard for this long while its cell is heard: gone
  Timespan skew = minutes(6);       // no clock is further off than this
  Timespan hold = minutes(5);       // a version that comes back must stay this long to be believed
  Timespan settle = minutes(15);    // a redeploy is judged this long after its first start
  Timespan stall = minutes(30);     // in progress without a new instance for this long: stalled
};

// One thing for the flow to do: a history item to create or to bring up to date (all its columns, as they are
// to be), and with the last change of a cell the cell's snapshot row when that changes too.
struct Change {
  enum class Action { create, update };
  std::optional<Action> action;  // absent: only the snapshot changes
  Deployment deployment;         // the item; with no action the one that the snapshot is about
  std::optional<Snapshot> snapshot;
  bool operator==(const Change&) const = default;
};

struct Input {
  std::span<const Deployment> history;  // all items of the cells that `intervals` mentions
  std::span<const Snapshot> snapshots;  // their snapshot rows
  std::span<const Interval> intervals;
  Timestamp now;
  std::string run_id;
};

// In the order in which they are to be made: by cell; within a cell shifted Sequences from the top down, then
// the others by Sequence, so that at no moment two items of a cell share one.
std::vector<Change> reconcile(const Input& input, const Parameters& parameters = {});

}  // namespace rollcall::fleet
