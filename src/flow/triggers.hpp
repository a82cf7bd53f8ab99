// A flow as the driver holds it: its record, its compiled definition, and when its recurrence fires.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "flow/recurrence.hpp"
#include "flow/run_store.hpp"
#include "flow/workflow.hpp"

namespace rollcall::flow {

struct LoadedFlow {
  FlowRecord record;
  std::shared_ptr<const Workflow> workflow;
  // The trigger that fires by itself: by its recurrence, by asking others, or by subscribing; of the workflow.
  const Trigger* scheduled = nullptr;
  std::optional<Recurrence> recurrence = {};
  std::uint64_t asking = 0;  // the number of its question that is under way; 0: none is
  std::optional<Timestamp> claimed =
      {};  // until then other processes leave it to us; its next time in the database
  // Of a trigger that polls what is ours: what is announced when it may have something to tell; "": nothing is; absent:
  // not known yet.
  std::optional<std::string> news = {};
  bool called = false;      // it was announced, and the trigger has not been asked since
  Timestamp asked_at = {};  // last
  std::optional<Timespan> keep_runs = {};  // as its deployment says
  std::optional<std::int64_t> keep_count = {};

  bool subscribes() const;
};

// What is durable of a trigger that asks others.
struct TriggerState {
  std::string location;  // where a polling trigger is asked next; "": as its inputs say
  bool subscribed = false;
  std::string url;           // that was given when subscribing
  json::value subscription;  // what subscribing answered
};
TriggerState parse_trigger_state(std::string_view text);
std::string to_text(const TriggerState& state);

// Evaluates the recurrence, which may ask for parameters.
Result<LoadedFlow> load_flow(FlowRecord record, std::shared_ptr<const Workflow> workflow,
                             Timestamp now);
// "": the only one. FLOW0506: there is no such trigger, or several.
Result<const Trigger*> find_trigger(const Workflow& workflow, std::string_view name);
// The question of a trigger that polls or subscribes (`ends`: unsubscribes). nullopt: there is nothing to ask.
struct TriggerCall {
  BoundOperation operation;
  json::value inputs;
  std::string location;
  std::string callback_url;
};
Result<std::optional<TriggerCall>> trigger_call(const LoadedFlow& flow, const TriggerState& state,
                                                const std::string& callback_url, bool ends,
                                                Timestamp now);
// The client tracking id: of the trigger's correlation, or of the header x-ms-client-tracking-id; "" when neither.
Result<std::string> tracking_of(const Workflow& workflow, const Trigger& trigger,
                                const json::value& record, Timestamp now);
// {"name", "startTime", "endTime", "status", "outputs"}
json::value trigger_record(const Trigger& trigger, json::value outputs, Timestamp now);
// All of the trigger's conditions hold for this record.
Result<bool> conditions_hold(const Workflow& workflow, const Trigger& trigger,
                             const json::value& record, Timestamp now);
// The outputs of the runs that it starts: one for each item when it has a splitOn, else as they are.
// FLOW0507: what it splits is no array, or longer than may be.
Result<std::vector<json::value>> split(const Workflow& workflow, const Trigger& trigger,
                                       json::value outputs, Timestamp now);

}  // namespace rollcall::flow
