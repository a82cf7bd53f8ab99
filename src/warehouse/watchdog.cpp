#include "warehouse/watchdog.hpp"

namespace rollcall::warehouse {
namespace {

constexpr auto interval = std::chrono::milliseconds(20);
constexpr int looks_before_sleep = 50;

bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

}  // namespace

bool must_stop(const Stop& stop) {
  return is_set(stop.killed) || is_set(stop.cancelled) || is_set(stop.displaced) ||
         (stop.deadline && std::chrono::steady_clock::now() >= *stop.deadline);
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Watchdog::Watch::Watch(Watchdog& watchdog, duckdb_connection connection, const Stop& stop)
    : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  entry_ = watchdog_.watched_.emplace(watchdog_.watched_.end(), connection, &stop);
  if (!watchdog_.thread_.joinable())
    watchdog_.thread_ = std::thread([&watchdog] { watchdog.run(); });
  if (watchdog_.asleep_) watchdog_.changed_.notify_all();
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_.erase(entry_);
}

// Looks around every 20 ms, and sleeps when nothing was watched for a while: waking it costs a short query more than
// the query itself.
void Watchdog::run() {
  std::unique_lock lock(mutex_);
  for (int idle = 0; !ending_;) {
    idle = watched_.empty() ? idle + 1 : 0;
    for (const auto& [connection, stop] : watched_) {
      if (must_stop(*stop)) duckdb_interrupt(connection);
    }
    if (idle < looks_before_sleep) {
      changed_.wait_for(lock, interval, [this] { return ending_; });
    } else {
      asleep_ = true;
      changed_.wait(lock, [this] { return ending_ || !watched_.empty(); });
      asleep_ = false;
    }
  }
}

}  // namespace rollcall::warehouse
