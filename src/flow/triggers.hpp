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
  const Trigger* scheduled = nullptr;    // the trigger with a recurrence; of the workflow
  std::optional<Recurrence> recurrence = {};
};

// Evaluates the recurrence, which may ask for parameters.
Result<LoadedFlow> load_flow(FlowRecord record, std::shared_ptr<const Workflow> workflow, Timestamp now);
// "": the only one. FLOW0506: there is no such trigger, or several.
Result<const Trigger*> find_trigger(const Workflow& workflow, std::string_view name);
// {"name", "startTime", "endTime", "status", "outputs"}
json::value trigger_record(const Trigger& trigger, json::value outputs, Timestamp now);
// All of the trigger's conditions hold for this record.
Result<bool> conditions_hold(const Workflow& workflow, const Trigger& trigger, const json::value& record, Timestamp now);
// The outputs of the runs that it starts: one for each item when it has a splitOn, else as they are.
// FLOW0507: what it splits is no array, or longer than may be.
Result<std::vector<json::value>> split(const Workflow& workflow, const Trigger& trigger, json::value outputs, Timestamp now);

}  // namespace rollcall::flow
