// Intervals on one clock: a Run is an interval whose times are corrected by its host's offset, with
// how far they may still be wrong, and with what is known of its end. First step of reconcile
// (docs/detection.md).
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "fleet/interval.hpp"
#include "fleet/parameters.hpp"

namespace rollcall::fleet {

struct Run {
  const Interval* interval;
  std::string_view version;
  std::string_view clock;  // whose clock: the host, or the instance where no host is named
  Timestamp start, end;    // first and last heard, corrected
  Timespan error;          // of both; two runs of one clock are compared by the clock itself
  bool started;            // began at `start`; false: was there before
  bool replaced =
      false;  // its host started something else later and it was not heard again; or traffic left it
  Timestamp gone;  // no longer alive from here on; timestamp_max while it may be
  // What its host ran before and after it, by its own clock; null: nothing that was heard.
  const Run* before = nullptr;
  const Run* after = nullptr;
};

// Of one cell; `intervals` must outlive the runs. Ordered by start. They name each other: the vector
// may be moved, not copied.
std::vector<Run> make_runs(std::span<const Interval> intervals, Timestamp now,
                           const Parameters& parameters);

// Where its host was unheard before its start, it may have started as soon as that began.
inline Timestamp earliest_start(const Run& run, const Parameters& parameters) {
  const bool silent = run.before != nullptr && run.before->end + parameters.quiet < run.start;
  return silent ? run.before->end : run.start;
}

inline bool alive(const Run& run, Timestamp at) { return run.start <= at && at < run.gone; }

}  // namespace rollcall::fleet
