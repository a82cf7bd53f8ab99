// Which wave is which known item: same version, and near in time or with no other version between.
// Every item and every wave is used once, the nearest first.
#pragma once
#include <span>
#include <vector>

#include "fleet/deployment.hpp"
#include "fleet/parameters.hpp"
#include "fleet/waves.hpp"

namespace rollcall::fleet {

// Sets Wave::known.
void match_waves(std::vector<Wave>& waves, std::span<const Deployment* const> history,
                 const Parameters& parameters);

}  // namespace rollcall::fleet
