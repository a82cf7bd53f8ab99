// Hears log lines that somebody else made for a timeline, and notes in the truth what could be known from them,
// as the player does for its own.
#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "sim/truth.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::sim {

class Listener {
 public:
  // `instances`: how many a cell has. A line may be stamped `skew` before its deployment.
  Listener(Truth& truth, unsigned instances, Timespan skew);
  void hear(const telemetry::LogRow& row, Timestamp arrival);

 private:
  Truth& truth_;
  unsigned instances_;
  Timespan skew_;
  std::unordered_map<std::string, std::size_t> cell_of_;
  std::unordered_set<std::string> heard_;  // instances, by cell and episode
};

}  // namespace rollcall::sim
