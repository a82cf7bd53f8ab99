// How much of a cell's history a poll reads: the items that what is seen now may touch, back to the last one of each
// version that is seen, and some before them. Of the others it is known how many they are, and where the versions in question first
// stood. So a poll costs as much after ten years as after a week.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "fleet/deployment.hpp"
#include "fleet/interval.hpp"

namespace rollcall::fleet {

// The items of a cell that were not read.
struct Past {
  Cell cell;
  std::int64_t items = 0;                     // so many, with the Sequences from 1
  std::map<std::string, std::int64_t> first;  // version → Sequence of its first item
};

// Where the items are kept.
class HistoryReader {
 public:
  virtual ~HistoryReader() = default;
  // Of the cell's items with a Sequence below `sequence` the last ones, at most `count`, the last one first.
  virtual Result<std::vector<Deployment>> before(const Cell& cell, std::int64_t sequence,
                                                 std::int64_t count) = 0;
  // All items of the cell with one of these versions, spelled just so.
  virtual Result<std::vector<Deployment>> of_versions(const Cell& cell,
                                                      std::span<const std::string> versions) = 0;
};

struct Recent {
  std::vector<Deployment> items;  // by Sequence
  Past past;
};

// `intervals` and `snapshot`, the cell's row (nullptr: it has none), are what is seen of it.
Result<Recent> read_recent(HistoryReader& reader, const Cell& cell,
                           std::span<const Interval> intervals, const Snapshot* snapshot);

}  // namespace rollcall::fleet
