// Every constant of the detection, with what it is for. The defaults suit a heartbeat a minute or
// faster; for cells that log more rarely pace.hpp widens them.
#pragma once
#include "base/time.hpp"

namespace rollcall::fleet {

struct Parameters {
  Timespan heartbeat = minutes(1);  // an instance that lives is heard this often
  Timespan quiet = minutes(5);      // unheard for this long while its cell is heard: gone
  Timespan jitter = seconds(10);    // a corrected time is at best this exact
  Timespan skew = minutes(6);       // no clock is further off than this
  Timespan wave = minutes(10);      // starts of one version that lie closer belong together
  Timespan hold = minutes(5);       // a version that comes back must stay this long to be believed
  Timespan patience =
      minutes(45);  // unheard for this long: gone, even if its lines are held up somewhere
  Timespan settle = minutes(15);  // a redeploy is judged this long after its first start
  Timespan stall = minutes(30);   // in progress without a new instance for this long: stalled
  Timespan reach = hours(2);      // lines may come this late: so far may a known start still move
  Timespan context =
      hours(3);  // what is older than the look-back by more is not seen (deployments.kql)
  Timespan most_quiet = minutes(50);  // of what logs more rarely: gone after so long (pace.hpp)
  Timespan still = seconds(10);       // a start that moves by less is left as it is
};

}  // namespace rollcall::fleet
