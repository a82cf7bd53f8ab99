// What the lists should say about the cell: from its episodes in order to history items with
// Sequence, kind, previous version, share and status, and to its snapshot row. Last step of
// reconcile (docs/detection.md).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "fleet/deployment.hpp"
#include "fleet/episodes.hpp"
#include "fleet/parameters.hpp"
#include "fleet/past.hpp"
#include "fleet/runs.hpp"

namespace rollcall::fleet {

struct Records {
  std::vector<Deployment>
      items;  // one an episode, in order; deployment_id is "" where it is found now
  std::optional<Snapshot> snapshot;  // its deployment_id likewise
  std::size_t current = 0;           // the item that the snapshot is about
};

// `shown` is the row as it is. The episodes begin behind what is past. Seen is what was ingested since then, and
// some hours before it.
Records make_records(const Past& past, std::span<const Episode> episodes, std::span<const Run> runs,
                     const Snapshot* shown, Timestamp since, Timestamp now,
                     const Parameters& parameters);

}  // namespace rollcall::fleet
