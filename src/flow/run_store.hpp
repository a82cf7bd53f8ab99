// What is durable of flows: their definitions (every version), their triggers' next times, runs, the events
// of each run, and which process works on a run. It lives in the lists' database, so that a turn's list
// writes and its events are committed together.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/principal.hpp"
#include "base/time.hpp"
#include "flow/advance.hpp"
#include "flow/status.hpp"

namespace rollcall::store {
class Connection;
class Database;
class Transaction;
}  // namespace rollcall::store

namespace rollcall::flow {

using RunId = std::int64_t;  // shown in decimal

struct FlowRecord {
  std::string name;
  std::int64_t version = 0;  // counts deployments of another text, from 1
  std::string definition;    // the JSON as it was deployed
  std::string settings;      // JSON: parameters and connections given at deployment
  bool enabled = true;
  Timestamp deployed_at;
  std::string deployed_by;
  std::optional<Timestamp> next_fire;  // of its recurrence
  std::optional<Timestamp> last_fire;
  std::string
      trigger_state;  // JSON; what a polling trigger has seen, what a webhook subscribed; may be empty
};

struct RunRecord {
  RunId id = 0;
  std::string flow;
  std::int64_t version = 0;
  std::string trigger;
  Status status = Status::waiting;
  Timestamp started;
  std::optional<Timestamp> ended;
  std::optional<Timestamp> wake;  // the next time it waits for
  std::string code;               // why it failed
  std::string message;
  std::string principal;  // who or what started it
  std::string response;   // JSON, when it answered its caller
  std::int64_t events = 0;
  std::int64_t rows = 0;        // that its events are packed in
  std::optional<RunId> parent;  // the run that waits for this one, and where in it
  std::string parent_instance;
  std::string tracking;          // the client tracking id: what ties runs and requests together
  std::optional<RunId> resumed;  // the run that this one takes up again
  std::optional<RunId> origin;   // the first of those
  std::int64_t owner = 0;  // the process that takes it forward; 0: it has the database for itself
};

// A process that drives flows in a database which others use too. Its lease on its runs lasts as long as its
// beat goes on; whoever takes it away deletes the row, and from then on the process writes nothing any more.
struct Worker {
  std::int64_t id = 0;
  std::int64_t beat = 0;
  std::string key;  // a mark of the key that it seals and signs with
};

// How many runs of a flow others have under way, and how many of these have begun.
struct OthersRuns {
  std::size_t all = 0;
  std::size_t begun = 0;
};

class HistoryMemory;
struct RunFacts;
// What the core is told of the run.
RunFacts facts_of(const RunRecord& record);

// Newest first.
struct RunQuery {
  std::string flow;  // empty: of all flows
  std::optional<Status> status;
  std::optional<Timestamp> from, to;  // by start
  std::string trigger;                // by name; letter case is ignored
  std::string text;  // stands in code, message, tracking id or principal; letter case is ignored
  std::optional<RunId> before;  // for the next page
  std::size_t limit = 50;       // at most 1,000
};

// An event that came from outside a run's own turns: its start, a child that ended, a request to cancel. It is
// kept until the turn that takes it in.
struct Letter {
  std::int64_t id = 0;
  std::string event;  // a line as history.hpp has it
};

class RunStore {
 public:
  explicit RunStore(store::Database& database);
  ~RunStore();
  static std::int64_t newest_format();  // of its tables: "flow" in store::stored_formats
  // Creates or migrates its tables. STORE0104: they are of a newer format.
  Result<void> open();

  // ---- reading
  Result<std::vector<FlowRecord>> flows();
  Result<std::optional<FlowRecord>> flow(std::string_view name);
  // As it was deployed then; its triggers' times are those of now.
  Result<std::optional<FlowRecord>> flow_version(std::string_view name, std::int64_t version);
  Result<std::vector<RunRecord>> runs(const RunQuery& query);
  Result<std::optional<RunRecord>> run(RunId id);
  // In the order they happened.
  Result<std::vector<Event>> events(RunId id, const Workflow& workflow);
  // Of all runs of this process that have not ended, oldest first.
  Result<std::vector<RunId>> unfinished();
  Result<std::int64_t> count_unfinished(std::string_view flow);
  Result<std::vector<Letter>> letters(RunId run);

  // ---- writing, in the caller's transaction
  Result<void> put_flow(store::Transaction&, const FlowRecord& flow);
  Result<void> set_enabled(store::Transaction&, std::string_view name, bool enabled);
  Result<void> set_fire(store::Transaction&, std::string_view name, std::optional<Timestamp> last,
                        std::optional<Timestamp> next);
  Result<void> set_trigger_state(store::Transaction&, std::string_view name,
                                 std::string_view state);
  // The firing that was due then has happened. FLOW0404: another process was faster.
  Result<void> fired(store::Transaction&, std::string_view name, Timestamp due, Timestamp next);
  // Its runs and versions stay.
  Result<void> remove_flow(store::Transaction&, std::string_view name);
  // Gives the run its id, never used before.
  Result<void> create_run(store::Transaction&, RunRecord& run);
  // Appends a row of events and writes what changed of the run. FLOW0404: the run has gone further than
  // `run.events`, or this process has lost it: another one works on it.
  Result<void> append(store::Transaction&, RunRecord& run, std::string_view row,
                      std::int64_t events);
  // Answers the letter's id.
  Result<std::int64_t> send(store::Transaction&, RunId to, std::string_view event);
  Result<void> delete_letter(store::Transaction&, std::int64_t id);
  Result<void> delete_letters(store::Transaction&, RunId run);
  // Forgets ended runs of the flow beyond the newest `keep`, and those that ended before then; oldest first, so
  // many at once that others need not wait. Answers how many.
  Result<std::int64_t> prune(store::Transaction&, std::string_view flow,
                             std::optional<Timestamp> before, std::optional<std::int64_t> keep);

  // ---- several processes (driver_sharing.cpp)
  // Whose runs are created and taken forward here, from now on.
  void work_as(std::int64_t owner) { owner_ = owner; }
  std::int64_t owner() const { return owner_; }
  Result<std::vector<Worker>> workers();
  // What is durable of each flow but its definition and settings.
  Result<std::vector<FlowRecord>> flows_in_short();
  Result<std::map<std::string, OthersRuns, std::less<>>> runs_of_others();
  Result<OthersRuns> runs_of_others(store::Connection&, std::string_view flow);
  // Those of this process's runs.
  Result<std::vector<std::pair<RunId, Letter>>> letters_here();
  // There are runs under way that belong to nobody.
  Result<bool> has_orphans();
  Result<void> put_worker(store::Transaction&, const Worker& worker);
  // False: the lease was lost.
  Result<bool> beat(store::Transaction&);
  // Without `beat` whatever it is; false: its heart beats still.
  Result<bool> end_worker(store::Transaction&, std::int64_t id, std::optional<std::int64_t> beat);
  // The runs of nobody become those of this process.
  Result<void> take_orphans(store::Transaction&);

  // For whoever writes a run's events; for one at a time.
  HistoryMemory& history_memory() { return *history_memory_; }

 private:
  struct Statements;
  store::Database& database_;
  std::unique_ptr<const Statements> statements_;
  std::unique_ptr<HistoryMemory> history_memory_;
  std::int64_t owner_ = 0;
};

}  // namespace rollcall::flow
