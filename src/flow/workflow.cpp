#include "flow/workflow.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "flow/advance.hpp"
#include "flow/shared_variables.hpp"
#include "flow/templates.hpp"

namespace rollcall::flow {
namespace {

Error at(const Action& action, const Error& error) {
  return {error.code, fmt::format("{}: {}", action.path, error.message), error.span};
}

bool is_loop(const Action& action) {
  return std::holds_alternative<Foreach>(action.kind) || std::holds_alternative<Until>(action.kind);
}

// "shared_kusto_1", as Power Automate names a second connection, is of connector "shared_kusto".
std::string_view without_number(std::string_view connection) {
  const auto end = connection.find_last_not_of("0123456789");
  const bool numbered =
      end != std::string_view::npos && end + 1 < connection.size() && connection[end] == '_';
  return numbered ? connection.substr(0, end) : connection;
}

std::string connector_of(const ConnectorCall& call, const Settings& settings) {
  if (const auto* given = settings.connections.if_contains(call.connection);
      given && given->is_string()) {
    return std::string(given->get_string());
  }
  if (!call.connector.empty()) return call.connector;
  return std::string(without_number(call.connection));
}

template <class Plan>
Result<void> bind_call(const ConnectorCall& call, Plan& plan, const Connectors& connectors,
                       const Settings& settings) {
  const auto connector = connector_of(call, settings);
  if (call.style == ConnectorCall::Style::classic) {
    plan.connector = connectors.find(connector, call.connection);
    if (plan.connector != nullptr) return {};
  }
  TRY(plan.operation, bind_operation(connectors, connector, call.operation, call.connection));
  return {};
}

TriggerPlan bind(const Trigger& trigger, const Connectors& connectors, const Settings& settings) {
  TriggerPlan plan;
  Result<void> bound;
  if (const auto* kind = std::get_if<ConnectorTrigger>(&trigger.kind)) {
    bound = bind_call(kind->call, plan, connectors, settings);
  } else if (std::holds_alternative<HttpTrigger>(trigger.kind) ||
             std::holds_alternative<HttpWebhookTrigger>(trigger.kind)) {
    auto operation = bind_operation(connectors, "http", "Request");
    if (operation)
      plan.operation = *operation;
    else
      bound = std::unexpected(operation.error());
  } else if (std::holds_alternative<UnsupportedTrigger>(trigger.kind)) {
    plan.why_not = fmt::format("triggers of type {} are not run", trigger.type);
  }
  if (!bound) plan.why_not = bound.error().message;
  return plan;
}

Result<void> bind(const Action& action, ActionPlan& plan, const Connectors& connectors,
                  const Settings& settings) {
  if (std::holds_alternative<Http>(action.kind) ||
      std::holds_alternative<HttpWebhook>(action.kind)) {
    TRY(plan.operation, bind_operation(connectors, "http", "Request"));
    return {};
  }
  if (const auto* unsupported = std::get_if<Unsupported>(&action.kind))
    return fail("FLOW0304", unsupported->reason);
  const auto* call = std::get_if<ConnectorCall>(&action.kind);
  if (call == nullptr) return {};
  return bind_call(*call, plan, connectors, settings);
}

Error together(std::vector<Error> errors) {
  if (errors.size() == 1) return std::move(errors.front());
  std::string lines = fmt::format("{} problems", errors.size());
  for (const auto& error : errors) lines += fmt::format("\n{} {}", error.code, error.message);
  return {"FLOW0300", std::move(lines), std::nullopt};
}

}  // namespace

std::vector<std::string> connectors_of(const Definition& definition, const Settings& settings) {
  std::vector<std::string> ids;
  const auto add = [&](const ConnectorCall& call) {
    auto id = connector_of(call, settings);
    if (std::ranges::none_of(ids,
                             [&](const auto& known) { return equals_ignoring_case(known, id); }))
      ids.push_back(std::move(id));
  };
  for (const auto& action : definition.actions) {
    if (const auto* call = std::get_if<ConnectorCall>(&action.kind)) add(*call);
  }
  for (const auto& trigger : definition.triggers) {
    if (const auto* call = std::get_if<ConnectorTrigger>(&trigger.kind)) add(call->call);
  }
  return ids;
}

Result<Workflow> Workflow::compile(Definition definition, const Connectors& connectors,
                                   const Settings& settings) {
  Workflow workflow;
  workflow.definition_ = std::move(definition);
  workflow.limits_ = settings.limits;
  workflow.seal_ = settings.seal;
  workflow.lay_out();
  std::vector<Error> errors;
  for (ActionIndex i = 0; i < workflow.plans_.size(); ++i) {
    const auto& action = workflow.action(i);
    if (auto bound = bind(action, workflow.plans_[i], connectors, settings); !bound) {
      errors.push_back(at(action, bound.error()));
    }
    std::size_t depth = 0;
    for (auto loop = workflow.plans_[i].loop; loop != no_action; loop = workflow.plans_[loop].loop)
      ++depth;
    if (depth > Iterations::max_depth) {
      errors.push_back(
          {"FLOW0305",
           fmt::format("{}: loops are nested deeper than {}", action.path, Iterations::max_depth),
           std::nullopt});
    }
  }
  for (const auto& trigger : workflow.definition_.triggers)
    workflow.triggers_.push_back(bind(trigger, connectors, settings));
  if (auto set = workflow.set_parameters(settings); !set) errors.push_back(set.error());
  workflow.compile_schemas(errors);
  if (!errors.empty()) return std::unexpected(together(std::move(errors)));
  workflow.decide_what_to_keep();
  for (ActionIndex i = 0; i < workflow.plans_.size(); ++i) workflow.decide_how_many_at_once(i);
  workflow.find_secrets();
  return workflow;
}

void Workflow::lay_out() {
  plans_.resize(definition_.actions.size());
  frames_[no_action];
  add_block(definition_.root, no_action, no_action);
  for (ActionIndex i = 0; i < plans_.size(); ++i) names_.emplace(definition_.actions[i].name, i);
}

std::uint32_t Workflow::add_block(const Block& block, ActionIndex owner, ActionIndex loop) {
  const auto index = static_cast<std::uint32_t>(blocks_.size());
  blocks_.push_back({owner, loop, block.actions, {}, {}});
  for (const auto i : block.actions) {
    const auto& action = definition_.actions[i];
    auto& frame = frames_[loop];
    plans_[i].loop = loop;
    plans_[i].block = index;
    plans_[i].slot = static_cast<std::uint32_t>(frame.size());
    frame.push_back(i);
    if (action.run_after.empty()) blocks_[index].first.push_back(i);
    for (const auto& before : action.run_after) {
      if (before.action != no_action) plans_[before.action].successors.push_back(i);
    }
    if (is_loop(action)) frames_[i];
    for (const auto* inner : blocks(action)) {
      const auto added = add_block(*inner, i, is_loop(action) ? i : loop);
      plans_[i].blocks.push_back(added);
    }
  }
  for (const auto i : block.actions) {
    if (plans_[i].successors.empty()) blocks_[index].last.push_back(i);
  }
  return index;
}

Result<void> Workflow::set_parameters(const Settings& settings) {
  std::vector<std::string> names;
  for (const auto& parameter : definition_.parameters) {
    names.push_back(parameter.name);
    if (const auto* given = settings.parameters.if_contains(parameter.name)) {
      parameters_[parameter.name] = *given;
    } else if (parameter.default_value) {
      expr::BareEnvironment environment;
      TRY(auto value, parameter.default_value->evaluate(environment));
      parameters_[parameter.name] = std::move(value).take();
    } else if (parameter.name.starts_with('$')) {
      parameters_[parameter.name] =
          json::object();  // connections are bound by name, not through these
    } else {
      return fail("FLOW0303", fmt::format("parameter '{}' has no value: give it one when deploying",
                                          parameter.name));
    }
  }
  for (const auto& [name, value] : settings.parameters) {
    if (parameters_.contains(name)) continue;
    const auto nearest = nearest_name(name, names);
    return fail("FLOW0303",
                fmt::format("the flow has no parameter '{}'{}", std::string_view(name),
                            nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  return {};
}

void Workflow::compile_schemas(std::vector<Error>& errors) {
  for (ActionIndex i = 0; i < plans_.size(); ++i) {
    const auto* parse = std::get_if<ParseJson>(&action(i).kind);
    if (parse == nullptr || !parse->schema.constant() || !parse->schema.source().is_object())
      continue;
    if (auto schema = JsonSchema::compile(parse->schema.source())) {
      schemas_.emplace(i, *std::move(schema));
    } else {
      errors.push_back(at(action(i), schema.error()));
    }
  }
  for (std::size_t i = 0; i < triggers_.size(); ++i) {
    const auto& trigger = definition_.triggers[i];
    const auto* request = std::get_if<RequestTrigger>(&trigger.kind);
    if (request == nullptr || !request->check_schema) continue;
    if (auto schema = JsonSchema::compile(request->schema))
      triggers_[i].schema = *std::move(schema);
    else
      errors.push_back({schema.error().code,
                        fmt::format("{}: {}", trigger.path, schema.error().message), std::nullopt});
  }
}

void Workflow::decide_what_to_keep() {
  for (ActionIndex i = 0; i < plans_.size(); ++i) {
    for_each_template(action(i), [&](const Template& one) {
      for (const auto& reference : one.references()) keep_what_is_asked_for(i, reference);
    });
  }
  for (const auto& [name, output] : definition_.outputs) {
    for (const auto& reference : output.references()) keep_what_is_asked_for(no_action, reference);
  }
}

void Workflow::keep_what_is_asked_for(ActionIndex from, const expr::Reference& reference) {
  const auto& function = reference.function;
  const bool whole = function == "actions" || function == "action" || function == "result";
  if (whole) keeps_inputs_ = true;
  if (!whole && function != "outputs" && function != "body" && function != "actionoutputs" &&
      function != "actionbody") {
    return;
  }
  if (!reference.argument) {  // any action may be meant
    for (auto& plan : plans_) plan.kept = true;
    return;
  }
  const auto target = find(*reference.argument);
  if (target == no_action) return;
  if (function == "result") plans_[target].kept = true;
  const auto encloses = [&](ActionIndex loop) {
    for (auto i = from; i != no_action; i = action(i).parent) {
      if (i == loop) return true;
    }
    return false;
  };
  for (auto loop = plans_[target].loop; loop != no_action && !encloses(loop);
       loop = plans_[loop].loop) {
    plans_[loop].kept = true;
  }
}

// Iterations that set a variable and read it would see each other's values. One after the other is an order in
// which they may run anyway, and the one in which nothing is lost.
void Workflow::decide_how_many_at_once(ActionIndex loop) {
  if (!std::holds_alternative<Foreach>(action(loop).kind)) return;
  auto& plan = plans_[loop];
  plan.at_once = definition_.iterations_at_once(action(loop));
  for (auto outer = plan.loop; outer != no_action; outer = plans_[outer].loop) {
    if (plans_[outer].at_once > 1) plan.at_once = 1;
  }
  if (plan.at_once == 1 || !shares_variables(definition_, loop)) return;
  plan.shares_variables = true;
  plan.at_once = 1;
}

// Actions whose inputs name an action, or a trigger, that hides its outputs.
void Workflow::find_secrets() {
  const bool hidden_trigger = std::ranges::any_of(
      definition_.triggers, [](const Trigger& one) { return one.secure_outputs; });
  for (ActionIndex i = 0; i < plans_.size(); ++i) {
    for_each_template(action(i), [&](const Template& one) {
      for (const auto& reference : one.references()) {
        const auto target = reference.argument ? find(*reference.argument) : no_action;
        const bool hidden = target != no_action
                                ? action(target).secure_outputs
                                : hidden_trigger && reference.function.starts_with("trigger");
        plans_[i].shows_secrets = plans_[i].shows_secrets || hidden;
      }
    });
  }
}

const TriggerPlan& Workflow::plan(const Trigger& trigger) const {
  return triggers_[static_cast<std::size_t>(&trigger - definition_.triggers.data())];
}

const StaticResult* Workflow::static_result(ActionIndex index) const {
  const auto& name = action(index).static_result;
  if (name.empty()) return nullptr;
  const auto found = definition_.static_results.find(name);
  return found == definition_.static_results.end() ? nullptr : &found->second;
}

const std::vector<ActionIndex>& Workflow::frame(ActionIndex loop) const {
  const auto found = frames_.find(loop);
  CHECK(found != frames_.end());
  return found->second;
}

ActionIndex Workflow::find(std::string_view name) const {
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  return definition_.find_index(name).value_or(no_action);
}

const json::value* Workflow::parameter(std::string_view name) const {
  return parameters_.if_contains(name);
}

const JsonSchema* Workflow::schema(ActionIndex parse_json) const {
  const auto found = schemas_.find(parse_json);
  return found == schemas_.end() ? nullptr : &found->second;
}

}  // namespace rollcall::flow
