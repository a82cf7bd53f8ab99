#include "app/repeating.hpp"

#include <chrono>

namespace rollcall::app {

Repeating::Repeating(Timespan pace, std::function<bool()> work)
    : work_(std::move(work)), thread_([this, pace] { run(pace); }) {}

Repeating::~Repeating() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Repeating::run(Timespan pace) {
  using Milliseconds = std::chrono::milliseconds;
  constexpr Milliseconds breath(20);  // for whoever waits for the same locks
  const Milliseconds whole(pace.ticks / ticks_per_millisecond);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool more = work_();
    lock.lock();
    wake_.wait_for(lock, more ? breath : whole, [this] { return stopping_; });
  }
}

}  // namespace rollcall::app
