// What the engine of flows costs by itself. Databases are files.
//   flow/compose       actions a second through a loop of Compose
//   flow/recurrence    1,000 flows whose minute is due at one moment: from then until a run has begun, 99th percentile
//   flow/waiting       memory of a run that waits for a time
//   flow/foreach       the most memory, over what there was before, that a loop over 100,000 items takes
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/check.hpp"
#include "bench.hpp"
#include "flow/driver.hpp"
#include "store/database.hpp"

namespace rollcall::bench {
namespace {

const auto start_time = *parse_iso("2026-01-01T00:00:00Z");

// VmHWM or VmRSS in bytes.
double memory(std::string_view what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what)) return 1024 * std::stod(line.substr(line.find(':') + 1));
  }
  return 0;
}

// A driver without connectors.
class Engine {
 public:
  explicit Engine(const Clock& clock, store::Durability durability = store::Durability::power)
      : database(must(store::open_sqlite((folder_.path / "flows.db").string(), durability))),
        driver(must(flow::Driver::open(*database, connectors_, clock))) {}
  // Of the database's file.
  std::uintmax_t bytes() const { return std::filesystem::file_size(folder_.path / "flows.db"); }
  void deploy(const std::string& name, const std::string& text) {
    must(driver->deploy(name, must(parse_json(text)), {}));
  }

 private:
  Folder folder_;
  flow::Connectors connectors_;

 public:
  std::unique_ptr<store::Database> database;
  std::unique_ptr<flow::Driver> driver;
};

std::string by_hand(const std::string& actions) {
  return fmt::format(R"({{"triggers": {{"manual": {{"type": "Request"}}}}, "actions": {}}})",
                     actions);
}

constexpr std::int64_t items = 100'000;
const std::string loop = by_hand(
    R"json({"Each": {"type": "Foreach", "foreach": "@range(0, 100000)", "operationOptions": "Sequential",
                     "actions": {"Add": {"type": "Compose", "inputs": "@add(item(), 1)"}}}})json");

double run_once(Engine& engine, const std::string& flow) {
  return seconds_of([&] {
    const auto run = must(engine.driver->start(flow, "", nullptr, {}));
    must(engine.driver->run_until_idle());
    CHECK(must(engine.driver->runs().run(run))->status == flow::Status::succeeded);
  });
}

const Benchmark compose{
    "flow/compose", [](const Report& report) {
      SystemClock clock;
      Engine engine(clock);
      engine.deploy("loop", loop);
      std::vector<double> rates;
      for (int round = 0; round < 5; ++round)
        rates.push_back(static_cast<double>(items) / run_once(engine, "loop"));
      report({"flow/compose", median(rates), "actions/s", 0, "", items, "power"});
    }};

// Waits as the server does.
void serve_until(flow::Driver& driver, Timestamp end) {
  const SystemClock clock;
  while (clock.now() < end) {
    if (must(driver.step())) continue;
    const auto due = std::min(driver.next_due().value_or(end), end);
    const auto wait = (due - clock.now()).ticks;
    if (wait > 0) std::this_thread::sleep_for(std::chrono::microseconds(wait / 10));
  }
}

const Benchmark recurrence{
    "flow/recurrence", [](const Report& report) {
      constexpr int flows = 1'000;
      const SystemClock clock;
      Engine engine(clock);
      const Timestamp due = clock.now() + seconds(20);
      for (int i = 0; i < flows; ++i) {
        engine.deploy(
            fmt::format("every-minute-{}", i),
            fmt::format(
                R"({{"triggers": {{"Clock": {{"type": "Recurrence", "recurrence": {{"frequency": "Minute", "interval": 1, "startTime": "{}"}}}}}},
                                   "actions": {{"Say": {{"type": "Compose", "inputs": 1}}}}}})",
                format_iso(due)));
      }
      CHECK(clock.now() < due);
      serve_until(*engine.driver, due + seconds(75));
      std::vector<double> delays;
      for (std::optional<flow::RunId> before;;) {
        flow::RunQuery query;
        query.before = before;
        query.limit = 1'000;
        const auto runs = must(engine.driver->runs().runs(query));
        if (runs.empty()) break;
        for (const auto& run : runs)
          delays.push_back(
              std::fmod(1e-4 * static_cast<double>((run.started - due).ticks), 60'000));
        before = runs.back().id;
      }
      CHECK(delays.size() == 2 * flows);
      std::ranges::sort(delays);
      report(
          {"flow/recurrence", delays[delays.size() * 99 / 100], "ms", 0, "", flows, "power", true});
    }};

const Benchmark waiting{
    "flow/waiting", [](const Report& report) {
      constexpr int runs = 10'000;
      ManualClock clock(start_time);
      Engine engine(clock, store::Durability::process);
      engine.deploy(
          "wait",
          by_hand(
              R"({"Say": {"type": "Compose", "inputs": "a word"}, "Wait": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Day"}}, "runAfter": {"Say": ["Succeeded"]}}})"));
      engine.deploy("say", by_hand(R"({"Say": {"type": "Compose", "inputs": "a word"}})"));
      const auto begin = [&](const std::string& flow, int count) {
        for (int i = 0; i < count; ++i) {
          must(engine.driver->start(flow, "", json::object{{"order", i}}, {}));
          must(engine.driver->run_until_idle());
        }
      };
      begin("wait", 1'000);                                     // what is set up once
      while (engine.bytes() < 40'000'000) begin("say", 1'000);  // SQLite's cache, 32 MiB, is full
      const auto before = memory("VmRSS");
      begin("wait", runs);
      const auto bytes = memory("VmRSS") - before;
      report({"flow/waiting", bytes / runs, "bytes", 0, "", runs, "process", true});
    }};

const Benchmark foreach_memory{
    "flow/foreach", [](const Report& report) {
      SystemClock clock;
      Engine engine(clock);
      engine.deploy("loop", loop);
      std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
      const auto before = memory("VmRSS");
      run_once(engine, "loop");
      report({"flow/foreach", (memory("VmHWM") - before) / 1e6, "MB", 0, "", items, "power", true});
    }};

}  // namespace
}  // namespace rollcall::bench
