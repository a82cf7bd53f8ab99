// Finds the definition in what was exported, and answers for it; the reading itself is in
// definition_*.cpp.
#include "flow/definition.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "flow/definition_reader.hpp"
#include "flow/templates.hpp"

namespace rollcall::flow {
namespace {

constexpr std::size_t max_definition_depth = 200;

bool is_bare(const json::value& value) {
  return value.is_object() && (find(value, "actions") || find(value, "triggers"));
}

// In an ARM template, `[[` at the start of a string is a `[` that is no expression.
json::value without_arm_escapes(const json::value& value) {
  if (const json::string* text = value.if_string())
    return text->starts_with("[[") ? json::value(std::string_view(*text).substr(1)) : value;
  if (const json::array* array = value.if_array()) {
    json::array result;
    for (const json::value& element : *array) result.push_back(without_arm_escapes(element));
    return result;
  }
  if (const json::object* object = value.if_object()) {
    json::object result;
    for (const auto& [name, inner] : *object)
      result.insert_or_assign(name, without_arm_escapes(inner));
    return result;
  }
  return value;
}

struct Found {
  json::value definition;
  const json::value* references = nullptr;   // connectionReferences
  const json::value* connections = nullptr;  // parameters.$connections.value beside the definition
  std::string name, description;
  bool exported = false;  // from Power Automate
};

// {"definition", "connectionReferences", "parameters", "displayName"}
std::optional<Found> in_properties(const json::value& properties) {
  const json::value* definition = find(properties, "definition");
  if (!definition || !is_bare(*definition)) return std::nullopt;
  Found found;
  found.definition = *definition;
  found.references = find(properties, "connectionReferences");
  found.exported = found.references != nullptr;
  if (const json::value* parameters = find(properties, "parameters"))
    if (const json::value* connections = find(*parameters, "$connections"))
      found.connections = find(*connections, "value");
  found.name = text_or(properties, "displayName");
  return found;
}

std::optional<Found> in_resource(const json::value& resource) {
  const json::value* properties = find(resource, "properties");
  if (!properties) return std::nullopt;
  auto found = in_properties(*properties);
  if (found && found->name.empty()) found->name = text_or(resource, "name");
  return found;
}

Result<Found> find_definition(const json::value& document) {
  if (auto found = in_resource(document)) return *std::move(found);
  if (auto found = in_properties(document)) return *std::move(found);
  if (const json::value* resources = find(document, "resources");
      resources && resources->is_array()) {
    std::optional<Found> only;
    for (const json::value& resource : resources->get_array()) {
      auto found = in_resource(resource);
      if (!found) continue;
      if (only)
        return fail("FLOW0101",
                    "the template has more than one workflow; give one of its resources");
      only = std::move(found);
    }
    if (only) {
      only->definition = without_arm_escapes(only->definition);
      return *std::move(only);
    }
  }
  if (is_bare(document)) {
    Found found;
    found.definition = document;
    return found;
  }
  return fail("FLOW0101",
              "there is no flow in this: neither {\"properties\":{\"definition\":…}}, nor a "
              "resource with one, nor "
              "\"triggers\" and \"actions\"");
}

// A solution keeps the flow as text inside its own record.
Result<json::value> unwrapped(const json::value& document) {
  const std::string_view inner = text_or(document, "clientdata");
  if (inner.empty()) return document;
  TRY(json::value value, parse_json(inner, max_definition_depth));
  return value;
}

bool power_automate(const Found& found, const Definition& definition) {
  if (found.exported) return true;
  for (const Parameter& parameter : definition.parameters)
    if (parameter.name == "$authentication") return true;
  for (const Action& action : definition.actions)
    if (action.type.starts_with("OpenApiConnection")) return true;
  return false;
}

void add_implied_parameters(Definition& definition) {
  const auto follow = [&](const Template& source) {
    for (const expr::Reference& one : source.references()) {
      if (one.function != "parameters" || !one.argument || one.argument->starts_with('$')) continue;
      if (std::ranges::any_of(definition.parameters, [&](const Parameter& known) {
            return equals_ignoring_case(known.name, *one.argument);
          }))
        continue;
      definition.parameters.push_back({*one.argument, {}, std::nullopt, true});
    }
  };
  for (const Action& action : definition.actions) for_each_template(action, follow);
  for (const Trigger& trigger : definition.triggers) {
    if (trigger.recurrence) follow(*trigger.recurrence);
    if (const auto* call = std::get_if<ConnectorTrigger>(&trigger.kind)) follow(call->call.inputs);
    if (const auto* http = std::get_if<HttpTrigger>(&trigger.kind)) follow(http->inputs);
  }
}

}  // namespace

Result<Definition> parse_definition(const json::value& document) {
  TRY(const json::value whole, unwrapped(document));
  TRY(Found found, find_definition(whole));
  Definition definition;
  definition.name = found.name;
  definition.description = text_or(found.definition, "description");
  definition.source = std::move(found.definition);
  DefinitionReader reader(definition);
  if (found.references) reader.connections(*found.references);
  if (found.connections) reader.connections(*found.connections);
  reader.definition(definition.source.get_object());
  add_implied_parameters(definition);
  definition.dialect =
      power_automate(found, definition) ? Dialect::power_automate : Dialect::logic_apps;
  return definition;
}

Result<Definition> read_definition(std::string_view text) {
  auto document = parse_json(without_mark(text), max_definition_depth);
  if (!document) return fail("FLOW0101", document.error().message, document.error().span);
  return parse_definition(*document);
}

std::optional<ActionIndex> Definition::find_index(std::string_view action) const {
  const auto found = names.find(to_lower(action));
  if (found == names.end()) return std::nullopt;
  return found->second;
}

const Action* Definition::find(std::string_view action) const {
  const auto index = find_index(action);
  return index ? &actions[*index] : nullptr;
}

const Connection* Definition::find_connection(std::string_view connection) const {
  for (const Connection& one : connections)
    if (equals_ignoring_case(one.name, connection)) return &one;
  return nullptr;
}

int Definition::iterations_at_once(const Action& loop) const {
  constexpr int most = 50, usual = 20;
  if (loop.repetitions) return std::clamp(*loop.repetitions, 1, most);
  return dialect == Dialect::power_automate ? 1 : usual;
}

std::vector<const Block*> blocks(const Action& action) {
  std::vector<const Block*> result;
  if (const auto* scope = std::get_if<Scope>(&action.kind)) result = {&scope->body};
  if (const auto* loop = std::get_if<Foreach>(&action.kind)) result = {&loop->body};
  if (const auto* until = std::get_if<Until>(&action.kind)) result = {&until->body};
  if (const auto* condition = std::get_if<If>(&action.kind))
    result = {&condition->then, &condition->otherwise};
  if (const auto* choice = std::get_if<Switch>(&action.kind)) {
    for (const Switch::Case& one : choice->cases) result.push_back(&one.body);
    result.push_back(&choice->otherwise);
  }
  return result;
}

const json::value* member(const json::object& object, std::string_view name) {
  if (const json::value* exact = object.if_contains(name)) return exact;
  for (const auto& pair : object)
    if (equals_ignoring_case(pair.key(), name)) return &pair.value();
  return nullptr;
}

const json::value* member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object ? member(*object, name) : nullptr;
}

