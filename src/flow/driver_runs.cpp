// What happens to runs from outside of them: they wait for their turn, are called back, are answered, are
// resumed, are forgotten.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "base/text.hpp"
#include "flow/calls.hpp"
#include "flow/driver_impl.hpp"

namespace rollcall::flow {
namespace {

// https://learn.microsoft.com/azure/logic-apps/logic-apps-workflow-actions-triggers, “Change waiting runs limit”:
// 10 and the runs at once, unless the trigger says how many.
std::size_t most_waiting(const Trigger& trigger) {
  if (trigger.waiting_runs) return static_cast<std::size_t>(std::max(*trigger.waiting_runs, 0));
  return 10 + static_cast<std::size_t>(trigger.concurrent_runs.value_or(0));
}

constexpr Timespan pause_between_prunings = hours(1);

const Trigger* trigger_of(const LiveRun& run) {
  for (const auto& trigger : run.workflow->definition().triggers) {
    if (trigger.name == run.record.trigger) return &trigger;
  }
  return nullptr;
}

}  // namespace

// ---- runs at once

Result<void> Driver::Impl::has_room(const LoadedFlow& flow, const Trigger& trigger,
                                    std::size_t more) const {
  if (!trigger.concurrent_runs) return {};
  const auto all = unfinished(flow.record.name) + more;
  const auto most =
      static_cast<std::size_t>(std::max(*trigger.concurrent_runs, 1)) + most_waiting(trigger);
  if (all <= most) return {};
  return rollcall::fail("FLOW0511",
                        fmt::format("{} runs of flow '{}' are under way or waiting, and there may "
                                    "be {}: try again when some have ended",
                                    unfinished(flow.record.name), flow.record.name, most));
}

void Driver::Impl::park_or_begin(LiveRun& run) {
  const auto* trigger = trigger_of(run);
  live_.park(run);  // not counted below
  if (trigger != nullptr && trigger->concurrent_runs &&
      under_way(run.record.flow) >=
          static_cast<std::size_t>(std::max(*trigger->concurrent_runs, 1))) {
    return;
  }
  live_.begin(run);
  // It may have waited: its time begins now.
  if (trigger != nullptr && trigger->concurrent_runs && !run.incoming.empty())
    run.incoming.front().event.at = clock_.now();
  ready_.push_back(run.record.id);
}

Result<void> Driver::Impl::has_place(store::Transaction& transaction, const LiveRun& run) {
  const auto* trigger = trigger_of(run);
  if (!options_.lease || trigger == nullptr || !trigger->concurrent_runs) return {};
  TRY_DO(count_others(transaction, run.record.flow));
  if (under_way(run.record.flow) <=
      static_cast<std::size_t>(std::max(*trigger->concurrent_runs, 1)))
    return {};
  return rollcall::fail(
      "FLOW0404",
      fmt::format("run {} waits: another process was faster to begin one", run.record.id));
}

void Driver::Impl::unpark(const std::string& flow) {
  while (auto* run = live_.first_parked(flow)) {
    park_or_begin(*run);
    if (run->parked) return;
  }
}

// ---- called from outside

std::vector<Driver::ConnectorInfo> Driver::Impl::connectors() const {
  std::vector<ConnectorInfo> all;
  for (const auto& id : connectors_.ids()) {
    auto& one = all.emplace_back(id);
    for (const auto& operation : connectors_.find(id)->operations())
      one.operations.push_back(operation.id);
  }
  return all;
}

Result<Door> Driver::Impl::door(std::string_view name, std::string_view trigger_name) {
  TRY(auto* flow, flow_named(name));
  TRY(const auto* trigger, find_trigger(*flow->workflow, trigger_name));
  Door door{trigger->name, {}, {}, false, false, false, flow->record.enabled};
  const auto* request = std::get_if<RequestTrigger>(&trigger->kind);
  if (request != nullptr) {
    door.method = request->method.empty() ? "POST" : request->method;
    door.relative_path = request->relative_path;
  } else if (flow->scheduled == trigger && flow->subscribes()) {
    door.webhook = true;
  } else {
    return fail("FLOW0516",
                fmt::format("the trigger '{}' of flow '{}' is of type {}, which is not called",
                            trigger->name, name, trigger->type));
  }
  for (const auto& action : flow->workflow->definition().actions) {
    const auto* response = std::get_if<Response>(&action.kind);
    if (response == nullptr || door.webhook) continue;
    (response->asynchronous ? door.responds_later : door.responds) = true;
  }
  return door;
}

Result<void> Driver::Impl::call_back(RunId id, std::string_view text, json::value outputs) {
  const auto nobody = [&] {
    return fail("FLOW0512", fmt::format("nobody waits to be called back at '{}' of run {}: it was "
                                        "called back already, or has ended",
                                        text, id));
  };
  TRY(const auto run, store_.run(id));
  if (!run || run->ended) return nobody();
  TRY(const auto workflow, workflow_of(run->flow, run->version));
  const auto instance = parse_instance(*workflow, text);
  if (!instance || !waits_for_call_back(workflow->action(instance->action).kind)) return nobody();
  auto* live = live_.find(id);
  if (live != nullptr) {
    const auto* frame = find_frame(*workflow, live->state, *instance);
    if (frame == nullptr) return nobody();
    const auto& slot = frame->slots[workflow->plan(instance->action).slot];
    if (slot.status != Status::running ||
        (slot.call && (slot.call->heard || slot.call->stage == CallState::Stage::unsubscribing)))
      return nobody();
  }
  Incoming incoming{{clock_.now(), CalledBack{*instance, std::move(outputs)}}};
  TRY(incoming.letter, database_.write([&](store::Transaction& transaction) {
    return store_.send(transaction, id, event_line(*workflow, incoming.event));
  }));
  if (live != nullptr) {
    live->incoming.push_back(std::move(incoming));
    ready_.push_back(id);
  }
  return {};
}

Result<std::optional<json::value>> Driver::Impl::response(RunId id) {
  TRY(const auto run, store_.run(id));
  if (!run) return fail("FLOW0504", fmt::format("there is no run {}", id));
  if (run->response.empty()) return std::nullopt;
  TRY(const auto stored, parse_json(run->response, 1'000));
  TRY(auto clear, site_.seal().open(stored));
  return clear;
}

// ---- resuming

namespace {

// "": it would begin, once it is reached.
std::string why_skipped(const Workflow& workflow, const State& state, ActionIndex from) {
  for (const auto& before : workflow.action(from).run_after) {
    if (before.action == no_action) continue;
    const auto& slot = state.root->slots[workflow.plan(before.action).slot];
    if (!before.statuses.contains(slot.status)) {
      return fmt::format("'{}' came to {}; resume from '{}'", before.name, to_string(slot.status),
                         before.name);
    }
  }
  return {};
}

// Why the action does not begin where the old run's events end.
std::string why_not_reached(const Workflow& workflow, const State& state, ActionIndex from) {
  if (auto why = why_skipped(workflow, state, from); !why.empty()) return why;
  const auto& action = workflow.action(from);
  const auto& frame = *state.root;
  if (action.parent != no_action) {
    const auto& around = workflow.action(action.parent);
    const auto& slot = frame.slots[workflow.plan(action.parent).slot];
    if (slot.status != Status::running)
      return fmt::format("'{}' around it came to {}; resume from '{}'", around.name,
                         to_string(slot.status), around.name);
  }
  return "the branch it stands in was not taken";
}

// Without the subscriptions that nobody called back: they name the old run, and the new one subscribes anew.
void drop_subscriptions(const Workflow& workflow, std::vector<Event>& events) {
  struct Subscribing {
    std::optional<std::size_t> at;
    bool over = false;  // called back, or too late
  };
  std::map<std::string, Subscribing> all;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto* completed = std::get_if<Completed>(&events[i].what);
    const auto* time = std::get_if<TimeCame>(&events[i].what);
    const auto* called = std::get_if<CalledBack>(&events[i].what);
    const auto* instance = completed != nullptr ? &completed->instance
                           : time != nullptr    ? &time->instance
                           : called != nullptr  ? &called->instance
                                                : nullptr;
    if (instance == nullptr || !waits_for_call_back(workflow.action(instance->action).kind))
      continue;
    auto& one = all[to_string(workflow, *instance)];
    one.over = one.over || called != nullptr || one.at.has_value();
    if (completed != nullptr && completed->outcome.succeeded() && !one.at) one.at = i;
  }
  std::vector<std::size_t> dropped;
  for (const auto& [name, one] : all) {
    if (one.at && !one.over) dropped.push_back(*one.at);
  }
  std::ranges::sort(dropped, std::greater());
  for (const auto at : dropped) events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
}

// Folds what the old run was told, as far as it still fits when the action is held back.
Result<void> fold(LiveRun& run, HistoryWriter& writer, std::vector<Event> events, RunId of,
                  std::string_view from) {
  for (auto& event : events) {
    if (std::holds_alternative<CancelRequested>(event.what) ||
        std::holds_alternative<Released>(event.what) ||
        std::holds_alternative<Expired>(event.what)) {
      continue;
    }
    if (auto* started = std::get_if<Started>(&event.what)) {
      if (!started->trigger.is_object()) started->trigger = json::object();
      started->trigger.get_object()["resume"] = json::object{{"run", of}, {"from", from}};
    }
    run.take_in(std::move(event), &writer);
    while (run.state.has_more()) run.take_in({run.last_event, Continued{}}, &writer);
  }
  return {};
}

}  // namespace

Result<RunId> Driver::Impl::resume(RunId id, std::string_view from, const Principal& principal) {
  TRY_DO(take_up_runs());
  TRY(const auto old, store_.run(id));
  if (!old) return fail("FLOW0504", fmt::format("there is no run {}", id));
  if (!old->ended)
    return fail("FLOW0513", fmt::format("run {} has not ended; cancel it first", id));
  TRY(const auto workflow, workflow_of(old->flow, old->version));
  const auto action = workflow->find(from);
  if (action == no_action) {
    std::vector<std::string> names;
    for (const auto& one : workflow->definition().actions) names.push_back(one.name);
    const auto near = nearest_name(from, names);
    return fail("FLOW0310",
                fmt::format("the flow has no action '{}'{}", from,
                            near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  if (const auto loop = workflow->plan(action).loop; loop != no_action) {
    return fail("FLOW0514", fmt::format("'{}' stands in the loop '{}'; resume from the loop", from,
                                        workflow->action(loop).name));
  }
  TRY(auto events, store_.events(id, *workflow));
  drop_subscriptions(*workflow, events);
  RunRecord record;
  record.flow = old->flow;
  record.version = old->version;
  record.trigger = old->trigger;
  record.started = clock_.now();
  record.principal = to_string(principal);
  record.tracking = old->tracking;
  record.resumed = id;
  record.origin = old->origin.value_or(id);
  std::unique_ptr<LiveRun> run;
  std::vector<NewRun> children;
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(store_.create_run(transaction, record));
    run = std::make_unique<LiveRun>(record, workflow, &site_);
    HistoryWriter writer(*workflow, store_.history_memory());
    TRY_DO(fold(*run, writer, std::move(events), id, workflow->action(action).name));
    if (run->state.over())
      return fail("FLOW0515", fmt::format("run {} would end before '{}' begins", id, from));
    if (run->state.holding.empty()) {
      return fail("FLOW0515", fmt::format("'{}' was not reached in run {}: {}", from, id,
                                          why_not_reached(*workflow, run->state, action)));
    }
    if (auto why = why_skipped(*workflow, run->state, action); !why.empty()) {
      return fail("FLOW0515", fmt::format("'{}' would be passed over again: {}", from, why));
    }
    run->take_in({clock_.now(), Released{}}, &writer);
    for (auto& child : std::exchange(run->children, {})) {
      const auto instance = child.instance;
      TRY(auto refusal, start_child(transaction, *run, std::move(child), children));
      if (refusal)
        run->take_in({clock_.now(), Completed{instance, 1, *std::move(refusal)}}, &writer);
    }
    run->record.status = run->state.status;
    run->record.wake = run->state.next_time();
    const auto count = static_cast<std::int64_t>(writer.count());
    TRY(const auto row, writer.pack());
    TRY_DO(store_.append(transaction, run->record, row, count));
    return reached(CrashPoint::before_commit);
  };
  TRY_DO(database_.write(write));
  TRY_DO(reached(CrashPoint::after_commit));
  const auto made = run->record.id;
  after_turn(live_.add(std::move(run)));
  for (auto& child : children) adopt(std::move(child));
  return made;
}

// ---- forgetting

Result<bool> Driver::Impl::prune_some() {
  const auto now = clock_.now();
  if (to_prune_.empty()) {
    if (pruned_ && now - *pruned_ < pause_between_prunings) return false;
    pruned_ = now;
    for (const auto& [name, flow] : flows_) to_prune_.push_back(name);
    if (to_prune_.empty()) return false;
  }
  const auto name = to_prune_.back();
  const auto flow = flows_.find(name);
  auto age = options_.keep_runs;
  auto count = options_.keep_count;
  if (flow != flows_.end()) {
    if (flow->second.keep_runs) age = flow->second.keep_runs;
    if (flow->second.keep_count) count = flow->second.keep_count;
  }
  if (flow == flows_.end() || (!age && !count)) {
    to_prune_.pop_back();
    return !to_prune_.empty();
  }
  const auto before = age ? std::optional(now - *age) : std::nullopt;
  TRY(const auto forgotten, database_.write([&](store::Transaction& transaction) {
    return store_.prune(transaction, name, before, count);
  }));
  if (forgotten == 0) to_prune_.pop_back();
  return true;
}

}  // namespace rollcall::flow
