// Drives flows: fires triggers, takes runs forward turn by turn, makes outside calls after their commit.
// Whoever owns it calls step() when there is something to do (next_due() says when). One step makes at most
// one commit. On a virtual clock a simulation does the same, and may pull the plug between any two durable
// steps. After a crash, open() on the same database goes on where the last commit was.
// All methods may be called by any thread; they wait for each other.
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
#include "flow/run_view.hpp"
#include "flow/site.hpp"
#include "flow/turn.hpp"

namespace rollcall::flow {

// Between which durable steps a crash may come.
enum class CrashPoint {
  before_commit,  // everything of the turn or firing is done but not committed
  after_commit,
  after_outside_call,  // the other side did it, we have not recorded it
};

struct DriverOptions {
  TurnLimits turn;
  // Threads that make outside calls; 0: step() makes them itself, one a step.
  unsigned outside_threads = 0;
  // Called by such a thread when step() has something to do.
  std::function<void()> wake;
  // How long and how many of a flow's ended runs are kept, unless its deployment says so; absent: all of them.
  // The others are forgotten, a few at a time, every hour.
  std::optional<Timespan> keep_runs;
  std::optional<std::int64_t> keep_count;
  Limits limits;  // of the flows that are deployed
  // Under which others reach the server; "": as set_url() says.
  std::string public_url;
  // Seals and signs (seal.hpp); empty: a new one, which is good for this process.
  std::string key;
  // Other processes drive the flows of this database too: each run belongs to one of them, until this much time has
  // passed without a sign of it. Absent: this process is alone.
  std::optional<Timespan> lease;
  Timespan look_every = seconds(1);  // at what the others have done
  // Polling triggers of our own lists are asked when these have changed (store::Database::listen), not only when it is
  // their time.
  bool listens = false;
  // Called at each point; true pulls the plug: the step fails with FLOWCRASH and the driver must be dropped.
  std::function<bool(CrashPoint)> crash;
};

struct DeployOptions {
  json::object parameters;  // over the definition's own defaults
  // Connection name → connector id, for definitions that do not say it themselves.
  json::object connections;
  bool enabled = true;
  // The document as it was written; kept to the byte, for whoever exports it. Empty: it is written anew.
  std::string text = {};
  std::optional<Timespan> keep_runs = {};  // over DriverOptions'
  std::optional<std::int64_t> keep_count = {};
};

// How a flow is called through a Request or webhook trigger.
struct Door {
  std::string trigger;          // its name, as the definition spells it
  std::string method;           // "" of a webhook: any
  std::string relative_path;    // with {parameters}
  bool responds = false;        // there is a Response that the caller waits for
  bool responds_later = false;  // …that he fetches
  bool webhook = false;
  bool enabled = true;
};

struct Deployed {
  std::int64_t version = 0;
  bool changed = false;               // false: the same text was there already
  std::vector<std::string> warnings;  // what is allowed but will surprise
};

class Driver {
 public:
  // Flows are loaded and runs of earlier processes are taken up again. `database`, `connectors` and `clock`
  // must outlive the driver. FLOW0518: another process shares them with another key.
  static Result<std::unique_ptr<Driver>> open(store::Database& database,
                                              const Connectors& connectors, const Clock& clock,
                                              DriverOptions options = {});
  ~Driver();

  // `document` is what Power Automate or Logic Apps exports, or a bare definition. Everything that can be
  // known to be wrong before a run is an error here: unknown action types, functions, connectors, operations.
  // FLOW0300 when there are several, one a line. Runs that are under way keep the version they began with.
  Result<Deployed> deploy(std::string_view name, const json::value& document,
                          const Principal& principal, const DeployOptions& options = {});
  // A disabled flow's triggers do not fire; its runs go on. FLOW0501: there is no such flow.
  Result<void> enable(std::string_view name, bool enabled);
  Result<void> remove(std::string_view name);

  // Fires a trigger by hand ("": the only one), with what its `triggerBody()` answers. The run is durable
  // when this returns; step() takes it forward.
  Result<RunId> start(std::string_view flow, std::string_view trigger, json::value body,
                      const Principal& principal);
  // The same with the trigger's whole outputs: {"headers", "body", "queries", …}.
  Result<RunId> start_with_outputs(std::string_view flow, std::string_view trigger,
                                   json::value outputs, const Principal& principal);
  // What callers of the trigger ("": the only one) need to know. FLOW0506; FLOW0516: it is not one that is called.
  Result<Door> door(std::string_view flow, std::string_view trigger);
  // Calls back the instance (as it stands in its callback URL) that waits for it. FLOW0512: nobody waits there.
  Result<void> call_back(RunId run, std::string_view instance, json::value outputs);
  // What the run has answered its caller; nullopt: nothing yet.
  Result<std::optional<json::value>> response(RunId run);
  // A new run that takes over what an ended run did, up to this action, which it begins anew, with all that comes
  // after it. FLOW0513 the run has not ended; FLOW0514 the action stands in a loop; FLOW0515 it was not reached,
  // or would be skipped again: the message says from which action to resume.
  Result<RunId> resume(RunId run, std::string_view from, const Principal& principal);
  // A new run of the flow's present version with the trigger's outputs of an old run.
  Result<RunId> resubmit(RunId run, const Principal& principal);
  // Nothing happens when the run has ended.
  Result<void> cancel(RunId run, const Principal& principal);

  // Leaves the runs to the other processes, at once rather than when the lease has run out. Nothing may be done with
  // the driver afterwards.
  Result<void> leave();

  // One durable step, if one is due at the clock's now. False: nothing is. After an Error other than
  // FLOWCRASH the step may be tried again.
  Result<bool> step();
  // Steps until nothing is due; FLOW0502 after `limit` steps. Answers how many there were.
  Result<std::size_t> run_until_idle(std::size_t limit = 1'000'000);
  // The earliest time at which step() may have something to do: not later than now when something is due
  // already; nullopt: nothing is scheduled (an outside call may be under way: then `wake` is called).
  std::optional<Timestamp> next_due() const;

  // The actions of a run, from its history.
  Result<RunView> show(RunId run, const ViewWindow& window = {});
  struct ConnectorInfo {
    std::string id;
    std::vector<std::string> operations;
  };
  // What flows may call here.
  std::vector<ConnectorInfo> connectors() const;
  // Flows and runs that could not be loaded, one line each; they stand still.
  std::vector<std::string> problems() const;
  RunStore& runs();
  // Addresses and signatures under which flows are called. The address is told when the server knows it.
  const Site& site() const;
  void set_url(std::string url);

 private:
  class Impl;
  explicit Driver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rollcall::flow
