// How the driver moves: triggers that are due, answers from outside, times that came, and turns.
#include <fmt/format.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "flow/driver_impl.hpp"

namespace rollcall::flow {
namespace {

constexpr Timespan pause_after_failure = seconds(5);
constexpr int max_child_depth = 10;

Result<Outcome> child_outcome(const RunRecord& child, const Seal& seal) {
  if (child.status != Status::succeeded) {
    return refused(502, "ChildFailed",
                   fmt::format("run {} of flow '{}' ended as {}: {}", child.id, child.flow,
                               to_string(child.status), child.message));
  }
  TRY(const auto stored, parse_json(child.response.empty() ? std::string_view("null")
                                                           : std::string_view(child.response),
                                    1'000));
  TRY(auto response, seal.open(stored));
  if (!response.is_object()) return flow::answered(200, nullptr);
  const auto* status = find(response, "statusCode");
  const bool good = status == nullptr || !status->is_int64() || status->get_int64() < 400;
  Outcome outcome{std::move(response), {}, {}};
  if (!good) {
    outcome.code = "ActionFailed";
    outcome.message = fmt::format("flow '{}' answered {}", child.flow, json::serialize(*status));
  }
  return outcome;
}

// A flow is called by its name, or by an id whose last part is its name.
std::string_view last_part(std::string_view id) {
  const auto slash = id.rfind('/');
  return slash == std::string_view::npos ? id : id.substr(slash + 1);
}

}  // namespace

Result<void> Driver::Impl::reached(CrashPoint point) {
  if (!options_.crash || !options_.crash(point)) return {};
  dead_ = true;
  return fail("FLOWCRASH", "the plug was pulled");
}

Result<bool> Driver::Impl::step() {
  if (dead_) return fail("FLOWCRASH", "the plug was pulled");
  TRY_DO(take_up_runs());
  if (options_.lease) TRY_DO(look_around());
  const auto now = clock_.now();
  for (auto it = to_load_.begin(); it != to_load_.end();) {
    if (it->second.at > now) {
      ++it;
      continue;
    }
    it->second.at = now + pause_after_failure;
    TRY_DO(load_run(it->first));
    it = to_load_.erase(it);
  }
  take_up_times();
  TRY_DO(take_news());
  TRY(const bool answered_one, take_answer());
  if (answered_one) return true;
  TRY(const bool fired, fire_due());
  if (fired) return true;
  TRY(const bool moved, take_one_turn());
  if (moved) return true;
  return prune_some();
}

std::optional<Timestamp> Driver::Impl::next_due() const {
  if (!taken_up_ || !ready_.empty() || outside_.ready() || has_news()) return clock_.now();
  std::optional<Timestamp> due;
  const auto earlier = [&](Timestamp time) {
    if (!due || time < *due) due = time;
  };
  if (options_.lease) earlier(next_look_);
  if (!wakes_.empty()) earlier(wakes_.begin()->first);
  for (const auto& [run, reload] : to_load_) earlier(reload.at);
  for (const auto& [name, flow] : flows_) {
    if (const auto time = due_of(flow); time && may_fire(flow)) earlier(*time);
  }
  return due;
}

// ---- triggers

std::size_t Driver::Impl::unfinished(std::string_view flow) const {
  return of_others(flow).all + live_.unfinished(flow);
}

std::size_t Driver::Impl::under_way(std::string_view flow) const {
  return of_others(flow).begun + live_.unfinished(flow) - live_.parked(flow);
}

bool Driver::Impl::may_fire(const LoadedFlow& flow) const {
  if (!flow.record.enabled || flow.scheduled == nullptr || flow.asking != 0) return false;
  if (flow.subscribes()) return !site_.url().empty();
  const auto& limit = flow.scheduled->concurrent_runs;
  return !limit || unfinished(flow.record.name) < static_cast<std::size_t>(*limit);
}

// A trigger that may not fire now, because as many runs as may be are under way, stays due: it fires once
// when one of them ends. Recurrences that are due together fire in one commit.
Result<bool> Driver::Impl::fire_due() {
  constexpr std::size_t most_at_once = 200;
  const auto now = clock_.now();
  std::vector<LoadedFlow*> due;
  for (auto& [name, flow] : flows_) {
    if (const auto time = due_of(flow); time && *time <= now && may_fire(flow))
      due.push_back(&flow);
  }
  if (due.empty()) return false;
  std::ranges::stable_sort(due, {}, [](const LoadedFlow* flow) { return *due_of(*flow); });
  const auto asks = std::ranges::find_if(due, [](const LoadedFlow* flow) {
    return !std::holds_alternative<RecurrenceTrigger>(flow->scheduled->kind);
  });
  if (asks == due.begin()) {
    TRY_DO(options_.lease ? ask_for_all(**asks) : ask(**asks));
    return true;
  }
  due.erase(asks, due.end());
  if (due.size() > most_at_once) due.resize(most_at_once);
  if (options_.lease) due.resize(1);  // another process may be faster with each of them
  TRY_DO(fire(due));
  return true;
}

Result<Driver::Impl::Firing> Driver::Impl::firing_of(LoadedFlow& flow) {
  Firing firing{&flow, *flow.record.next_fire, {}, {}};
  const bool sliding = std::get<RecurrenceTrigger>(flow.scheduled->kind).sliding_window;
  // What was missed is not made up for, except by a sliding window.
  const auto after = sliding ? firing.due : std::max(firing.due, clock_.now());
  TRY(firing.next, next_fire(*flow.recurrence, firing.due, after));
  json::object outputs;
  if (sliding)
    outputs["body"] = json::object{{"windowStartTime", format_iso(firing.due)},
                                   {"windowEndTime", format_iso(firing.next)}};
  auto runs = new_runs(flow, *flow.scheduled, std::move(outputs), "schedule");
  if (runs)
    firing.runs = *std::move(runs);
  else
    broken_flows_[flow.record.name] =
        runs.error().message;  // this firing cannot be; the next one may
  return firing;
}

Result<void> Driver::Impl::fire(const std::vector<LoadedFlow*>& flows) {
  std::vector<Firing> firings;
  for (auto* flow : flows) {
    auto firing = firing_of(*flow);
    if (firing)
      firings.push_back(*std::move(firing));
    else if (firings.empty() && flow == flows.back())
      return std::unexpected(std::move(firing).error());
  }
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    for (auto& [flow, due, next, runs] : firings) {
      TRY_DO(count_others(transaction, flow->record.name));
      if (!may_fire(*flow))
        return fail("FLOW0404", "as many runs as may be are under way elsewhere");
      for (auto& run : runs) TRY_DO(create(transaction, run));
      TRY_DO(store_.fired(transaction, flow->record.name, due, next));
    }
    return reached(CrashPoint::before_commit);
  };
  if (auto written = database_.write(write); !written) {
    if (written.error().code != "FLOW0404") return written;
    for (auto* flow : flows) {
      TRY(const auto stored, store_.flow(flow->record.name));
      flow->record.next_fire = stored ? stored->next_fire : std::nullopt;
    }
    return {};
  }
  for (auto& firing : firings) {
    firing.flow->record.last_fire = firing.due;
    firing.flow->record.next_fire = firing.next;
  }
  TRY_DO(reached(CrashPoint::after_commit));
  for (auto& firing : firings) {
    for (auto& run : firing.runs) adopt(std::move(run));
  }
  return {};
}

// ---- runs

Result<void> Driver::Impl::load_run(RunId id) {
  TRY(const auto record, store_.run(id));
  forget(id);
  if (!record || record->ended || record->owner != store_.owner()) return {};
  TRY(auto workflow, workflow_of(record->flow, record->version));
  TRY(auto run, LiveRun::load(store_, *record, std::move(workflow), &site_));
  auto& live = live_.add(std::move(run));
  broken_runs_.erase(id);
  if (live.record.events == 0 && live.state.status == Status::waiting)
    park_or_begin(live);
  else
    after_turn(live);  // what it waits for goes out again
  return {};
}

void Driver::Impl::take_up_times() {
  const auto now = clock_.now();
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const auto id = wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    auto* run = live_.find(id);
    if (run == nullptr) continue;
    run->wake.reset();
    const auto instance = run->state.due(now);
    if (instance)
      run->incoming.push_back({{now, TimeCame{*instance}}});
    else if (run->state.expires(now))
      run->incoming.push_back({{now, Expired{}}});
    else
      continue;
    ready_.push_back(id);
  }
}

Result<bool> Driver::Impl::take_answer() {
  auto answer = outside_.answer();
  if (!answer) return false;
  TRY_DO(reached(CrashPoint::after_outside_call));
  if (!answer->flow.empty()) {
    TRY_DO(answered(answer->flow, answer->question, std::move(answer->outcome)));
    return true;
  }
  auto* run = live_.find(answer->run);
  if (run == nullptr) return true;  // it has ended meanwhile
  if (!run->state.awaits(*run->workflow, answer->instance, answer->attempt)) return true;
  run->incoming.push_back(
      {{clock_.now(), Completed{answer->instance, answer->attempt, std::move(answer->outcome)}}});
  TRY_DO(turn(*run));
  return true;
}

Result<bool> Driver::Impl::take_one_turn() {
  while (!ready_.empty()) {
    const auto id = ready_.front();
    ready_.pop_front();
    auto* run = live_.find(id);
    if (run == nullptr || run->parked || !run->has_work()) continue;
    TRY_DO(turn(*run));
    return true;
  }
  return false;
}

Result<void> Driver::Impl::turn(LiveRun& run) {
  const auto id = run.record.id;
  std::vector<NewRun> children;
  std::optional<Incoming> for_parent;
  const bool begins = run.record.events == 0;
  const TurnHooks hooks{[&](store::Transaction& transaction, LiveRun& parent, StartChild child) {
                          return start_child(transaction, parent, std::move(child), children);
                        },
                        [&](store::Transaction& transaction, LiveRun& over) {
                          return ended(transaction, over, for_parent);
                        },
                        [&](store::Transaction& transaction, LiveRun& moved) -> Result<void> {
                          if (begins) TRY_DO(has_place(transaction, moved));
                          return reached(CrashPoint::before_commit);
                        }};
  const auto parent = run.record.parent;
  const auto flow = run.record.flow;
  if (auto taken = take_turn(database_, store_, clock_, run, options_.turn, hooks); !taken) {
    to_load_[id] = {clock_.now() + pause_after_failure, run.workflow};
    forget(id);
    return std::unexpected(std::move(taken).error());
  }
  TRY_DO(reached(CrashPoint::after_commit));
  const bool over = run.state.over();
  after_turn(run);
  if (over) unpark(flow);
  for (auto& child : children) adopt(std::move(child));
  if (for_parent && parent) {
    if (auto* waiting = live_.find(*parent)) {
      waiting->incoming.push_back(*std::move(for_parent));
      ready_.push_back(*parent);
    }
  }
  return {};
}

void Driver::Impl::after_turn(LiveRun& run) {
  const auto id = run.record.id;
  if (run.state.over()) return forget(id);
  for (auto& call : run.outside) {
    const auto& action = run.workflow->action(call.instance.action);
    const auto* kind = std::get_if<ConnectorCall>(&action.kind);
    outside_.ask({id,
                  std::move(call),
                  action.name,
                  kind == nullptr ? "" : kind->connection,
                  run.principal,
                  clock_.now(),
                  action.most_items,
                  {},
                  0,
                  action.chunked});
  }
  run.outside.clear();
  wake_at(run, run.state.next_time());
  if (run.has_work())
    ready_.push_back(id);
  else
    run.rest();
}

void Driver::Impl::wake_at(LiveRun& run, std::optional<Timestamp> time) {
  if (run.wake) wakes_.erase({*run.wake, run.record.id});
  if (time) wakes_.emplace(*time, run.record.id);
  run.wake = time;
}

void Driver::Impl::forget(RunId id) {
  auto* run = live_.find(id);
  if (run == nullptr) return;
  wake_at(*run, std::nullopt);
  live_.remove(id);
}

// ---- child flows

Result<std::optional<Outcome>> Driver::Impl::start_child(store::Transaction& transaction,
                                                         LiveRun& parent, StartChild child,
                                                         std::vector<NewRun>& children) {
  const auto refuse = [](std::string code, std::string message) {
    return std::optional(refused(404, std::move(code), std::move(message)));
  };
  int depth = 1;
  for (auto up = parent.record.parent; up && depth <= max_child_depth; ++depth) {
    const auto* caller = live_.find(*up);
    if (caller == nullptr) break;
    up = caller->record.parent;
  }
  if (depth > max_child_depth) {
    return refuse("FLOW0505",
                  fmt::format("flows that call flows may do so {} deep", max_child_depth));
  }
  const auto flow = flow_named(last_part(child.flow));
  if (!flow) return refuse(flow.error().code, flow.error().message);
  const auto trigger = find_trigger(*(*flow)->workflow, "");
  if (!trigger) return refuse(trigger.error().code, trigger.error().message);
  auto runs = new_runs(**flow, **trigger, std::move(child.outputs), to_string(parent.principal));
  if (!runs) return refuse(runs.error().code, runs.error().message);
  if (runs->size() != 1) return refuse("FLOW0509", "the trigger's conditions do not hold");
  if (auto room = has_room(**flow, **trigger, 1); !room)
    return refuse(room.error().code, room.error().message);
  auto& run = runs->front();
  run.record.parent = parent.record.id;
  run.record.parent_instance = to_string(*parent.workflow, child.instance);
  if (run.record.tracking.empty()) run.record.tracking = parent.record.tracking;
  TRY_DO(create(transaction, run));
  children.push_back(std::move(run));
  return std::nullopt;
}

Result<void> Driver::Impl::ended(store::Transaction& transaction, LiveRun& run,
                                 std::optional<Incoming>& for_parent) {
  TRY_DO(store_.delete_letters(transaction, run.record.id));
  if (!run.record.parent) return {};
  const auto parent = *run.record.parent;
  const auto* waiting = live_.find(parent);
  if (waiting == nullptr && !to_load_.contains(parent))
    return {};  // it ended without waiting any longer
  TRY(auto outcome, child_outcome(run.record, site_.seal()));
  const auto workflow = waiting != nullptr ? waiting->workflow : to_load_.at(parent).workflow;
  TRY(const auto instance, parse_instance(*workflow, run.record.parent_instance));
  Event event{clock_.now(), Completed{instance, 1, std::move(outcome)}};
  TRY(const auto letter, store_.send(transaction, parent, event_line(*workflow, event)));
  if (waiting != nullptr) for_parent = Incoming{std::move(event), letter};
  return {};
}

}  // namespace rollcall::flow
