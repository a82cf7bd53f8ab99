// The lists that Rollcall itself keeps: Deployment history and Current snapshot, and the same pair again for
// the plain flow. Ordinary lists, made at the first start; their columns are in docs/lists.md.
#pragma once
#include <string_view>

namespace rollcall::fleet {

inline constexpr std::string_view deployment_history_list = "Deployment history";
inline constexpr std::string_view current_snapshot_list = "Current snapshot";
inline constexpr std::string_view plain_history_list = "Plain deployment history";
inline constexpr std::string_view plain_snapshot_list = "Plain current snapshot";

}  // namespace rollcall::fleet
