// What is durable of flows: their definitions (every version), their triggers' next times, runs, the events
// of each run, and which process works on a run. It lives in the lists' database, so that a turn's list
// writes and its events are committed together.
#pragma once
#include <cstdint>
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
};

struct RunRecord {
  RunId id = 0;
  std::string flow;
  std::int64_t version = 0;
  std::string trigger;
  Status status = Status::running;
  Timestamp started;
  std::optional<Timestamp> ended;
  std::optional<Timestamp> wake;  // the next time it waits for
  std::string code;               // why it failed
  std::string message;
  std::string principal;          // who or what started it
  std::string response;           // JSON, when it answered its caller
  std::int64_t events = 0;
  std::optional<RunId> parent;    // the run that waits for this one, and where in it
  std::string parent_instance;
};

// Newest first.
struct RunQuery {
  std::string flow;  // empty: of all flows
  std::optional<Status> status;
  std::optional<Timestamp> from, to;  // by start
  std::optional<RunId> before;        // for the next page
  std::size_t limit = 50;
};

class RunStore {
 public:
  explicit RunStore(store::Database& database) : database_(database) {}
  // Creates or migrates its tables. FLOW0401: they are of a newer format.
  Result<void> open();

  Result<std::vector<FlowRecord>> flows();
  Result<std::optional<FlowRecord>> flow(std::string_view name);
  Result<std::optional<FlowRecord>> flow_version(std::string_view name, std::int64_t version);
  Result<std::vector<RunRecord>> runs(const RunQuery& query);
  Result<std::optional<RunRecord>> run(RunId id);
  // In the order they happened.
  Result<std::vector<Event>> events(RunId id, const Workflow& workflow);

 private:
  store::Database& database_;
};

}  // namespace rollcall::flow
