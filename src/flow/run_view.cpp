#include "flow/run_view.hpp"

#include "flow/environment.hpp"

namespace rollcall::flow {
namespace {

class Collector final : public Observer {
 public:
  Collector(RunView& view, const ViewWindow& window) : view_(view), window_(window) {}

  void ended(const Workflow& workflow, const Frame& frame, ActionIndex index,
             const Slot& slot) override {
    if (view_.total++ < window_.skip || view_.actions.size() >= window_.top) return;
    const auto& action = workflow.action(index);
    const auto iterations = iterations_of(frame);
    const auto around = iterations.view();
    auto& view = view_.actions.emplace_back();
    view.name = action.name;
    view.type = action.type;
    view.iterations.assign(around.begin(), around.end());
    view.status = slot.status;
    view.started = slot.started;
    view.ended = slot.ended;
    view.attempts = slot.call ? slot.call->retries + 1 : slot.attempt;
    if (action.parent != no_action) view.parent = workflow.action(action.parent).name;
    // What shows the hidden outputs of another is hidden too; of an action that only hands on, both sides.
    const bool shows = workflow.plan(index).shows_secrets;
    const bool hands_on = std::holds_alternative<Compose>(action.kind) ||
                          std::holds_alternative<ParseJson>(action.kind) ||
                          std::holds_alternative<Response>(action.kind);
    view.hidden_inputs = action.secure_inputs || shows;
    view.hidden_outputs = action.secure_inputs || action.secure_outputs || (shows && hands_on);
    if (!view.hidden_inputs) view.inputs = slot.inputs;
    if (!view.hidden_outputs) view.outputs = slot.outputs.value();
    view.code = code_of(slot);
    if (slot.failure)
      view.message =
          action.secure_inputs || action.secure_outputs ? "(hidden)" : slot.failure->message;
  }

  // What has begun and not ended, in this frame and those inside it.
  void under_way(const Workflow& workflow, const State& state, const Frame& frame) {
    const auto& actions = workflow.frame(frame.loop);
    for (std::size_t i = 0; i < actions.size(); ++i) {
      const auto& slot = frame.slots[i];
      if (slot.status != Status::running) continue;
      const auto before = view_.actions.size();
      ended(workflow, frame, actions[i], slot);
      if (state.over() && view_.actions.size() > before)
        view_.actions.back().status = Status::cancelled;
      if (slot.loop == nullptr) continue;
      for (const auto& iteration : slot.loop->active) under_way(workflow, state, *iteration);
    }
  }

 private:
  RunView& view_;
  const ViewWindow& window_;
};

}  // namespace

Result<RunView> view_run(RunStore& store, const RunRecord& run, const Workflow& workflow,
                         const Site* site, const ViewWindow& window) {
  RunView view{run, {}, {}};
  Collector collector(view, window);
  State state(workflow, facts_of(run));
  state.run.site = site;
  state.observer = &collector;
  TRY(auto events, store.events(run.id, workflow));
  std::vector<Command> commands;
  for (auto& event : events) {
    advance(workflow, state, std::move(event), commands);
    commands.clear();
  }
  view.trigger = state.trigger;
  for (const auto& trigger : workflow.definition().triggers) {
    if (!trigger.secure_outputs || trigger.name != text_or(view.trigger, "name")) continue;
    view.trigger.as_object().erase("outputs");
  }
  collector.under_way(workflow, state, *state.root);
  return view;
}

}  // namespace rollcall::flow
