#include "warehouse/watchdog.hpp"

namespace rollcall::warehouse {
namespace {

constexpr auto interval = std::chrono::milliseconds(20);

bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

}  // namespace

bool must_stop(const Stop& stop) {
  return is_set(stop.killed) || is_set(stop.cancelled) || (stop.deadline && std::chrono::steady_clock::now() >= *stop.deadline);
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Watchdog::Watch::Watch(Watchdog& watchdog, duckdb_connection connection, const Stop& stop) : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  entry_ = watchdog_.watched_.emplace(watchdog_.watched_.end(), connection, &stop);
  if (!watchdog_.thread_.joinable()) watchdog_.thread_ = std::thread([&watchdog] { watchdog.run(); });
  watchdog_.changed_.notify_all();
}

Watchdog::Watch::~Watch() {
  const std::lock_guard lock(watchdog_.mutex_);
  watchdog_.watched_.erase(entry_);
}

// Sleeps as long as nothing is watched.
void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait(lock, [this] { return ending_ || !watched_.empty(); });
    for (const auto& [connection, stop] : watched_) {
      if (must_stop(*stop)) duckdb_interrupt(connection);
    }
    changed_.wait_for(lock, interval, [this] { return ending_; });
  }
}

}  // namespace rollcall::warehouse
