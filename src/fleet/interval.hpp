// One row of Deployments(lookback): while which one instance was seen with one version, by the
// instance's own clock, and what is known of that clock and of its traffic. An instance that went
// A → B → A has three.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "fleet/deployment.hpp"

namespace rollcall::fleet {

enum class Traffic { idle = -1, untold = 0, serving = 1 };

struct Interval {
  Cell cell;
  std::string host;      // "" when the logs do not name it
  std::string instance;  // "" likewise: then the host, or the cell as a whole, stands for it
  std::string version;
  Timestamp first, last;  // by the instance's own clock
  // It was not there before `first`: no earlier line of it with this version, or one of another
  // version in between. False when it was running already and was only not heard, or not asked for.
  bool started = false;
  std::int64_t lines = 0;
  Timestamp earliest_ingested, latest_ingested;
  // Of ingestion - Timestamp: the least of the host (of the instance where no host is named), over
  // how many lines that is known, and what is usual in the fleet. host_lag - usual_lag is how far
  // the clock is behind.
  Timespan host_lag, usual_lag;
  std::int64_t host_lines = 0;
  // How far apart its lines are, where that is more than the five minutes by which they are kept: three
  // of four gaps between two of these are no longer; and how many gaps there were.
  Timespan gap{0};
  std::int64_t gaps = 0;
  // Whether requests are answered there while another version is there too. A process whose traffic
  // comes and goes has an interval for each stretch.
  Traffic traffic = Traffic::serving;
  bool given_up = false;  // traffic left it at `last`, to within five minutes (serving.hpp)
  bool operator==(const Interval&) const = default;
};

// What clock its times are by: the host's, or the instance's that names none.
inline std::string_view clock_of(const Interval& interval) {
  return interval.host.empty() ? std::string_view(interval.instance)
                               : std::string_view(interval.host);
}

}  // namespace rollcall::fleet
