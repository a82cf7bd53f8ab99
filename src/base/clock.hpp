// The clock is injected: nothing below the composition root asks the machine for the time.
#pragma once
#include "base/time.hpp"

namespace rollcall {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

// A clock that stands still until it is told; for tests, replays and simulations.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp now) : now_(now) {}
  Timestamp now() const override { return now_; }
  void set(Timestamp now) { now_ = now; }
  void advance(Timespan span) { now_ = now_ + span; }

 private:
  Timestamp now_;
};

}  // namespace rollcall
