// Variables belong to the run; each has a type, and a value that does not fit it is an error.
//   action                  variable must be     value
//   InitializeVariable      absent               of the type; absent: "", 0, false, [], {}
//   SetVariable             there                of the type; null: as when absent
//   Increment, Decrement    integer, float       a number; an integer stays one, and may not overflow
//   AppendToStringVariable  string               its text is put behind
//   AppendToArrayVariable   array                is put behind as one element
#include <fmt/format.h>

#include <cmath>

#include "flow/execution.hpp"

namespace rollcall::flow {
namespace {

using Type = VariableDeclaration::Type;

std::string_view name_of(Type type) {
  switch (type) {
    case Type::string:
      return "string";
    case Type::integer:
      return "integer";
    case Type::floating:
      return "float";
    case Type::boolean:
      return "boolean";
    case Type::array:
      return "array";
    case Type::object:
      return "object";
  }
  return "";
}

json::value nothing(Type type) {
  switch (type) {
    case Type::string:
      return "";
    case Type::integer:
      return 0;
    case Type::floating:
      return 0.0;
    case Type::boolean:
      return false;
    case Type::array:
      return json::array();
    case Type::object:
      return json::object();
  }
  return nullptr;
}

bool fits(Type type, const json::value& value) {
  switch (type) {
    case Type::string:
      return value.is_string();
    case Type::integer:
      return value.is_int64();
    case Type::floating:
      return value.is_number();
    case Type::boolean:
      return value.is_bool();
    case Type::array:
      return value.is_array();
    case Type::object:
      return value.is_object();
  }
  return false;
}

Result<json::value> as(Type type, std::string_view name, json::value value) {
  if (value.is_null()) return nothing(type);
  if (type == Type::floating && value.is_int64())
    return json::value(static_cast<double>(value.get_int64()));
  if (fits(type, value)) return value;
  return fail("FLOW0320", fmt::format("variable '{}' is of type {}; {} does not fit", name,
                                      name_of(type), json::serialize(value).substr(0, 80)));
}

Result<Variable*> variable_named(Execution& execution, std::string_view name) {
  if (auto* variable = find_variable(execution.state(), name)) return variable;
  return fail("FLOW0321", fmt::format("variable '{}' is not initialized", name));
}

Result<Variable*> variable_of(Execution& execution, std::string_view name,
                              std::initializer_list<Type> types) {
  TRY(auto* variable, variable_named(execution, name));
  if (std::find(types.begin(), types.end(), variable->type) != types.end()) return variable;
  return fail("FLOW0322",
              fmt::format("variable '{}' is of type {}, for which this action is not made", name,
                          name_of(variable->type)));
}

Result<json::value> value_of(Execution& execution, Frame& frame, ActionIndex action,
                             std::string_view name, const Template& source) {
  auto environment = execution.environment(frame, action);
  TRY(auto value, source.evaluate(environment));
  auto taken = std::move(value).take();
  if (execution.keeps_inputs())
    execution.slot(frame, action).inputs = json::object{{"name", name}, {"value", taken}};
  return taken;
}

json::value shown(const Variable& variable) {
  return json::object{{"body", {{"name", variable.name}, {"value", variable.value}}}};
}

void conclude(Execution& execution, Frame& frame, ActionIndex action, Result<Variable*> variable) {
  if (!variable) return execution.fail(frame, action, variable.error());
  // The value of a long list is not repeated with each element that is put behind.
  const bool small = !(*variable)->value.is_array() && !(*variable)->value.is_string();
  execution.succeed(frame, action, small ? shown(**variable) : json::value());
}

Result<Variable*> initialize(Execution& execution, Frame& frame, ActionIndex action,
                             const VariableDeclaration& one) {
  auto& variables = execution.state().variables;
  if (find_variable(execution.state(), one.name) != nullptr) {
    return fail("FLOW0323", fmt::format("variable '{}' is initialized already", one.name));
  }
  json::value value;
  if (one.value) {
    TRY(value, value_of(execution, frame, action, one.name, *one.value));
  }
  TRY(value, as(one.type, one.name, std::move(value)));
  return &variables.emplace_back(one.name, one.type, std::move(value));
}

Result<Variable*> set(Execution& execution, Frame& frame, ActionIndex action,
                      const SetVariable& kind) {
  TRY(auto value, value_of(execution, frame, action, kind.name, kind.value));
  TRY(auto* variable, variable_named(execution, kind.name));
  TRY(variable->value, as(variable->type, kind.name, std::move(value)));
  return variable;
}

Result<Variable*> add(Execution& execution, Frame& frame, ActionIndex action,
                      const std::string& name, const Template& by, std::int64_t sign) {
  TRY(const auto value, value_of(execution, frame, action, name, by));
  TRY(auto* variable, variable_of(execution, name, {Type::integer, Type::floating}));
  if (!value.is_number())
    return fail("FLOW0320", fmt::format("variable '{}' cannot grow by what is no number", name));
  if (variable->type == Type::floating) {
    variable->value =
        variable->value.to_number<double>() + static_cast<double>(sign) * value.to_number<double>();
    return variable;
  }
  std::int64_t step = 0, sum = 0;
  if (!value.is_int64() || __builtin_mul_overflow(value.get_int64(), sign, &step) ||
      __builtin_add_overflow(variable->value.get_int64(), step, &sum)) {
    return fail("FLOW0320",
                fmt::format("variable '{}' would not stay an integer of 64 bits", name));
  }
  variable->value = sum;
  return variable;
}

Result<Variable*> append(Execution& execution, Frame& frame, ActionIndex action,
                         const AppendToArrayVariable& kind) {
  TRY(auto value, value_of(execution, frame, action, kind.name, kind.value));
  TRY(auto* variable, variable_of(execution, kind.name, {Type::array}));
  auto& array = variable->value.get_array();
  if (array.size() >= max_items) {
    return fail("FLOW0503",
                fmt::format("variable '{}' may hold {} elements", kind.name, max_items));
  }
  array.push_back(std::move(value));
  return variable;
}

Result<Variable*> append(Execution& execution, Frame& frame, ActionIndex action,
                         const AppendToStringVariable& kind) {
  TRY(const auto value, value_of(execution, frame, action, kind.name, kind.value));
  TRY(auto* variable, variable_of(execution, kind.name, {Type::string}));
  auto& text = variable->value.get_string();
  const auto more = expr::to_text(value);
  if (text.size() + more.size() > max_string_length) {
    return fail("FLOW0503",
                fmt::format("variable '{}' may hold {} bytes", kind.name, max_string_length));
  }
  text.append(more);
  return variable;
}

}  // namespace

void start(Execution& execution, Frame& frame, ActionIndex action, const InitializeVariable& kind) {
  for (const auto& one : kind.variables) {
    if (auto made = initialize(execution, frame, action, one); !made)
      return execution.fail(frame, action, made.error());
  }
  execution.succeed(frame, action);
}

void start(Execution& execution, Frame& frame, ActionIndex action, const SetVariable& kind) {
  conclude(execution, frame, action, set(execution, frame, action, kind));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const IncrementVariable& kind) {
  conclude(execution, frame, action, add(execution, frame, action, kind.name, kind.by, 1));
}

void start(Execution& execution, Frame& frame, ActionIndex action, const DecrementVariable& kind) {
  conclude(execution, frame, action, add(execution, frame, action, kind.name, kind.by, -1));
}

void start(Execution& execution, Frame& frame, ActionIndex action,
           const AppendToArrayVariable& kind) {
  conclude(execution, frame, action, append(execution, frame, action, kind));
}

void start(Execution& execution, Frame& frame, ActionIndex action,
           const AppendToStringVariable& kind) {
  conclude(execution, frame, action, append(execution, frame, action, kind));
}

}  // namespace rollcall::flow
