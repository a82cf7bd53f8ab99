#include "app/pulling.hpp"

#include <fmt/format.h>

#include <set>

namespace rollcall::app {

namespace {
constexpr std::size_t most_cells = 200'000;  // of one source that are remembered
}  // namespace

struct Pulling::One {
  sources::SourceOptions options;
  std::unique_ptr<sources::Source> source;
  Timestamp started, last_success{}, watermark{};
  std::uint64_t rows = 0, bad = 0, pulls = 0, failures = 0;
  std::string error;            // of the last pull; "": it succeeded
  std::set<fleet::Cell> cells;  // of which it had rows, or which it is for
  std::thread thread;
};

Pulling::Pulling(warehouse::Warehouse& warehouse, const Clock& clock)
    : warehouse_(warehouse), clock_(clock), client_(http::make_client()) {}

Pulling::~Pulling() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (const auto& one : all_) {
    if (one->thread.joinable()) one->thread.join();
  }
}

Result<std::unique_ptr<Pulling>> Pulling::start(const std::vector<sources::SourceOptions>& all,
                                                warehouse::Warehouse& warehouse,
                                                const Clock& clock) {
  auto pulling = std::unique_ptr<Pulling>(new Pulling(warehouse, clock));
  for (const auto& options : all) {
    for (const auto& one : pulling->all_) {
      if (one->options.name == options.name)
        return fail("SOURCE0301", fmt::format("two sources are named '{}'", options.name));
    }
    TRY_DO(warehouse.position(options.name));
    auto one = std::make_unique<One>();
    one->options = options;
    one->started = clock.now();
    if (const auto& names = options.names; !names.environment.empty() && !names.role.empty())
      one->cells.insert({names.environment, names.role, names.region});
    TRY(one->source, sources::make_source(options, *pulling->client_, clock));
    pulling->all_.push_back(std::move(one));
  }
  for (const auto& one : pulling->all_)
    one->thread = std::thread([raw = pulling.get(), &one = *one] { raw->run(one); });
  return pulling;
}

Result<bool> Pulling::pull(One& one) {
  TRY(const auto position, warehouse_.position(one.options.name));
  const auto now = clock_.now();
  TRY(auto pulled, one.source->pull(now, position));
  warehouse::Ingestion ingestion{.at = now};
  if (pulled.position) ingestion.position = {one.options.name, *pulled.position};
  if (!pulled.rows.empty() || pulled.position) TRY_DO(warehouse_.take(pulled.rows, ingestion));
  const std::lock_guard lock(mutex_);
  one.last_success = now;
  one.watermark = std::max(one.watermark, pulled.watermark);
  one.rows += pulled.rows.size();
  for (std::size_t i = 0; i < pulled.rows.size() && one.cells.size() < most_cells; ++i) {
    const auto row = pulled.rows.row(i);
    one.cells.insert(
        {std::string(row.environment), std::string(row.role), std::string(row.region)});
  }
  one.bad += pulled.bad;
  return pulled.more;
}

void Pulling::run(One& one) {
  const std::chrono::duration<std::int64_t, std::ratio<1, ticks_per_second>> pace(
      one.options.every.ticks);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const auto more = pull(one);
    lock.lock();
    ++one.pulls;
    one.error =
        more ? std::string() : fmt::format("{} {}", more.error().code, more.error().message);
    if (!more) ++one.failures;
    if (more && *more) continue;
    wake_.wait_for(lock, pace, [this] { return stopping_; });
  }
}

bool Pulling::is_deaf(const One& one) const {
  const bool heard = one.last_success != Timestamp{};
  const auto silent = clock_.now() - (heard ? one.last_success : one.started);
  return silent > std::max(one.options.every * 5, minutes(5));
}

std::map<fleet::Cell, std::string> Pulling::deaf_cells() const {
  const std::lock_guard lock(mutex_);
  std::map<fleet::Cell, std::string> deaf;
  for (const auto& one : all_) {
    if (!is_deaf(*one)) continue;
    for (const auto& cell : one->cells) deaf.emplace(cell, one->options.name);
  }
  for (const auto& one : all_) {
    if (is_deaf(*one)) continue;
    for (const auto& cell : one->cells) deaf.erase(cell);
  }
  return deaf;
}

json::array Pulling::health() const {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  json::array shown;
  for (const auto& one : all_) {
    const bool heard = one->last_success != Timestamp{};
    const auto state = is_deaf(*one)         ? "stopped"
                       : !one->error.empty() ? "failing"
                       : heard               ? "ok"
                                             : "waiting";
    const auto time = [](Timestamp at) {
      return at == Timestamp{} ? json::value(nullptr) : json::value(format_iso_seconds(at));
    };
    const auto lag = one->watermark == Timestamp{}
                         ? json::value(nullptr)
                         : json::value((now - one->watermark).ticks / ticks_per_second);
    shown.push_back({{"name", one->options.name},
                     {"kind", one->options.kind},
                     {"state", state},
                     {"lastSuccess", time(one->last_success)},
                     {"watermark", time(one->watermark)},
                     {"lagSeconds", lag},
                     {"rows", one->rows},
                     {"badLines", one->bad},
                     {"pulls", one->pulls},
                     {"failures", one->failures},
                     {"error", one->error}});
  }
  return shown;
}

}  // namespace rollcall::app
