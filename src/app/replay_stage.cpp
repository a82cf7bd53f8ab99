#include "app/replay_stage.hpp"

#include <cstdlib>

#include "warehouse/warehouse.hpp"

namespace rollcall::app {
namespace {

constexpr std::string_view usual_flow = "track-deployments";
constexpr std::string_view plain_flow = "track-deployments-plain";

// Neither answers nor takes anything while it is down.
class FaultyWarehouse final : public warehouse::Warehouse {
 public:
  FaultyWarehouse(std::unique_ptr<warehouse::Warehouse> inner, const Clock& clock,
                  const sim::Schedule& down)
      : inner_(std::move(inner)), clock_(clock), down_(down) {}

  Result<std::vector<warehouse::Table>> query_all(std::string_view kql,
                                                  const warehouse::QueryOptions& options) override {
    TRY_DO(admit());
    return inner_->query_all(kql, options);
  }
  Result<void> ingest(const telemetry::LogBatch& batch, Timestamp ingested_at) override {
    TRY_DO(admit());
    return inner_->ingest(batch, ingested_at);
  }
  Result<void> ingest(std::string_view table, const warehouse::Table& rows,
                      Timestamp ingested_at) override {
    TRY_DO(admit());
    return inner_->ingest(table, rows, ingested_at);
  }
  Result<std::uint64_t> ingest_text(std::string_view table, const warehouse::RecordText& text,
                                    const warehouse::QueryOptions& options) override {
    TRY_DO(admit());
    return inner_->ingest_text(table, text, options);
  }
  Result<warehouse::Table> execute(std::string_view command,
                                   const warehouse::QueryOptions& options) override {
    TRY_DO(admit());
    return inner_->execute(command, options);
  }
  // What a start needs of it works always.
  Result<std::vector<warehouse::TableSchema>> tables() override { return inner_->tables(); }
  Result<void> create_table(const warehouse::TableSchema& schema,
                            const Principal& principal) override {
    return inner_->create_table(schema, principal);
  }
  Result<void> drop_table(std::string_view name, const Principal& principal) override {
    return inner_->drop_table(name, principal);
  }
  Result<void> create_or_alter_function(const kql::Function& function,
                                        const Principal& principal) override {
    return inner_->create_or_alter_function(function, principal);
  }
  Result<void> drop_function(std::string_view name, const Principal& principal) override {
    return inner_->drop_function(name, principal);
  }
  Result<std::vector<kql::Function>> functions() override { return inner_->functions(); }
  Result<bool> apply_retention(Timestamp now) override { return inner_->apply_retention(now); }

 private:
  Result<void> admit() const {
    if (!down_.covering(clock_.now())) return {};
    return fail("WAREHOUSE0199", "the warehouse is down (an injected fault)");
  }

  std::unique_ptr<warehouse::Warehouse> inner_;
  const Clock& clock_;
  const sim::Schedule& down_;
};

Result<std::filesystem::path> make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "rollcall-replay-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    return fail("REPLAY0105", fmt::format("cannot make a folder like {}", name));
  return std::filesystem::path(name);
}

}  // namespace

Stage::Stage(Timestamp now, const StageOptions& options, sim::Schedule warehouse_down)
    : clock_(now),
      options_(options),
      warehouse_down_(std::move(warehouse_down)),
      crash_(sim::hash(options.seed, 0xc4)) {}

Stage::~Stage() {
  product_.reset();
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<std::unique_ptr<Stage>> Stage::open(Timestamp now, const StageOptions& options,
                                           sim::Schedule warehouse_down) {
  std::unique_ptr<Stage> stage(new Stage(now, options, std::move(warehouse_down)));
  TRY(stage->folder_, make_folder());
  TRY_DO(stage->start());
  return stage;
}

ProductOptions Stage::product_options() {
  ProductOptions options;
  options.data = folder_;
  options.durability = Durability::process;
  options.keep_logs = options_.keep_logs;
  options.warehouse_threads = 1;  // a poll's few lines divided among threads take a third more time
  options.enabled_flows = {std::string(options_.plain ? plain_flow : usual_flow)};
  options.driver.crash = [this](flow::CrashPoint) { return crash_.chance(options_.crash_chance); };
  options.around_warehouse = [this](std::unique_ptr<warehouse::Warehouse> inner) {
    return std::make_unique<FaultyWarehouse>(std::move(inner), clock_, warehouse_down_);
  };
  return options;
}

Result<void> Stage::start() {
  TRY(product_, Product::open(clock_, product_options()));
  return {};
}

Result<void> Stage::restart() {
  product_.reset();
  return start();
}

Result<void> Stage::run() {
  for (;;) {
    const auto steps = product_->driver().run_until_idle();
    if (steps) return {};
    if (steps.error().code != "FLOWCRASH") return std::unexpected(steps.error());
    ++crashes_;
    TRY_DO(restart());
  }
}

Result<void> Stage::keep_house() {
  if (now() < next_housekeeping_) return {};
  next_housekeeping_ = now() + days(1);
  for (bool more = true; more;) {
    TRY(more, product_->warehouse().apply_retention(now()));
  }
  return {};
}

Result<Timestamp> Stage::next_due() {
  if (const auto due = product_->driver().next_due()) return *due;
  return fail("REPLAY0104", "the flow has no trigger that would ever fire");
}

Result<void> Stage::ingest(const telemetry::LogBatch& batch) {
  if (batch.empty()) return {};
  return product_->warehouse().ingest(batch, clock_.now());
}

namespace {

constexpr Timespan quiet_after = minutes(95);
constexpr std::size_t batch_rows = 65'536;

Timestamp on_grid(Timestamp time) { return {time.ticks - time.ticks % poll_period.ticks}; }

// Answers when the last line came; `last` when none did.
Result<Timestamp> deliver(Stage& stage, LineSource& source, Timestamp until, Timestamp last,
                          std::uint64_t& delivered) {
  telemetry::LogBatch batch;
  for (;;) {
    batch.clear();
    TRY_DO(source.append(until, batch_rows, batch));
    if (batch.empty()) return last;
    last = batch.arrival.back();
    delivered += batch.size();
    // The warehouse may be down when the flow runs next, but was not when these lines came.
    stage.set(std::max(stage.now(), last));
    TRY_DO(stage.ingest(batch));
  }
}

}  // namespace

Result<void> play_through(Stage& stage, LineSource& source, const sim::Outages& outages,
                          const std::function<Result<void>(Timestamp)>& look,
                          std::uint64_t& delivered) {
  Timestamp last_line = stage.now();
  for (int standing = 0;;) {
    TRY(const auto next, source.next_arrival());
    const bool quiet = stage.now() >= last_line + quiet_after;
    if (!next && quiet) return {};
    TRY(Timestamp due, stage.next_due());
    due = std::max(due, stage.now());
    if (next && *next > due && quiet) due = std::max(due, on_grid(*next));
    const auto down = outages.tracker.covering(due);
    if (down) due = down->to;
    standing = due > stage.now() ? 0 : standing + 1;
    if (standing > 100) return fail("REPLAY0104", "the flow is always due and never done");
    TRY(last_line, deliver(stage, source, due, last_line, delivered));
    stage.set(due);
    if (down) TRY_DO(stage.restart());
    TRY_DO(stage.run());
    TRY_DO(look(due));
    TRY_DO(stage.keep_house());
  }
}

}  // namespace rollcall::app
