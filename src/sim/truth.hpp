// What really happened in a fleet: per cell its deployments in order, with what of each could be known from
// the lines that were delivered. The player writes it, the score (score.hpp) judges records against it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sim/timeline.hpp"

namespace rollcall::sim {

// initial: the cell's first; redeploy: the version stays; rollback: the version was first in the cell before
// the version it replaces; deploy: all others.
enum class Kind : std::uint8_t { initial, deploy, rollback, redeploy };
std::string_view to_string(Kind kind);

struct Episode {
  std::uint32_t version = 0;
  std::optional<std::uint32_t> previous;  // version
  Kind kind = Kind::initial;
  Timestamp
      start;  // of its first instance; of an initial one from before the play: when the play begins
  Timestamp completion;  // of its last instance
  // Of the lines delivered so far; times are true ones, not the host's.
  std::uint64_t lines = 0;
  Timestamp first_heard, last_heard, first_arrival;
  std::uint64_t slots_heard = 0;     // a bit for each instance's place
  std::optional<Timestamp> arrived;  // when lines of more than half of its instances had come
  Timestamp all_heard;  // true time of the line by which all instances that were heard had been
  bool observable() const { return lines > 0; }
};

// What is special about one cell.
struct CellTraits {
  unsigned instances = 0;  // that serve, at one time
  Timespan slack{0};       // its times cannot be known better, whatever the heartbeat
};

struct Truth {
  std::vector<Cell> cells;
  std::vector<std::string> versions;
  std::vector<std::vector<Episode>>
      episodes;                         // by cell, in order of start; a cell's first is initial
  unsigned instances = 0;               // in each cell; 0: not known
  std::vector<CellTraits> traits = {};  // by cell, or empty

  unsigned instances_in(std::size_t cell) const {
    return cell < traits.size() ? traits[cell].instances : instances;
  }
  Timespan slack_in(std::size_t cell) const {
    return cell < traits.size() ? traits[cell].slack : Timespan{0};
  }

  std::size_t deployments() const;
  // Index into the cell's episodes of what is current (most instances) at a time; nullopt before its first.
  std::optional<std::size_t> current(std::size_t cell, Timestamp time) const;
};

// Fills previous and kind of a cell's episodes from their versions.
void number_episodes(std::vector<Episode>& episodes);

}  // namespace rollcall::sim