const json::value* member(const json::value* value, std::string_view name) {
  return value ? member(*value, name) : nullptr;
}

std::string text_of(const json::value* value) {
  const json::string* text = value ? value->if_string() : nullptr;
  return text ? std::string(std::string_view(*text)) : std::string();
}

bool is_arm_expression(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(")]")) return false;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"[parameters(", "[variables(", "[concat(",
                                              "[resourceId(", "[reference("},
      [&](std::string_view function) { return text.starts_with(function); });
}

std::vector<std::string> secured(const json::value* runtime_configuration) {
  std::vector<std::string> parts;
  const json::value* properties = member(member(runtime_configuration, "secureData"), "properties");
  if (properties && properties->is_array())
    for (const json::value& one : properties->get_array()) parts.push_back(to_lower(text_of(&one)));
  return parts;
}

std::optional<int> number_of(const json::value* value) {
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  if (const std::int64_t* integer = value->if_int64()) {
    number = *integer;
  } else if (const json::string* text = value->if_string()) {
    const std::string_view digits = trim(std::string_view(*text));
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ptr !=
        digits.data() + digits.size())
      return std::nullopt;
    if (digits.empty()) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (number < -1'000'000'000 || number > 1'000'000'000) return std::nullopt;
  return static_cast<int>(number);
}

}  // namespace rollcall::flow
