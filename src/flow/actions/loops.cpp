// Foreach and Until. Each iteration has a frame of its own; one that is over is used again for the next,
// unless something outside the loop asks for what was in it.
//             iterations        how many at once              ends as
//   Foreach   one per item      Definition::iterations_at_once  the worst of them
//   Until     until it holds    one                           the last one
#include <fmt/format.h>

#include "base/check.hpp"
#include "flow/duration.hpp"
#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

void begin_iteration(Execution& execution, Frame& outer, ActionIndex action, LoopState& loop) {
  auto frame = loop.spare ? std::move(loop.spare) : std::make_unique<Frame>();
  frame->loop = action;
  frame->outer = &outer;
  frame->iteration = loop.next++;
  frame->item = loop.items.is_array() ? &loop.items.get_array()[frame->iteration] : nullptr;
  reset(*frame, execution.workflow());
  const auto& block = execution.workflow().block(execution.workflow().plan(action).blocks[0]);
  frame->pending = static_cast<std::uint32_t>(block.actions.size());
  for (const auto first : block.first) execution.state().ready.push_back({frame.get(), first});
  loop.active.push_back(std::move(frame));
}

// Takes the frame out of those that are active.
std::unique_ptr<Frame> take(LoopState& loop, const Frame& iteration) {
  const auto found = std::find_if(loop.active.begin(), loop.active.end(),
                                  [&](const auto& active) { return active.get() == &iteration; });
  CHECK(found != loop.active.end());
  auto frame = std::move(*found);
  loop.active.erase(found);
  return frame;
}

void end_loop(Execution& execution, Frame& outer, ActionIndex action, Status status) {
  auto& slot = execution.slot(outer, action);
  const bool is_until = std::holds_alternative<Until>(execution.workflow().action(action).kind);
  if (is_until || execution.workflow().plan(action).kept) {
    slot.loop->items = nullptr;
    slot.loop->spare.reset();
    std::sort(slot.loop->over.begin(), slot.loop->over.end(),
              [](const auto& a, const auto& b) { return a->iteration < b->iteration; });
    for (auto& frame : slot.loop->over) frame->item = nullptr;
  } else {
    slot.loop.reset();
  }
  if (status == Status::failed) {
    slot.failure = std::make_unique<Failure>("ActionFailed",
                                             "An action failed. No dependent actions succeeded.");
  }
  execution.end(outer, action, status);
}

void foreach_iteration_ended(Execution& execution, Frame& outer, Frame& iteration) {
  const auto action = iteration.loop;
  auto& loop = *execution.slot(outer, action).loop;
  const auto& block = execution.workflow().block(execution.workflow().plan(action).blocks[0]);
  const auto status = execution.block_status(iteration, block);
  if (status == Status::failed ||
      (status == Status::cancelled && loop.status == Status::succeeded)) {
    loop.status = status;
  }
  auto frame = take(loop, iteration);
  if (execution.workflow().plan(action).kept) {
    loop.over.push_back(std::move(frame));
  } else {
    loop.spare = std::move(frame);
  }
  if (loop.next < loop.items.get_array().size()) {
    begin_iteration(execution, outer, action, loop);
  } else if (loop.active.empty()) {
    end_loop(execution, outer, action, loop.status);
  }
}

void until_iteration_ended(Execution& execution, Frame& outer, Frame& iteration,
                           const Until& kind) {
  const auto action = iteration.loop;
  auto& loop = *execution.slot(outer, action).loop;
  const auto& block = execution.workflow().block(execution.workflow().plan(action).blocks[0]);
  loop.status = execution.block_status(iteration, block);
  auto environment = execution.environment(iteration, action);
  const auto holds = kind.condition.evaluate_condition(environment);
  // A kept Until keeps them all; the others keep the last one, for those that ask for its outputs.
  auto frame = take(loop, iteration);
  if (!execution.workflow().plan(action).kept && !loop.over.empty()) {
    loop.spare = std::move(loop.over.back());
    loop.over.clear();
  }
  loop.over.push_back(std::move(frame));
  if (!holds) return execution.fail(outer, action, holds.error());
  // Reaching a limit is no failure: the flow goes on, as the documentation of Until says.
  if (*holds || loop.next >= loop.total || execution.now() >= loop.deadline) {
    return end_loop(execution, outer, action, loop.status);
  }
  begin_iteration(execution, outer, action, loop);
}

Result<std::uint32_t> until_count(Environment& environment, const Until& kind) {
  TRY(const auto count, kind.count.evaluate(environment));
  const bool fits =
      count->is_int64() && count->get_int64() >= 1 && count->get_int64() <= max_until_count;
  if (!fits)
    return fail("FLOW0324", fmt::format("limit.count is a number from 1 to {}", max_until_count));
  return static_cast<std::uint32_t>(count->get_int64());
}

Result<Timestamp> until_deadline(Environment& environment, const Until& kind) {
  TRY(const auto timeout, kind.timeout.evaluate(environment));
  TRY(const auto span, parse_duration(expr::to_text(*timeout)));
  return environment.now() + std::min(span, max_delay);
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const Foreach& kind) {
  auto environment = execution.environment(frame, action);
  auto over = kind.over.evaluate(environment);
  if (!over) return execution.fail(frame, action, over.error());
  if (!(*over)->is_array()) {
    return execution.fail(frame, action, "FLOW0325", "what the loop goes over is no array");
  }
  const auto count = (*over)->get_array().size();
  if (count > max_items) {
    return execution.fail(frame, action, "FLOW0503",
                          fmt::format("the loop has {} items, more than {}", count, max_items));
  }
  const auto body = execution.workflow().plan(action).blocks[0];
  if (count == 0) execution.pass_over(frame, body, SkipReason::parent);
  if (count == 0 || execution.workflow().block(body).actions.empty())
    return execution.succeed(frame, action);
  auto& slot = execution.slot(frame, action);
  slot.loop = std::make_unique<LoopState>();
  slot.loop->items = std::move(*over).take();
  const auto at_once = execution.workflow().plan(action).at_once;
  for (std::size_t i = 0; i < std::min(count, static_cast<std::size_t>(std::max(at_once, 1)));
       ++i) {
    begin_iteration(execution, frame, action, *slot.loop);
  }
}

void start(Execution& execution, Frame& frame, ActionIndex action, const Until& kind) {
  auto environment = execution.environment(frame, action);
  const auto count = until_count(environment, kind);
  if (!count) return execution.fail(frame, action, count.error());
  const auto deadline = until_deadline(environment, kind);
  if (!deadline) return execution.fail(frame, action, deadline.error());
  if (execution.workflow().block(execution.workflow().plan(action).blocks[0]).actions.empty()) {
    return execution.fail(frame, action, "FLOW0326",
                          "an Until without actions would never change its condition");
  }
  auto& slot = execution.slot(frame, action);
  slot.loop = std::make_unique<LoopState>();
  slot.loop->total = *count;
  slot.loop->deadline = *deadline;
  begin_iteration(execution, frame, action, *slot.loop);
}

void iteration_ended(Execution& execution, Frame& iteration) {
  auto& outer = *iteration.outer;
  const auto& kind = execution.workflow().action(iteration.loop).kind;
  if (const auto* until = std::get_if<Until>(&kind))
    return until_iteration_ended(execution, outer, iteration, *until);
  foreach_iteration_ended(execution, outer, iteration);
}

}  // namespace rollcall::flow
