// What a run knows: its trigger, its actions, its loops, its variables. Each asks the Environment.
#include <fmt/format.h>

#include "base/text.hpp"
#include "expr/functions.hpp"
#include "expr/text.hpp"
#include "expr/unicode.hpp"
#include "expr/uri.hpp"

namespace rollcall::expr {
namespace {

Result<Value> action(Arguments& a) { return a.environment.current_action(); }
Result<Value> actions(Arguments& a) {
  TRY(const std::string_view name, a.text(0));
  return a.environment.action(name);
}
Result<Value> body(Arguments& a) {
  TRY(const std::string_view name, a.text(0));
  return a.environment.action_body(name);
}
Result<Value> result(Arguments& a) {
  TRY(const std::string_view name, a.text(0));
  return a.environment.result(name);
}
Result<Value> item(Arguments& a) { return a.environment.item(); }
Result<Value> workflow(Arguments& a) { return a.environment.workflow(); }
Result<Value> callback_url(Arguments& a) { return a.environment.callback_url(); }
Result<Value> trigger(Arguments& a) { return a.environment.trigger(); }
Result<Value> trigger_outputs(Arguments& a) { return a.environment.trigger_outputs(); }
Result<Value> trigger_body(Arguments& a) {
  TRY(Value outputs, a.environment.trigger_outputs());
  return body_of(std::move(outputs));
}

// The parts of a multipart body: {"$content-type": "multipart/…", "$multipart": [{"body":…}, …]}.
Result<Value> part_of(Arguments& a, Value body, std::size_t which) {
  TRY(const std::int64_t index, a.integer(which));
  const json::object* object = body->if_object();
  const json::value* parts = object ? find_member(*object, "$multipart") : nullptr;
  if (!parts || !parts->is_array()) return a.error("EXPR0301", "the body has no parts");
  const json::array& array = parts->get_array();
  if (index < 0 || static_cast<std::size_t>(index) >= array.size())
    return a.error("EXPR0302",
                   fmt::format("there is no part {}: the body has {}", index, array.size()));
  TRY(Value part,
      access(Value::borrow(array[static_cast<std::size_t>(index)]), json::value("body"), true));
  return Value(std::move(part).take());
}

Result<Value> multipart_body(Arguments& a) {
  TRY(Value all, body(a));
  return part_of(a, std::move(all), 1);
}
Result<Value> trigger_multipart_body(Arguments& a) {
  TRY(Value all, trigger_body(a));
  return part_of(a, std::move(all), 0);
}

// The values of a field: of a multipart body's parts by their Content-Disposition, or of an
// urlencoded text.
Result<json::array> form_values(Arguments& a, const Value& body, std::string_view key) {
  json::array values;
  const json::object* object = body->if_object();
  if (const json::value* parts = object ? find_member(*object, "$multipart") : nullptr;
      parts && parts->is_array()) {
    for (const json::value& part : parts->get_array()) {
      const json::value* headers =
          part.is_object() ? find_member(part.get_object(), "headers") : nullptr;
      const json::value* disposition =
          headers && headers->is_object()
              ? find_member(headers->get_object(), "Content-Disposition")
              : nullptr;
      if (!disposition || !disposition->is_string()) continue;
      if (view(disposition->get_string()).find(fmt::format("name=\"{}\"", key)) ==
          std::string_view::npos)
        continue;
      if (const json::value* content = find_member(part.get_object(), "body"))
        values.push_back(*content);
    }
    return values;
  }
  std::string text;
  TRY_DO(append_text(text, *body));
  if (object && !is_envelope(*body)) return a.error("EXPR0301", "the body is no form");
  for (const std::string_view pair : split(text, '&')) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode_form(pair.substr(0, equals)) != key) continue;
    values.emplace_back(valid_utf8(decode_form(pair.substr(std::min(equals + 1, pair.size())))));
  }
  return values;
}

Result<Value> form_values(Arguments& a) {
  TRY(const std::string_view key, a.text(1));
  TRY(const Value all, body(a));
  TRY(json::array values, form_values(a, all, key));
  return Value(std::move(values));
}
Result<Value> trigger_form_values(Arguments& a) {
  TRY(const std::string_view key, a.text(0));
  TRY(const Value all, trigger_body(a));
  TRY(json::array values, form_values(a, all, key));
  return Value(std::move(values));
}

Result<Value> only_one(Arguments& a, Result<Value> values) {
  if (!values) return values;
  const std::size_t count = (*values)->get_array().size();
  if (count == 0) return Value();
  if (count > 1)
    return a.error("EXPR0303",
                   fmt::format("the field has {} values; use {}", count, "formDataMultiValues"));
  json::value array = std::move(*values).take();
  return std::move(array.get_array().front());
}
Result<Value> form_value(Arguments& a) { return only_one(a, form_values(a)); }
Result<Value> trigger_form_value(Arguments& a) { return only_one(a, trigger_form_values(a)); }

// What the environment has anyway under a name, mostly.
constexpr Function asks(std::string_view name, AskEnvironment ask) {
  Function function{name, 1, 1};
  function.ask = ask;
  return function;
}

constexpr Function rows[] = {
    {"action", 0, 0, action},
    asks("actionBody", &Environment::action_body),
    asks("actionOutputs", &Environment::action_outputs),
    {"actions", 1, 1, actions},
    asks("appsetting", &Environment::app_setting),
    asks("body", &Environment::action_body),
    {"formDataMultiValues", 2, 2, form_values},
    {"formDataValue", 2, 2, form_value},
    {"item", 0, 0, item},
    asks("items", &Environment::items),
    asks("iterationIndexes", &Environment::iteration_index),
    {"listCallbackUrl", 0, 0, callback_url},
    {"multipartBody", 2, 2, multipart_body},
    asks("outputs", &Environment::action_outputs),
    asks("parameters", &Environment::parameter),
    {"result", 1, 1, result},
    {"trigger", 0, 0, trigger},
    {"triggerBody", 0, 0, trigger_body},
    {"triggerFormDataMultiValues", 1, 1, trigger_form_values},
    {"triggerFormDataValue", 1, 1, trigger_form_value},
    {"triggerMultipartBody", 1, 1, trigger_multipart_body},
    {"triggerOutputs", 0, 0, trigger_outputs},
    {"triggers", 0, 0, trigger},
    asks("variables", &Environment::variable),
    {"workflow", 0, 0, workflow},
};

}  // namespace

Result<Value> body_of(Value outputs) {
  if (outputs->is_null()) return Value();
  static const json::value body = "body";
  return access(std::move(outputs), body, true);
}

std::span<const Function> workflow_functions() { return rows; }

}  // namespace rollcall::expr
