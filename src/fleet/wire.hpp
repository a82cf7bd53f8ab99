// How intervals come in and changes go out as JSON: the rows of Deployments(lookback) as the Kusto
// connector hands them on, and the list that a flow walks with Apply to each.
#pragma once
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "fleet/interval.hpp"
#include "fleet/reconcile.hpp"

namespace rollcall::fleet {

// FLEET0102 says which row is wrong and why.
Result<std::vector<Interval>> parse_intervals(const json::array& rows);

// The item's columns, beside them Action (create, update, none) and Snapshot (the row's columns, or
// null).
json::object to_json(const Change& change);

}  // namespace rollcall::fleet
