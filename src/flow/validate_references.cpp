// What the expressions of a definition ask for, and whether it is there when they ask.
#include <fmt/format.h>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"
#include "flow/validator.hpp"

namespace rollcall::flow {
namespace {

// Every template of an action with its place; one operator() for each kind, as the definition has
// them.
struct Collect {
  std::vector<PlacedTemplate>& out;

  void add(std::string path, const Template& value, bool has_item = false,
           bool sees_inside = false) {
    out.push_back({std::move(path), &value, has_item, sees_inside});
  }
  void operator()(const ConnectorCall& kind) { add("/inputs", kind.inputs); }
  void operator()(const Http& kind) { add("/inputs", kind.inputs); }
  void operator()(const HttpWebhook& kind) {
    add("/inputs/subscribe", kind.subscribe);
    add("/inputs/unsubscribe", kind.unsubscribe, false, true);
  }
  void operator()(const Compose& kind) { add("/inputs", kind.inputs); }
  void operator()(const ParseJson& kind) {
    add("/inputs/content", kind.content);
    add("/inputs/schema", kind.schema);
  }
  void operator()(const InitializeVariable& kind) {
    for (std::size_t i = 0; i < kind.variables.size(); ++i)
      if (kind.variables[i].value)
        add(fmt::format("/inputs/variables/{}/value", i), *kind.variables[i].value);
  }
  void operator()(const SetVariable& kind) { add("/inputs/value", kind.value); }
  void operator()(const IncrementVariable& kind) { add("/inputs/value", kind.by); }
  void operator()(const DecrementVariable& kind) { add("/inputs/value", kind.by); }
  void operator()(const AppendToArrayVariable& kind) { add("/inputs/value", kind.value); }
  void operator()(const AppendToStringVariable& kind) { add("/inputs/value", kind.value); }
  void operator()(const FilterArray& kind) {
    add("/inputs/from", kind.from);
    add("/inputs/where", kind.where, true);
  }
  void operator()(const Select& kind) {
    add("/inputs/from", kind.from);
    add("/inputs/select", kind.select, true);
  }
  void operator()(const Table& kind) {
    add("/inputs/from", kind.from);
    add("/inputs/format", kind.format);
    for (std::size_t i = 0; i < kind.columns.size(); ++i) {
      add(fmt::format("/inputs/columns/{}/header", i), kind.columns[i].header);
      add(fmt::format("/inputs/columns/{}/value", i), kind.columns[i].value, true);
    }
  }
  void operator()(const Join& kind) {
    add("/inputs/from", kind.from);
    add("/inputs/joinWith", kind.with);
  }
  void operator()(const Response& kind) { add("/inputs", kind.inputs); }
  void operator()(const Terminate& kind) {
    add("/inputs/runStatus", kind.status);
    add("/inputs/runError", kind.error);
  }
  void operator()(const Wait& kind) {
    add("/inputs/interval/count", kind.interval_count);
    add("/inputs/interval/unit", kind.interval_unit);
    add("/inputs/until/timestamp", kind.until);
  }
  void operator()(const RunWorkflow& kind) { add("/inputs", kind.inputs); }
  void operator()(const Calculate& kind) { add("/inputs", kind.value); }
  void operator()(const Scope&) {}
  void operator()(const If& kind) { add("/expression", kind.condition); }
  void operator()(const Switch& kind) {
    add("/expression", kind.on);
    for (const Switch::Case& one : kind.cases)
      add("/cases" + pointer_step(one.name) + "/case", one.value);
  }
  void operator()(const Foreach& kind) { add("/foreach", kind.over); }
  void operator()(const Until& kind) {
    add("/expression", kind.condition, false, true);
    add("/limit/count", kind.count);
    add("/limit/timeout", kind.timeout);
  }
  void operator()(const Unsupported&) {}
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> known) {
  return std::ranges::find(known, name) != known.end();
}

}  // namespace

std::vector<PlacedTemplate> templates_of(const Action& action) {
  std::vector<PlacedTemplate> result;
  std::visit(Collect{result}, action.kind);
  for (const auto& [name, tracked] : action.tracked_properties)
    result.push_back({"/trackedProperties" + pointer_step(name), &tracked, false, true});
  return result;
}

void Validator::expressions(const Template& value, const std::string& path, ActionIndex at,
                            bool has_item, bool sees_inside) {
  for (const expr::Problem& problem : value.problems())
    error(problem.error.code, path + problem.place.path, problem.error.message);
  for (const expr::Reference& one : value.references())
    reference(one, path + one.place.path, at, has_item, sees_inside);
  arm_expressions(value.source(), path);
}

void Validator::reference(const expr::Reference& reference, const std::string& path, ActionIndex at,
                          bool has_item, bool sees_inside) {
  const std::string& function = reference.function;
  if (function == "item" && !has_item && at != no_action && graph_.around<Foreach>(at) == no_action)
    warning("FLOW0123", path, "item() stands outside of a loop, so evaluating it fails");
  if (!reference.argument) return;
  const std::string& name = *reference.argument;
  if (is_one_of(function, {"body", "outputs", "actions", "actionbody", "actionoutputs", "result",
                           "formdatavalue", "formdatamultivalues", "multipartbody"}))
    action_reference(reference, path, at, sees_inside);
  else if (is_one_of(function, {"items", "iterationindexes"}))
    loop_reference(reference, path, at, sees_inside);
  else if (function == "variables")
    variable_reference(name, path, at, sees_inside);
  else if (function == "parameters" && !name.starts_with('$') &&
           std::ranges::none_of(parameter_names_,
                                [&](auto& one) { return equals_ignoring_case(one, name); }))
    undeclared_parameter(name, path);
}

// A name that is nearly another is a slip; any other may be given when the flow is deployed.
void Validator::undeclared_parameter(const std::string& name, const std::string& path) {
  const auto near = did_you_mean(name, parameter_names_);
  if (!near.empty())
    error("FLOW0124", path, fmt::format("there is no parameter '{}'{}", name, near));
  else
    warning("FLOW0124", path,
            fmt::format("the parameter '{}' is not declared; it must be given a value when the "
                        "flow is deployed",
                        name));
}

void Validator::action_reference(const expr::Reference& reference, const std::string& path,
                                 ActionIndex at, bool sees_inside) {
  const std::string& name = *reference.argument;
  const auto asked = definition_.find_index(name);
  if (!asked) {
    error("FLOW0120", path,
          fmt::format("there is no action '{}'{}", name, did_you_mean(name, action_names_)));
    return;
  }
  if (at == no_action) {
    error("FLOW0121", path,
          fmt::format("no action has run here, so '{}' has no outputs yet", name));
    return;
  }
  if (sees_inside && (graph_.is_inside(*asked, at) || *asked == at)) return;
  if (!graph_.runs_before(*asked, at))
    error("FLOW0121", path,
          fmt::format("'{}' need not have run before '{}': put it, or what is around it, into the "
                      "chain of runAfter",
                      name, definition_.actions[at].name));
}

void Validator::loop_reference(const expr::Reference& reference, const std::string& path,
                               ActionIndex at, bool sees_inside) {
  const std::string& name = *reference.argument;
  const auto loop = definition_.find_index(name);
  if (!loop) {
    error("FLOW0120", path,
          fmt::format("there is no loop '{}'{}", name, did_you_mean(name, action_names_)));
    return;
  }
  const ActionKind& kind = definition_.actions[*loop].kind;
  const bool fits = reference.function == "items" ? std::holds_alternative<Foreach>(kind)
                                                  : std::holds_alternative<Until>(kind) ||
                                                        std::holds_alternative<Foreach>(kind);
  if (!fits)
    error("FLOW0122", path,
          fmt::format("'{}' is no loop but of type {}", name, definition_.actions[*loop].type));
  else if (at == no_action || !(graph_.is_inside(at, *loop) || (sees_inside && at == *loop)))
    error("FLOW0122", path, fmt::format("this does not stand inside of the loop '{}'", name));
}

void Validator::variable_reference(std::string_view name, const std::string& path, ActionIndex at,
                                   bool sees_inside) {
  const auto known = variables_.find(to_lower(name));
  if (known == variables_.end()) {
    error("FLOW0125", path,
          fmt::format("no action initialises a variable '{}'{}", name,
                      did_you_mean(name, variable_names_)));
    return;
  }
  const ActionIndex declared_by = known->second.declared_by;
  if (at == no_action) {
    error("FLOW0121", path,
          fmt::format("no action has run here, so there is no variable '{}' yet", name));
    return;
  }
  if (sees_inside && graph_.is_inside(declared_by, at)) return;
  if (!graph_.runs_before(declared_by, at))
    error("FLOW0121", path,
          fmt::format("'{}', which initialises the variable '{}', need not have run before '{}'",
                      definition_.actions[declared_by].name, name, definition_.actions[at].name));
}

// `[parameters('x')]` is evaluated when a template is deployed to Azure, and by nothing here.
void Validator::arm_expressions(const json::value& source, const std::string& path) {
  if (const json::array* array = source.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      arm_expressions((*array)[i], fmt::format("{}/{}", path, i));
  } else if (const json::object* object = source.if_object()) {
    for (const auto& [name, value] : *object) arm_expressions(value, path + pointer_step(name));
  } else if (const json::string* text = source.if_string()) {
    const std::string_view written(*text);
    if (!is_arm_expression(written)) return;
    std::string shown(written.substr(0, 60));  // as it was written, before reading made text of it
    for (std::size_t at; (at = shown.find("@@{")) != std::string::npos;) shown.erase(at, 1);
    warning(
        "FLOW0140", path,
        fmt::format("{} is an expression of an ARM template and stays as it is; put its value here",
                    shown));
  }
}

}  // namespace rollcall::flow
