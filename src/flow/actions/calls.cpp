// Calls of connectors: OpenApiConnection, ApiConnection, ServiceProvider, Http, and of other flows. Those that
// wait to be called back go on in callbacks.cpp.
//   state              event                              next
//   –                  begins                             called, attempt 1; a deadline, if the call is outside
//   called             Completed, succeeded               Succeeded
//   called             Completed, 202 with a Location     polls: asks the Location after Retry-After
//   called             Completed, failed, may be retried  waits, attempt + 1, if the policy has one left
//   called             Completed, failed                  Failed, with its outputs
//   waits              TimeCame (retry)                   called again, with the same inputs
//   polls              TimeCame (poll)                    called, attempt + 1, at the Location
//   called or waits    TimeCame (deadline)                TimedOut
// An attempt's number is part of its idempotency key; an answer to an earlier attempt is stale.
#include <fmt/format.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "flow/calls.hpp"
#include "flow/execution.hpp"
#include "flow/request_match.hpp"

namespace rollcall::flow {
namespace {

// A uniform share of [from, to].
Timespan between(Timespan from, Timespan to, std::uint64_t random) {
  if (to <= from) return from;
  const auto width = static_cast<std::uint64_t>(to.ticks - from.ticks) + 1;
  return {from.ticks + static_cast<std::int64_t>(random % width)};
}

// https://learn.microsoft.com/azure/logic-apps/logic-apps-exception-handling, “Retry policy types”: the n-th
// wait of an exponential policy is uniform in [max(2^(n-2) i, min), min(2^(n-1) i, max)].
Timespan wait_before(const RetryPolicy& policy, std::uint32_t retry, std::uint64_t random) {
  if (policy.kind == RetryPolicy::Kind::fixed) return policy.interval;
  const auto doubled = [&](int exponent) {
    Timespan span = policy.interval;
    for (int i = 0; i < exponent && span < policy.maximum; ++i) span = span * 2;
    return std::min(span, policy.maximum);
  };
  const auto n = static_cast<int>(retry);
  const auto half = n >= 2 ? doubled(n - 2) : Timespan{policy.interval.ticks / 2};
  return between(std::max(half, policy.minimum), std::max(doubled(n - 1), policy.minimum), random);
}

Place place_of(const BoundOperation& operation) { return operation.operation().place; }

// https://learn.microsoft.com/azure/logic-apps/logic-apps-create-api-app, “Perform long-running tasks with the
// polling action pattern”: how long to wait when the answer does not say.
constexpr Timespan usual_poll = seconds(20);
constexpr Timespan least_poll = seconds(1);  // Retry-After: 0 would ask without end
constexpr Timespan longest_poll = hours(24);

// Where the other side says that its answer will be; "": this is the answer.
std::string location_of(const Outcome& outcome) {
  const auto& outputs = outcome.outputs.value();
  const auto* status = find(outputs, "statusCode");
  if (status == nullptr || !status->is_int64() || status->get_int64() != 202) return {};
  return header_of(outputs, "Location");
}

const BoundOperation& operation_of(const ActionPlan& plan, const Slot& slot) {
  return slot.call && slot.call->operation.connector != nullptr ? slot.call->operation
                                                                : plan.operation;
}

bool may_poll(const Workflow& workflow, ActionIndex index, const Slot& slot) {
  const auto& action = workflow.action(index);
  if (action.no_async_pattern || slot.inputs.is_null()) return false;
  if (std::holds_alternative<Http>(action.kind)) return true;
  const auto* kind = std::get_if<ConnectorCall>(&action.kind);
  return kind != nullptr && !kind->webhook &&
         operation_of(workflow.plan(index), slot).operation().asynchronous;
}

CallState& call_state(Slot& slot) {
  if (slot.call == nullptr) {
    slot.call = std::make_unique<CallState>();
    slot.call->retries = slot.attempt > 0 ? slot.attempt - 1 : 0;
  }
  return *slot.call;
}

void poll(Execution& execution, Frame& frame, ActionIndex action, std::string location,
          const Outcome& outcome) {
  auto& slot = execution.slot(frame, action);
  auto& state = call_state(slot);
  state.stage = CallState::Stage::polling;
  state.location = std::move(location);
  state.retries = 0;
  ++slot.attempt;
  const auto wait = std::clamp(outcome.retry_after.value_or(usual_poll), least_poll, longest_poll);
  execution.set_timer(frame, action, Timer::Purpose::poll, execution.now() + wait);
}

}  // namespace

std::string header_of(const json::value& outputs, std::string_view name) {
  const auto* headers = find(outputs, "headers");
  if (headers == nullptr || !headers->is_object()) return {};
  for (const auto& [key, value] : headers->get_object()) {
    if (equals_ignoring_case(key, name) && value.is_string())
      return std::string(value.get_string());
  }
  return {};
}

void call(Execution& execution, Frame& frame, ActionIndex action, const BoundOperation& operation,
          json::object inputs) {
  auto& slot = execution.slot(frame, action);
  slot.attempt = 1;
  // Calls that are retried ask for the same as the first time. Those of our own lists are not: the answer of
  // a list is its answer.
  const auto place = place_of(operation);
  if (place != Place::store || execution.keeps_inputs()) slot.inputs = inputs;
  if (const auto timeout = execution.workflow().action(action).timeout;
      timeout && place == Place::outside) {
    execution.set_timer(frame, action, Timer::Purpose::deadline,
                        execution.now() + std::min(*timeout, max_delay));
  }
  auto callback = waits_for_call_back(execution.workflow().action(action).kind)
                      ? callback_url(execution, frame, action)
                      : std::string();
  execution.command(CallOperation{
      execution.instance(frame, action), 1, operation, std::move(inputs), {}, std::move(callback)});
}

Result<json::object> evaluated(Execution& execution, Frame& frame, ActionIndex action,
                               const Template& inputs) {
  auto environment = execution.environment(frame, action);
  TRY(auto value, inputs.evaluate(environment));
  auto taken = std::move(value).take();
  if (taken.is_null()) return json::object();
  if (auto* object = taken.if_object()) return std::move(*object);
  return fail("FLOW0328", "the inputs are no object");
}

namespace {

// Of the inputs of a call nothing but this member is sent; an empty object when it is absent.
Result<json::object> evaluated_parameters(Execution& execution, Frame& frame, ActionIndex action,
                                          const Template& inputs) {
  if (!inputs.source().is_object()) {
    TRY(auto whole, evaluated(execution, frame, action, inputs));
    auto* parameters = whole.if_contains("parameters");
    if (parameters == nullptr || !parameters->is_object()) return json::object();
    return std::move(parameters->get_object());
  }
  auto environment = execution.environment(frame, action);
  TRY(auto value, inputs.evaluate_member(environment, "parameters"));
  if (!value->is_object()) return json::object();
  auto taken = std::move(value).take();
  return std::move(taken.get_object());
}

void retry(Execution& execution, Frame& frame, ActionIndex action, const Outcome& outcome) {
  auto& slot = execution.slot(frame, action);
  const auto& policy = execution.workflow().action(action).retry;
  const auto retries = slot.call ? ++slot.call->retries : slot.attempt;
  auto wait = wait_before(policy, retries, next_random(execution.state().random));
  if (outcome.retry_after) wait = std::max(wait, std::min(*outcome.retry_after, hours(1)));
  ++slot.attempt;
  execution.set_timer(frame, action, Timer::Purpose::retry, execution.now() + wait);
}

// The next attempt, or the next look at the Location: with the method GET, and as whom it was asked first, if
// the Location is of the same origin.
void ask_again(Execution& execution, Frame& frame, ActionIndex action) {
  auto& slot = execution.slot(frame, action);
  const auto& operation = operation_of(execution.workflow().plan(action), slot);
  CallOperation again{
      execution.instance(frame, action), slot.attempt, operation, slot.inputs, {}, {}};
  if (waits_for_call_back(execution.workflow().action(action).kind))
    again.callback_url = callback_url(execution, frame, action);
  if (slot.call && slot.call->stage == CallState::Stage::polling) {
    if (std::holds_alternative<Http>(execution.workflow().action(action).kind)) {
      json::object inputs{{"method", "GET"}, {"uri", slot.call->location}};
      // Who is told to look elsewhere does not show there who they are.
      const auto* authentication = find(slot.inputs, "authentication");
      if (authentication != nullptr &&
          same_origin(text_or(slot.inputs, "uri"), slot.call->location)) {
        inputs.emplace("authentication", *authentication);
      }
      again.inputs = std::move(inputs);
    } else {
      again.location = slot.call->location;
    }
  }
  execution.command(std::move(again));
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const ConnectorCall& kind) {
  const auto& plan = execution.workflow().plan(action);
  auto& slot = execution.slot(frame, action);
  if (plan.connector == nullptr) {
    auto parameters = evaluated_parameters(execution, frame, action, kind.inputs);
    if (!parameters) return execution.fail(frame, action, parameters.error());
    return call(execution, frame, action, plan.operation, *std::move(parameters));
  }
  auto inputs = evaluated(execution, frame, action, kind.inputs);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  auto matched = match_request(*plan.connector, *std::move(inputs), kind.webhook ? "post" : "get");
  if (!matched) return execution.fail(frame, action, matched.error());
  call_state(slot).operation = matched->operation;
  call(execution, frame, action, matched->operation, std::move(matched->parameters));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Http& kind) {
  auto inputs = evaluated(execution, frame, action, kind.inputs);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  call(execution, frame, action, execution.workflow().plan(action).operation, *std::move(inputs));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const RunWorkflow& kind) {
  auto inputs = evaluated(execution, frame, action, kind.inputs);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  auto& slot = execution.slot(frame, action);
  slot.attempt = 1;
  if (execution.keeps_inputs()) slot.inputs = *inputs;
  const auto member = [&](std::string_view name, json::value otherwise) {
    const auto* value = inputs->if_contains(name);
    return value == nullptr ? std::move(otherwise) : *value;
  };
  json::object outputs;
  outputs.emplace("headers", member("headers", json::object()));
  if (inputs->contains("queries")) outputs.emplace("queries", member("queries", nullptr));
  outputs.emplace("body", member("body", nullptr));
  execution.command(
      StartChild{execution.instance(frame, action), kind.workflow, std::move(outputs)});
}

void call_completed(Execution& execution, Frame& frame, ActionIndex action, Outcome outcome) {
  auto& slot = execution.slot(frame, action);
  if (slot.call && slot.call->stage == CallState::Stage::unsubscribing)
    return unsubscribed(execution, frame, action);
  const auto& policy = execution.workflow().action(action).retry;
  const auto retried = slot.call ? slot.call->retries : slot.attempt - 1;
  const bool retries = policy.kind != RetryPolicy::Kind::none && outcome.may_retry &&
                       !slot.inputs.is_null() &&
                       retried < static_cast<std::uint32_t>(std::max(policy.count, 0));
  if (!outcome.succeeded() && retries) return retry(execution, frame, action, outcome);
  if (outcome.succeeded() && waits_for_call_back(execution.workflow().action(action).kind)) {
    return subscribed(execution, frame, action, std::move(outcome));
  }
  if (may_poll(execution.workflow(), action, slot)) {
    auto location = location_of(outcome);
    if (!location.empty()) return poll(execution, frame, action, std::move(location), outcome);
  }
  execution.drop_timers(execution.instance(frame, action));
  slot.outputs = std::move(outcome.outputs);
  if (outcome.succeeded()) return execution.end(frame, action, Status::succeeded);
  execution.fail(frame, action, std::move(outcome.code), std::move(outcome.message));
}

void time_came(Execution& execution, Frame& frame, ActionIndex action, Timer::Purpose purpose) {
  auto& slot = execution.slot(frame, action);
  switch (purpose) {
    case Timer::Purpose::delay:
      return execution.succeed(frame, action);
    case Timer::Purpose::deadline:
      execution.drop_timers(execution.instance(frame, action));
      if (slot.call && slot.call->stage == CallState::Stage::waiting)
        return unsubscribe(execution, frame, action, true);
      slot.failure =
          std::make_unique<Failure>("ActionTimedOut", "no answer came within the action's timeout");
      return execution.end(frame, action, Status::timed_out);
    case Timer::Purpose::retry:
    case Timer::Purpose::poll:
      break;
  }
  ask_again(execution, frame, action);
}

}  // namespace rollcall::flow
