// `rollcall demo`: a simulated fleet in place of a real one. Its past is played through the real flow on a virtual
// clock; then the clock is the machine's, and the fleet lives on.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "app/commands/commands.hpp"
#include "app/server.hpp"
#include "sim/demo.hpp"

namespace rollcall::app {
namespace {

// Stands where it is put until it is let go; then it is the clock behind it.
class DemoClock final : public Clock {
 public:
  explicit DemoClock(const Clock& clock) : clock_(clock) {}
  Timestamp now() const override {
    const auto ticks = ticks_.load();
    return ticks == 0 ? clock_.now() : Timestamp{ticks};
  }
  void set(Timestamp time) { ticks_ = time.ticks; }
  void let_go() { ticks_ = 0; }

 private:
  const Clock& clock_;
  std::atomic<std::int64_t> ticks_{0};
};

// A folder of our own that is gone at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "rollcall-demo-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Result<void> take(sim::Demo& demo, Serving& serving, Timestamp until) {
  telemetry::LogBatch batch;
  demo.append_until(until, batch);
  if (batch.empty()) return {};
  return serving.product().warehouse().ingest(batch, until);
}

Result<void> play_the_past(sim::Demo& demo, Serving& serving, DemoClock& clock, Timestamp now,
                           const Console& console) {
  const Timespan poll = minutes(5);
  const auto total = now - demo.begins();
  int shown = -1;
  for (auto at = demo.begins(); at < now;) {
    at = std::min(at + poll, now);
    TRY_DO(take(demo, serving, at));
    clock.set(at);
    serving.run_due_flows(console.err);
    const auto percent = static_cast<int>(100 * (at - demo.begins()).ticks / total.ticks);
    if (percent / 10 != shown / 10)
      console.err(fmt::format("\rplaying the fleet's past: {} %", percent));
    shown = percent;
  }
  console.err("\n");
  return {};
}

}  // namespace

int demo(const DemoOptions& options, const Console& console, const Clock& clock) {
  const StopSignal stop;
  const ScratchFolder scratch;
  const std::filesystem::path data =
      options.data.empty() ? scratch.path() : std::filesystem::path(options.data);
  if (!options.data.empty() && std::filesystem::exists(data / "rollcall.db")) {
    return report(console,
                  {"APP0106", fmt::format("{} holds data already; the demo wants a new folder",
                                          data.string())});
  }
  const auto now = clock.now();
  sim::Demo fleet(now, options.seed);
  DemoClock demo_clock(clock);
  demo_clock.set(fleet.begins());
  ProductOptions product;
  product.data = data;
  product.durability = Durability::process;
  std::vector<std::string> regions(sim::demo_regions().begin(), sim::demo_regions().end());
  auto serving = Serving::open(demo_clock, std::move(product), std::move(regions));
  if (!serving) return report(console, serving.error());
  Serving& served = **serving;
  if (const auto played = play_the_past(fleet, served, demo_clock, now, console); !played) {
    return report(console, played.error());
  }
  demo_clock.let_go();
  const auto server = Server::start(*std::move(serving), data, "127.0.0.1", options.port, console);
  if (!server) return report(console, server.error());
  std::jthread living([&](const std::stop_token& stopped) {
    while (!stopped.stop_requested()) {
      if (const auto taken = take(fleet, served, clock.now()); !taken)
        report(console, taken.error());
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  });
  console.out(fmt::format("The portal is at {}/\n", (*server)->url()));
  console.err(
      fmt::format("{} in {} was rolled back to {}; ask: rollcall history --data {} --role "
                  "{}\nCtrl-C stops it\n",
                  fleet.incident().version, fleet.incident().role, fleet.incident().good_version,
                  data.string(), fleet.incident().role));
  stop.wait();
  return done;
}

}  // namespace rollcall::app
