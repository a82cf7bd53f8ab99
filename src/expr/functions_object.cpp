// Objects with a property more, less or other; answers a new object. Names differ by letter case
// only once.
#include <fmt/format.h>

#include "expr/functions.hpp"

namespace rollcall::expr {
namespace {

const json::key_value_pair* find_pair(const json::object& object, const json::value* member) {
  if (!member) return nullptr;
  for (const auto& pair : object)
    if (&pair.value() == member) return &pair;
  return nullptr;
}

json::object take_object(Arguments& arguments) {
  json::value value = std::move(arguments.values[0]).take();
  return std::move(value.get_object());
}

Result<Value> add_property(Arguments& arguments) {
  TRY(const json::object* object, arguments.object(0));
  TRY(const std::string_view name, arguments.text(1));
  if (find_member(*object, name))
    return arguments.error(
        "EXPR0303",
        fmt::format("the object has a property '{}' already; setProperty changes it", name));
  json::object result = take_object(arguments);
  result.insert_or_assign(name, std::move(arguments.values[2]).take());
  return Value(std::move(result));
}

// The property moves to the end, and keeps its spelling.
Result<Value> set_property(Arguments& arguments) {
  TRY(const json::object* object, arguments.object(0));
  TRY(const std::string_view name, arguments.text(1));
  const auto* pair = find_pair(*object, find_member(*object, name));
  const std::string spelled(pair ? std::string_view(pair->key()) : name);
  json::object result = take_object(arguments);
  result.stable_erase(spelled);
  result.insert_or_assign(spelled, std::move(arguments.values[2]).take());
  return Value(std::move(result));
}

Result<Value> remove_property(Arguments& arguments) {
  TRY(const json::object* object, arguments.object(0));
  TRY(const std::string_view name, arguments.text(1));
  const auto* pair = find_pair(*object, find_member(*object, name));
  if (!pair) return std::move(arguments.values[0]);
  const std::string spelled{std::string_view(pair->key())};
  json::object result = take_object(arguments);
  result.stable_erase(spelled);
  return Value(std::move(result));
}

constexpr Function rows[] = {
    {"addProperty", 3, 3, add_property},
    {"removeProperty", 2, 2, remove_property},
    {"setProperty", 3, 3, set_property},
};

}  // namespace

std::span<const Function> object_functions() { return rows; }

}  // namespace rollcall::expr
