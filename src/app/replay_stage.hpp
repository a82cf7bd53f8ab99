// The product on a virtual clock, with what can be done to it: its warehouse goes down and comes back, the process
// is killed between two steps and started again on its folder. What replays and simulations stand on.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>

#include "app/product.hpp"
#include "app/replay_source.hpp"
#include "base/clock.hpp"
#include "sim/faults.hpp"
#include "sim/random.hpp"

namespace rollcall::app {

struct StageOptions {
  bool plain = false;       // the plain flow in place of the usual one
  double crash_chance = 0;  // at each durable step
  std::uint64_t seed = 1;
  bool keep_logs = false;
};

class Stage {
 public:
  static Result<std::unique_ptr<Stage>> open(Timestamp now, const StageOptions& options,
                                             sim::Schedule warehouse_down);
  ~Stage();

  Timestamp now() const { return clock_.now(); }
  void set(Timestamp now) { clock_.set(now); }
  Product& product() { return *product_; }
  // Everything that is due, with as many restarts as crashes ask for.
  Result<void> run();
  // When something is due next; an error when nothing ever is.
  Result<Timestamp> next_due();
  Result<void> ingest(const telemetry::LogBatch& batch);
  // What a server does by itself: once a day what was kept for long enough is removed.
  Result<void> keep_house();
  // As kill -9 and a start would.
  Result<void> restart();
  std::uint64_t crashes() const { return crashes_; }

 private:
  Stage(Timestamp now, const StageOptions& options, sim::Schedule warehouse_down);
  ProductOptions product_options();
  Result<void> start();

  ManualClock clock_;
  Timestamp next_housekeeping_{0};
  StageOptions options_;
  sim::Schedule warehouse_down_;
  std::filesystem::path folder_;  // "": in memory, never restarted
  sim::Random crash_;
  std::uint64_t crashes_ = 0;
  std::unique_ptr<Product> product_;
};

inline constexpr Timespan poll_period = minutes(5);

// Lets virtual time go by: lines go in as they arrive, the flow runs when it is due, the tracker goes down and
// comes back. A stretch without any line for an hour and a half is skipped, with its polls, to the next line; the
// end is so long after the last line. `look` is called after whatever was due has run, with the time.
Result<void> play_through(Stage& stage, LineSource& source, const sim::Outages& outages,
                          const std::function<Result<void>(Timestamp)>& look,
                          std::uint64_t& delivered);

}  // namespace rollcall::app
