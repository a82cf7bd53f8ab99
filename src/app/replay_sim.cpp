#include "app/replay_sim.hpp"

#include <set>

#include "app/replay_lists.hpp"
#include "app/replay_stage.hpp"
#include "base/json.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::app {
namespace {

const Timestamp first_day = *parse_iso("2026-01-05T00:00Z");

struct World {
  sim::FleetOptions fleet;
  sim::Timeline timeline;
};

// Two to five cells; deployments from seconds to hours apart, some of them back to an older version.
World make_world(std::uint64_t seed) {
  sim::Random random(seed);
  World world;
  world.fleet.seed = seed;
  world.fleet.instances = 1 + static_cast<unsigned>(random.below(4));
  world.fleet.rollout = random.between(minutes(0), minutes(10));
  world.fleet.hosts = random.chance(0.7);
  for (std::size_t i = 0; i < sim::fault_count; ++i) {
    if (random.chance(0.4)) world.fleet.faults.add(static_cast<sim::Fault>(i));
  }
  Timestamp time = first_day;
  const std::uint64_t cells = 2 + random.below(4);
  for (std::uint64_t i = 6 + random.below(9); i > 0; --i) {
    time = time + (random.chance(0.2) ? random.between(seconds(1), minutes(10))
                                      : random.between(minutes(10), hours(4)));
    const std::uint64_t cell = random.below(cells);
    world.timeline.add(
        time, {cell % 2 == 0 ? "staging" : "production", "portal", fmt::format("region{}", cell)},
        fmt::format("1.{}", random.below(5)));
  }
  return world;
}

std::string text(const lists::Item& item, std::string_view column) {
  return std::string(text_or(item.fields, column));
}

class Invariants {
 public:
  Invariants(Stage& stage, const std::uint64_t& delivered) : stage_(stage), delivered_(delivered) {}

  // settled: all that happened is long ago.
  Result<void> check(bool settled) {
    TRY_DO(check_lines());
    TRY_DO(check_runs());
    return check_lists(settled);
  }
  std::uint64_t polls() const { return static_cast<std::uint64_t>(finished_.size()); }

 private:
  // Every line that was taken is counted once.
  Result<void> check_lines() {
    warehouse::QueryOptions options;
    options.now = stage_.now();
    const auto answer =
        stage_.product().warehouse().query("Observations | summarize sum(Lines)", options);
    if (!answer)
      return answer.error().code == "WAREHOUSE0199" ? Result<void>()
                                                    : std::unexpected(answer.error());
    const auto* lines = std::get_if<std::int64_t>(&answer->at(0, 0));
    const std::int64_t counted = lines == nullptr ? 0 : *lines;
    if (counted == static_cast<std::int64_t>(delivered_)) return {};
    return violated(
        fmt::format("{} log lines were taken, Observations count {}", delivered_, counted));
  }

  // A run that was seen stays, and a finished one keeps its status.
  Result<void> check_runs() {
    flow::RunQuery query;
    query.limit = 1'000'000;
    TRY(const auto runs, stage_.product().driver().runs().runs(query));
    std::map<flow::RunId, flow::Status> now;
    for (const flow::RunRecord& run : runs) now.emplace(run.id, run.status);
    for (const auto& [id, status] : finished_) {
      const auto found = now.find(id);
      if (found == now.end()) return violated(fmt::format("run {} is lost", id));
      if (found->second != status) {
        return violated(fmt::format("run {} was {} and is {}", id, to_string(status),
                                    to_string(found->second)));
      }
    }
    for (const auto& [id, status] : now) {
      if (flow::finished(status)) finished_.emplace(id, status);
    }
    return {};
  }

  Result<void> check_lists(bool settled) {
    Product& product = stage_.product();
    const ReplayLists names = ReplayLists::of(false);
    TRY(const auto history,
        read_items(product.database(), product.lists(), names.history, "", stage_.now()));
    TRY(const auto snapshot,
        read_items(product.database(), product.lists(), names.snapshot, "", stage_.now()));
    TRY_DO(keep(history, history_versions_, names.history));
    TRY_DO(keep(snapshot, snapshot_versions_, names.snapshot));
    std::set<std::string> ids;
    std::map<std::string, std::map<std::int64_t, const lists::Item*>> cells;
    for (const lists::Item& item : history) {
      if (!ids.insert(text(item, "DeploymentId")).second) {
        return violated(fmt::format("DeploymentId {} is there twice", text(item, "DeploymentId")));
      }
      const std::int64_t sequence = item.fields.at("Sequence").to_number<std::int64_t>();
      if (!cells[cell(item)].emplace(sequence, &item).second) {
        return violated(fmt::format("{} has two deployments of Sequence {}", cell(item), sequence));
      }
    }
    for (const auto& [name, deployments] : cells) {
      if (deployments.begin()->first != 1 ||
          deployments.rbegin()->first != static_cast<std::int64_t>(deployments.size())) {
        return violated(fmt::format("{} has {} deployments, of Sequence {} to {}", name,
                                    deployments.size(), deployments.begin()->first,
                                    deployments.rbegin()->first));
      }
    }
    return check_snapshot(snapshot, cells, settled);
  }

