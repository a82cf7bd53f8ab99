#include "warehouse/log_queue.hpp"

#include <fmt/format.h>

namespace rollcall::warehouse {

// As much as is worth one transaction.
LogQueue::Group LogQueue::next_group() {
  constexpr std::size_t most_bytes = std::size_t{64} << 20;
  Group group;
  std::size_t bytes = 0;
  for (auto* one : waiting_) {
    bytes += one->batch.bytes();
    if (!group.empty() && bytes > most_bytes) break;
    group.push_back(one);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group.size()));
  return group;
}

// Whoever waits is answered, whatever happens.
void LogQueue::write_or_refuse(const Group& group) {
  try {
    write_(group);
  } catch (const std::exception& thrown) {
    for (auto* one : group)
      one->result =
          fail("WAREHOUSE0107", fmt::format("the logs could not be written: {}", thrown.what()));
  }
}

Result<Taken> LogQueue::put(const telemetry::LogBatch& batch, const Ingestion& ingestion) {
  Waiting own{batch, ingestion};
  std::unique_lock lock(mutex_);
  waiting_.push_back(&own);
  written_.wait(lock, [&] { return own.done || !writing_; });
  while (!own.done) {
    Group group;
    try {
      group = next_group();
    } catch (...) {  // nobody was taken: the others write for themselves
      std::erase(waiting_, &own);
      written_.notify_all();
      throw;
    }
    writing_ = true;
    lock.unlock();
    write_or_refuse(group);
    lock.lock();
    for (auto* one : group) one->done = true;
    writing_ = false;
    written_.notify_all();
  }
  return own.result;
}

}  // namespace rollcall::warehouse
