#include "flow/environment.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/history.hpp"
#include "flow/site.hpp"

namespace rollcall::flow {
namespace {

using expr::Value;

std::unexpected<Error> unknown(std::string_view what, std::string_view name) {
  return fail("FLOW0310", fmt::format("there is no {} '{}' here", what, name));
}

// The loops around an action, innermost first, up to one whose frame `frame` can see.
std::vector<ActionIndex> unseen_loops(const Workflow& workflow, ActionIndex action,
                                      const Frame& frame) {
  std::vector<ActionIndex> loops;
  for (auto loop = workflow.plan(action).loop; loop != no_action; loop = workflow.plan(loop).loop) {
    for (const auto* seen = &frame; seen != nullptr; seen = seen->outer) {
      if (seen->loop == loop) return loops;
    }
    loops.push_back(loop);
  }
  return loops;
}

const Frame* frame_of(const Frame& from, ActionIndex loop) {
  const auto* frame = &from;
  while (frame != nullptr && frame->loop != loop) frame = frame->outer;
  return frame;
}

// What is kept of iterations that are over: of Until the last one, of Foreach all of them as an array.
class Gathering {
 public:
  Gathering(const Workflow& workflow, ActionIndex action, const std::vector<ActionIndex>& loops)
      : workflow_(workflow), action_(action), loops_(loops) {}

  Value outputs(const Frame& frame, std::size_t depth) const {
    if (depth == 0) return Value::borrow(frame.slots[workflow_.plan(action_).slot].outputs.value());
    const auto& loop = frame.slots[workflow_.plan(loops_[depth - 1]).slot].loop;
    if (loop == nullptr) return {};
    if (std::holds_alternative<Until>(workflow_.action(loops_[depth - 1]).kind)) {
      return loop->over.empty() ? Value() : outputs(*loop->over.back(), depth - 1);
    }
    json::array all;
    for (const auto& iteration : loop->over) all.push_back(outputs(*iteration, depth - 1).take());
    return json::value(std::move(all));
  }

