// `rollcall sim`: small random fleets with random faults through the whole product in one thread, looking after
// every poll for a broken invariant: no acknowledged line, item or run is lost; DeploymentIds are unique;
// the Sequences of a cell are 1, 2, 3, …; the snapshot shows a deployment
// of each cell, and at the end the one of the highest Sequence.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace rollcall::app {

struct SimReport {
  std::uint64_t polls = 0, log_rows = 0, crashes = 0;
  std::optional<std::string> violation;  // the first one
};

// An error is something that went wrong outside of what a seed may do.
Result<SimReport> simulate(std::uint64_t seed);

}  // namespace rollcall::app
