// The driver's inside: flows by name, runs under way, and what is due. driver.cpp has what people ask for,
// driver_steps.cpp how it moves.
#pragma once
#include <map>
#include <mutex>
#include <set>

#include "flow/driver.hpp"
#include "flow/live_runs.hpp"
#include "flow/outside_calls.hpp"
#include "flow/triggers.hpp"

namespace rollcall::flow {

class Driver::Impl {
 public:
  Impl(store::Database& database, const Connectors& connectors, const Clock& clock,
       DriverOptions options)
      : database_(database),
        connectors_(connectors),
        clock_(clock),
        options_(std::move(options)),
        site_(options_.key.empty() ? new_seal_key() : options_.key),
        store_(database),
        outside_(options_.outside_threads, options_.wake) {}
  ~Impl();

  Result<void> open();
  Result<Deployed> deploy(std::string_view name, const json::value& document,
                          const Principal& principal, const DeployOptions& options);
  Result<void> enable(std::string_view name, bool enabled);
  Result<void> remove(std::string_view name);
  Result<RunId> start(std::string_view flow, std::string_view trigger, json::value outputs,
                      const Principal& principal);
  Result<RunId> resubmit(RunId run, const Principal& principal);
  Result<void> cancel(RunId run, const Principal& principal);
  Result<Door> door(std::string_view flow, std::string_view trigger);
  Result<void> call_back(RunId run, std::string_view instance, json::value outputs);
  Result<std::optional<json::value>> response(RunId run);
  Result<RunId> resume(RunId run, std::string_view from, const Principal& principal);
  const Site& site() const { return site_; }
  void set_url(std::string url);
  Result<bool> step();
  std::optional<Timestamp> next_due() const;
  Result<RunView> show(RunId run, const ViewWindow& window);
  std::vector<std::string> problems() const;
  std::vector<ConnectorInfo> connectors() const;
  RunStore& runs() { return store_; }
  Result<void> leave();

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
  Result<std::vector<NewRun>> new_runs(const LoadedFlow& flow, const Trigger& trigger,
                                       json::value outputs, std::string_view principal);
  Result<std::shared_ptr<const Workflow>> compile(const json::value& document,
                                                  std::string_view settings,
                                                  std::vector<std::string>& warnings) const;
  Result<void> has_room(const LoadedFlow& flow, const Trigger& trigger, std::size_t more) const;
  Result<void> create(store::Transaction& transaction, NewRun& run);
  void adopt(NewRun run);
  Result<void> load_run(RunId id);
  Result<void> take_up_runs();
  std::size_t unfinished(std::string_view flow) const;
  std::size_t under_way(std::string_view flow) const;  // unfinished, and not parked
  bool may_fire(const LoadedFlow& flow) const;
  void park_or_begin(LiveRun& run);
  // Of several processes only one begins the run that there is still a place for.
  Result<void> has_place(store::Transaction& transaction, const LiveRun& run);
  void unpark(const std::string& flow);

  // Several processes (driver_sharing.cpp).
  Result<void> may_share();
  Result<void> enter();
  Result<void> look_around();
  Result<void> keep_lease();
  Result<void> watch_others();
  Result<void> take_orphans();
  Result<void> take_up_flows();
  Result<void> take_up_letters();
  void lose_all();
  Result<void> ask_for_all(LoadedFlow& flow);
  Result<void> count_others(store::Transaction& transaction, const std::string& flow);
  OthersRuns of_others(std::string_view flow) const;

  Result<bool> fire_due();
  struct Firing {
    LoadedFlow* flow;
    Timestamp due, next;
    std::vector<NewRun> runs;
  };
  Result<Firing> firing_of(LoadedFlow& flow);
  Result<void> fire(const std::vector<LoadedFlow*>& flows);
  // Triggers that ask others (driver_triggers.cpp).
  Result<void> ask(LoadedFlow& flow);
  Result<void> answered(const std::string& flow, std::uint64_t question, Outcome outcome);
  // `record`: a copy, which becomes the flow's own after the commit.
  Result<void> answered_in(store::Transaction& transaction, const LoadedFlow& flow,
                           const Outcome& outcome, FlowRecord& record, std::vector<NewRun>& runs);
  Result<Timestamp> next_poll(const LoadedFlow& flow, const Outcome* outcome) const;
  void end_subscription(const LoadedFlow& flow);
  // The flow is about to go, or to be deployed with other triggers: nobody waits for its answer, but what that
  // answer subscribes is ended.
  void leave(const LoadedFlow& flow);
  void end_late_subscription(LoadedFlow flow, const Outcome& outcome);
  // What is announced (driver_news.cpp).
  void hear(std::string_view news);
  bool has_news() const;
  Result<void> take_news();
  Result<void> is_state_of_all(const LoadedFlow& flow);
  static std::optional<Timestamp> due_of(const LoadedFlow& flow);
  Result<bool> prune_some();
  void take_up_times();
  Result<bool> take_answer();
  Result<bool> take_one_turn();
  Result<void> turn(LiveRun& run);
  Result<std::optional<Outcome>> start_child(store::Transaction& transaction, LiveRun& parent,
                                             StartChild child, std::vector<NewRun>& children);
  Result<void> ended(store::Transaction& transaction, LiveRun& run,
                     std::optional<Incoming>& for_parent);
  void after_turn(LiveRun& run);
  void wake_at(LiveRun& run, std::optional<Timestamp> time);  // instead of when it would have woken
  void forget(RunId id);
  Result<void> reached(CrashPoint point);

  store::Database& database_;
  const Connectors& connectors_;
  const Clock& clock_;
  const DriverOptions options_;
  mutable std::mutex news_mutex_;
  std::set<std::string, std::less<>> news_;  // that was heard, and not looked at yet
  Site site_;
  RunStore store_;
  OutsideCalls outside_;
  bool dead_ = false;
  bool taken_up_ = false;                     // the runs of earlier processes
  std::uint64_t questions_ = 0;               // that triggers have asked
  std::map<std::uint64_t, LoadedFlow> left_;  // by the question that is still under way
  Timestamp next_look_;                       // at what the other processes do
  Timestamp next_beat_;
  struct Seen {
    std::int64_t beat = 0;
    Timestamp at;  // when it was new
  };
  std::map<std::int64_t, Seen> seen_;  // the other processes
  std::map<std::string, OthersRuns, std::less<>> others_runs_;
  std::optional<Timestamp> pruned_;    // when the last round of forgetting began
  std::vector<std::string> to_prune_;  // flows that this round has still to look at
  std::map<std::string, LoadedFlow, std::less<>> flows_;
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const Workflow>> workflows_;
  LiveRuns live_;
  std::deque<RunId> ready_;                      // have work, in the order they get their turns
  std::set<std::pair<Timestamp, RunId>> wakes_;  // the first time that each run waits for
  struct Reload {
    Timestamp at;
    std::shared_ptr<const Workflow> workflow;
  };
  std::map<RunId, Reload> to_load_;                  // their turn failed: loaded anew at that time
  std::map<std::string, std::string> broken_flows_;  // name → why
  std::map<RunId, std::string> broken_runs_;
};

}  // namespace rollcall::flow
