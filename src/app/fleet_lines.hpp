// The log lines of a simulated fleet as a file, and what is true of it as another: for programs that
// detect deployments, or judge who does.
#pragma once
#include <cstdio>
#include <filesystem>

#include "base/error.hpp"
#include "sim/random_fleet.hpp"

namespace rollcall::app {

// Lines go to `out` as NDJSON, the columns of OTelLogs that they have and Arrival, in order of arrival; from `from` on. Truth,
// when a path is given, is CSV: time,environment,role,region,version,previous,kind,completed,lines; a deployment
// of which no line was delivered has 0 lines. SIM0103: a file cannot be written.
Result<void> write_fleet(sim::RandomFleet fleet, Timestamp from, std::FILE* out,
                         const std::filesystem::path& truth);

}  // namespace rollcall::app
