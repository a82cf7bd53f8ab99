// Threads that take jobs from one bounded queue. They are made as they are needed, up to a number.
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
  WorkerPool(unsigned max_workers, std::size_t max_waiting)
      : max_workers_(max_workers), max_waiting_(max_waiting) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // False when too many wait already; the job is then not taken.
  bool submit(std::function<void()> job);
  // Jobs under way are finished, those in wait are dropped, new ones are not taken.
  void stop();

 private:
  void work();

  unsigned max_workers_;
  std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rollcall::http
