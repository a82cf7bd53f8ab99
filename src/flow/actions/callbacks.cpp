// Actions that wait to be called back: HttpWebhook, ApiConnectionWebhook, OpenApiConnectionWebhook.
//   state          event                          next
//   –              begins                         called (subscribe), as in calls.cpp; a deadline if there is one
//   called         Completed, succeeded           waits
//   called         CalledBack                     remembered: the answer to subscribe is late
//   waits          CalledBack                     unsubscribes, or Succeeded when there is no unsubscribing
//   waits          TimeCame (deadline)            unsubscribes, or TimedOut
//   unsubscribes   Completed, whatever it says    Succeeded with what the call back said, or TimedOut
// A second call back finds nobody who waits.
// https://learn.microsoft.com/azure/connectors/connectors-native-webhook
#include "flow/calls.hpp"
#include "flow/history.hpp"
#include "flow/site.hpp"

namespace rollcall::flow {
namespace {

using Stage = CallState::Stage;

CallState& state_of(Slot& slot) {
  if (slot.call == nullptr) slot.call = std::make_unique<CallState>();
  return *slot.call;
}

void conclude(Execution& execution, Frame& frame, ActionIndex action) {
  auto& slot = execution.slot(frame, action);
  execution.drop_timers(execution.instance(frame, action));
  if (slot.call->timed_out) {
    slot.failure = std::make_unique<Failure>("ActionTimedOut",
                                             "nobody called back within the action's timeout");
    return execution.end(frame, action, Status::timed_out);
  }
  slot.outputs = *std::move(slot.call->heard);
  execution.end(frame, action, Status::succeeded);
}

// What ends the subscription; nullopt: nothing needs to.
Result<std::optional<CallOperation>> ending(Execution& execution, Frame& frame,
                                            ActionIndex action) {
  const auto& plan = execution.workflow().plan(action);
  auto& slot = execution.slot(frame, action);
  const auto& subscribed_by =
      slot.call->operation.connector != nullptr ? slot.call->operation : plan.operation;
  CallOperation call{execution.instance(frame, action), slot.attempt, subscribed_by, {}, {}, {}};
  if (const auto* webhook = std::get_if<HttpWebhook>(&execution.workflow().action(action).kind)) {
    if (webhook->unsubscribe.source().is_null()) return std::nullopt;
    slot.outputs = slot.call->subscription;  // what the unsubscribing may ask for
    TRY(auto inputs, evaluated(execution, frame, action, webhook->unsubscribe));
    if (!inputs.contains("uri")) return std::nullopt;
    call.inputs = std::move(inputs);
    return call;
  }
  const auto& name = subscribed_by.operation().unsubscribe;
  if (name.empty()) return std::nullopt;
  const auto operation = subscribed_by.connector->find(name);
  if (!operation) return std::nullopt;
  call.operation.index = *operation;
  const auto& answer = slot.call->subscription.value();
  call.inputs = answer.is_object() ? answer : json::value(json::object());
  return call;
}

}  // namespace

bool waits_for_call_back(const ActionKind& kind) {
  if (std::holds_alternative<HttpWebhook>(kind)) return true;
  const auto* call = std::get_if<ConnectorCall>(&kind);
  return call != nullptr && call->webhook;
}

std::string callback_url(Execution& execution, Frame& frame, ActionIndex action) {
  const auto& run = execution.state().run;
  return run.site == nullptr
             ? std::string()
             : run.site->instance_url(
                   run.run, to_string(execution.workflow(), execution.instance(frame, action)));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const HttpWebhook& kind) {
  auto inputs = evaluated(execution, frame, action, kind.subscribe);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  call(execution, frame, action, execution.workflow().plan(action).operation, *std::move(inputs));
}

void subscribed(Execution& execution, Frame& frame, ActionIndex action, Outcome outcome) {
  auto& slot = execution.slot(frame, action);
  auto& state = state_of(slot);
  state.stage = Stage::waiting;
  state.subscription = std::move(outcome.outputs);
  ++slot.attempt;  // the answer that has come is waited for no longer
  if (state.heard) unsubscribe(execution, frame, action, false);
}

bool called_back(Execution& execution, Frame& frame, ActionIndex action, json::value outputs) {
  auto& slot = execution.slot(frame, action);
  if (slot.status != Status::running ||
      !waits_for_call_back(execution.workflow().action(action).kind))
    return false;
  auto& state = state_of(slot);
  if (state.heard || state.stage == Stage::unsubscribing) return false;
  state.heard = std::move(outputs);
  if (state.stage == Stage::waiting) unsubscribe(execution, frame, action, false);
  execution.settle();
  return true;
}

void unsubscribe(Execution& execution, Frame& frame, ActionIndex action, bool timed_out) {
  auto& state = *execution.slot(frame, action).call;
  state.timed_out = timed_out;
  auto call = ending(execution, frame, action);
  if (!call || !*call) return conclude(execution, frame, action);
  state.stage = Stage::unsubscribing;
  execution.command(**std::move(call));
}

void unsubscribed(Execution& execution, Frame& frame, ActionIndex action) {
  conclude(execution, frame, action);
}

}  // namespace rollcall::flow
