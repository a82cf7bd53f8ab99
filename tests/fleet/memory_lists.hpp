// The two lists in memory: what the flow's Apply to each does with the changes, and nothing more.
#pragma once
#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "fleet/reconcile.hpp"

namespace rollcall::fleet::test {

class MemoryLists {
 public:
  void apply(const Change& change) {
    std::vector<Deployment>& own = history_[change.deployment.cell];
    const auto found =
        std::ranges::find(own, change.deployment.deployment_id, &Deployment::deployment_id);
    if (change.action == Change::Action::create) {
      CHECK(found == own.end());
      own.push_back(change.deployment);
    } else if (change.action == Change::Action::update) {
      CHECK(found != own.end());
      *found = change.deployment;
    }
    if (change.snapshot) snapshot_[change.snapshot->cell] = *change.snapshot;
  }

  // What the connector reads: of the cells that the intervals mention.
  std::vector<Change> reconcile(std::span<const Interval> intervals, Timestamp since,
                                Timestamp now) const {
    std::vector<Deployment> items;
    std::vector<Snapshot> rows;
    std::map<Cell, bool> cells;
    for (const Interval& interval : intervals) cells[interval.cell] = true;
    for (const auto& [cell, touched] : cells) {
      if (const auto own = history_.find(cell); own != history_.end()) {
        items.insert(items.end(), own->second.begin(), own->second.end());
      }
      if (const auto own = snapshot_.find(cell); own != snapshot_.end())
        rows.push_back(own->second);
    }
    return fleet::reconcile({items, rows, intervals, since, now, "run"});
  }

  const std::map<Cell, std::vector<Deployment>>& history() const { return history_; }
  const std::map<Cell, Snapshot>& snapshot() const { return snapshot_; }

 private:
  std::map<Cell, std::vector<Deployment>> history_;
  std::map<Cell, Snapshot> snapshot_;
};

}  // namespace rollcall::fleet::test
