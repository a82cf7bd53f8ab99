#include "fleet/matching.hpp"

#include <algorithm>
#include <set>

namespace rollcall::fleet {
namespace {

bool is_known(std::span<const Deployment* const> history, std::string_view version) {
  return std::ranges::any_of(history,
                             [&](const Deployment* item) { return item->version == version; });
}

// So far apart may the wave's start be from the item's StartedAt: far when no other version is
// between them.
Timespan limit(const Wave& wave, const Deployment& item, std::span<const Wave> waves,
               std::span<const Deployment* const> history, const Parameters& parameters) {
  const Timespan near = parameters.skew + wave.error;
  const Timestamp low = std::min(wave.start, item.started_at);
  const Timestamp high = std::max(wave.start, item.started_at);
  for (const Deployment* other : history) {
    if (other->version != item.version && low < other->started_at && other->started_at < high)
      return near;
  }
  for (const Wave& other : waves) {
    if (low < other.start && other.start < high && !is_known(history, other.version)) return near;
  }
  return std::max(near, parameters.reach);
}

}  // namespace

void match_waves(std::vector<Wave>& waves, std::span<const Deployment* const> history,
                 const Parameters& parameters) {
  struct Pair {
    Timespan apart;
    Wave* wave;
    const Deployment* item;
  };
  std::vector<Pair> pairs;
  for (Wave& wave : waves) {
    for (const Deployment* item : history) {
      if (wave.version != item->version) continue;
      const Timespan apart = wave.start < item->started_at ? item->started_at - wave.start
                                                           : wave.start - item->started_at;
      if (apart <= limit(wave, *item, waves, history, parameters))
        pairs.push_back({apart, &wave, item});
    }
  }
  std::ranges::stable_sort(pairs, {}, &Pair::apart);
  std::set<const Deployment*> used;
  for (const Pair& pair : pairs) {
    if (pair.wave->known != nullptr || !used.insert(pair.item).second) continue;
    pair.wave->known = pair.item;
  }
}

}  // namespace rollcall::fleet
