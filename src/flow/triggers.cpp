#include "flow/triggers.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "base/url.hpp"
#include "flow/calls.hpp"
#include "flow/execution.hpp"
#include "flow/request_match.hpp"

namespace rollcall::flow {
namespace {

// What a trigger's own expressions see: parameters, and what the trigger answered.
class TriggerEnvironment final : public expr::Environment {
 public:
  TriggerEnvironment(const Workflow& workflow, const json::value& record, Timestamp now)
      : workflow_(workflow), record_(record), now_(now) {}
  void set_callback_url(const std::string& url) { callback_url_ = url; }

  Result<expr::Value> trigger() override { return expr::Value::borrow(record_); }
  Result<expr::Value> trigger_outputs() override {
    const auto* outputs = find(record_, "outputs");
    return outputs == nullptr ? expr::Value() : expr::Value::borrow(*outputs);
  }
  Result<expr::Value> parameter(std::string_view name) override {
    if (const auto* value = workflow_.parameter(name)) return expr::Value::borrow(*value);
    return fail("FLOW0310", fmt::format("there is no parameter '{}'", name));
  }
  Result<expr::Value> callback_url() override {
    if (callback_url_.empty()) return expr::Environment::callback_url();
    return expr::Value(json::value(callback_url_));
  }
  Timestamp now() override { return now_; }
  std::uint64_t random() override { return next_random(random_); }

