// Actions that concern the run as a whole: Delay (Wait), Response, Terminate.
//   Wait        until a time, or for a span; a time that has passed ends it at once
//   Response    answers whoever started the run, once
//   Terminate   ends the run with a status; what is still under way is given up
#include <fmt/format.h>

#include "flow/duration.hpp"
#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

Result<Timestamp> wait_until(Execution& execution, Frame& frame, ActionIndex action,
                             const Wait& kind) {
  auto environment = execution.environment(frame, action);
  if (kind.has_until) {
    TRY(const auto until, kind.until.evaluate(environment));
    const auto time = parse_iso(expr::to_text(*until));
    if (!time)
      return fail("FLOW0329", fmt::format("'{}' is no time to wait for", expr::to_text(*until)));
    return *time;
  }
  TRY(const auto count, kind.interval_count.evaluate(environment));
  TRY(const auto unit, kind.interval_unit.evaluate(environment));
  if (!count->is_int64()) return fail("FLOW0329", "interval.count is no integer");
  TRY(const auto span, span_of(count->get_int64(), expr::to_text(*unit)));
  if (span > max_delay) return fail("FLOW0329", "a delay is a year at most");
  return execution.now() + span;
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const Wait& kind) {
  const auto until = wait_until(execution, frame, action, kind);
  if (!until) return execution.fail(frame, action, until.error());
  if (*until - execution.now() > max_delay)
    return execution.fail(frame, action, "FLOW0329", "a delay is a year at most");
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"until", format_iso(*until)}};
  if (*until <= execution.now()) return execution.succeed(frame, action);
  execution.set_timer(frame, action, Timer::Purpose::delay, *until);
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Response& kind) {
  auto environment = execution.environment(frame, action);
  auto inputs = kind.inputs.evaluate(environment);
  if (!inputs) return execution.fail(frame, action, inputs.error());
  if (execution.state().responded) {
    return execution.fail(frame, action, "FLOW0330", "the run has answered its caller already");
  }
  execution.state().responded = true;
  auto outputs = std::move(*inputs).take();
  if (execution.keeps_inputs()) execution.slot(frame, action).inputs = outputs;
  const auto& about = execution.workflow().action(action);
  execution.command(Respond{outputs, about.secure_inputs || about.secure_outputs});
  execution.succeed(frame, action, std::move(outputs));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Terminate& kind) {
  auto environment = execution.environment(frame, action);
  const auto text = kind.status.evaluate(environment);
  if (!text) return execution.fail(frame, action, text.error());
  const auto status = parse_status(expr::to_text(**text));
  if (!status ||
      (*status != Status::succeeded && *status != Status::failed && *status != Status::cancelled)) {
    return execution.fail(frame, action, "FLOW0331", "runStatus is Succeeded, Failed or Cancelled");
  }
  const auto error = kind.error.evaluate(environment);
  if (!error) return execution.fail(frame, action, error.error());
  const auto member = [&](std::string_view name) {
    const auto* value = find(**error, name);
    return value == nullptr ? std::string() : expr::to_text(*value);
  };
  auto& slot = execution.slot(frame, action);
  slot.status = Status::succeeded;
  slot.ended = execution.now();
  auto& state = execution.state();
  if (state.observer != nullptr) state.observer->ended(execution.workflow(), frame, action, slot);
  auto code = *status == Status::failed && member("code").empty() ? "Terminated" : member("code");
  execution.end_run(*status, std::move(code), member("message"));
}

}  // namespace rollcall::flow
