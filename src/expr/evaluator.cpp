#include "expr/evaluator.hpp"

#include <fmt/format.h>

#include "base/overload.hpp"
#include "base/text.hpp"
#include "expr/decimal.hpp"
#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/text.hpp"

namespace rollcall::expr {
namespace {

std::unexpected<Error> at(Error error, Span span) {
  if (!error.span && span.length > 0) error.span = span;  // a condition's call has none
  return std::unexpected(std::move(error));
}

// The part of a container, borrowed from it or moved out of it.
Value part(Value container, const json::value& inside) {
  if (container.borrowed()) return Value::borrow(inside);
  // The container is ours and about to go, so its part may be moved from.
  json::value moved = std::move(const_cast<json::value&>(inside));
  return moved;
}

std::string names_of(const json::object& object) {
  std::string names;
  for (const auto& member : object) {
    if (names.size() > 120) return names + ", …";
    if (!names.empty()) names += ", ";
    names += std::string_view(member.key());
  }
  return names.empty() ? "it has none" : "it has " + names;
}

Result<Value> access_member(Value container, std::string_view key, bool optional) {
  const json::object& object = container->get_object();
  if (const json::value* member = find_path(object, key))
    return part(std::move(container), *member);
  if (optional) return Value();
  return fail("EXPR0302",
              fmt::format("there is no property '{}': {}; write ?['{}'] if it may be missing", key,
                          names_of(object), key));
}

Result<Value> access_element(Value container, std::int64_t index, bool optional) {
  const json::array& array = container->get_array();
  if (index >= 0 && static_cast<std::size_t>(index) < array.size())
    return part(std::move(container), array[static_cast<std::size_t>(index)]);
  if (optional) return Value();
  return fail("EXPR0302",
              fmt::format("there is no element {}: the array has {}", index, array.size()));
}

Result<Value> ask(const Arguments& arguments, AskEnvironment ask) {
  TRY(const std::string_view name, arguments.text(0));
  return (arguments.environment.*ask)(name);
}

}  // namespace

const json::value* find_member(const json::object& object, std::string_view key) {
  if (const json::value* exact = object.if_contains(key)) return exact;
  for (const auto& member : object)
    if (member.key().size() == key.size() && equals_ignoring_case(member.key(), key))
      return &member.value();
  return nullptr;
}

// `body/Title` walks into `body`, then `Title`; each step forgives what is missing.
const json::value* find_path(const json::object& object, std::string_view path) {
  const json::object* inner = &object;
  if (const json::value* whole = find_member(object, path)) return whole;
  while (true) {
    const std::size_t slash = path.find('/');
    const json::value* next = find_member(*inner, path.substr(0, slash));
    if (!next || slash == std::string_view::npos) return next;
    path.remove_prefix(slash + 1);
    if (const json::value* rest =
            next->is_object() ? find_member(next->get_object(), path) : nullptr)
      return rest;
    if (!next->is_object()) return nullptr;
    inner = &next->get_object();
  }
}

Result<Value> access(Value container, const json::value& key, bool optional) {
  if (container->is_null()) {
    if (optional) return Value();
    return fail("EXPR0302", fmt::format("{} of null cannot be read; write ?[…] if it may be null",
                                        describe(key)));
  }
  if (container->is_object()) {
    if (const json::string* name = key.if_string())
      return access_member(std::move(container), view(*name), optional);
    return fail("EXPR0301",
                fmt::format("an object is read by a property's name, not by {}", describe(key)));
  }
  if (container->is_array()) {
    if (const std::int64_t* index = key.if_int64())
      return access_element(std::move(container), *index, optional);
    return fail("EXPR0301",
                fmt::format("an array is read by an element's number, not by {}", describe(key)));
  }
  return fail("EXPR0301", fmt::format("{} has no properties, so {} cannot be read",
                                      describe(*container), describe(key)));
}

// What is borrowed, found without an evaluation: a constant, what the environment has under a constant name, a
// member of such a value. nullptr: it is none of these, or not there.
const json::value* Evaluator::look(const Node& node) {
  if (const auto* literal = std::get_if<Literal>(&node.what)) return &literal->value;
  if (const auto* access = std::get_if<Access>(&node.what)) {
    const json::string* key = literal_text(*access->key);
    const json::value* object = key == nullptr ? nullptr : look(*access->object);
    if (object == nullptr || !object->is_object()) return nullptr;
    return find_path(object->get_object(), view(*key));
  }
  const auto* call = std::get_if<Call>(&node.what);
  if (call == nullptr || call->function == nullptr || call->function->ask == nullptr ||
      call->arguments.size() != 1) {
    return nullptr;
  }
  const json::string* name = literal_text(call->arguments.front());
  if (name == nullptr) return nullptr;
  const auto known = (environment_.*call->function->ask)(view(*name));
  return known && known->borrowed() ? &**known : nullptr;
}

Result<Value> Evaluator::evaluate(const Node& node) {
  if (const json::value* seen = look(node)) return Value::borrow(*seen);
  return make(node);
}

// What look() has not found.
Result<Value> Evaluator::make(const Node& node) {
  return std::visit(Overload{
                        [](const Literal& it) -> Result<Value> { return Value::borrow(it.value); },
                        [this](const Call& it) { return call(it); },
                        [this](const Access& it) { return access(it); },
                        [this](const Interpolation& it) { return interpolate(it); },
                        [this](const MakeArray& it) { return make_array(it); },
                        [this](const MakeObject& it) { return make_object(it); },
                        [](const Broken& it) -> Result<Value> { return std::unexpected(it.error); },
                    },
                    node.what);
}

Result<Value> Evaluator::call(const Call& call) {
  if (auto wrong = check_call(call)) return std::unexpected(std::move(*wrong));
  const Function& function = *call.function;
  if (function.lazy) {
    auto result = function.lazy(*this, call);
    if (!result) return at(std::move(result).error(), call.span);
    return result;
  }
  constexpr std::size_t few = 4;
  std::array<Value, few> inline_values;
  std::vector<Value> more;
  const std::size_t count = call.arguments.size();
  if (count > few) more.resize(count);
  const std::span<Value> values(count > few ? more.data() : inline_values.data(), count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const json::value* seen = look(call.arguments[i])) {
      values[i] = Value::borrow(*seen);
      continue;
    }
    auto value = make(call.arguments[i]);
    if (!value) return value;
    if (const Decimal* decimal = value->decimal(); decimal && !function.decimals)
      values[i] = json::value(to_double(*decimal));
    else
      values[i] = *std::move(value);
  }
  Arguments arguments{function.name, values, environment_};
  auto result = function.ask ? ask(arguments, function.ask) : function.eager(arguments);
  if (!result) return at(std::move(result).error(), call.span);
  return result;
}

