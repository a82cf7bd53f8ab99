// Two versions live in one cell, told by traffic: of a slot that is warm and answers nobody (blue and
// green) nothing is deployed yet, and what traffic comes back to is current again. Before anything else is
// detected, stretches in which a whole version idles beside another that serves are taken out. Where
// no requests are logged, or all versions answer some, nothing is touched. Pure.
#pragma once
#include <vector>

#include "fleet/interval.hpp"

namespace rollcall::fleet {

// All intervals are of one cell, by `first`, and are so afterwards; each process and version has one for each
// stretch in which it ran and was not idle with all of its version.
void keep_serving(std::vector<Interval>& intervals);

}  // namespace rollcall::fleet
