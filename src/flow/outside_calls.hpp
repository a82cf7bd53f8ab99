// Calls that leave the process: made by threads of their own, or (without threads) by whoever asks for the
// next answer. Each job holds all that the call needs, so that the run may change or go away meanwhile.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "flow/advance.hpp"
#include "flow/run_store.hpp"

namespace rollcall::flow {

struct OutsideJob {
  RunId run = 0;
  CallOperation call;
  std::string action;
  std::string connection;
  Principal principal;
  Timestamp now;
  std::optional<int> most_items = std::nullopt;
  std::string flow = {};       // a trigger of this flow asks, and no run
  std::uint64_t question = 0;  // of the trigger
  bool chunked = false;
};

struct OutsideAnswer {
  RunId run = 0;
  Instance instance;
  std::uint32_t attempt = 1;
  Outcome outcome;
  std::string flow = {};
  std::uint64_t question = 0;
};

class OutsideCalls {
 public:
  // `wake` is called by a thread that has an answer.
  OutsideCalls(unsigned threads, std::function<void()> wake);
  ~OutsideCalls();  // waits for the calls that are under way
  void ask(OutsideJob job);
  // The next answer, if there is one. Without threads it makes the call.
  std::optional<OutsideAnswer> answer();
  // Calls of runs that have not gone out yet will not.
  void forget_runs();
  // answer() may have something.
  bool ready() const;

 private:
  void work();
  static OutsideAnswer make(const OutsideJob& job);

  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<OutsideJob> jobs_;
  std::deque<OutsideAnswer> answers_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rollcall::flow