Result<Value> Evaluator::access(const Access& access) {
  auto object = make(*access.object);
  if (!object) return object;
  if (const Decimal* decimal = object->decimal()) object = Value(json::value(to_double(*decimal)));
  if (const auto* literal = std::get_if<Literal>(&access.key->what)) {
    auto result = expr::access(*std::move(object), literal->value, access.optional);
    if (!result) return at(std::move(result).error(), access.span);
    return result;
  }
  auto key = evaluate(*access.key);
  if (!key) return key;
  if (key->decimal()) *key = json::value(to_double(*key->decimal()));
  auto result = expr::access(*std::move(object), **key, access.optional);
  if (!result) return at(std::move(result).error(), access.span);
  return result;
}

Result<Value> Evaluator::interpolate(const Interpolation& interpolation) {
  std::string text;
  for (const Node& part : interpolation.parts) {
    auto value = evaluate(part);
    if (!value) return value;
    if (auto appended = append_text(text, *value); !appended)
      return std::unexpected(appended.error());
    if (text.size() > max_text_bytes)
      return fail("EXPR0503", fmt::format("the text is longer than {} bytes", max_text_bytes));
  }
  return text_value(text);
}

std::string Evaluator::failed_path() const {
  std::string path;
  for (auto name = trail_.rbegin(); name != trail_.rend(); ++name) path += pointer_step(*name);
  return path;
}

Result<Value> Evaluator::make_array(const MakeArray& array) {
  json::array result;
  result.reserve(array.elements.size());
  for (const Node& element : array.elements) {
    auto value = evaluate(element);
    if (!value) {
      trail_.push_back(fmt::to_string(result.size()));
      return value;
    }
    if (value->decimal())
      result.emplace_back(to_double(*value->decimal()));
    else
      result.push_back((*std::move(value)).take());
  }
  return Value(std::move(result));
}

// Calls each(name, Value&) with the members in their order; no value is a decimal.
template <class Each>
Result<void> Evaluator::each_member(const MakeObject& object, Each&& each) {
  std::string made;
  for (const auto& [name, node] : object.members) {
    std::string_view key;
    if (const json::string* literal = literal_text(name)) {
      key = view(*literal);
    } else {
      auto text = evaluate(name);
      if (!text) return std::unexpected(std::move(text).error());
      made.clear();
      if (auto appended = append_text(made, *text); !appended)
        return std::unexpected(appended.error());
      key = made;
    }
    auto value = evaluate(node);
    if (!value) {
      trail_.emplace_back(key);
      return std::unexpected(std::move(value).error());
    }
    if (value->decimal()) *value = json::value(to_double(*value->decimal()));
    each(key, *value);
  }
  return {};
}

Result<Value> Evaluator::make_object(const MakeObject& object) {
  json::object result;
  result.reserve(object.members.size());
  TRY_DO(each_member(object, [&](std::string_view key, Value& value) {
    result.insert_or_assign(key, std::move(value).take());
  }));
  return Value(std::move(result));
}

Result<Value> Evaluator::evaluate_member(const MakeObject& object, std::string_view name) {
  Value found;
  TRY_DO(each_member(object, [&](std::string_view key, Value& value) {
    if (key == name) found = std::move(value);
  }));
  return found;
}

}  // namespace rollcall::expr
