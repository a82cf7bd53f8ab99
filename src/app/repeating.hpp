// A thread that does a piece of work again and again: soon while it says that there is more to do, else at its pace.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.hpp"

namespace rollcall::app {

class Repeating {
 public:
  Repeating(Timespan pace, std::function<bool()> work);
  // Waits for the piece under way.
  ~Repeating();
  Repeating(const Repeating&) = delete;
  Repeating& operator=(const Repeating&) = delete;

 private:
  void run(Timespan pace);

  std::function<bool()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rollcall::app
