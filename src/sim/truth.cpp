#include "sim/truth.hpp"

#include <algorithm>

namespace rollcall::sim {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::initial:
      return "initial";
    case Kind::deploy:
      return "deploy";
    case Kind::rollback:
      return "rollback";
    case Kind::redeploy:
      return "redeploy";
  }
  return "";
}

std::size_t Truth::deployments() const {
  std::size_t count = 0;
  for (const auto& cell : episodes) count += cell.size();
  return count;
}

std::optional<std::size_t> Truth::current(std::size_t cell, Timestamp time) const {
  const auto& own = episodes[cell];
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < own.size(); ++i) {
    // Restarts are spread evenly over a rollout: half-way most instances are new.
    const Timestamp most = own[i].start + Timespan{(own[i].completion - own[i].start).ticks / 2};
    if (most <= time) found = i;
  }
  return found;
}

void number_episodes(std::vector<Episode>& episodes) {
  std::unordered_map<std::uint32_t, std::size_t> first;
  for (std::size_t i = 0; i < episodes.size(); ++i) {
    Episode& episode = episodes[i];
    const std::size_t own = first.try_emplace(episode.version, i).first->second;
    if (i == 0) {
      episode.previous.reset();
      episode.kind = Kind::initial;
      continue;
    }
    episode.previous = episodes[i - 1].version;
    if (*episode.previous == episode.version)
      episode.kind = Kind::redeploy;
    else
      episode.kind = own < first.at(*episode.previous) ? Kind::rollback : Kind::deploy;
  }
}

}  // namespace rollcall::sim
