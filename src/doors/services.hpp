// What the doors serve from. Everything in it outlives them.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "doors/auth/access.hpp"
#include "doors/auth/tokens.hpp"
#include "doors/declared/options.hpp"
#include "doors/health/metrics.hpp"
#include "doors/ingest/intake.hpp"
#include "fleet/cell_rules.hpp"
#include "flow/driver.hpp"
#include "flow/run_store.hpp"
#include "lists/list_store.hpp"
#include "store/database.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

// The loop that steps the driver and the handlers that start runs take turns: nobody moves the flows while another
// does several things with them.
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
  WebhookOptions webhooks = {};
  std::function<json::array()> sources = {};  // how each that is pulled fares; empty: none is
  // Writes everything to a new folder, and answers what the backup is; empty: not from here.
  std::function<Result<json::object>(const std::filesystem::path&)> backup = {};
  std::unique_ptr<Intake> intake = std::make_unique<Intake>();
  // The cells of the matrix that are heard only through sources that have stopped, each with one; empty: none is.
  std::function<std::map<fleet::Cell, std::string>()> deaf_cells = {};
  Timestamp started = {};           // before it nothing could be polled or heard
  Timespan patience = minutes(15);  // how long no poll, and no log, is still well
  fleet::CellRules cells = {};      // which there should be
};

}  // namespace rollcall::doors
