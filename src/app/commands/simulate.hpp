// `rollcall sim`.
#pragma once
#include <cstdint>

#include "app/console.hpp"
#include "base/clock.hpp"

namespace rollcall::app {

struct SimulateOptions {
  std::uint64_t seed = 1;
  std::uint64_t last = 0;  // the seeds from `seed` to this one; 0: one alone
  bool json = false;
};
int simulate(const SimulateOptions& options, const Console& console, const Clock& clock);

}  // namespace rollcall::app
