#include "flow/validate.hpp"
#include "flow/shared_variables.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"
#include "flow/duration.hpp"
#include "flow/validator.hpp"

namespace rollcall::flow {
namespace {

constexpr std::size_t max_name = 80;

// The text of a template that is no expression; nullopt: it is one, or no text.
std::optional<std::string> constant_text(const Template& value) {
  if (!value.constant() || !value.source().is_string()) return std::nullopt;
  return text_of(&value.source());
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> known) {
  return std::ranges::any_of(known,
                             [&](std::string_view one) { return equals_ignoring_case(one, text); });
}

std::string name_of(VariableDeclaration::Type type) {
  constexpr std::string_view names[] = {"String", "Integer", "Float", "Boolean", "Array", "Object"};
  return std::string(names[static_cast<std::size_t>(type)]);
}

}  // namespace

std::vector<Finding> validate(const Definition& definition) { return Validator(definition).run(); }

std::string to_string(const Finding& finding) {
  return fmt::format("{}{} {}: {}",
                     finding.severity == Finding::Severity::warning ? "warning " : "", finding.code,
                     finding.path.empty() ? "/" : finding.path, finding.message);
}

Validator::Validator(const Definition& definition) : definition_(definition), graph_(definition) {
  for (const Action& action : definition.actions) action_names_.push_back(action.name);
  for (const Parameter& parameter : definition.parameters)
    if (!parameter.implied) parameter_names_.push_back(parameter.name);
  for (const Trigger& trigger : definition.triggers)
    has_request_trigger_ =
        has_request_trigger_ || std::holds_alternative<RequestTrigger>(trigger.kind);
  findings_ = definition.problems;
}

void Validator::error(std::string code, std::string path, std::string message) {
  findings_.push_back(
      {Finding::Severity::error, std::move(code), std::move(path), std::move(message)});
}

void Validator::warning(std::string code, std::string path, std::string message) {
  findings_.push_back(
      {Finding::Severity::warning, std::move(code), std::move(path), std::move(message)});
}

std::string Validator::did_you_mean(std::string_view name,
                                    const std::vector<std::string>& known) const {
  const std::string near = nearest_name(name, known);
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near);
}

std::vector<Finding> Validator::run() {
  declare_variables();
  for (const Parameter& parameter : definition_.parameters)
    if (parameter.default_value)
      expressions(*parameter.default_value,
                  "/parameters" + pointer_step(parameter.name) + "/defaultValue", no_action, false,
                  false);
  if (definition_.triggers.empty())
    warning("FLOW0114", "/triggers", "there is no trigger, so the flow starts only by hand");
  for (const Trigger& one : definition_.triggers) trigger(one);
  if (definition_.actions.empty())
    warning("FLOW0114", "/actions", "there are no actions, so a run does nothing");
  block(definition_.root, "/actions");
  for (const auto& [name, output] : definition_.outputs)
    for (const expr::Problem& problem : output.problems())
      error(problem.error.code, "/outputs" + pointer_step(name) + "/value" + problem.place.path,
            problem.error.message);
  return std::move(findings_);
}

void Validator::declare_variables() {
  for (ActionIndex i = 0; i < definition_.actions.size(); ++i) {
    const Action& action = definition_.actions[i];
    const auto* initialize = std::get_if<InitializeVariable>(&action.kind);
    if (!initialize) continue;
    if (action.parent != no_action)
      error("FLOW0126", action.path,
            fmt::format("a variable must be initialised at the top level of the flow, not inside "
                        "{}; move it there",
                        definition_.actions[action.parent].name));
    for (const VariableDeclaration& variable : initialize->variables) {
      const auto [known, fresh] =
          variables_.emplace(to_lower(variable.name), Variable{i, variable.type});
      variable_names_.push_back(variable.name);
      if (!fresh && !variable.name.empty())
        error("FLOW0127", action.path,
              fmt::format("the variable '{}' is initialised by {} already; set it instead",
                          variable.name, definition_.actions[known->second.declared_by].name));
    }
  }
}

