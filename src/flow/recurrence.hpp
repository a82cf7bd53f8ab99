// When a Recurrence trigger fires. Times that were missed are not made up for: a process that was down fires
// once when it is back, and then at the next time (a sliding window fires for each of them).
// https://learn.microsoft.com/azure/connectors/connectors-native-recurrence
#pragma once
#include <optional>

#include "base/time.hpp"
#include "flow/definition.hpp"

namespace rollcall::flow {

// The first time it fires when it is deployed at `deployed`: at once without a start time and a schedule, at
// the start time when that lies ahead, else at the next time that the start time and the interval give.
Result<Timestamp> first_fire(const Recurrence& recurrence, Timestamp deployed);
// The first time after `after`. `anchor` is what intervals and the parts that a schedule leaves open count
// from: the start time when there is one, else the time of the first firing.
// FLOW0151: the time zone is not known, or no time within ten years fits (a 31st of February).
Result<Timestamp> next_fire(const Recurrence& recurrence, Timestamp anchor, Timestamp after);

}  // namespace rollcall::flow
