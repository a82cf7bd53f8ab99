// A few threads that take jobs from one bounded queue.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rollcall::http {

class WorkerPool {
 public:
  WorkerPool(unsigned workers, std::size_t max_waiting);
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // False when too many wait already; the job is then not taken.
  bool submit(std::function<void()> job);
  // Jobs under way are finished, those in wait are dropped, new ones are not taken.
  void stop();

 private:
  void work();

  std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rollcall::http
