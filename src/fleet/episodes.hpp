// From waves and the history so far to the cell's deployments in order: which wave is a known item,
// which is a new deployment, which is only a restart or a stray. Third step of reconcile
// (docs/detection.md).
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "fleet/deployment.hpp"
#include "fleet/parameters.hpp"
#include "fleet/runs.hpp"
#include "fleet/waves.hpp"

namespace rollcall::fleet {

struct Episode {
  std::string_view version;
  const Deployment* known = nullptr;  // the item that it is; null: found now
  std::vector<const Run*> runs;  // that belong to it, by start; none when too long ago to be seen
  Timestamp birth;               // of its first wave; of an unseen one its StartedAt
  bool seen() const { return !runs.empty(); }
};

// `history` by Sequence. Every item of it is in the answer.
std::vector<Episode> make_episodes(std::span<const Run> runs,
                                   std::span<const Deployment* const> history, Timestamp since,
                                   Timestamp now, const Parameters& parameters);

}  // namespace rollcall::fleet