  Result<void> check_snapshot(
      const std::vector<lists::Item>& snapshot,
      const std::map<std::string, std::map<std::int64_t, const lists::Item*>>& cells,
      bool settled) {
    std::set<std::string> shown;
    for (const lists::Item& row : snapshot) {
      const auto found = cells.find(cell(row));
      if (found == cells.end())
        return violated(fmt::format("the snapshot shows {}, which has no deployment", cell(row)));
      if (!shown.insert(cell(row)).second)
        return violated(fmt::format("the snapshot shows {} twice", cell(row)));
      const std::string id = text(row, "DeploymentId");
      const auto is_shown = [&](const auto& deployment) {
        return text(*deployment.second, "DeploymentId") == id;
      };
      const auto item = std::ranges::find_if(found->second, is_shown);
      if (item == found->second.end() || text(*item->second, "Version") != text(row, "Version")) {
        return violated(fmt::format("the snapshot of {} shows {} {}, which the history has not",
                                    cell(row), text(row, "Version"), id));
      }
      // In between, what most instances run may be older than the newest deployment, or a return to an older
      // version that is not believed yet.
      const lists::Item& newest = *found->second.rbegin()->second;
      if (settled && item->second != &newest) {
        return violated(
            fmt::format("at the end the snapshot of {} shows {}, not {} of the highest Sequence",
                        cell(row), text(row, "Version"), text(newest, "Version")));
      }
    }
    if (shown.size() == cells.size()) return {};
    return violated(fmt::format("{} cells have deployments, the snapshot shows {}", cells.size(),
                                shown.size()));
  }

  // An item that was there is still there, and no older than it was.
  Result<void> keep(const std::vector<lists::Item>& items,
                    std::map<std::int64_t, std::int64_t>& versions, const std::string& list) {
    std::map<std::int64_t, std::int64_t> now;
    for (const lists::Item& item : items) now.emplace(item.id, item.version);
    for (const auto& [id, version] : versions) {
      const auto found = now.find(id);
      if (found == now.end()) return violated(fmt::format("item {} of {} is lost", id, list));
      if (found->second < version) {
        return violated(fmt::format("item {} of {} was at version {} and is at {}", id, list,
                                    version, found->second));
      }
    }
    versions = std::move(now);
    return {};
  }

  static std::string cell(const lists::Item& item) {
    return fmt::format("{}/{}/{}", text(item, "Environment"), text(item, "Role"),
                       text(item, "Region"));
  }

  Result<void> violated(const std::string& what) const {
    return fail("SIM0201", fmt::format("at {}: {}", format_iso_seconds(stage_.now()), what));
  }

  Stage& stage_;
  const std::uint64_t& delivered_;
  std::map<flow::RunId, flow::Status> finished_;
  std::map<std::int64_t, std::int64_t> history_versions_, snapshot_versions_;
};

}  // namespace

Result<SimReport> simulate(std::uint64_t seed) {
  World world = make_world(seed);
  sim::Player player(world.fleet, std::move(world.timeline), first_day);
  const auto source = play_lines(player);
  TRY(const auto first, source->next_arrival());
  SimReport report;
  if (!first) return report;
  StageOptions options;
  options.seed = seed;
  options.crash_chance = world.fleet.faults.has(sim::Fault::crash) ? 0.05 : 0;
  TRY(const auto stage, Stage::open({first->ticks - first->ticks % poll_period.ticks}, options,
                                    player.outages().warehouse));
  Invariants invariants(*stage, report.log_rows);
  const auto look = [&](Timestamp) { return invariants.check(false); };
  Result<void> played = play_through(*stage, *source, player.outages(), look, report.log_rows);
  // What is durable now is durable after a last kill.
  if (played) played = stage->restart();
  if (played) played = invariants.check(true);
  report.polls = invariants.polls();
  report.crashes = stage->crashes();
  if (!played && played.error().code != "SIM0201") return std::unexpected(played.error());
  if (!played) report.violation = played.error().message;
  return report;
}

}  // namespace rollcall::app
