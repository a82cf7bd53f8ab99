// Calls of connectors: OpenApiConnection, ApiConnection, ServiceProvider, Http, and of other flows.
//   state              event                              next
//   –                  begins                             called, attempt 1; a deadline, if the call is outside
//   called             Completed, succeeded               Succeeded
//   called             Completed, failed, may be retried  waits, attempt + 1, if the policy has one left
//   called             Completed, failed                  Failed, with its outputs
//   waits              TimeCame (retry)                   called again, with the same inputs
//   called or waits    TimeCame (deadline)                TimedOut
// An attempt's number is part of its idempotency key; an answer to an earlier attempt is stale.
#include <fmt/format.h>

#include "base/check.hpp"
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

void call(Execution& execution, Frame& frame, ActionIndex action, const BoundOperation& operation, json::object inputs) {
  auto& slot = execution.slot(frame, action);
  slot.attempt = 1;
  // Calls that are retried ask for the same as the first time. Those of our own lists are not: the answer of
  // a list is its answer.
  const auto place = place_of(operation);
  if (place != Place::store || execution.keeps_inputs()) slot.inputs = inputs;
  if (const auto timeout = execution.workflow().action(action).timeout; timeout && place == Place::outside) {
    execution.set_timer(frame, action, Timer::Purpose::deadline, execution.now() + std::min(*timeout, max_delay));
  }
  execution.command(CallOperation{execution.instance(frame, action), 1, operation, std::move(inputs)});
}

Result<json::object> evaluated(Execution& execution, Frame& frame, ActionIndex action, const Template& inputs) {
  auto environment = execution.environment(frame, action);
  TRY(auto value, inputs.evaluate(environment));
  auto taken = std::move(value).take();
  if (taken.is_null()) return json::object();
  if (auto* object = taken.if_object()) return std::move(*object);
  return fail("FLOW0328", "the inputs are no object");
}

// The member, moved out; an empty object when it is absent.
json::object parameters_of(json::object inputs) {
  auto* parameters = inputs.if_contains("parameters");
  if (parameters == nullptr || !parameters->is_object()) return {};
  return std::move(parameters->get_object());
}

// The operation of a retry: a classic call has to find it again.
Result<BoundOperation> operation_of(const ActionPlan& plan, const json::value& inputs) {
  if (plan.connector == nullptr) return plan.operation;
  TRY(const auto matched, match_request(*plan.connector, inputs.get_object()));
  return matched.operation;
}

void retry(Execution& execution, Frame& frame, ActionIndex action, const Outcome& outcome) {
  auto& slot = execution.slot(frame, action);
  const auto& policy = execution.workflow().action(action).retry;
  auto wait = wait_before(policy, slot.attempt, next_random(execution.state().random));
  if (outcome.retry_after) wait = std::max(wait, std::min(*outcome.retry_after, hours(1)));
  ++slot.attempt;
  execution.set_timer(frame, action, Timer::Purpose::retry, execution.now() + wait);
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const ConnectorCall& kind) {
  const auto& plan = execution.workflow().plan(action);
  auto inputs = evaluated(execution, frame, action, kind.inputs);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  if (plan.connector == nullptr) {
    return call(execution, frame, action, plan.operation, parameters_of(*std::move(inputs)));
  }
  auto matched = match_request(*plan.connector, *std::move(inputs));
  if (!matched) return execution.fail(frame, action, matched.error());
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
  const auto* body = inputs->if_contains("body");
  execution.command(StartChild{execution.instance(frame, action), kind.workflow, body == nullptr ? json::value() : *body});
}

void call_completed(Execution& execution, Frame& frame, ActionIndex action, Outcome outcome) {
  auto& slot = execution.slot(frame, action);
  const auto& policy = execution.workflow().action(action).retry;
  const bool retries = policy.kind != RetryPolicy::Kind::none && outcome.may_retry && !slot.inputs.is_null() &&
                       slot.attempt <= static_cast<std::uint32_t>(std::max(policy.count, 0));
  if (!outcome.succeeded() && retries) return retry(execution, frame, action, outcome);
  execution.drop_timers(execution.instance(frame, action));
  slot.outputs = std::move(outcome.outputs);
  if (outcome.succeeded()) return execution.end(frame, action, Status::succeeded);
  execution.fail(frame, action, std::move(outcome.code), std::move(outcome.message));
}

void time_came(Execution& execution, Frame& frame, ActionIndex action, Timer::Purpose purpose) {
  auto& slot = execution.slot(frame, action);
  switch (purpose) {
    case Timer::Purpose::delay: return execution.succeed(frame, action);
    case Timer::Purpose::deadline:
      execution.drop_timers(execution.instance(frame, action));
      slot.failure = std::make_unique<Failure>("ActionTimedOut", "no answer came within the action's timeout");
      return execution.end(frame, action, Status::timed_out);
    case Timer::Purpose::retry: break;
  }
  const auto operation = operation_of(execution.workflow().plan(action), slot.inputs);
  CHECK(operation);
  execution.command(CallOperation{execution.instance(frame, action), slot.attempt, *operation, slot.inputs});
}

}  // namespace rollcall::flow
