// Comparison and choice. if, and, or and coalesce evaluate only what they need, from left to right.
#include <fmt/format.h>

#include <cmath>

#include "expr/compare.hpp"
#include "expr/evaluator.hpp"
#include "expr/functions.hpp"
#include "expr/number.hpp"

namespace rollcall::expr {
namespace {

Result<bool> truth(Evaluator& evaluator, const Call& call, std::size_t i) {
  TRY(const Value value, evaluator.evaluate(call.arguments[i]));
  if (!value.decimal())
    if (const bool* answer = value->if_bool()) return *answer;
  return fail("EXPR0301",
              fmt::format("{}: {} must be true or false, not {}", call.function->name,
                          name_argument(i, call.arguments.size()), describe_value(value)));
}

Result<Value> choose(Evaluator& evaluator, const Call& call) {
  TRY(const bool condition, truth(evaluator, call, 0));
  return evaluator.evaluate(call.arguments[condition ? 1 : 2]);
}

Result<Value> all_of(Evaluator& evaluator, const Call& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    TRY(const bool condition, truth(evaluator, call, i));
    if (!condition) return json::value(false);
  }
  return json::value(true);
}

Result<Value> any_of(Evaluator& evaluator, const Call& call) {
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    TRY(const bool condition, truth(evaluator, call, i));
    if (condition) return json::value(true);
  }
  return json::value(false);
}

Result<Value> coalesce(Evaluator& evaluator, const Call& call) {
  for (const Node& argument : call.arguments) {
    auto value = evaluator.evaluate(argument);
    if (!value || value->decimal() || !(*value)->is_null()) return value;
  }
  return Value();
}

Result<Value> negate(Arguments& arguments) {
  if (const bool* value = arguments[0].if_bool()) return json::value(!*value);
  return arguments.wrong(0, "true or false");
}

Result<Value> equals(Arguments& arguments) {
  return json::value(equal(arguments.values[0], arguments.values[1]));
}

// Numbers with numbers, texts with texts (ordinal); what cannot be ordered is an error, NaN is
// never less.
template <class Holds>
Result<Value> compare_with(Arguments& arguments, Holds holds) {
  const auto order = order_of(arguments.values[0], arguments.values[1]);
  if (!order)
    return arguments.error(
        "EXPR0301",
        fmt::format("{} and {} cannot be compared; both must be numbers or both texts",
                    describe_value(arguments.values[0]), describe_value(arguments.values[1])));
  return json::value(*order != std::partial_ordering::unordered && holds(*order));
}

Result<Value> greater(Arguments& a) {
  return compare_with(a, [](auto order) { return order > 0; });
}
Result<Value> greater_or_equals(Arguments& a) {
  return compare_with(a, [](auto order) { return order >= 0; });
}
Result<Value> less(Arguments& a) {
  return compare_with(a, [](auto order) { return order < 0; });
}
Result<Value> less_or_equals(Arguments& a) {
  return compare_with(a, [](auto order) { return order <= 0; });
}

constexpr Function rows[] = {
    {"and", 1, any_number, nullptr, all_of},
    {"coalesce", 1, any_number, nullptr, coalesce},
    {"equals", 2, 2, equals, nullptr, true},
    {"greater", 2, 2, greater, nullptr, true},
    {"greaterOrEquals", 2, 2, greater_or_equals, nullptr, true},
    {"if", 3, 3, nullptr, choose},
    {"less", 2, 2, less, nullptr, true},
    {"lessOrEquals", 2, 2, less_or_equals, nullptr, true},
    {"not", 1, 1, negate},
    {"or", 1, any_number, nullptr, any_of},
};

}  // namespace

std::span<const Function> logical_functions() { return rows; }

}  // namespace rollcall::expr
