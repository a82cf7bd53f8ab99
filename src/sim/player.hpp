// Plays a fleet that lives through a timeline: so many instances in every cell, a line when an instance
// starts and a heartbeat every so often, rolling restarts, and the faults that were asked for. Lines come out
// in order of arrival; only those in flight are held. The same options and timeline give the same lines.
//
// Quiet stretches are skipped: lines are written only from half an hour before a deployment anywhere in the fleet
// until an hour and a half after its rollout. In between, the whole fleet is silent at once and at full
// heartbeat before and after; nobody may read that as a cell's own silence.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "sim/faults.hpp"
#include "sim/timeline.hpp"
#include "sim/truth.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::sim {

// How a cell lives. plain: a rolling restart, and no line tells of requests. In two kinds those that are served log requests, and who
// is idle logs heartbeats alone. blue_green: two halves; the next version goes into the idle one a while before traffic goes over to it,
// and traffic goes back where the version before still stands. canary: of a new version one instance stands dark before it is
// served and the others follow. sparse: a rolling restart, and a line each 10 to 40 minutes.
enum class CellKind : std::uint8_t { plain, blue_green, canary, sparse };

struct FleetOptions {
  unsigned instances = 3;  // in each cell; 1..64
  Timespan heartbeat = minutes(1);
  Timespan rollout = minutes(5);  // shorter only when the next deployment comes sooner
  bool hosts = true;              // false: instances without stable host names
  Faults faults;
  std::uint64_t seed = 1;
  Timespan poll = minutes(5);        // outages are laid over whole polls
  bool skip_quiet = true;            // false: no stretch is skipped, and the play never ends
  std::vector<CellKind> kinds = {};  // by cell; others are plain

  // One instance has no halves and no canary: it is plain.
  CellKind kind(std::uint32_t cell) const {
    const CellKind given = cell < kinds.size() ? kinds[cell] : CellKind::plain;
    return instances > 1 || given == CellKind::sparse ? given : CellKind::plain;
  }
  Timespan heartbeat_in(std::uint32_t cell) const;
};

// One log line. cell, version: places in the timeline's tables.
struct Line {
  Timestamp arrival;
  Timestamp timestamp;  // as the host's clock says
  std::uint32_t cell = 0;
  std::uint32_t version = 0;
  std::uint32_t host = 0;      // cell * instances + place in the cell
  std::uint32_t instance = 0;  // a new one at each restart
  bool started = false;        // the first line of an instance, else a heartbeat
  bool request = false;        // or what it logs of a request
};

class Player {
 public:
  // Deployments that lie before `from` are what the cells run when the play begins.
  Player(const FleetOptions& options, Timeline timeline, Timestamp from);
  ~Player();
  Player(Player&&) noexcept;
  Player& operator=(Player&&) noexcept;

  std::optional<Line> next();
  // Complete when next() has answered nullopt; what was delivered counts up to the last line given out.
  const Truth& truth() const;
  const Outages& outages() const;
  // About how much of the play is over, 0..1.
  double progress() const;

  std::string_view host_name(std::uint32_t host) const;  // "" without stable hosts
  std::string_view instance_name(std::uint32_t instance) const;
  // The line as a row of OTelLogs.
  void append(const Line& line, telemetry::LogBatch& batch) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rollcall::sim
