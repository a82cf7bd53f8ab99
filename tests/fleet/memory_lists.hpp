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
    std::vector<Past> pasts;
    std::vector<Snapshot> rows;
    std::map<Cell, std::vector<Interval>> cells;
    for (const Interval& interval : intervals) cells[interval.cell].push_back(interval);
    Reader reader(history_);
    for (const auto& [cell, own] : cells) {
      const auto row = snapshot_.find(cell);
      auto recent = read_recent(reader, cell, own, row == snapshot_.end() ? nullptr : &row->second);
      CHECK(recent);
      items.insert(items.end(), recent->items.begin(), recent->items.end());
      unread_ = std::max(unread_, recent->past.items);
      pasts.push_back(std::move(recent->past));
      if (row != snapshot_.end()) rows.push_back(row->second);
    }
    return fleet::reconcile({items, pasts, rows, intervals, since, now, "run"});
  }

  // Of all items, where nothing is past.
  std::vector<Change> reconcile_all(std::span<const Interval> intervals, Timestamp since,
                                    Timestamp now) const {
    std::vector<Deployment> items;
    std::vector<Snapshot> rows;
    for (const auto& [cell, own] : history_) items.insert(items.end(), own.begin(), own.end());
    for (const auto& [cell, row] : snapshot_) rows.push_back(row);
    return fleet::reconcile({items, {}, rows, intervals, since, now, "run"});
  }

  // The most items of a cell that a poll did not read.
  std::int64_t unread() const { return unread_; }
  const std::map<Cell, std::vector<Deployment>>& history() const { return history_; }
  const std::map<Cell, Snapshot>& snapshot() const { return snapshot_; }

 private:
  using History = std::map<Cell, std::vector<Deployment>>;
  class Reader final : public HistoryReader {
   public:
    explicit Reader(const History& history) : history_(history) {}
    Result<std::vector<Deployment>> before(const Cell& cell, std::int64_t sequence,
                                           std::int64_t count) override {
      auto found = select(cell, [&](const Deployment& item) { return item.sequence < sequence; });
      std::ranges::sort(found, std::greater(), &Deployment::sequence);
      if (std::ssize(found) > count) found.resize(static_cast<std::size_t>(count));
      return found;
    }
    Result<std::vector<Deployment>> of_versions(const Cell& cell,
                                                std::span<const std::string> versions) override {
      return select(cell, [&](const Deployment& item) {
        return std::ranges::find(versions, item.version) != versions.end();
      });
    }

   private:
    template <class Wanted>
    std::vector<Deployment> select(const Cell& cell, const Wanted& wanted) const {
      std::vector<Deployment> found;
      if (const auto own = history_.find(cell); own != history_.end())
        std::ranges::copy_if(own->second, std::back_inserter(found), wanted);
      return found;
    }
    const History& history_;
  };

  std::map<Cell, std::vector<Deployment>> history_;
  std::map<Cell, Snapshot> snapshot_;
  mutable std::int64_t unread_ = 0;
};

}  // namespace rollcall::fleet::test
