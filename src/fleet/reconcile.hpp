// The decision: history of the touched cells + intervals → what is new and what changed. Pure: no
// clock, no store, no order of the inputs matters, and the same inputs twice change nothing the
// second time. The algorithm is told in docs/detection.md.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "fleet/deployment.hpp"
#include "fleet/interval.hpp"
#include "fleet/parameters.hpp"
#include "fleet/past.hpp"

namespace rollcall::fleet {

// One thing for the flow to do: a history item to create or to bring up to date (all its columns,
// as they are to be), and with the last change of a cell the cell's snapshot row when that changes
// too.
struct Change {
  enum class Action { create, update };
  std::optional<Action> action;  // absent: only the snapshot changes
  Deployment deployment;         // the item; with no action the one that the snapshot is about
  std::optional<Snapshot> snapshot;
  bool operator==(const Change&) const = default;
};

struct Input {
  std::span<const Deployment> history;  // of the cells that `intervals` mentions: all items, or
  std::span<const Past> pasts;          // those behind what is past (past.hpp)
  std::span<const Snapshot> snapshots;  // their snapshot rows
  std::span<const Interval> intervals;
  Timestamp since;  // now - lookback: what was ingested before has been judged by earlier polls
  Timestamp now;
  std::string run_id;
};

// In the order in which they are to be made: by cell; within a cell shifted Sequences from the top
// down, then the others by Sequence, so that at no moment two items of a cell share one.
std::vector<Change> reconcile(const Input& input, const Parameters& parameters = {});

}  // namespace rollcall::fleet
