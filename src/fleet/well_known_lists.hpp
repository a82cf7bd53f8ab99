// The lists that Rollcall itself keeps: Deployment history and Current snapshot, and a plain pair
// for the flow that keeps them as the first one did. Ordinary lists; their own columns are guarded
// against accidental edits. Also how a deployment and a snapshot row read as an item's fields.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "fleet/deployment.hpp"
#include "lists/list.hpp"

namespace rollcall::fleet {

inline constexpr std::string_view deployment_history_list = "Deployment history";
inline constexpr std::string_view current_snapshot_list = "Current snapshot";
inline constexpr std::string_view plain_history_list = "Plain deployment history";
inline constexpr std::string_view plain_snapshot_list = "Plain current snapshot";

lists::ListDefinition deployment_history_definition();
lists::ListDefinition current_snapshot_definition();
lists::ListDefinition plain_history_definition();
lists::ListDefinition plain_snapshot_definition();
// All of them and declared.hpp's, to be made at the first start.
std::vector<lists::ListDefinition> well_known_lists();

// The columns of an item, with its Title; times as ISO 8601, an absent CompletedAt as null.
json::object to_fields(const Deployment& deployment);
json::object to_fields(const Snapshot& snapshot);
// FLEET0101 names the column that is missing or does not fit.
Result<Deployment> parse_deployment(const json::object& fields);
Result<Snapshot> parse_snapshot(const json::object& fields);

}  // namespace rollcall::fleet
