// Scope, Condition (If) and Switch: one block runs, the others are passed over; the action ends as it does.
#include <fmt/format.h>

#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

// Enters the block at this place among the action's own; `none`: none of them.
constexpr std::size_t none = static_cast<std::size_t>(-1);

void branch(Execution& execution, Frame& frame, ActionIndex action, std::size_t taken) {
  const auto& blocks = execution.workflow().plan(action).blocks;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i != taken) execution.pass_over(frame, blocks[i], SkipReason::branch);
  }
  if (taken == none) return;
  execution.slot(frame, action).branch = static_cast<std::uint32_t>(taken);
  execution.enter(frame, action, blocks[taken]);
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const Scope&) {
  branch(execution, frame, action, 0);
}

void start(Execution& execution, Frame& frame, ActionIndex action, const If& kind) {
  auto environment = execution.environment(frame, action);
  const auto holds = kind.condition.evaluate_condition(environment);
  if (!holds) {
    branch(execution, frame, action, none);
    return execution.fail(frame, action, holds.error());
  }
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"expressionResult", *holds}};
  branch(execution, frame, action, *holds ? 0 : 1);
}

// Cases are compared with their type: 1 is not "1". The last block is the default.
void start(Execution& execution, Frame& frame, ActionIndex action, const Switch& kind) {
  auto environment = execution.environment(frame, action);
  const auto on = kind.on.evaluate(environment);
  if (!on) {
    branch(execution, frame, action, none);
    return execution.fail(frame, action, on.error());
  }
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"expressionResult", **on}};
  for (std::size_t i = 0; i < kind.cases.size(); ++i) {
    const auto value = kind.cases[i].value.evaluate(environment);
    if (!value) {
      branch(execution, frame, action, none);
      return execution.fail(frame, action, value.error());
    }
    if (**value == **on) return branch(execution, frame, action, i);
  }
  branch(execution, frame, action, kind.cases.size());
}

}  // namespace rollcall::flow
