#include "warehouse/activity.hpp"

#include <algorithm>

namespace rollcall::warehouse {
namespace {

constexpr std::size_t kept_queries = 1'000;
constexpr std::size_t kept_failures = 1'000;
constexpr std::size_t kept_text_bytes = std::size_t{64} << 10;

constexpr std::size_t kept_field_bytes = 4096;

std::string short_text(std::string_view text) {
  return std::string(text.substr(0, kept_field_bytes));
}

Timespan since(std::chrono::steady_clock::time_point began) {
  const auto passed = std::chrono::steady_clock::now() - began;
  return {std::chrono::duration_cast<
              std::chrono::duration<std::int64_t, std::ratio<1, ticks_per_second>>>(passed)
              .count()};
}

}  // namespace

Activity::Query::Query(Activity& activity, std::string_view text, const QueryOptions& options)
    : activity_(activity) {
  const std::lock_guard lock(activity_.mutex_);
  running_ = activity_.running_.emplace(activity_.running_.end());
  running_->began = std::chrono::steady_clock::now();
  running_->of_people = options.lane == QueryOptions::Lane::people;
  auto& record = running_->record;
  record.text = text.substr(0, kept_text_bytes);
  record.started_on = options.asked_at.value_or(options.now);
  record.principal = options.principal;
  record.client_activity_id = short_text(options.client_activity_id);
  record.activity_id = options.activity_id;
  record.application = short_text(options.application);
  if (options.properties.size() <= kept_field_bytes)
    record.properties = options.properties;  // JSON: whole or not
}

void Activity::Query::ended(const Result<std::vector<Table>>& result) {
  const std::lock_guard lock(activity_.mutex_);
  auto& record = running_->record;
  if (!result) {
    record.state = result.error().code == "WAREHOUSE0110" ? "Canceled" : "Failed";
    record.failure = short_text(result.error().code + " " + result.error().message);
    return;
  }
  record.state = "Completed";
  record.tables = result->size();
  for (const auto& table : *result) record.rows += table.row_count();
}

Activity::Query::~Query() {
  const std::lock_guard lock(activity_.mutex_);
  auto& record = running_->record;
  record.duration = since(running_->began);
  activity_.ended_.push_back(std::move(record));
  if (activity_.ended_.size() > kept_queries) activity_.ended_.pop_front();
  activity_.running_.erase(running_);
  activity_.ended_one_.notify_all();
}

std::vector<QueryRecord> Activity::queries(bool only_running) {
  const std::lock_guard lock(mutex_);
  std::vector<QueryRecord> all;
  if (!only_running) all.assign(ended_.begin(), ended_.end());
  for (const auto& running : running_) {
    all.push_back(running.record);
    all.back().duration = since(running.began);
  }
  return all;
}

std::size_t Activity::cancel(std::string_view client_activity_id, const Principal& principal,
                             bool of_anybody) {
  if (client_activity_id.empty())
    return 0;  // queries without an id, the poll among them, are nobody's to name
  const std::lock_guard lock(mutex_);
  std::size_t told = 0;
  for (auto& running : running_) {
    if (running.record.client_activity_id != client_activity_id) continue;
    if (!of_anybody && running.record.principal != principal) continue;
    running.killed = true;
    ++told;
  }
  return told;
}

bool Activity::displace_people(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  bool any = false;
  for (auto& running : running_) {
    if (!running.of_people) continue;
    running.displaced = true;
    any = true;
  }
  const auto gone = [&] {
    return std::ranges::none_of(running_,
                                [](const Running& running) { return running.displaced.load(); });
  };
  return any && ended_one_.wait_for(lock, patience, gone);
}

void Activity::note(IngestionFailure failure) {
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(failure));
  if (failures_.size() > kept_failures) failures_.pop_front();
}

std::vector<IngestionFailure> Activity::failures() {
  const std::lock_guard lock(mutex_);
  return {failures_.begin(), failures_.end()};
}

}  // namespace rollcall::warehouse
