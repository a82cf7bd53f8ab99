#include "app/replay_source.hpp"

#include <deque>
#include <fstream>

#include "telemetry/reader.hpp"

namespace rollcall::app {
namespace {

class PlayedLines final : public LineSource {
 public:
  explicit PlayedLines(sim::Player& player) : player_(player), next_(player.next()) {}

  Result<std::optional<Timestamp>> next_arrival() override {
    if (!next_) return std::optional<Timestamp>();
    return next_->arrival;
  }

  Result<void> append(Timestamp until, std::size_t limit, telemetry::LogBatch& batch) override {
    for (; next_ && next_->arrival <= until && limit > 0; --limit) {
      player_.append(*next_, batch);
      batch.arrival.push_back(next_->arrival);
      next_ = player_.next();
    }
    return {};
  }

  double progress() const override { return player_.progress(); }

 private:
  sim::Player& player_;
  std::optional<sim::Line> next_;
};

class FiledLines final : public LineSource {
 public:
  FiledLines(const std::filesystem::path& path, std::ifstream file, std::uintmax_t size,
             sim::Outages outages)
      : path_(path),
        file_(std::move(file)),
        size_(size),
        outages_(std::move(outages)),
        reader_(options(path), [this](telemetry::LogBatch& batch) -> Result<void> {
          batches_.push_back(std::move(batch));
          batch = {};
          return {};
        }) {}

  Result<std::optional<Timestamp>> next_arrival() override {
    TRY_DO(fill());
    if (batches_.empty()) return std::optional<Timestamp>();
    return outages_.let_in(batches_.front().arrival[at_]);
  }

  Result<void> append(Timestamp until, std::size_t limit, telemetry::LogBatch& batch) override {
    for (; limit > 0; --limit) {
      TRY(const auto arrival, next_arrival());
      if (!arrival || *arrival > until) return {};
      if (*arrival < last_) {
        return fail(
            "REPLAY0103",
            fmt::format("{}: a line arrives at {}, after one that arrived at {}; sort by Arrival",
                        path_.string(), format_iso(*arrival), format_iso(last_)));
      }
      last_ = *arrival;
      batch.append(batches_.front().row(at_));
      batch.arrival.push_back(*arrival);
      if (++at_ < batches_.front().size()) continue;
      batches_.pop_front();
      at_ = 0;
    }
    return {};
  }

  double progress() const override {
    return size_ == 0 ? 1.0 : static_cast<double>(read_) / static_cast<double>(size_);
  }

 private:
  static telemetry::ReaderOptions options(const std::filesystem::path& path) {
    telemetry::ReaderOptions options;
    options.format =
        telemetry::format_of_name(path.filename().string()).value_or(telemetry::Format::ndjson);
    options.arrival = true;
    options.max_bytes = std::size_t{1} << 40;
    return options;
  }

  // Reads on until a line is at hand, or the file is over.
  Result<void> fill() {
    while (batches_.empty() && !finished_) {
      std::array<char, 1 << 18> bytes;
      file_.read(bytes.data(), bytes.size());
      const auto count = static_cast<std::size_t>(file_.gcount());
      read_ += count;
      if (count > 0) {
        TRY_DO(reader_.feed({bytes.data(), count}));
        continue;
      }
      finished_ = true;
      TRY(const telemetry::ReadReport report, reader_.finish());
      if (report.bad > 0) {
        return fail("REPLAY0103",
                    fmt::format("{}: {} lines cannot be read; the first is line {}: {}",
                                path_.string(), report.bad, report.bad_lines.front().line,
                                report.bad_lines.front().reason));
      }
    }
    return {};
  }

  std::filesystem::path path_;
  std::ifstream file_;
  std::uintmax_t size_;
  std::uintmax_t read_ = 0;
  sim::Outages outages_;
  bool finished_ = false;
  telemetry::LogReader reader_;
  std::deque<telemetry::LogBatch> batches_;
  std::size_t at_ = 0;  // in the first batch
  Timestamp last_{0};
};

class HeardLines final : public LineSource {
 public:
  HeardLines(std::unique_ptr<LineSource> source, sim::Listener& listener)
      : source_(std::move(source)), listener_(listener) {}

  Result<std::optional<Timestamp>> next_arrival() override { return source_->next_arrival(); }
  Result<void> append(Timestamp until, std::size_t limit, telemetry::LogBatch& batch) override {
    const std::size_t before = batch.size();
    TRY_DO(source_->append(until, limit, batch));
    for (std::size_t i = before; i < batch.size(); ++i)
      listener_.hear(batch.row(i), batch.arrival[i]);
    return {};
  }
  double progress() const override { return source_->progress(); }

 private:
  std::unique_ptr<LineSource> source_;
  sim::Listener& listener_;
};

}  // namespace

std::unique_ptr<LineSource> play_lines(sim::Player& player) {
  return std::make_unique<PlayedLines>(player);
}

Result<std::unique_ptr<LineSource>> read_lines(const std::filesystem::path& path,
                                               sim::Outages outages) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (!file || failed) return fail("REPLAY0103", fmt::format("cannot read {}", path.string()));
  return std::make_unique<FiledLines>(path, std::move(file), size, std::move(outages));
}

std::unique_ptr<LineSource> listen(std::unique_ptr<LineSource> source, sim::Listener& listener) {
  return std::make_unique<HeardLines>(std::move(source), listener);
}

}  // namespace rollcall::app
