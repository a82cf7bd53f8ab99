// Drives flows: fires triggers, takes runs forward turn by turn, makes outside calls after their commit.
// Single-threaded: whoever owns it calls step() when there is something to do (next_due() says when). One
// step makes at most one commit. On a virtual clock a simulation does the same, and may pull the plug
// between any two durable steps. After a crash, open() on the same database goes on where the last commit was.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/principal.hpp"
#include "flow/connector.hpp"
#include "flow/run_store.hpp"

namespace rollcall::flow {

// Between which durable steps a crash may come.
enum class CrashPoint {
  before_commit,        // everything of the turn or firing is done but not committed
  after_commit,
  after_outside_call,   // the other side did it, we have not recorded it
};

struct DriverOptions {
  std::size_t max_events_per_turn = 1'000;
  // Called at each point; true pulls the plug: step() fails with FLOWCRASH and the driver must be dropped.
  std::function<bool(CrashPoint)> crash;
};

struct DeployOptions {
  json::object parameters;   // over the definition's own defaults
  // Connection name → connector id, for definitions that do not say it themselves.
  json::object connections;
  bool enabled = true;
};

struct Deployed {
  std::int64_t version = 0;
  bool changed = false;               // false: the same text was there already
  std::vector<std::string> warnings;  // what is allowed but will surprise
};

class Driver {
 public:
  // Runs of earlier processes are taken up again.
  static Result<std::unique_ptr<Driver>> open(store::Database& database, const Connectors& connectors,
                                              const Clock& clock, DriverOptions options = {});
  ~Driver();

  // `document` is what Power Automate or Logic Apps exports, or a bare definition. Everything that can be
  // known to be wrong before a run is an error here: unknown action types, functions, connectors, operations.
  // Runs that are under way keep the version they started with.
  Result<Deployed> deploy(std::string_view name, const json::value& document, const Principal& principal,
                          const DeployOptions& options = {});
  // A disabled flow's triggers do not fire; its runs go on.
  Result<void> enable(std::string_view name, bool enabled);
  Result<void> remove(std::string_view name);

  // Fires the trigger by hand ("": the only one), with what its `triggerBody()` answers. The run is durable
  // when this returns; step() takes it forward.
  Result<RunId> start(std::string_view flow, std::string_view trigger, json::value body,
                      const Principal& principal);
  // A new run of the flow's present version with the trigger's outputs of an old run.
  Result<RunId> resubmit(RunId run, const Principal& principal);
  Result<void> cancel(RunId run, const Principal& principal);

  // One durable step, if one is due at the clock's now. False: nothing is.
  Result<bool> step();
  // Steps until nothing is due; FLOW0502 after `limit` steps. Answers how many there were.
  Result<std::size_t> run_until_idle(std::size_t limit = 1'000'000);
  // The earliest time at which step() may have something to do: not later than now when something is due
  // already; nullopt: nothing is scheduled.
  std::optional<Timestamp> next_due() const;

  RunStore& runs();

 private:
  class Impl;
  explicit Driver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::flow
