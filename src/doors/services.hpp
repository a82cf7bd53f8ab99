// What the doors serve from. Everything in it outlives them.
#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "doors/auth/access.hpp"
#include "doors/auth/tokens.hpp"
#include "doors/health/metrics.hpp"
#include "flow/driver.hpp"
#include "flow/run_store.hpp"
#include "lists/list_store.hpp"
#include "store/database.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

// The driver is single-threaded: the loop that steps it and the handlers that start runs take turns.
class SharedDriver {
 public:
  explicit SharedDriver(flow::Driver& driver) : driver_(driver) {}
  template <class Work>
  auto with(Work&& work) {
    const std::lock_guard lock(mutex_);
    return work(driver_);
  }

 private:
  flow::Driver& driver_;
  std::mutex mutex_;
};

struct Services {
  const Clock& clock;
  warehouse::Warehouse& warehouse;
  store::Database& database;
  lists::ListStore& lists;
  SharedDriver& driver;
  flow::RunStore& runs;
  Tokens& tokens;
  Access& access;
  Metrics& metrics;
  std::vector<std::string> regions;  // the sequence as configured; empty: as deployments show it
};

}  // namespace rollcall::doors
