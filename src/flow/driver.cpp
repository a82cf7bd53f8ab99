#include "flow/driver.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "flow/driver_impl.hpp"
#include "flow/validate.hpp"

namespace rollcall::flow {
namespace {

json::object object_of(std::string_view text) {
  auto value = parse_json(text);
  return value && value->is_object() ? std::move(value->get_object()) : json::object();
}

// As settings_text() wrote them.
Result<Settings> settings_of(std::string_view text, const Seal& seal) {
  auto stored = object_of(text);
  const auto member = [&](std::string_view name) {
    auto* value = stored.if_contains(name);
    return value != nullptr && value->is_object() ? std::move(value->get_object()) : json::object();
  };
  Settings settings{member("parameters"), member("connections"), {}, &seal};
  for (auto& [name, value] : settings.parameters) {
    TRY(value, seal.open(value));
  }
  const json::value limits = member("limits");
  if (const auto* actions = find(limits, "actions"); actions != nullptr && actions->is_int64()) {
    settings.limits.actions = static_cast<std::uint64_t>(actions->get_int64());
  }
  if (const auto* duration = find(limits, "duration");
      duration != nullptr && duration->is_int64()) {
    settings.limits.run_duration = Timespan{duration->get_int64()};
  }
  return settings;
}

// Secure parameters are sealed: a settings text is stored.
std::string settings_text(const Definition& definition, const DeployOptions& options,
                          const Limits& limits, const Seal& seal) {
  auto parameters = options.parameters;
  for (const auto& parameter : definition.parameters) {
    const bool secure = parameter.type == "securestring" || parameter.type == "secureobject";
    if (auto* value = parameters.if_contains(parameter.name); value != nullptr && secure)
      *value = seal.close(*value);
  }
  json::object settings{{"parameters", std::move(parameters)},
                        {"connections", options.connections}};
  const Limits usual;
  if (limits.actions != usual.actions || limits.run_duration != usual.run_duration) {
    settings["limits"] =
        json::object{{"actions", limits.actions}, {"duration", limits.run_duration.ticks}};
  }
  if (options.keep_runs || options.keep_count) {
    json::object keep;
    if (options.keep_runs) keep["age"] = options.keep_runs->ticks;
    if (options.keep_count) keep["runs"] = *options.keep_count;
    settings["keep"] = std::move(keep);
  }
  return json::serialize(settings);
}

// The triggers are the same, so that what they have seen and subscribed stays true.
bool same_triggers(const FlowRecord& before, const Workflow& now) {
  const auto document = parse_json(without_mark(before.definition), 1'000);
  if (!document) return false;
  const auto definition = parse_definition(*document);
  if (!definition) return false;
  const auto* was = find(definition->source, "triggers");
  const auto* is = find(now.definition().source, "triggers");
  return was != nullptr && is != nullptr && *was == *is;
}

// All errors, one a line, as one; warnings are put aside.
Result<void> check(const Definition& definition, std::vector<std::string>& warnings) {
  std::vector<Finding> errors;
  for (auto& finding : validate(definition)) {
    if (finding.severity == Finding::Severity::warning)
      warnings.push_back(to_string(finding));
    else
      errors.push_back(std::move(finding));
  }
  if (errors.empty()) return {};
  if (errors.size() == 1) {
    return fail(errors[0].code, fmt::format("{}: {}", errors[0].path, errors[0].message));
  }
  std::string lines = fmt::format("{} problems", errors.size());
  for (const auto& finding : errors) lines += "\n" + to_string(finding);
  return fail("FLOW0300", std::move(lines));
}

}  // namespace

Result<std::shared_ptr<const Workflow>> Driver::Impl::compile(
    const json::value& document, std::string_view settings,
    std::vector<std::string>& warnings) const {
  TRY(auto definition, parse_definition(document));
  TRY_DO(check(definition, warnings));
  TRY(const auto given, settings_of(settings, site_.seal()));
  TRY(auto workflow, Workflow::compile(std::move(definition), connectors_, given));
  return std::make_shared<const Workflow>(std::move(workflow));
}

Result<void> Driver::Impl::open() {
  TRY_DO(store_.open());
  if (options_.lease) TRY_DO(may_share());
  if (options_.listens) database_.listen([this](std::string_view news) { hear(news); });
  TRY(auto records, store_.flows());
  for (auto& record : records) {
    auto workflow = workflow_of(record.name, record.version);
    if (!workflow) {
      broken_flows_[record.name] = workflow.error().message;
      continue;
    }
    auto name = record.name;
    auto flow = load_flow(std::move(record), *std::move(workflow), clock_.now());
    if (flow)
      flows_.emplace(std::move(name), *std::move(flow));
    else
      broken_flows_[name] = flow.error().message;
  }
  return {};
}

// Not before somebody moves: by then the address is known that those are told who are asked to call back.
Result<void> Driver::Impl::take_up_runs() {
  if (taken_up_) return {};
  TRY_DO(enter());
  TRY(const auto unfinished_runs, store_.unfinished());
  taken_up_ = true;
  for (const auto id : unfinished_runs) {
    if (live_.contains(id)) continue;
    if (auto loaded = load_run(id); !loaded) broken_runs_[id] = loaded.error().message;
  }
  return {};
}

Result<std::shared_ptr<const Workflow>> Driver::Impl::workflow_of(std::string_view flow,
                                                                  std::int64_t version) {
  auto& cached = workflows_[{std::string(flow), version}];
  if (cached != nullptr) return cached;
  TRY(const auto record, store_.flow_version(flow, version));
  if (!record)
    return fail("FLOW0501", fmt::format("version {} of flow '{}' is gone", version, flow));
  TRY(const auto document, parse_json(without_mark(record->definition), 1'000));
  std::vector<std::string> warnings;
  TRY(cached, compile(document, record->settings, warnings));
  return cached;
}

Result<LoadedFlow*> Driver::Impl::flow_named(std::string_view name) {
  if (options_.lease && !flows_.contains(name))
    TRY_DO(take_up_flows());  // deployed elsewhere just now
  std::vector<std::string> names;
  for (auto& [known, flow] : flows_) {
    if (equals_ignoring_case(known, name)) return &flow;
    names.push_back(known);
  }
  const auto nearest = nearest_name(name, names);
  return fail("FLOW0501",
              fmt::format("there is no flow '{}'{}", name,
                          nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

Result<Deployed> Driver::Impl::deploy(std::string_view name, const json::value& document,
                                      const Principal& principal, const DeployOptions& options) {
  if (name.empty() || name.size() > 200)
    return fail("FLOW0508", "a flow's name has 1 to 200 characters");
  Deployed deployed;
  FlowRecord record;
  record.name = name;
  record.definition = options.text.empty() ? json::serialize(document) : options.text;
  TRY(const auto definition, parse_definition(document));
  record.settings = settings_text(definition, options, options_.limits, site_.seal());
  record.enabled = options.enabled;
  record.deployed_at = clock_.now();
  record.deployed_by = to_string(principal);
  TRY(auto workflow, compile(document, record.settings, deployed.warnings));
  for (const auto& trigger : workflow->definition().triggers) {
    const auto& why_not = workflow->plan(trigger).why_not;
    if (why_not.empty()) continue;
    deployed.warnings.push_back(fmt::format(
        "warning FLOW0510 {}: the trigger does not fire by itself, start the flow by hand: {}",
        trigger.path, why_not));
  }
  TRY(const auto before, store_.flow(name));
  record.version = before ? before->version : 1;
  if (before && before->definition == record.definition && before->settings == record.settings) {
    deployed.version = record.version;
    return deployed;
  }
  // Versions of a flow that was removed are kept for its runs.
  for (;; ++record.version) {
    TRY(const auto taken, store_.flow_version(name, record.version));
    if (!taken) break;
  }
  const bool keeps_state = before && same_triggers(*before, *workflow);
  if (keeps_state) record.trigger_state = before->trigger_state;
  TRY(auto flow, load_flow(std::move(record), workflow, clock_.now()));
  if (flow.recurrence) {
    TRY(flow.record.next_fire, first_fire(*flow.recurrence, clock_.now()));
  } else if (flow.subscribes() && !parse_trigger_state(flow.record.trigger_state).subscribed) {
    flow.record.next_fire = clock_.now();
  }
  const auto old = flows_.find(name);
  if (keeps_state && old != flows_.end() &&
      old->second.asking != 0) {  // the answer will be this deployment's
    flow.asking = old->second.asking;
    flow.record.next_fire = old->second.record.next_fire;
  }
  TRY_DO(database_.write(
      [&](store::Transaction& transaction) { return store_.put_flow(transaction, flow.record); }));
  if (old != flows_.end() && !keeps_state) leave(old->second);
  deployed.version = flow.record.version;
  deployed.changed = true;
  workflows_[{flow.record.name, flow.record.version}] = std::move(workflow);
  broken_flows_.erase(flow.record.name);
  flows_.insert_or_assign(flow.record.name, std::move(flow));
  return deployed;
}

Result<void> Driver::Impl::enable(std::string_view name, bool enabled) {
  TRY(auto* flow, flow_named(name));
  auto next = flow->record.next_fire;
  if (enabled && !flow->record.enabled && flow->recurrence) {
    TRY(next, first_fire(*flow->recurrence, clock_.now()));
  }
  if (enabled && flow->subscribes() && !parse_trigger_state(flow->record.trigger_state).subscribed)
    next = clock_.now();
  const bool ends = !enabled && parse_trigger_state(flow->record.trigger_state).subscribed;
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    TRY_DO(store_.set_fire(transaction, flow->record.name, flow->record.last_fire, next));
    if (ends) TRY_DO(store_.set_trigger_state(transaction, flow->record.name, ""));
    return store_.set_enabled(transaction, flow->record.name, enabled);
  };
  TRY_DO(database_.write(write));
  if (ends) end_subscription(*flow);
  flow->record.enabled = enabled;
  flow->record.next_fire = next;
  if (ends) flow->record.trigger_state.clear();
  return {};
}

Result<void> Driver::Impl::remove(std::string_view name) {
  TRY(auto* flow, flow_named(name));
  const auto exact = flow->record.name;
  TRY_DO(database_.write(
      [&](store::Transaction& transaction) { return store_.remove_flow(transaction, exact); }));
  leave(*flow);
  flows_.erase(exact);
  return {};
}

Result<RunId> Driver::Impl::start(std::string_view name, std::string_view trigger_name,
                                  json::value outputs, const Principal& principal) {
  TRY_DO(take_up_runs());
  TRY(auto* flow, flow_named(name));
  TRY(const auto* trigger, find_trigger(*flow->workflow, trigger_name));
  if (const auto& schema = flow->workflow->plan(*trigger).schema) {
    const auto* body = find(outputs, "body");
    TRY_DO(schema->check(body == nullptr ? json::value() : *body));
  }
  TRY(auto runs, new_runs(*flow, *trigger, std::move(outputs), to_string(principal)));
  if (runs.empty())
    return fail("FLOW0509", "the trigger's conditions do not hold, or it has nothing to split");
  TRY_DO(has_room(*flow, *trigger, runs.size()));
  const auto write = [&](store::Transaction& transaction) -> Result<void> {
    for (auto& run : runs) TRY_DO(create(transaction, run));
    return reached(CrashPoint::before_commit);
  };
  TRY_DO(database_.write(write));
  TRY_DO(reached(CrashPoint::after_commit));
  const auto first = runs.front().record.id;
  for (auto& run : runs) adopt(std::move(run));
  return first;
}

Result<std::vector<Driver::Impl::NewRun>> Driver::Impl::new_runs(const LoadedFlow& flow,
                                                                 const Trigger& trigger,
                                                                 json::value outputs,
                                                                 std::string_view principal) {
  const auto now = clock_.now();
  TRY(auto all, split(*flow.workflow, trigger, std::move(outputs), now));
  std::vector<NewRun> runs;
  for (auto& one : all) {
    auto about = trigger_record(trigger, std::move(one), now);
    TRY(const bool holds, conditions_hold(*flow.workflow, trigger, about, now));
    if (!holds) continue;
    RunRecord record;
    record.flow = flow.record.name;
    record.version = flow.record.version;
    record.trigger = trigger.name;
    record.started = now;
    record.principal = principal;
    TRY(record.tracking, tracking_of(*flow.workflow, trigger, about, now));
    if (!record.tracking.empty()) about.as_object()["clientTrackingId"] = record.tracking;
    // Kept as long as the run: a copy has no room to grow.
    runs.push_back({std::move(record), flow.workflow, {{now, Started{json::value(about)}}}});
  }
  return runs;
}

Result<void> Driver::Impl::create(store::Transaction& transaction, NewRun& run) {
  TRY_DO(store_.create_run(transaction, run.record));
  TRY(run.started.letter,
      store_.send(transaction, run.record.id, event_line(*run.workflow, run.started.event)));
  return {};
}

void Driver::Impl::adopt(NewRun run) {
  auto live = std::make_unique<LiveRun>(std::move(run.record), std::move(run.workflow), &site_);
  live->incoming.push_back(std::move(run.started));
  park_or_begin(live_.add(std::move(live)));
}

Result<RunId> Driver::Impl::resubmit(RunId id, const Principal& principal) {
  TRY(const auto run, store_.run(id));
  if (!run) return fail("FLOW0504", fmt::format("there is no run {}", id));
  TRY(const auto workflow, workflow_of(run->flow, run->version));
  TRY(const auto events, store_.events(id, *workflow));
  const auto* started = events.empty() ? nullptr : std::get_if<Started>(&events.front().what);
  const auto* outputs = started == nullptr ? nullptr : find(started->trigger, "outputs");
  return start(run->flow, run->trigger, outputs == nullptr ? json::object() : *outputs, principal);
}

Result<void> Driver::Impl::cancel(RunId id, const Principal& principal) {
  TRY(const auto run, store_.run(id));
  if (!run) return fail("FLOW0504", fmt::format("there is no run {}", id));
  if (run->ended) return {};
  TRY(const auto workflow, workflow_of(run->flow, run->version));
  Incoming incoming{{clock_.now(), CancelRequested{to_string(principal)}}};
  TRY(incoming.letter, database_.write([&](store::Transaction& transaction) {
    return store_.send(transaction, id, event_line(*workflow, incoming.event));
  }));
  // A run that is not loaded now finds the letter when it is.
  if (auto* live = live_.find(id)) {
    // One that has not begun begins, so that its history says what it was begun with.
    auto& waiting = live->incoming;
    if (run->events == 0)
      waiting.push_back(std::move(incoming));
    else
      waiting.push_front(std::move(incoming));
    live_.begin(*live);
    ready_.push_back(id);
  }
  return {};
}

Result<RunView> Driver::Impl::show(RunId id, const ViewWindow& window) {
  TRY(const auto run, store_.run(id));
  if (!run) return fail("FLOW0504", fmt::format("there is no run {}", id));
  TRY(const auto workflow, workflow_of(run->flow, run->version));
  return view_run(store_, *run, *workflow, &site_, window);
}

std::vector<std::string> Driver::Impl::problems() const {
  std::vector<std::string> lines;
  for (const auto& [name, why] : broken_flows_)
    lines.push_back(fmt::format("flow {}: {}", name, why));
  for (const auto& [id, why] : broken_runs_) lines.push_back(fmt::format("run {}: {}", id, why));
  return lines;
}

// ---- the public face: one caller at a time

Driver::Driver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Driver::~Driver() = default;

Result<std::unique_ptr<Driver>> Driver::open(store::Database& database,
                                             const Connectors& connectors, const Clock& clock,
                                             DriverOptions options) {
  auto impl = std::make_unique<Impl>(database, connectors, clock, std::move(options));
  TRY_DO(impl->open());
  return std::unique_ptr<Driver>(new Driver(std::move(impl)));
}

Result<Deployed> Driver::deploy(std::string_view name, const json::value& document,
                                const Principal& principal, const DeployOptions& options) {
  const std::lock_guard lock(impl_->mutex);
  auto deployed = impl_->deploy(name, document, principal, options);
  // Another process deployed it between our look and our write: once more, on top of that. Whenever one loses, one wins.
  constexpr int attempts = 100;
  for (int i = 1; i < attempts && !deployed && deployed.error().code == "STORE0105"; ++i)
    deployed = impl_->deploy(name, document, principal, options);
  return deployed;
}

Result<void> Driver::enable(std::string_view name, bool enabled) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->enable(name, enabled);
}

Result<void> Driver::remove(std::string_view name) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->remove(name);
}

Result<RunId> Driver::start(std::string_view flow, std::string_view trigger, json::value body,
                            const Principal& principal) {
  json::object outputs{{"headers", json::object()}};
  outputs.emplace("body", std::move(body));
  return start_with_outputs(flow, trigger, std::move(outputs), principal);
}

Result<RunId> Driver::start_with_outputs(std::string_view flow, std::string_view trigger,
                                         json::value outputs, const Principal& principal) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->start(flow, trigger, std::move(outputs), principal);
}

Result<RunId> Driver::resubmit(RunId run, const Principal& principal) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->resubmit(run, principal);
}

Result<void> Driver::cancel(RunId run, const Principal& principal) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->cancel(run, principal);
}

Result<Door> Driver::door(std::string_view flow, std::string_view trigger) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->door(flow, trigger);
}

