// poll/…: Deployments(1h) over 100,000 cells × 5 instances, after an hour of heartbeats of all of them, when nothing is new
// and when one cell in a hundred has a new version; and how fast these heartbeats were taken in. The baseline of a poll is the
// same hour asked of the log lines: first and last seen by instance and version.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "app/embedded.hpp"
#include "bench.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::bench {
namespace {

constexpr int cells = 100'000;
constexpr int instances = 5;
constexpr int bins = 14;  // five minutes each: the first ones lie before the look-back
constexpr int cells_a_batch = 2'000;
constexpr int rounds = 5;
const auto start_time = *parse_iso("2026-01-01T00:00:00Z");

class Fleet {
 public:
  Fleet() {
    warehouse::EmbeddedOptions options;
    options.file = folder_.path / "warehouse.duckdb";
    options.memory_limit_bytes = std::uint64_t{4} << 30;
    warehouse_ = must(warehouse::open_embedded(options));
    for (const auto& file : app::embedded_functions()) {
      must(warehouse_->create_or_alter_function(must(kql::parse_function(file.content)), {}));
    }
  }
  // One line of each instance of these cells; answers the seconds it took.
  double heartbeat(Timestamp at, int first_cell, int count, std::string_view version) {
    telemetry::LogBatch batch;
    for (int cell = first_cell; cell < first_cell + count; ++cell) {
      const auto role = fmt::format("role-{}", cell / 100),
                 region = fmt::format("region-{}", cell % 100);
      for (int i = 0; i < instances; ++i) {
        const auto host = fmt::format("host-{}-{}", cell, i),
                   instance = fmt::format("{}-{}", host, version);
        telemetry::LogRow row;
        row.timestamp = row.observed_timestamp = at;
        row.environment = "production";
        row.role = role;
        row.region = region;
        row.version = version;
        row.host = host;
        row.instance = instance;
        row.severity_number = 9;
        row.severity_text = "Information";
        row.body = "heartbeat";
        batch.append(row);
      }
    }
    return seconds_of([&] { must(warehouse_->ingest(batch, at + seconds(3))); });
  }

  double ask(std::string_view kql, Timestamp now) {
    warehouse::QueryOptions options;
    options.now = now;
    options.lane = warehouse::QueryOptions::Lane::poll;
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
      times.push_back(
          1e3 * seconds_of([&] { rows_ = must(warehouse_->query(kql, options)).row_count(); }));
    }
    return median(times);
  }
  std::size_t rows() const { return rows_; }

 private:
  Folder folder_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::size_t rows_ = 0;
};

void run(const Report& report) {
  Fleet fleet;
  double ingesting = 0;
  Timestamp now = start_time;
  for (int bin = 0; bin < bins; ++bin, now = now + minutes(5)) {
    for (int cell = 0; cell < cells; cell += cells_a_batch)
      ingesting += fleet.heartbeat(now, cell, cells_a_batch, "v1.2.3");
  }
  constexpr std::int64_t lines = std::int64_t{bins} * cells * instances;
  report({.name = "poll/ingest",
          .value = static_cast<double>(lines) / ingesting,
          .unit = "rows/s",
          .baseline = 0,
          .baseline_name = "",
          .n = lines,
          .durability = "power"});
  now = now + seconds(-240);  // a minute after the last heartbeats
  const double baseline = fleet.ask(
      "OTelLogs | where ingestion_time() > ago(1h) | summarize min(Timestamp), max(Timestamp) by "
      "Environment, Role, Region, "
      "Host, Instance, Version | summarize count()",
      now);
  const auto poll = [&](std::string name, std::int64_t n) {
    const double value = fleet.ask("Deployments(1h)", now);
    report({.name = std::move(name),
            .value = value,
            .unit = "ms",
            .baseline = baseline,
            .baseline_name = "over the log lines",
            .n = n,
            .durability = "power",
            .less_is_better = true});
  };
  poll("poll/nothing-new", lines);
  if (fleet.rows() != 0) std::exit(1);
  for (int cell = 0; cell < cells; cell += 100) fleet.heartbeat(now, cell, 1, "v1.2.4");
  poll("poll/1-percent-new", lines + cells / 100 * instances);
}

const Benchmark benchmark("poll", run);

}  // namespace
}  // namespace rollcall::bench
