// Runs of one version that started together: a Wave is what one deployment, one restart or one stray instance
// looks like before anything is decided. Second step of reconcile (docs/detection.md).
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "fleet/parameters.hpp"
#include "fleet/runs.hpp"

namespace rollcall::fleet {

struct Wave {
  std::string_view version;
  std::vector<const Run*> runs;  // by start; at least one
  Timestamp birth;               // of the first whose time is known well, when one is
  Timespan error;                // of birth
  Timestamp death;               // when the last was heard; timestamp_max while one lives

  Timestamp last_start() const { return runs.back()->start; }
};

// In the order in which they happened, as well as it can be known: by the clock of a host that both ran on;
// else by birth; and where births are too close for that, the one that died first came first.
std::vector<Wave> make_waves(std::span<const Run> runs, const Parameters& parameters);

}  // namespace rollcall::fleet
