// What takes turns runs a few at a time, and waits for nobody who waits.
#include "http/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace rollcall::http {
namespace {

TEST(WorkerPool, ShortJobsTakeTurns) {
  constexpr int jobs = 200;
  std::atomic<int> running = 0, most = 0;
  std::latch done(jobs);
  WorkerPool pool(
      {.workers = 16, .at_once = 2, .waiting = jobs, .patience = std::chrono::hours(1)});
  for (int i = 0; i < jobs; ++i) {
    ASSERT_TRUE(pool.submit([&] {
      const int now = ++running;
      for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
      }
      std::this_thread::sleep_for(std::chrono::microseconds(100));
      --running;
      done.count_down();
    }));
  }
  done.wait();
  EXPECT_LE(most, 2);
}

// Each waits for one that came behind it.
TEST(WorkerPool, JobsThatWaitLetOthersPass) {
  constexpr int jobs = 12;
  std::vector<std::unique_ptr<std::latch>> gates;
  for (int i = 0; i < jobs; ++i) gates.push_back(std::make_unique<std::latch>(1));
  std::latch done(jobs);
  WorkerPool pool({.workers = jobs, .at_once = 2, .waiting = jobs});
  for (int i = 0; i < jobs; ++i) {
    ASSERT_TRUE(pool.submit([&, i] {
      if (i + 1 < jobs) gates[static_cast<std::size_t>(i) + 1]->wait();
      gates[static_cast<std::size_t>(i)]->count_down();
      done.count_down();
    }));
  }
  done.wait();
}

TEST(WorkerPool, TakesNoMoreThanMayWait) {
  std::latch gate(1);
  WorkerPool pool({.workers = 2, .at_once = 1, .waiting = 3});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(pool.submit([&] { gate.wait(); })) << i;
  EXPECT_FALSE(pool.submit([] {}));
  gate.count_down();
}

// Many come and go; none is lost.
TEST(WorkerPool, EveryJobIsDone) {
  constexpr int jobs = 5000;
  std::atomic<int> done = 0;
  {
    WorkerPool pool(
        {.workers = 8, .at_once = 2, .waiting = jobs, .patience = std::chrono::microseconds(50)});
    std::latch all(jobs);
    for (int i = 0; i < jobs; ++i) {
      ASSERT_TRUE(pool.submit([&, i] {
        if (i % 100 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
        ++done;
        all.count_down();
      }));
    }
    all.wait();
  }
  EXPECT_EQ(done, jobs);
}

}  // namespace
}  // namespace rollcall::http
