#include "flow/samples.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"
#include "flow/templates.hpp"

namespace rollcall::flow {
namespace {

constexpr int deepest = 12;
constexpr std::string_view some_time = "2026-01-01T00:00:00Z";

json::value sample_text(std::string_view name) {
  const auto lower = to_lower(name);
  const auto contains = [&](std::string_view part) {
    return lower.find(part) != std::string::npos;
  };
  if (contains("date") || contains("time") || lower.ends_with("utc")) return json::value(some_time);
  if (contains("url") || contains("uri") || contains("link"))
    return json::value("https://example.com/1");
  if (contains("email") || contains("mail")) return json::value("someone@example.com");
  return json::value("1");
}

json::value sample(const json::value& schema, std::string_view name, int depth) {
  if (depth > deepest || !schema.is_object()) return json::value("1");
  if (const auto* constant = find(schema, "const")) return *constant;
  if (const auto* values = find(schema, "enum");
      values != nullptr && values->is_array() && !values->get_array().empty())
    return values->get_array().front();
  for (const auto* one_of : {"oneOf", "anyOf", "allOf"}) {
    const auto* choices = find(schema, one_of);
    if (choices != nullptr && choices->is_array() && !choices->get_array().empty())
      return sample(choices->get_array().front(), name, depth + 1);
  }
  auto type = std::string(text_or(schema, "type"));
  if (const auto* types = find(schema, "type");
      types != nullptr && types->is_array() && !types->get_array().empty()) {
    type = text_of(&types->get_array().front());
  }
  const auto* properties = find(schema, "properties");
  if (type == "object" || (type.empty() && properties != nullptr)) {
    json::object made;
    if (properties != nullptr && properties->is_object()) {
      for (const auto& [key, inner] : properties->get_object())
        made[key] = sample(inner, key, depth + 1);
    }
    return made;
  }
  const auto* items = find(schema, "items");
  if (type == "array" || (type.empty() && items != nullptr)) {
    return json::array{items == nullptr ? json::value("1") : sample(*items, name, depth + 1)};
  }
  if (type == "integer" || type == "number") return json::value(1);
  if (type == "boolean") return json::value(true);
  if (type == "null") return nullptr;
  return sample_text(name);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// `'text'` at `at`, which ends behind it; nullopt: there is none.
std::optional<std::string> quoted(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '\'') return std::nullopt;
  const auto end = text.find('\'', at + 1);
  if (end == std::string_view::npos) return std::nullopt;
  std::string found(text.substr(at + 1, end - at - 1));
  at = end + 1;
  return found;
}

// `?['a']`, `['a/b']`, `.a`, `[0]`, as far as they go. An index is "[]".
std::vector<std::string> accessors(std::string_view text, std::size_t& at) {
  std::vector<std::string> path;
  for (;;) {
    auto here = at;
    if (here < text.size() && text[here] == '?') ++here;
    if (here >= text.size()) return path;
    if (text[here] == '.') {
      const auto start = ++here;
      while (here < text.size() && is_name_character(text[here])) ++here;
      if (here == start) return path;
      path.emplace_back(text.substr(start, here - start));
    } else if (text[here] == '[') {
      ++here;
      if (const auto name = quoted(text, here)) {
        for (const auto part : split(*name, '/')) path.emplace_back(part);
      } else {
        const auto start = here;
        while (here < text.size() && text[here] >= '0' && text[here] <= '9') ++here;
        if (here == start) return path;
        path.emplace_back("[]");
      }
      if (here >= text.size() || text[here] != ']') return path;
      ++here;
    } else {
      return path;
    }
    at = here;
  }
}

}  // namespace

json::value sample_of_schema(const json::value& schema) { return sample(schema, {}, 0); }

Samples::Samples(const Definition& definition) : definition_(definition) {
  follow(definition.source);
  follow_schemas(definition);
  follow_loops(definition);
}

void Samples::follow(const json::value& source) {
  if (const auto* text = source.if_string()) return follow_text(*text);
  if (const auto* array = source.if_array()) {
    for (const auto& one : *array) follow(one);
  } else if (const auto* object = source.if_object()) {
    for (const auto& [name, value] : *object) follow_text(name), follow(value);
  }
}

void Samples::follow_text(std::string_view text) {
  if (text.find('@') == std::string_view::npos) return;
  for (std::size_t at = 0; at < text.size();) {
    if (at > 0 && is_name_character(text[at - 1])) {
      ++at;
      continue;
    }
    const auto before = at;
    if (const auto asked = asked_at(text, at)) (void)shape(*asked);
    if (at == before) ++at;
  }
}

// `body('A')?['x']` and its like at `at`, which ends behind it.
std::optional<Samples::Asked> Samples::asked_at(std::string_view text, std::size_t& at) {
  struct Function {
    std::string_view name, root;
    bool of_body;
  };
  static constexpr Function functions[] = {
      {"body(", "action:", true},           {"actionBody(", "action:", true},
      {"outputs(", "action:", false},       {"actionOutputs(", "action:", false},
      {"items(", "items:", false},          {"triggerBody(", "trigger", true},
      {"triggerOutputs(", "trigger", false}};
  for (const auto& function : functions) {
    if (!equals_ignoring_case(text.substr(at, function.name.size()), function.name)) continue;
    auto here = at + function.name.size();
    Asked asked{std::string(function.root), {}};
    if (function.root != "trigger") {
      const auto name = quoted(text, here);
      if (!name) return std::nullopt;
      asked.root += to_lower(*name);
    }
    if (here >= text.size() || text[here] != ')') return std::nullopt;
    ++here;
    if (function.of_body) asked.path.emplace_back("body");
    for (auto& step : accessors(text, here)) asked.path.push_back(std::move(step));
    at = here;
    return asked;
  }
  return std::nullopt;
}

// What the whole template is, when it is one such expression.
std::optional<Samples::Asked> Samples::asked_by(const Template& source) {
  const auto text = text_of(&source.source());
  if (!text.starts_with('@')) return std::nullopt;
  std::size_t at = text.starts_with("@{") ? 2 : 1;
  return asked_at(text, at);
}

Samples::Shape& Samples::shape(const Asked& asked) {
  auto* at = &roots_[asked.root];
  for (const auto& step : asked.path) {
    if (step == "[]") at->is_array = true;
    at = &at->members[step];
  }
  return *at;
}

void Samples::follow_schemas(const Definition& definition) {
  for (const auto& action : definition.actions) {
    const auto* parse = std::get_if<ParseJson>(&action.kind);
    if (parse == nullptr) continue;
    if (const auto asked = asked_by(parse->content)) shape(*asked).schema = &parse->schema.source();
  }
  for (const auto& trigger : definition.triggers) {
    const auto* request = std::get_if<RequestTrigger>(&trigger.kind);
    if (request != nullptr && request->schema.is_object() && !request->schema.get_object().empty())
      shape({"trigger", {"body"}}).schema = &request->schema;
  }
}

// What is looped over is an array, and its elements are what the loop asks of its items.
void Samples::follow_loops(const Definition& definition) {
  for (const auto& action : definition.actions) {
    const Template* over = nullptr;
    if (const auto* loop = std::get_if<Foreach>(&action.kind)) over = &loop->over;
    if (const auto* filter = std::get_if<FilterArray>(&action.kind)) over = &filter->from;
    if (const auto* select = std::get_if<Select>(&action.kind)) over = &select->from;
    const auto asked = over == nullptr ? std::nullopt : asked_by(*over);
    if (!asked) continue;
    auto& array = shape(*asked);
    array.is_array = true;
    if (const auto items = roots_.find("items:" + to_lower(action.name)); items != roots_.end()) {
      for (const auto& [name, inner] : items->second.members)
        array.members["[]"].members.emplace(name, inner);
    }
  }
  for (const auto& trigger : definition.triggers) {
    const auto asked = trigger.split_on ? asked_by(*trigger.split_on) : std::nullopt;
    if (asked) shape(*asked).is_array = true;
  }
}

json::value Samples::value_of(const Shape& shape, std::string_view name) {
  if (shape.schema != nullptr) return sample_of_schema(*shape.schema);
  if (shape.is_array) {
    const auto element = shape.members.find("[]");
    return json::array{element == shape.members.end() ? json::value(json::object())
                                                      : value_of(element->second, name)};
  }
  if (shape.members.empty()) return sample_text(name);
  json::object made;
  for (const auto& [key, inner] : shape.members) made[key] = value_of(inner, key);
  return made;
}

json::value Samples::outputs_of(std::string_view action) const {
  json::object outputs{{"statusCode", 200}, {"headers", json::object()}, {"body", json::object()}};
  const auto found = roots_.find("action:" + to_lower(action));
  if (found != roots_.end()) {
    for (const auto& [name, inner] : found->second.members) outputs[name] = value_of(inner, name);
  }
  outputs["statusCode"] = 200;
  return outputs;
}

json::value Samples::trigger_outputs() const {
  json::object outputs{{"headers", json::object()}, {"body", json::object()}};
  const auto found = roots_.find("trigger");
  if (found != roots_.end()) {
    for (const auto& [name, inner] : found->second.members) outputs[name] = value_of(inner, name);
  }
  return outputs;
}

json::object Samples::parameters() const {
  json::object given;
  for (const auto& parameter : definition_.parameters) {
    if (parameter.default_value || parameter.name.starts_with('$')) continue;
    if (parameter.type == "int" || parameter.type == "float")
      given[parameter.name] = 1;
    else if (parameter.type == "bool")
      given[parameter.name] = true;
    else if (parameter.type == "array")
      given[parameter.name] = json::array();
    else if (parameter.type == "object" || parameter.type == "secureobject")
      given[parameter.name] = json::object();
    else
      given[parameter.name] = "1";
  }
  return given;
}

}  // namespace rollcall::flow