void Validator::trigger(const Trigger& trigger) {
  if (const auto* unsupported = std::get_if<UnsupportedTrigger>(&trigger.kind))
    error("FLOW0103", trigger.path, unsupported->reason);
  const bool polls = std::holds_alternative<RecurrenceTrigger>(trigger.kind);
  if (polls && !trigger.recurrence)
    error("FLOW0150", trigger.path,
          "the trigger needs a recurrence: {\"frequency\": \"Minute\", \"interval\": 5}");
  if (trigger.recurrence) {
    expressions(*trigger.recurrence, trigger.path + "/recurrence", no_action, false, false);
    if (trigger.recurrence->constant())
      if (const auto recurrence = parse_recurrence(trigger.recurrence->source()); !recurrence)
        error(recurrence.error().code, trigger.path + "/recurrence", recurrence.error().message);
  }
  if (trigger.split_on) {
    expressions(*trigger.split_on, trigger.path + "/splitOn", no_action, false, false);
    for (const Action& action : definition_.actions)
      if (const auto* response = std::get_if<Response>(&action.kind);
          response && !response->asynchronous)
        error("FLOW0134", action.path,
              "a trigger with splitOn starts several runs, so none of them can respond");
  }
  for (std::size_t i = 0; i < trigger.conditions.size(); ++i)
    expressions(trigger.conditions[i], fmt::format("{}/conditions/{}/expression", trigger.path, i),
                no_action, false, false);
  if (trigger.tracking_id)
    expressions(*trigger.tracking_id, trigger.path + "/correlation/clientTrackingId", no_action,
                false, false);
  if (const auto* connector = std::get_if<ConnectorTrigger>(&trigger.kind))
    expressions(connector->call.inputs, trigger.path + "/inputs", no_action, false, false);
  if (const auto* webhook = std::get_if<HttpWebhookTrigger>(&trigger.kind)) {
    expressions(webhook->call.subscribe, trigger.path + "/inputs/subscribe", no_action, false,
                false);
    expressions(webhook->call.unsubscribe, trigger.path + "/inputs/unsubscribe", no_action, false,
                false);
  }
  if (const auto* http = std::get_if<HttpTrigger>(&trigger.kind))
    expressions(http->inputs, trigger.path + "/inputs", no_action, false, false);
}

void Validator::block(const Block& block, const std::string& path) {
  if (const auto circle = graph_.circle(block); !circle.empty()) {
    std::string names;
    for (const ActionIndex i : circle) names += definition_.actions[i].name + " → ";
    error(
        "FLOW0111", path,
        fmt::format("these actions run after each other in a circle, so none of them starts: {}{}",
                    names, definition_.actions[circle.front()].name));
  }
  for (const ActionIndex i : block.actions) {
    action(i);
    const Action& outer = definition_.actions[i];
    for (const Block* inner : blocks(outer)) this->block(*inner, outer.path);
  }
}

void Validator::action(ActionIndex index) {
  const Action& action = definition_.actions[index];
  if (action.chunked && !std::holds_alternative<Http>(action.kind))
    warning(
        "FLOW0141", action.path + "/runtimeConfiguration/contentTransfer",
        "a connector's content goes in one piece, never in chunks; only Http actions have them");
  if (action.name.size() > max_name)
    warning("FLOW0113", action.path,
            fmt::format("the name is longer than {} characters", max_name));
  run_after(action);
  kind(index);
  for (const PlacedTemplate& one : templates_of(action))
    expressions(*one.value, action.path + one.path, index, one.has_item, one.sees_inside);
}

void Validator::run_after(const Action& action) {
  for (const RunAfter& after : action.run_after) {
    if (after.action != no_action) continue;
    const std::string path = action.path + "/runAfter" + pointer_step(after.name);
    if (const Action* elsewhere = definition_.find(after.name))
      error("FLOW0104", path,
            fmt::format(
                "'{}' does not stand beside '{}' but in {}; name the action around it instead",
                after.name, action.name, elsewhere->path));
    else
      error("FLOW0104", path,
            fmt::format("there is no action '{}'{}", after.name,
                        did_you_mean(after.name, action_names_)));
  }
}

