// How often a cell's instances log, and the constants of detection that suit it: who logs every twenty
// minutes is not gone after five. Pure.
#pragma once
#include <span>

#include "base/time.hpp"
#include "fleet/cell_rules.hpp"
#include "fleet/interval.hpp"
#include "fleet/parameters.hpp"

namespace rollcall::fleet {

// The gap that three of four between two lines of an instance do not exceed, of most instances; 0
// where too few gaps were seen. A silence of the cell is one gap of an instance, and does not count.
Timespan usual_gap(std::span<const Interval> intervals);

// The same where lines come often enough; else what waits for a line waits for three gaps, but no longer
// than `Parameters::most_quiet`.
Parameters paced(const Parameters& parameters, Timespan gap);

// After how long a cell is silent: as the rules say, and not before two of the gaps that its lines usually
// leave (all but one in a hundred) are over.
Timespan silent_after(const CellRules& rules, Timespan usual);

}  // namespace rollcall::fleet
