#include "sim/listener.hpp"

#include <bit>

namespace rollcall::sim {
namespace {

std::string key(std::string_view environment, std::string_view role, std::string_view region) {
  return fmt::format("{}\n{}\n{}", environment, role, region);
}

}  // namespace

Listener::Listener(Truth& truth, unsigned instances, Timespan skew)
    : truth_(truth), instances_(instances), skew_(skew) {
  for (std::size_t i = 0; i < truth.cells.size(); ++i) {
    const Cell& cell = truth.cells[i];
    cell_of_.emplace(key(cell.environment, cell.role, cell.region), i);
  }
}

void Listener::hear(const telemetry::LogRow& row, Timestamp arrival) {
  const auto cell = cell_of_.find(key(row.environment, row.role, row.region));
  if (cell == cell_of_.end()) return;
  std::vector<Episode>& episodes = truth_.episodes[cell->second];
  // The last one of this version that had begun by then, else the first.
  std::size_t index = episodes.size();
  for (std::size_t i = 0; i < episodes.size(); ++i) {
    if (truth_.versions[episodes[i].version] != row.version) continue;
    if (index == episodes.size() || episodes[i].start <= row.timestamp + skew_) index = i;
  }
  if (index == episodes.size()) return;
  Episode& episode = episodes[index];
  if (index == 0 && row.timestamp < episode.start)
    episode.start = episode.completion = row.timestamp;
  if (episode.lines++ == 0) {
    episode.first_arrival = arrival;
    episode.first_heard = row.timestamp;
  }
  episode.first_heard = std::min(episode.first_heard, row.timestamp);
  const std::string_view place = row.host.empty() ? row.instance : row.host;
  const int heard = std::popcount(episode.slots_heard);
  if (heard == 64 || !heard_.insert(fmt::format("{}\n{}\n{}", cell->second, index, place)).second)
    return;
  episode.slots_heard |= std::uint64_t{1} << static_cast<unsigned>(heard);
  if (!episode.arrived && (static_cast<unsigned>(heard) + 1) * 2 > instances_)
    episode.arrived = arrival;
  episode.all_heard = std::max(episode.all_heard, row.timestamp);
}

}  // namespace rollcall::sim
