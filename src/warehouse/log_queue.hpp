// Group commit: threads that bring logs at the same time share a transaction, and each returns when that is durable. One
// of them writes for all that wait; nobody waits for company, so a batch alone is written at once.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

class LogQueue {
 public:
  struct Waiting {
    const telemetry::LogBatch& batch;
    const Ingestion& ingestion;
    Result<Taken> result = Taken::now;
    bool done = false;
  };
  using Group = std::vector<Waiting*>;
  // Sets the result of each; called by one thread at a time.
  using Write = std::function<void(const Group&)>;

  explicit LogQueue(Write write) : write_(std::move(write)) {}
  Result<Taken> put(const telemetry::LogBatch& batch, const Ingestion& ingestion);

 private:
  Group next_group();
  void write_or_refuse(const Group& group);

  Write write_;
  std::mutex mutex_;
  std::condition_variable written_;
  std::deque<Waiting*> waiting_;
  bool writing_ = false;
};

}  // namespace rollcall::warehouse
