#include "flow/triggers.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

// What a trigger's own expressions see: parameters, and what the trigger answered.
class TriggerEnvironment final : public expr::Environment {
 public:
  TriggerEnvironment(const Workflow& workflow, const json::value& record, Timestamp now)
      : workflow_(workflow), record_(record), now_(now) {}

  Result<expr::Value> trigger() override { return expr::Value::borrow(record_); }
  Result<expr::Value> trigger_outputs() override {
    const auto* outputs = find(record_, "outputs");
    return outputs == nullptr ? expr::Value() : expr::Value::borrow(*outputs);
  }
  Result<expr::Value> parameter(std::string_view name) override {
    if (const auto* value = workflow_.parameter(name)) return expr::Value::borrow(*value);
    return fail("FLOW0310", fmt::format("there is no parameter '{}'", name));
  }
  Timestamp now() override { return now_; }
  std::uint64_t random() override { return next_random(random_); }

 private:
  const Workflow& workflow_;
  const json::value& record_;
  Timestamp now_;
  std::uint64_t random_ = 0;
};

}  // namespace

Result<LoadedFlow> load_flow(FlowRecord record, std::shared_ptr<const Workflow> workflow, Timestamp now) {
  LoadedFlow flow{std::move(record), std::move(workflow)};
  for (const auto& trigger : flow.workflow->definition().triggers) {
    if (!trigger.recurrence || !std::holds_alternative<RecurrenceTrigger>(trigger.kind)) continue;
    const json::value nothing;
    TriggerEnvironment environment(*flow.workflow, nothing, now);
    TRY(const auto evaluated, trigger.recurrence->evaluate(environment));
    TRY(flow.recurrence, parse_recurrence(*evaluated));
    flow.scheduled = &trigger;
    break;
  }
  return flow;
}

Result<const Trigger*> find_trigger(const Workflow& workflow, std::string_view name) {
  const auto& triggers = workflow.definition().triggers;
  if (name.empty() && triggers.size() == 1) return &triggers.front();
  std::vector<std::string> names;
  for (const auto& trigger : triggers) {
    if (!name.empty() && equals_ignoring_case(trigger.name, name)) return &trigger;
    names.push_back(trigger.name);
  }
  if (names.empty()) return fail("FLOW0506", "the flow has no trigger");
  return fail("FLOW0506", fmt::format("the flow has no trigger '{}'; there is {}", name, fmt::join(names, ", ")));
}

json::value trigger_record(const Trigger& trigger, json::value outputs, Timestamp now) {
  const auto time = format_iso(now);
  json::object record{{"name", trigger.name}, {"startTime", time}, {"endTime", time}, {"status", "Succeeded"}};
  record.emplace("outputs", std::move(outputs));
  return record;
}

Result<bool> conditions_hold(const Workflow& workflow, const Trigger& trigger, const json::value& record, Timestamp now) {
  TriggerEnvironment environment(workflow, record, now);
  for (const auto& condition : trigger.conditions) {
    TRY(const bool holds, condition.evaluate_condition(environment));
    if (!holds) return false;
  }
  return true;
}

Result<std::vector<json::value>> split(const Workflow& workflow, const Trigger& trigger, json::value outputs, Timestamp now) {
  std::vector<json::value> all;
  if (!trigger.split_on) {
    all.push_back(std::move(outputs));
    return all;
  }
  const auto record = trigger_record(trigger, std::move(outputs), now);
  TriggerEnvironment environment(workflow, record, now);
  TRY(const auto items, trigger.split_on->evaluate(environment));
  if (!items->is_array()) return fail("FLOW0507", "what splitOn names is no array");
  if (items->get_array().size() > max_items) {
    return fail("FLOW0507", fmt::format("splitOn may start {} runs at most", max_items));
  }
  for (const auto& item : items->get_array()) all.push_back(json::object{{"body", item}});
  return all;
}

}  // namespace rollcall::flow