Result<void> Driver::call_back(RunId run, std::string_view instance, json::value outputs) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->call_back(run, instance, std::move(outputs));
}

Result<std::optional<json::value>> Driver::response(RunId run) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->response(run);
}

Result<RunId> Driver::resume(RunId run, std::string_view from, const Principal& principal) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->resume(run, from, principal);
}

const Site& Driver::site() const { return impl_->site(); }

void Driver::set_url(std::string url) {
  const std::lock_guard lock(impl_->mutex);
  impl_->set_url(std::move(url));
}

Result<void> Driver::leave() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->leave();
}

Result<bool> Driver::step() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->step();
}

Result<std::size_t> Driver::run_until_idle(std::size_t limit) {
  for (std::size_t steps = 0; steps < limit; ++steps) {
    TRY(const bool moved, step());
    if (!moved) return steps;
  }
  return fail("FLOW0502", fmt::format("the flows were not idle after {} steps", limit));
}

std::optional<Timestamp> Driver::next_due() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->next_due();
}

Result<RunView> Driver::show(RunId run, const ViewWindow& window) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->show(run, window);
}

std::vector<std::string> Driver::problems() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->problems();
}

std::vector<Driver::ConnectorInfo> Driver::connectors() const { return impl_->connectors(); }

RunStore& Driver::runs() { return impl_->runs(); }

}  // namespace rollcall::flow
