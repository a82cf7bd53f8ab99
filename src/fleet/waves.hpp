// Runs of one version that started together: a Wave is what one deployment, one restart or one
// stray instance looks like before anything is decided. Second step of reconcile
// (docs/detection.md).
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "fleet/deployment.hpp"
#include "fleet/parameters.hpp"
#include "fleet/runs.hpp"

namespace rollcall::fleet {

struct Wave {
  std::string_view version;
  std::vector<const Run*> runs;  // by start; at least one
  Timestamp birth;               // of the first whose time is known well, when one is
  Timespan error;                // of birth
  Timestamp start;               // it began by then: the earliest start that is no later than said
  Timestamp death;               // when the last was heard; timestamp_max while one lives
  bool news = false;  // a run of it was found so lately that it may not have been judged yet
  const Deployment* known = nullptr;  // the item that it is, if any (matching.hpp)

  Timestamp last_start() const { return runs.back()->start; }
};

// By birth. `judged`: rows ingested before were all there at earlier polls.
std::vector<Wave> make_waves(std::span<const Run> runs, Timestamp judged,
                             const Parameters& parameters);

// Puts them in the order in which they happened, as well as it can be known: that of the items for
// those long since recorded; by the clock of a host that both ran on; else by birth; and where
// births are too close for that, the one that died first came first.
void order_waves(std::vector<Wave>& waves, Timestamp judged, const Parameters& parameters);

}  // namespace rollcall::fleet