 private:
  const Workflow& workflow_;
  const json::value& record_;
  Timestamp now_;
  std::uint64_t random_ = 0;
  std::string callback_url_;
};

bool is_webhook(const Trigger& trigger) {
  const auto* call = std::get_if<ConnectorTrigger>(&trigger.kind);
  return std::holds_alternative<HttpWebhookTrigger>(trigger.kind) ||
         (call != nullptr && call->call.webhook);
}

bool fires_by_itself(const Workflow& workflow, const Trigger& trigger) {
  if (std::holds_alternative<RecurrenceTrigger>(trigger.kind))
    return trigger.recurrence.has_value();
  if (!workflow.plan(trigger).bound()) return false;
  return is_webhook(trigger) || trigger.recurrence.has_value();
}

}  // namespace

Result<LoadedFlow> load_flow(FlowRecord record, std::shared_ptr<const Workflow> workflow,
                             Timestamp now) {
  LoadedFlow flow{std::move(record), std::move(workflow)};
  if (const auto settings =
          parse_json(flow.record.settings.empty() ? "{}" : flow.record.settings, 1'000)) {
    const auto* keep = find(*settings, "keep");
    const auto* age = keep == nullptr ? nullptr : find(*keep, "age");
    const auto* runs = keep == nullptr ? nullptr : find(*keep, "runs");
    if (age != nullptr && age->is_int64()) flow.keep_runs = Timespan{age->get_int64()};
    if (runs != nullptr && runs->is_int64()) flow.keep_count = runs->get_int64();
  }
  for (const auto& trigger : flow.workflow->definition().triggers) {
    if (!fires_by_itself(*flow.workflow, trigger)) continue;
    flow.scheduled = &trigger;
    if (is_webhook(trigger)) break;
    const json::value nothing;
    TriggerEnvironment environment(*flow.workflow, nothing, now);
    TRY(const auto evaluated, trigger.recurrence->evaluate(environment));
    TRY(flow.recurrence, parse_recurrence(*evaluated));
    break;
  }
  return flow;
}

bool LoadedFlow::subscribes() const { return scheduled != nullptr && is_webhook(*scheduled); }

TriggerState parse_trigger_state(std::string_view text) {
  TriggerState state;
  const auto stored = parse_json(text.empty() ? "{}" : text, 1'000);
  if (!stored) return state;
  state.location = text_or(*stored, "location");
  state.url = text_or(*stored, "url");
  if (const auto* subscription = find(*stored, "subscription")) {
    state.subscribed = true;
    state.subscription = *subscription;
  }
  return state;
}

std::string to_text(const TriggerState& state) {
  json::object stored;
  if (!state.location.empty()) stored["location"] = state.location;
  if (state.subscribed) {
    stored["url"] = state.url;
    stored["subscription"] = state.subscription;
  }
  return stored.empty() ? std::string() : json::serialize(stored);
}

namespace {

Result<json::object> object_of(const Template& source, TriggerEnvironment& environment) {
  TRY(auto value, source.evaluate(environment));
  auto taken = std::move(value).take();
  if (taken.is_null()) return json::object();
  if (auto* object = taken.if_object()) return std::move(*object);
  return fail("FLOW0328", "the trigger's inputs are no object");
}

// What ends the subscription of a connector's trigger.
std::optional<TriggerCall> connector_ending(const BoundOperation& operation,
                                            const TriggerState& state) {
  if (operation.connector == nullptr || operation.operation().unsubscribe.empty())
    return std::nullopt;
  const auto index = operation.connector->find(operation.operation().unsubscribe);
  if (!index) return std::nullopt;
  return TriggerCall{
      {operation.connector, *index},
      state.subscription.is_object() ? state.subscription : json::value(json::object()),
      {},
      {}};
}

}  // namespace

Result<std::optional<TriggerCall>> trigger_call(const LoadedFlow& flow, const TriggerState& state,
                                                const std::string& callback_url, bool ends,
                                                Timestamp now) {
  const auto& trigger = *flow.scheduled;
  const auto& plan = flow.workflow->plan(trigger);
  const json::value record{{"outputs", state.subscription}};
  TriggerEnvironment environment(*flow.workflow, record, now);
  environment.set_callback_url(callback_url);
  if (const auto* webhook = std::get_if<HttpWebhookTrigger>(&trigger.kind)) {
    TRY(auto inputs,
        object_of(ends ? webhook->call.unsubscribe : webhook->call.subscribe, environment));
    if (ends && !inputs.contains("uri")) return std::nullopt;
    return TriggerCall{plan.operation, std::move(inputs), {}, callback_url};
  }
  if (const auto* http = std::get_if<HttpTrigger>(&trigger.kind)) {
    TRY(auto inputs, object_of(http->inputs, environment));
    if (!state.location.empty()) {
      inputs.erase("queries");  // the Location has its own
      if (!same_origin(text_or(inputs, "uri"), state.location)) {
        for (const auto name : {"authentication", "headers", "body"}) inputs.erase(name);
      }
      inputs["uri"] = state.location;
    }
    return TriggerCall{plan.operation, std::move(inputs), {}, {}};
  }
  const auto* connector = std::get_if<ConnectorTrigger>(&trigger.kind);
  if (connector == nullptr) return std::nullopt;
  TRY(auto inputs, object_of(connector->call.inputs, environment));
  TriggerCall call{plan.operation, json::object(), state.location,
                   connector->call.webhook ? callback_url : std::string()};
  if (plan.connector != nullptr) {
    TRY(auto matched, match_request(*plan.connector, std::move(inputs),
                                    connector->call.webhook ? "post" : "get"));
    call.operation = matched.operation;
    call.inputs = std::move(matched.parameters);
  } else if (const auto* parameters = inputs.if_contains("parameters");
             parameters != nullptr && parameters->is_object()) {
    call.inputs = *parameters;
  }
  if (ends) return connector_ending(call.operation, state);
  return call;
}

Result<std::string> tracking_of(const Workflow& workflow, const Trigger& trigger,
                                const json::value& record, Timestamp now) {
  constexpr std::size_t longest = 200;
  std::string id;
  if (trigger.tracking_id) {
    TriggerEnvironment environment(workflow, record, now);
    TRY(const auto value, trigger.tracking_id->evaluate(environment));
    id = expr::to_text(*value);
  } else if (const auto* outputs = find(record, "outputs")) {
    id = header_of(*outputs, "x-ms-client-tracking-id");
  }
  return id.substr(0, longest);
}

Result<const Trigger*> find_trigger(const Workflow& workflow, std::string_view name) {
  const auto& triggers = workflow.definition().triggers;
  if (name.empty() && triggers.size() == 1) return &triggers.front();
  std::vector<std::string> names;
  for (const auto& trigger : triggers) {
    if (!name.empty() && equals_ignoring_case(trigger.name, name)) return &trigger;
    names.push_back(trigger.name);
  }
  if (names.empty()) return fail("FLOW0506", "the flow has no trigger");
  return fail("FLOW0506", fmt::format("the flow has no trigger '{}'; there is {}", name,
                                      fmt::join(names, ", ")));
}

json::value trigger_record(const Trigger& trigger, json::value outputs, Timestamp now) {
  const auto time = format_iso(now);
  json::object record{
      {"name", trigger.name}, {"startTime", time}, {"endTime", time}, {"status", "Succeeded"}};
  record.emplace("outputs", std::move(outputs));
  return record;
}

Result<bool> conditions_hold(const Workflow& workflow, const Trigger& trigger,
                             const json::value& record, Timestamp now) {
  TriggerEnvironment environment(workflow, record, now);
  for (const auto& condition : trigger.conditions) {
    TRY(const bool holds, condition.evaluate_condition(environment));
    if (!holds) return false;
  }
  return true;
}

Result<std::vector<json::value>> split(const Workflow& workflow, const Trigger& trigger,
                                       json::value outputs, Timestamp now) {
  std::vector<json::value> all;
  if (!trigger.split_on) {
    all.push_back(std::move(outputs));
    return all;
  }
  const auto record = trigger_record(trigger, std::move(outputs), now);
  TriggerEnvironment environment(workflow, record, now);
  TRY(const auto items, trigger.split_on->evaluate(environment));
  if (!items->is_array()) return fail("FLOW0507", "what splitOn names is no array");
  if (items->get_array().size() > max_items) {
    return fail("FLOW0507", fmt::format("splitOn may start {} runs at most", max_items));
  }
  for (const auto& item : items->get_array()) all.push_back(json::object{{"body", item}});
  return all;
}

}  // namespace rollcall::flow
