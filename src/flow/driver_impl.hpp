// The driver's inside: flows by name, runs under way, and what is due. driver.cpp has what people ask for,
// driver_steps.cpp how it moves.
#pragma once
#include <map>
#include <mutex>
#include <set>

#include "flow/driver.hpp"
#include "flow/live_run.hpp"
#include "flow/outside_calls.hpp"
#include "flow/triggers.hpp"

namespace rollcall::flow {

class Driver::Impl {
 public:
  Impl(store::Database& database, const Connectors& connectors, const Clock& clock, DriverOptions options)
      : database_(database),
        connectors_(connectors),
        clock_(clock),
        options_(std::move(options)),
        store_(database),
        outside_(options_.outside_threads, options_.wake) {}

  Result<void> open();
  Result<Deployed> deploy(std::string_view name, const json::value& document, const Principal& principal,
                          const DeployOptions& options);
  Result<void> enable(std::string_view name, bool enabled);
  Result<void> remove(std::string_view name);
  Result<RunId> start(std::string_view flow, std::string_view trigger, json::value outputs, const Principal& principal);
  Result<RunId> resubmit(RunId run, const Principal& principal);
  Result<void> cancel(RunId run, const Principal& principal);
  Result<bool> step();
  std::optional<Timestamp> next_due() const;
  Result<RunView> show(RunId run, const ViewWindow& window);
  std::vector<std::string> problems() const;
  RunStore& runs() { return store_; }

  mutable std::mutex mutex;  // taken by the driver's methods

 private:
  // A run that is created in the caller's transaction; adopt() takes it up after the commit.
  struct NewRun {
    RunRecord record;
    std::shared_ptr<const Workflow> workflow;
    Incoming started;
  };

  Result<std::shared_ptr<const Workflow>> workflow_of(std::string_view flow, std::int64_t version);
  Result<LoadedFlow*> flow_named(std::string_view name);
  Result<std::vector<NewRun>> new_runs(const LoadedFlow& flow, const Trigger& trigger, json::value outputs,
                                       std::string_view principal);
  Result<void> create(store::Transaction& transaction, NewRun& run);
  void adopt(NewRun run);
  Result<void> load_run(RunId id);
  std::size_t unfinished(std::string_view flow) const;
  bool may_fire(const LoadedFlow& flow) const;

  Result<bool> fire_due();
  Result<void> fire(LoadedFlow& flow);
  void take_up_times();
  Result<bool> take_answer();
  Result<bool> take_one_turn();
  Result<void> turn(LiveRun& run);
  Result<std::optional<Outcome>> start_child(store::Transaction& transaction, LiveRun& parent, StartChild child,
                                             std::vector<NewRun>& children);
  Result<void> ended(store::Transaction& transaction, LiveRun& run, std::optional<Incoming>& for_parent);
  void after_turn(LiveRun& run);
  Result<void> reached(CrashPoint point);

  store::Database& database_;
  const Connectors& connectors_;
  const Clock& clock_;
  const DriverOptions options_;
  RunStore store_;
  OutsideCalls outside_;
  bool dead_ = false;
  std::optional<Timestamp> pruned_;  // when runs were forgotten last
  std::map<std::string, LoadedFlow, std::less<>> flows_;
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const Workflow>> workflows_;
  std::map<RunId, std::unique_ptr<LiveRun>> live_;
  std::deque<RunId> ready_;                          // have work, in the order they get their turns
  std::set<std::pair<Timestamp, RunId>> wakes_;      // the first time that each run waits for
  std::map<RunId, Timestamp> to_load_;               // their turn failed: loaded anew at that time
  std::map<std::string, std::string> broken_flows_;  // name → why
  std::map<RunId, std::string> broken_runs_;
};

}  // namespace rollcall::flow