 private:
  const Workflow& workflow_;
  ActionIndex action_;
  const std::vector<ActionIndex>& loops_;
};

}  // namespace

std::string_view code_of(const Slot& slot) {
  if (slot.failure) return slot.failure->code;
  switch (slot.skip_reason) {
    case SkipReason::none:
      break;
    case SkipReason::run_after:
      return "ActionSkipped";
    case SkipReason::branch:
      return "ActionBranchingConditionNotSatisfied";
    case SkipReason::parent:
      return "ActionSkipped";
  }
  return slot.status == Status::succeeded ? "OK" : "NotSpecified";
}

json::object record(const Workflow& workflow, ActionIndex action, const Slot& slot) {
  json::object record{{"name", workflow.action(action).name}};
  if (!slot.inputs.is_null()) record["inputs"] = slot.inputs;
  if (!slot.outputs.is_null()) record["outputs"] = slot.outputs.value();
  if (slot.status != Status::skipped) record["startTime"] = format_iso(slot.started);
  record["endTime"] = format_iso(slot.ended);
  record["status"] = to_string(slot.status);
  record["code"] = code_of(slot);
  if (slot.failure)
    record["error"] =
        json::object{{"code", slot.failure->code}, {"message", slot.failure->message}};
  return record;
}

Result<ActionIndex> Environment::find(std::string_view name) const {
  const auto index = workflow_.find(name);
  if (index == no_action) return unknown("action", name);
  return index;
}

Result<Value> Environment::action_outputs(std::string_view name) {
  TRY(const auto index, find(name));
  if (const auto* frame = frame_of(frame_, workflow_.plan(index).loop)) {
    return Value::borrow(frame->slots[workflow_.plan(index).slot].outputs.value());
  }
  const auto loops = unseen_loops(workflow_, index, frame_);
  const auto* outer = frame_of(frame_, workflow_.plan(loops.back()).loop);
  return Gathering(workflow_, index, loops).outputs(*outer, loops.size());
}

Result<Value> Environment::action_body(std::string_view name) {
  TRY(const auto index, find(name));
  if (const auto* frame = frame_of(frame_, workflow_.plan(index).loop)) {
    const auto* body = frame->slots[workflow_.plan(index).slot].outputs.body();
    if (body != nullptr) return Value::borrow(*body);
  }
  return expr::Environment::action_body(name);
}

Result<Value> Environment::action(std::string_view name) {
  TRY(const auto index, find(name));
  if (const auto* frame = frame_of(frame_, workflow_.plan(index).loop)) {
    return json::value(record(workflow_, index, frame->slots[workflow_.plan(index).slot]));
  }
  TRY(auto outputs, action_outputs(name));
  return json::value(json::object{{"name", name}, {"outputs", std::move(outputs).take()}});
}

Result<Value> Environment::current_action() {
  return json::value(record(workflow_, action_, frame_.slots[workflow_.plan(action_).slot]));
}

Result<Value> Environment::result(std::string_view scope) {
  TRY(const auto index, find(scope));
  const auto* frame = frame_of(frame_, workflow_.plan(index).loop);
  if (frame == nullptr) return unknown("scope", scope);
  json::array records;
  const auto add = [&](const Frame& of) {
    for (const auto block : workflow_.plan(index).blocks) {
      for (const auto child : workflow_.block(block).actions) {
        const auto& slot = of.slots[workflow_.plan(child).slot];
        if (finished(slot.status)) records.push_back(record(workflow_, child, slot));
      }
    }
  };
  const auto& kind = workflow_.action(index).kind;
  if (!std::holds_alternative<Foreach>(kind) && !std::holds_alternative<Until>(kind)) {
    add(*frame);
  } else if (const auto& loop = frame->slots[workflow_.plan(index).slot].loop) {
    for (const auto& iteration : loop->over) add(*iteration);
  }
  return json::value(std::move(records));
}

Result<Value> Environment::trigger() { return Value::borrow(state_.trigger); }

Result<Value> Environment::trigger_outputs() {
  const auto* outputs = rollcall::find(state_.trigger, "outputs");
  return outputs == nullptr ? Value() : Value::borrow(*outputs);
}

Result<Value> Environment::item() {
  for (const auto* frame = &frame_; frame != nullptr; frame = frame->outer) {
    if (frame->item != nullptr) return Value::borrow(*frame->item);
  }
  return fail("FLOW0310", "item() stands in no loop");
}

const Frame* Environment::loop_frame(std::string_view loop) const {
  for (const auto* frame = &frame_; frame != nullptr; frame = frame->outer) {
    if (frame->loop != no_action && workflow_.action(frame->loop).name == loop) return frame;
  }
  const auto index = workflow_.find(loop);  // in other letters
  return index == no_action ? nullptr : frame_of(frame_, index);
}

Result<Value> Environment::items(std::string_view loop) {
  const auto* frame = loop_frame(loop);
  if (frame == nullptr || frame->item == nullptr)
    return unknown("Foreach around this action named", loop);
  return Value::borrow(*frame->item);
}

Result<Value> Environment::iteration_index(std::string_view loop) {
  const auto* frame = loop_frame(loop);
  if (frame == nullptr || frame->loop == no_action)
    return unknown("loop around this action named", loop);
  return json::value(frame->iteration);
}

Result<Value> Environment::variable(std::string_view name) {
  const auto* variable = find_variable(state_, name);
  if (variable == nullptr) return unknown("variable that is initialized", name);
  return Value::borrow(variable->value);
}

Result<Value> Environment::parameter(std::string_view name) {
  const auto* value = workflow_.parameter(name);
  if (value == nullptr) return unknown("parameter", name);
  return Value::borrow(*value);
}

// Only actions that wait to be called back have one.
Result<Value> Environment::callback_url() {
  if (state_.run.site == nullptr) return expr::Environment::callback_url();
  return json::value(state_.run.site->instance_url(
      state_.run.run, to_string(workflow_, Instance{action_, iterations_of(frame_)})));
}

Result<Value> Environment::workflow() {
  const auto run = std::to_string(state_.run.run);
  const auto id = "/flows/" + state_.run.flow;
  return json::value(json::object{
      {"id", id},
      {"name", state_.run.flow},
      {"type", "Microsoft.Logic/workflows"},
      {"location", "local"},
      {"tags", {{"flowDisplayName", state_.run.flow}, {"environmentName", "default"}}},
      {"run",
       {{"id", id + "/runs/" + run}, {"name", run}, {"type", "Microsoft.Logic/workflows/runs"}}}});
}

}  // namespace rollcall::flow
