#include "flow/execution.hpp"

#include <fmt/format.h>

#include "base/check.hpp"

namespace rollcall::flow {

void Execution::begin_run() {
  state_.status = Status::running;
  state_.ends_by = now_ + workflow_.limits().run_duration;
  if (const auto* resume = find(state_.trigger, "resume"))
    state_.held = workflow_.find(text_or(*resume, "from"));
  state_.root->pending = static_cast<std::uint32_t>(workflow_.root().actions.size());
  if (state_.root->pending == 0) end_run(Status::succeeded, {}, {});
  for (const auto action : workflow_.root().first)
    state_.ready.push_back({state_.root.get(), action});
}

void Execution::settle() {
  for (std::size_t steps = 0; steps < max_steps_per_event && !state_.ready.empty(); ++steps) {
    const auto [frame, action] = state_.ready.front();
    state_.ready.pop_front();
    if (action == state_.held) {
      state_.holding.push_back({frame, action});
    } else if (may_run(*frame, action)) {
      begin(*frame, action);
    } else {
      slot(*frame, action).skip_reason = SkipReason::run_after;
      for (const auto block : workflow_.plan(action).blocks)
        pass_over(*frame, block, SkipReason::parent);
      end(*frame, action, Status::skipped);
    }
  }
}

void Execution::release() {
  state_.ends_by = now_ + workflow_.limits().run_duration;  // a resumed run has its own time
  state_.held = no_action;
  for (const auto& one : state_.holding) state_.ready.push_back(one);
  state_.holding.clear();
}

bool Execution::may_run(Frame& frame, ActionIndex action) {
  const auto& before = workflow_.action(action).run_after;
  return std::all_of(before.begin(), before.end(), [&](const RunAfter& one) {
    return one.action == no_action || one.statuses.contains(slot(frame, one.action).status);
  });
}

void Execution::begin(Frame& frame, ActionIndex action) {
  if (const auto most = workflow_.limits().actions; ++state_.actions > most) {
    return end_run(Status::failed, "FLOW0503",
                   fmt::format("the run began more than {} actions, which is its limit", most));
  }
  auto& own = slot(frame, action);
  own.status = Status::running;
  own.started = now_;
  if (const auto* told = workflow_.static_result(action)) return end_as_told(frame, action, *told);
  std::visit([&](const auto& kind) { start(*this, frame, action, kind); },
             workflow_.action(action).kind);
}

// https://learn.microsoft.com/azure/logic-apps/testing-framework/test-logic-apps-mock-data-static-results
void Execution::end_as_told(Frame& frame, ActionIndex action, const StaticResult& result) {
  for (const auto block : workflow_.plan(action).blocks)
    pass_over(frame, block, SkipReason::parent);
  auto seen = environment(frame, action);
  const auto outputs = result.outputs.evaluate(seen);
  const auto error = result.error.evaluate(seen);
  if (!outputs) return fail(frame, action, outputs.error());
  if (!error) return fail(frame, action, error.error());
  auto& own = slot(frame, action);
  own.outputs = json::value(**outputs);
  if (result.status == Status::failed || result.status == Status::timed_out) {
    const auto code = text_or(**error, "code", "ActionFailed");
    own.failure = std::make_unique<Failure>(
        std::string(code), std::string(text_or(**error, "message", "as its static result says")));
  }
  end(frame, action, result.status);
}

void Execution::succeed(Frame& frame, ActionIndex action, Document outputs) {
  slot(frame, action).outputs = std::move(outputs);
  end(frame, action, Status::succeeded);
}

void Execution::fail(Frame& frame, ActionIndex action, std::string code, std::string message) {
  slot(frame, action).failure = std::make_unique<Failure>(std::move(code), std::move(message));
  end(frame, action, Status::failed);
}

void Execution::fail(Frame& frame, ActionIndex action, const Error& error) {
  fail(frame, action, error.code, error.message);
}

void Execution::end(Frame& frame, ActionIndex action, Status status) {
  const auto& plan = workflow_.plan(action);
  auto& own = frame.slots[plan.slot];
  own.status = status;
  own.ended = now_;
  if (state_.observer != nullptr) state_.observer->ended(workflow_, frame, action, own);
  if (!workflow_.keeps_inputs()) own.inputs = nullptr;
  for (const auto successor : plan.successors) {
    if (--slot(frame, successor).pending == 0) state_.ready.push_back({&frame, successor});
  }
  leave(frame, plan.block);
}

void Execution::leave(Frame& frame, std::uint32_t index) {
  const auto& block = workflow_.block(index);
  if (block.owner == frame.loop) {  // the body of the loop, or of the run
    if (--frame.pending > 0) return;
    if (frame.loop != no_action) return iteration_ended(*this, frame);
    const auto status = block_status(frame, block);
    if (status == Status::succeeded) return end_run(status, {}, {});
    return end_run(status, "ActionFailed", first_failure(frame, block));
  }
  auto& owner = slot(frame, block.owner);
  if (--owner.pending > 0) return;
  const auto status = block_status(frame, block);
  if (status == Status::failed) {
    owner.failure = std::make_unique<Failure>("ActionFailed",
                                              "An action failed. No dependent actions succeeded.");
  }
  end(frame, block.owner, status);
}

void Execution::enter(Frame& frame, ActionIndex action, std::uint32_t index) {
  const auto& block = workflow_.block(index);
  if (block.actions.empty()) return succeed(frame, action);
  slot(frame, action).pending = static_cast<std::uint32_t>(block.actions.size());
  for (const auto first : block.first) state_.ready.push_back({&frame, first});
}

void Execution::pass_over(Frame& frame, std::uint32_t index, SkipReason reason) {
  const auto& block = workflow_.block(index);
  if (block.frame != frame.loop) return;  // the body of a loop that has no iteration
  for (const auto action : block.actions) {
    auto& own = slot(frame, action);
    own.status = Status::skipped;
    own.skip_reason = reason;
    own.started = own.ended = now_;
    if (state_.observer != nullptr) state_.observer->ended(workflow_, frame, action, own);
    for (const auto inner : workflow_.plan(action).blocks)
      pass_over(frame, inner, SkipReason::parent);
  }
}

namespace {

// Failed, also by time, before cancelled, before succeeded.
Status worse(Status a, Status b) {
  const auto weight = [](Status status) {
    switch (status) {
      case Status::failed:
      case Status::timed_out:
        return 2;
      case Status::cancelled:
        return 1;
      case Status::waiting:
      case Status::running:
      case Status::succeeded:
      case Status::skipped:
        return 0;
    }
    return 0;
  };
  return weight(b) > weight(a) ? b : a;
}

}  // namespace

// The status of a block is the worst of the actions that nothing runs after; one that was skipped counts as
// those before it do. So a failure that a branch has caught is none.
Status Execution::block_status(Frame& frame, const BlockPlan& block) {
  Status status = Status::succeeded;
  std::vector<ActionIndex> look(block.last);
  std::vector<ActionIndex> seen;
  while (!look.empty()) {
    const auto action = look.back();
    look.pop_back();
    const auto own = slot(frame, action).status;
    if (own != Status::skipped) {
      status = worse(status, own);
      continue;
    }
    if (std::find(seen.begin(), seen.end(), action) != seen.end()) continue;
    seen.push_back(action);
    for (const auto& before : workflow_.action(action).run_after) {
      if (before.action != no_action) look.push_back(before.action);
    }
  }
  return status == Status::timed_out ? Status::failed : status;
}

// `Create_item: LIST0105 …`: the innermost reason why the block failed.
std::string Execution::first_failure(Frame& frame, const BlockPlan& block) {
  for (const auto action : block.actions) {
    const auto& own = slot(frame, action);
    if (own.status == Status::timed_out)
      return fmt::format("{}: timed out", workflow_.action(action).name);
    if (own.status != Status::failed) continue;
    for (const auto inner : workflow_.plan(action).blocks) {
      if (workflow_.block(inner).frame != frame.loop) continue;
      if (auto reason = first_failure(frame, workflow_.block(inner)); !reason.empty())
        return reason;
    }
    const bool secret =
        workflow_.action(action).secure_inputs || workflow_.action(action).secure_outputs;
    if (own.failure)
      return fmt::format("{}: {}", workflow_.action(action).name,
                         secret ? own.failure->code : own.failure->message);
  }
  return {};
}

void Execution::end_run(Status status, std::string code, std::string message) {
  state_.status = status;
  state_.ready.clear();
  state_.holding.clear();
  state_.timers.clear();
  command(Finish{status, std::move(code), std::move(message)});
}

void Execution::set_timer(Frame& frame, ActionIndex action, Timer::Purpose purpose, Timestamp due) {
  state_.timers.emplace(due, Timer{instance(frame, action), purpose});
}

void Execution::drop_timers(const Instance& instance) {
  if (state_.timers.empty()) return;
  for (auto timer = state_.timers.begin(); timer != state_.timers.end();)
    timer = timer->second.instance == instance ? state_.timers.erase(timer) : timer + 1;
}

bool advance(const Workflow& workflow, State& state, Event event, std::vector<Command>& commands) {
  if (state.over()) return false;
  Execution execution(workflow, state, event.at, commands);
  const auto fits = [&]<class What>(What& what) {
    if constexpr (std::is_same_v<What, Started>) {
      if (state.status != Status::waiting) return false;
      state.trigger = std::move(what.trigger);
      execution.begin_run();
    } else if constexpr (std::is_same_v<What, Completed>) {
      if (!state.awaits(workflow, what.instance, what.attempt)) return false;
      auto* frame = find_frame(workflow, state, what.instance);
      call_completed(execution, *frame, what.instance.action, std::move(what.outcome));
    } else if constexpr (std::is_same_v<What, TimeCame>) {
      const auto timer =
          std::find_if(state.timers.begin(), state.timers.end(),
                       [&](const auto& one) { return one.second.instance == what.instance; });
      if (timer == state.timers.end() || timer->first > event.at) return false;
      const auto purpose = timer->second.purpose;
      state.timers.erase(timer);
      auto* frame = find_frame(workflow, state, what.instance);
      CHECK(frame != nullptr);
      time_came(execution, *frame, what.instance.action, purpose);
    } else if constexpr (std::is_same_v<What, Continued>) {
      if (!state.has_more()) return false;
    } else if constexpr (std::is_same_v<What, CalledBack>) {
      auto* frame = find_frame(workflow, state, what.instance);
      return frame != nullptr &&
             called_back(execution, *frame, what.instance.action, std::move(what.outputs));
    } else if constexpr (std::is_same_v<What, Released>) {
      if (state.held == no_action) return false;
      execution.release();
    } else if constexpr (std::is_same_v<What, Expired>) {
      if (!state.expires(event.at)) return false;
      execution.end_run(Status::timed_out, "RunTimedOut",
                        fmt::format("the run has lasted {} days, which is its limit",
                                    workflow.limits().run_duration.ticks / ticks_per_day));
    } else {
      static_assert(std::is_same_v<What, CancelRequested>);
      execution.end_run(Status::cancelled, "Cancelled", fmt::format("cancelled by {}", what.by));
    }
    return true;
  };
  if (!std::visit(fits, event.what)) return false;
  execution.settle();
  return true;
}

}  // namespace rollcall::flow
