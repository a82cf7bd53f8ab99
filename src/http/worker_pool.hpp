// Threads that take jobs from one bounded queue. They are made as they are needed, up to a number. Fewer of them
// may run at once: jobs that are short then stand in no other's way for the processors. One that takes longer
// than `patience` may be waiting for something, and no longer counts.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace rollcall::http {

struct WorkerLimits {
  std::size_t workers = 1;  // at most
  std::size_t at_once = 1;  // jobs that run, but for those that take long
  std::size_t waiting = 0;  // jobs without a worker, were there as many at work as may be
  std::chrono::microseconds patience = std::chrono::milliseconds(2);
};

class WorkerPool {
 public:
  explicit WorkerPool(const WorkerLimits& limits) : limits_(limits) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  // False when too many wait already; the job is then not taken.
  bool submit(std::function<void()> job);
  // Jobs under way are finished, those in wait are dropped, new ones are not taken.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Turn {  // of one worker
    bool runs = false;
    bool slow = false;
    Clock::time_point since = {};
  };

  void work();
  // All below with the mutex held.
  bool may_run() const { return running_ - slow_ < limits_.at_once; }
  void call_one();
  void watch(std::unique_lock<std::mutex>& lock);
  void begin(Turn& turn);
  void end(Turn& turn);

  const WorkerLimits limits_;
  std::mutex mutex_;
  std::condition_variable wake_, look_;
  std::deque<std::function<void()>> jobs_;
  std::list<Turn> turns_;
  std::size_t running_ = 0, slow_ = 0;
  std::size_t idle_ = 0;    // wait for wake_
  std::size_t called_ = 0;  // of those and of new ones: they are on their way
  bool watched_ = false;    // one looks at how long others take, while jobs wait
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rollcall::http
