// day/…: 24 hours of a fleet of 1,000 cells × 5 instances that log a line each ten seconds, 43,200,000 in all, taken into the warehouse
// and polled every simulated five minutes; a rollout reaches 20 cells at each full hour. What a poll takes, and what at most later than in
// the first hour, in which every instance is new. What memory the process holds in three hours and later: pages of the file, which DuckDB
// keeps up to its limit, and all else. Then the first half of the day is removed by a retention policy while logs come in.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "app/embedded.hpp"
#include "bench.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::bench {
namespace {

constexpr int cells = 1'000;
constexpr int instances = 5;
constexpr int lines_a_poll = 30;  // of each instance, in five minutes
constexpr int polls = 24 * 12;
constexpr int first_polls = 12;  // look back to when nothing had been heard
constexpr int settled_after = 3 * 12;
constexpr int cells_a_batch = 100;
constexpr int cells_a_rollout = 20;
const auto start_time = *parse_iso("2026-01-01T00:00:00Z");

double resident_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

// What a process holds, in megabytes.
struct Memory {
  double pages = 0, rest = 0;
};

class Fleet {
 public:
  Fleet() {
    warehouse::EmbeddedOptions options;
    options.file = folder_.path / "warehouse.duckdb";
    warehouse_ = must(warehouse::open_embedded(options));
    for (const auto& file : app::embedded_functions())
      must(warehouse_->create_or_alter_function(must(kql::parse_function(file.content)), {}));
  }

  // The lines of the five minutes before `at`.
  void log(int poll, Timestamp at) {
    for (int first = 0; first < cells; first += cells_a_batch) {
      telemetry::LogBatch batch;
      for (int cell = first; cell < first + cells_a_batch; ++cell) append(batch, cell, poll, at);
      must(warehouse_->ingest(batch, at));
    }
  }
  double poll(Timestamp now) {
    warehouse::QueryOptions options;
    options.now = now;
    options.lane = warehouse::QueryOptions::Lane::poll;
    return 1e3 * seconds_of([&] { must(warehouse_->query("Deployments(1h)", options)); });
  }
  Memory memory() const {
    const auto pages = must(warehouse_->execute(
        ".show memory | where Kind == 'BASE_TABLE' | summarize sum(Bytes)", {}));
    Memory memory;
    memory.pages = static_cast<double>(std::get<std::int64_t>(pages.at(0, 0))) / (1 << 20);
    memory.rest = resident_megabytes() - memory.pages;
    return memory;
  }
  // The versions of the last hour's lines.
  double last_hour(Timestamp now) {
    warehouse::QueryOptions options;
    options.now = now;
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
      times.push_back(1e3 * seconds_of([&] {
                        must(
                            warehouse_->query("OTelLogs | where Timestamp >= ago(1h) | summarize "
                                              "count() by Role, Region, Version",
                                              options));
                      }));
    }
    return median(times);
  }
  // All but the last twelve hours; answers the seconds it took, and the longest that a batch had to wait meanwhile.
  std::pair<double, double> retain(Timestamp now) {
    warehouse::QueryOptions options;
    options.now = now;
    std::atomic<bool> done = false;
    double took = 0, longest = 0;
    std::thread keeper([&] {
      took = seconds_of([&] {
        must(warehouse_->execute(".alter table OTelLogs policy retention softdelete = 12h",
                                 options));
      });
      done = true;
    });
    for (int i = 0; !done; ++i) {
      telemetry::LogBatch batch;
      append(batch, i % cells, polls, now);
      longest = std::max(longest, 1e3 * seconds_of([&] { must(warehouse_->ingest(batch, now)); }));
    }
    keeper.join();
    return {took, longest};
  }
  double file_megabytes() const {
    return static_cast<double>(std::filesystem::file_size(folder_.path / "warehouse.duckdb")) / 1e6;
  }

 private:
  static void append(telemetry::LogBatch& batch, int cell, int poll, Timestamp at) {
    const auto role = fmt::format("role-{}", cell / 25),
               region = fmt::format("region-{}", cell % 25);
    const int rollouts = poll / 12 * cells_a_rollout;  // begun until now
    const auto version = fmt::format("1.{}.0", (rollouts + cells - 1 - cell) / cells);
    for (int i = 0; i < instances; ++i) {
      const auto host = fmt::format("host-{}-{}", cell, i);
      const auto instance = fmt::format("{}-{}", host, version);
      for (int line = 0; line < lines_a_poll; ++line) {
        const auto body = fmt::format("GET /api/orders/{} answered in {} ms",
                                      (cell * 7919 + line * 31 + poll) % 100'000, line * i % 700);
        telemetry::LogRow row;
        row.timestamp = row.observed_timestamp = at - seconds(300 - 10 * line);
        row.environment = "production";
        row.role = role;
        row.region = region;
        row.version = version;
        row.host = host;
        row.instance = instance;
        row.severity_number = 9;
        row.severity_text = "INFO";
        row.body = body;
        batch.append(row);
      }
    }
  }

  Folder folder_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
};

void run(const Report& report) {
  Fleet fleet;
  std::vector<double> times, later;
  double ingesting = 0;
  Memory settled, most;
  for (int poll = 0; poll < polls; ++poll) {
    const auto now = start_time + minutes(5 * (poll + 1));
    ingesting += seconds_of([&] { fleet.log(poll, now); });
    times.push_back(fleet.poll(now));
    if (poll > first_polls) later.push_back(times.back());
    const auto memory = fleet.memory();
    auto& noted = poll <= settled_after ? settled : most;
    noted = {std::max(noted.pages, memory.pages), std::max(noted.rest, memory.rest)};
  }
  std::ranges::sort(times);
  std::ranges::sort(later);
  constexpr std::int64_t lines = std::int64_t{polls} * cells * instances * lines_a_poll;
  const auto figure = [&](const char* name, double value, const char* unit) {
    report({.name = name,
            .value = value,
            .unit = unit,
            .baseline = 0,
            .baseline_name = "",
            .n = lines,
            .durability = "power",
            .less_is_better = true});
  };
  report({.name = "day/ingest",
          .value = static_cast<double>(lines) / ingesting,
          .unit = "rows/s",
          .baseline = 0,
          .baseline_name = "",
          .n = lines,
          .durability = "power"});
  figure("day/poll-median", times[times.size() / 2], "ms");
  figure("day/poll-p99", times[times.size() * 99 / 100], "ms");
  figure("day/poll-longest", times.back(), "ms");
  figure("day/poll-longest-later", later.back(), "ms");
  figure("day/memory-but-pages-3-hours", settled.rest, "MB");
  figure("day/memory-but-pages-later", most.rest, "MB");
  figure("day/pages-3-hours", settled.pages, "MB");
  figure("day/pages-later", most.pages, "MB");
  figure("day/file", fleet.file_megabytes(), "MB");
  const auto end = start_time + hours(24);
  figure("day/last-hour", fleet.last_hour(end), "ms");
  const auto [took, longest] = fleet.retain(end);
  figure("day/retention", 1e3 * took, "ms");
  figure("day/longest-wait-meanwhile", longest, "ms");
  figure("day/last-hour-after", fleet.last_hour(end), "ms");
}

const Benchmark benchmark("day", run);

}  // namespace
}  // namespace rollcall::bench
