#include "app/replay.hpp"

#include <fstream>

#include "app/replay_lists.hpp"
#include "app/replay_source.hpp"
#include "app/replay_stage.hpp"
#include "sim/listener.hpp"
#include "telemetry/decompress.hpp"

namespace rollcall::app {
namespace {

// A return to an older version is believed after some minutes, and then needs a poll.
constexpr Timespan settle = minutes(20);
constexpr double crash_chance = 0.005;

Result<sim::Timeline> read_timeline(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("REPLAY0101", fmt::format("cannot read {}", path.string()));
  sim::TimelineReader reader;
  std::unique_ptr<telemetry::Decompressor> decompressor;
  const telemetry::ByteSink feed = [&](std::string_view plain) { return reader.feed(plain); };
  std::vector<char> buffer(1 << 18);
  for (bool first = true;
       file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), file.gcount() > 0;
       first = false) {
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (first) decompressor = telemetry::make_decompressor(telemetry::detect_compression(bytes));
    TRY_DO(decompressor ? decompressor->feed(bytes, feed) : feed(bytes));
  }
  if (decompressor && !decompressor->is_complete())
    return fail("REPLAY0101", fmt::format("{} ends too early", path.string()));
  return reader.finish();
}

class Replay {
 public:
  Replay(const ReplayOptions& options, const ReplayProgress& progress)
      : options_(options), progress_(progress), names_(ReplayLists::of(options.plain)) {}

  Result<ReplayReport> run() {
    TRY_DO(open());
    TRY(const auto first, source_->next_arrival());
    if (!first) return fail("REPLAY0103", "there are no log lines to replay");
    report_.begin = {first->ticks - first->ticks % poll_period.ticks};
    StageOptions stage;
    stage.plain = options_.plain;
    stage.seed = options_.fleet.seed;
    stage.crash_chance = options_.fleet.faults.has(sim::Fault::crash) ? crash_chance : 0;
    TRY(stage_, Stage::open(report_.begin, stage, outages_.warehouse));
    TRY_DO(play_through(
        *stage_, *source_, outages_, [&](Timestamp now) { return look(now); }, report_.log_rows));
    TRY_DO(finish());
    return report_;
  }

 private:
  Result<void> open() {
    if (!options_.file.empty()) TRY_DO(open_timeline());
    if (options_.logs.empty()) {
      truth_ = &player_->truth();
      source_ = play_lines(*player_);
    } else {
      TRY(source_, read_lines(options_.logs, outages_));
      if (player_) source_ = listened_to();
    }
    if (truth_ != nullptr) watch_.emplace(*truth_, settle);
    return {};
  }

  Result<void> open_timeline() {
    TRY(const sim::Timeline all, read_timeline(options_.file));
    sim::Timeline timeline = all.slice(options_.from, options_.to);
    if (timeline.deployments().empty()) {
      const auto& there = all.deployments();
      return fail(
          "REPLAY0102",
          fmt::format("{} has no deployments in the time asked for{}", options_.file.string(),
                      there.empty() ? ""
                                    : fmt::format("; it has {}, {} to {}", there.size(),
                                                  format_iso_seconds(there.front().time),
                                                  format_iso_seconds(there.back().time))));
    }
    player_.emplace(options_.fleet, std::move(timeline), options_.from);
    outages_ = player_->outages();
    return {};
  }

  // The lines are somebody else's; what could be known of the deployments follows from them.
  std::unique_ptr<LineSource> listened_to() {
    heard_ = player_->truth();
    truth_ = &heard_;
    const Timespan skew =
        options_.fleet.faults.has(sim::Fault::skew) ? sim::skew_bound : Timespan{0};
    listener_.emplace(heard_, options_.fleet.instances, skew);
    return listen(std::move(source_), *listener_);
  }

  // At what the poll left, if there was one.
  Result<void> look(Timestamp now) {
    flow::RunQuery newest;
    newest.limit = 1;
    TRY(const auto runs, stage_->product().driver().runs().runs(newest));
    if (runs.empty() || runs.front().id == last_run_) return {};
    const flow::RunRecord& run = runs.front();
    if (!flow::finished(run.status)) return {};
    last_run_ = run.id;
    ++report_.polls;
    if (run.status != flow::Status::succeeded) {
      ++report_.failed_polls;
      if (report_.first_failure.empty() && !outages_.warehouse.covering(now)) {
        report_.first_failure =
            fmt::format("{}: {} {}", format_iso_seconds(now), run.code, run.message);
      }
      return {};
    }
    progress_(source_->progress(), now);
    if (!watch_) return {};
    Product& product = stage_->product();
    TRY_DO(mirror_.refresh(product.database(), product.lists(), names_, now));
    watch_->poll(now, mirror_.rows(), static_cast<double>(poll_period.ticks / ticks_per_minute));
    return {};
  }

  Result<void> finish() {
    Product& product = stage_->product();
    report_.end = stage_->now();
    report_.crashes = stage_->crashes();
    TRY(const auto records, read_records(product.database(), product.lists(), names_, report_.end));
    SnapshotMirror last;
    TRY_DO(last.refresh(product.database(), product.lists(), names_, report_.end));
    report_.cells = last.rows().size();
    if (truth_ != nullptr) {
      sim::ScoreOptions score;
      score.heartbeat = options_.fleet.heartbeat;
      if (options_.fleet.faults.has(sim::Fault::skew)) score.skew = sim::skew_bound;
      report_.score = sim::judge(*truth_, records, last.rows(), score);
      report_.snapshot_wrong_cell_minutes = watch_->wrong_cell_minutes();
      report_.judged = true;
    } else {
      report_.score.deployments = records.size();
    }
    if (options_.export_to.empty()) return {};
    return export_lists(product.database(), product.lists(), names_, options_.export_to,
                        report_.end);
  }

  const ReplayOptions& options_;
  const ReplayProgress& progress_;
  ReplayLists names_;
  sim::Outages outages_;
  std::optional<sim::Player> player_;
  sim::Truth heard_;
  std::optional<sim::Listener> listener_;
  const sim::Truth* truth_ = nullptr;  // null: there is nothing to judge by
  std::unique_ptr<LineSource> source_;
  std::optional<sim::SnapshotWatch> watch_;
  SnapshotMirror mirror_;
  std::unique_ptr<Stage> stage_;
  flow::RunId last_run_ = 0;
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> replay(const ReplayOptions& options, const ReplayProgress& progress) {
  const auto started = std::chrono::steady_clock::now();
  Replay play(options, progress);
  TRY(ReplayReport report, play.run());
  report.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace rollcall::app
