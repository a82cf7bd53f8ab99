// ISO 8601 durations as definitions have them: PT5M, P1D, P1DT12H, PT0.5S. A month counts 30 days, a year 365.
#pragma once
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::flow {

// FLOW0327: no duration.
Result<Timespan> parse_duration(std::string_view text);
// {"interval": {"count", "unit"}} of Wait and of Recurrence: unit is Second, Minute, Hour, Day, Week, Month or
// Year, letter case ignored. FLOW0327: another unit, or too long.
Result<Timespan> span_of(std::int64_t count, std::string_view unit);

}  // namespace rollcall::flow
