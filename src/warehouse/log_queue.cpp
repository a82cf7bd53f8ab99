#include "warehouse/log_queue.hpp"

namespace rollcall::warehouse {

// As much as is worth one transaction.
LogQueue::Group LogQueue::next_group() {
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  Group group;
  for (std::size_t bytes = 0; !waiting_.empty() && (group.empty() || bytes + waiting_.front()->batch.bytes() <= most_bytes);) {
    bytes += waiting_.front()->batch.bytes();
    group.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return group;
}

Result<Taken> LogQueue::put(const telemetry::LogBatch& batch, const Ingestion& ingestion) {
  Waiting own{batch, ingestion};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&own);
  written_.wait(lock, [&] { return own.done || !writing_; });
  while (!own.done) {
    writing_ = true;
    const auto group = next_group();
    lock.unlock();
    write_(group);
    lock.lock();
    for (auto* one : group) one->done = true;
    writing_ = false;
    written_.notify_all();
  }
  return own.result;
}

}  // namespace rollcall::warehouse