void Validator::kind(ActionIndex index) {
  const Action& action = definition_.actions[index];
  if (const auto* unsupported = std::get_if<Unsupported>(&action.kind))
    error("FLOW0103", action.path, unsupported->reason);
  if (const auto* connector = std::get_if<ConnectorCall>(&action.kind)) call(action, *connector);
  if (const auto* end = std::get_if<Terminate>(&action.kind)) terminate(index, *end);
  if (const auto* loop = std::get_if<Until>(&action.kind)) until(action, *loop);
  if (std::holds_alternative<Response>(action.kind) && !has_request_trigger_)
    warning("FLOW0133", action.path,
            "no Request trigger starts this flow, so nobody waits for the response");
  if (const auto* table = std::get_if<Table>(&action.kind))
    if (const auto format = constant_text(table->format);
        format && !is_one_of(*format, {"CSV", "HTML"}))
      error("FLOW0137", action.path + "/inputs/format",
            fmt::format("'{}' is no format of a table; CSV and HTML are", *format));
  if (const auto* child = std::get_if<RunWorkflow>(&action.kind); child && child->workflow.empty())
    error("FLOW0138", action.path,
          "the child flow is not named: inputs.host.workflowReferenceName");
  if (const auto* choice = std::get_if<Switch>(&action.kind))
    for (std::size_t i = 0; i < choice->cases.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (choice->cases[i].value.source() == choice->cases[j].value.source())
          error("FLOW0135", action.path + "/cases" + pointer_step(choice->cases[i].name),
                fmt::format("it has the same value as the case '{}', so it is never taken",
                            choice->cases[j].name));
  if (std::holds_alternative<Foreach>(action.kind) && definition_.iterations_at_once(action) > 1)
    if (const auto shared = first_shared_variable(definition_, index); !shared.empty())
      warning("FLOW0130", action.path,
              fmt::format("its iterations all set the one variable '{}', so they run one after the "
                          "other here; use "
                          "Compose in place of the variable, and they can run at once",
                          shared));
  change_variable(index);
}

void Validator::call(const Action& action, const ConnectorCall& call) {
  if (call.connector.empty() && call.connection.empty())
    error("FLOW0136", action.path + "/inputs/host", "the connection is not named");
  if (call.style != ConnectorCall::Style::classic && call.operation.empty())
    error("FLOW0136", action.path + "/inputs/host", "the operation is not named: operationId");
}

void Validator::terminate(ActionIndex index, const Terminate& terminate) {
  const Action& action = definition_.actions[index];
  const auto status = constant_text(terminate.status);
  if (status && !is_one_of(*status, {"Succeeded", "Failed", "Cancelled"}))
    error(
        "FLOW0132", action.path + "/inputs/runStatus",
        fmt::format("'{}' is no status to end with; Succeeded, Failed and Cancelled are", *status));
  ActionIndex loop = graph_.around<Foreach>(index);
  if (loop == no_action) loop = graph_.around<Until>(index);
  if (loop != no_action)
    error("FLOW0131", action.path,
          fmt::format("Terminate cannot stand in the loop {}; set a variable there and end the "
                      "flow behind it",
                      definition_.actions[loop].name));
}

void Validator::until(const Action& action, const Until& until) {
  if (until.count.constant()) {
    const auto count = number_of(&until.count.source());
    if (!count || *count < 1 || *count > 5'000)
      error("FLOW0139", action.path + "/limit/count",
            fmt::format("the count must be from 1 to 5000, not {}",
                        json::serialize(until.count.source())));
  }
  if (const auto timeout = constant_text(until.timeout))
    if (const auto span = parse_duration(*timeout); !span)
      error("FLOW0108", action.path + "/limit/timeout", span.error().message);
}

// The variable is declared, before this, and has a type that can be changed in this way.
void Validator::change_variable(ActionIndex index) {
  using Type = VariableDeclaration::Type;
  const Action& action = definition_.actions[index];
  const auto check = [&](const std::string& name, std::initializer_list<Type> types) {
    const std::string path = action.path + "/inputs/name";
    variable_reference(name, path, index, false);
    const auto known = variables_.find(to_lower(name));
    if (known == variables_.end() || types.size() == 0) return;
    if (std::ranges::find(types, known->second.type) == types.end())
      error("FLOW0129", path,
            fmt::format("'{}' is a variable of type {}, which {} cannot change", name,
                        name_of(known->second.type), action.type));
  };
  if (const auto* set = std::get_if<SetVariable>(&action.kind)) check(set->name, {});
  if (const auto* more = std::get_if<IncrementVariable>(&action.kind))
    check(more->name, {Type::integer, Type::floating});
  if (const auto* less = std::get_if<DecrementVariable>(&action.kind))
    check(less->name, {Type::integer, Type::floating});
  if (const auto* array = std::get_if<AppendToArrayVariable>(&action.kind))
    check(array->name, {Type::array});
  if (const auto* text = std::get_if<AppendToStringVariable>(&action.kind))
    check(text->name, {Type::string});
}

}  // namespace rollcall::flow
