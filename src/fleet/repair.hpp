// What logs say amiss in ways that are known is put right before anything is detected: hosts that
// write local time as if it were UTC, and one version spelled in several ways. Where neither is the
// case, nothing is touched.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/deployment.hpp"
#include "fleet/interval.hpp"

namespace rollcall::fleet {

// `1.2.3` of `v1.2.3` and of `1.2.3.0`. What stands behind `+` or in the name of a commit belongs
// to the version: another build is deployed.
std::string_view version_key(std::string_view version);
// All that have the same key.
std::vector<std::string> spellings(std::string_view version);

// All intervals are of one cell, by `first`, and are so afterwards; `history` is by Sequence.
// Versions of equal keys get the spelling that the history has, else the one heard first; unless
// the history has several already, which stay apart.
void repair(std::vector<Interval>& intervals, std::span<const Deployment* const> history);

}  // namespace rollcall::fleet
