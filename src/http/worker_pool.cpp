#include "http/worker_pool.hpp"

#include <utility>

namespace rollcall::http {

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wake_.notify_all();
  look_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkerPool::submit(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || jobs_.size() + running_ >= limits_.waiting + limits_.workers) return false;
  jobs_.push_back(std::move(job));
  call_one();
  return true;
}

// Wakes or makes a worker where one more may run, or has to watch.
void WorkerPool::call_one() {
  const bool runs = running_ - slow_ + called_ < limits_.at_once;
  const bool watches = !watched_ && called_ == 0;
  if (!runs && !watches) return;
  if (idle_ > called_) {
    ++called_;
    wake_.notify_one();
  } else if (watched_) {
    look_.notify_one();
  } else if (threads_.size() < limits_.workers) {
    ++called_;
    threads_.emplace_back([this] { work(); });
  }
}

// A moment later those that still run are no longer counted.
void WorkerPool::watch(std::unique_lock<std::mutex>& lock) {
  watched_ = true;
  look_.wait_for(lock, limits_.patience);
  watched_ = false;
  const auto now = Clock::now();
  for (auto& turn : turns_) {
    if (!turn.runs || turn.slow || now - turn.since < limits_.patience) continue;
    turn.slow = true;
    ++slow_;
  }
}

void WorkerPool::begin(Turn& turn) {
  turn = {true, false, Clock::now()};
  ++running_;
  if (!jobs_.empty()) call_one();
}

void WorkerPool::end(Turn& turn) {
  if (turn.slow) --slow_;
  --running_;
  turn = {};
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  if (called_ > 0) --called_;
  auto& turn = turns_.emplace_back();
  for (;;) {
    while (!stopping_ && (jobs_.empty() || !may_run())) {
      if (!jobs_.empty() && !watched_) {
        watch(lock);
        continue;
      }
      ++idle_;
      wake_.wait(lock);
      --idle_;
      if (called_ > 0) --called_;
    }
    if (stopping_) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    begin(turn);
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
    end(turn);
  }
}

}  // namespace rollcall::http
