// `rollcall replay`: real deployments, or real logs, through the real product on a virtual clock. A fleet that
// sim plays logs what it lives through; the lines go in by the usual ingestion; every five minutes of virtual
// time the shipped flow itself runs; at the end its two lists are judged against the truth.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "sim/player.hpp"
#include "sim/score.hpp"

namespace rollcall::app {

struct ReplayOptions {
  std::filesystem::path file;  // deployments; empty: there is nothing to judge by
  std::filesystem::path logs;  // lines made elsewhere, in place of those of a fleet that sim plays
  std::filesystem::path export_to;  // empty: the lists are not written
  Timestamp from{0}, to = timestamp_max;
  sim::FleetOptions fleet;
  bool plain = false;  // the plain flow in place of the usual one
};

struct ReplayReport {
  sim::Score score;
  bool judged =
      false;  // false: there was no truth to compare with; score.deployments counts the records
  double snapshot_wrong_cell_minutes = 0;
  std::uint64_t polls = 0, failed_polls = 0, log_rows = 0, crashes = 0;
  std::uint64_t cells = 0;
  Timestamp begin, end;  // virtual
  double wall_s = 0;
  std::string first_failure;  // of a poll that nobody had made fail

  bool perfect() const { return score.perfect() && snapshot_wrong_cell_minutes == 0; }
};

// Errors: REPLAY0101 the file cannot be read, SIM0101 it holds something else, REPLAY0102 it has no deployments in
// the time asked for, REPLAY0103 logs, REPLAY0104 the flow does not run, REPLAY0105 the lists cannot be written.
using ReplayProgress = std::function<void(double done, Timestamp now)>;
Result<ReplayReport> replay(const ReplayOptions& options, const ReplayProgress& progress);

// The one object of a report, as programs read it; and as people do.
json::object to_json(const ReplayReport& report);
std::string to_text(const ReplayReport& report, const ReplayOptions& options);

}  // namespace rollcall::app
