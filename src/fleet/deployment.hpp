// The nouns of the fleet that everything else speaks in: a cell, a deployment (an item of
// Deployment history), the present state of a cell (a row of Current snapshot). Values only; how
// they are found is in reconcile.hpp, how they are kept in well_known_lists.hpp.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace rollcall::fleet {

struct Cell {
  std::string environment, role, region;
  auto operator<=>(const Cell&) const = default;
};
// `production/portal/westeurope`: how a cell is shown, and the Title of its snapshot row.
std::string to_string(const Cell& cell);

// By the cell's history, never by how versions are spelled (docs/detection.md).
enum class Kind { initial, deploy, rollback, redeploy };
enum class Status { in_progress, completed, stalled, rolled_back, superseded };

// `initial`, `deploy`, … and `InProgress`, `Completed`, …: the choices of the lists' columns.
std::string_view to_string(Kind kind);
std::string_view to_string(Status status);
std::optional<Kind> parse_kind(std::string_view text);
std::optional<Status> parse_status(std::string_view text);

struct Deployment {
  std::string deployment_id;  // given once, never changed or reused
  Cell cell;
  std::string version, previous_version;  // previous_version is "" for the first of its cell
  Kind kind = Kind::deploy;
  Status status = Status::in_progress;
  Timestamp started_at;
  std::optional<Timestamp> completed_at;
  Timestamp detected_at;
  std::int64_t instances =
      0;  // that run it, of those that live; the most there were once it is over
  std::int64_t percent =
      0;  // of the cell's living instances, 0..100; the most it reached once it is over
  std::int64_t sequence = 1;  // rank in the cell, from 1; changes when an earlier one is found late
  std::string run_id;         // the flow run that found it
  bool operator==(const Deployment&) const = default;
};

struct Snapshot {
  Cell cell;
  std::string version, previous_version;
  Timestamp since;
  std::int64_t percent = 0;
  Status status = Status::in_progress;
  std::string deployment_id;
  bool operator==(const Snapshot&) const = default;
};

}  // namespace rollcall::fleet
