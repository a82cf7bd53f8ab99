// Arithmetic: the result has the wider kind of the two numbers; integers never wrap around.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/number.hpp"

namespace rollcall::expr {
namespace {

Result<Number> number(const Arguments& arguments, std::size_t i) {
  if (auto number = number_of(arguments.values[i])) return *number;
  return arguments.wrong(i, "a number");
}

std::unexpected<Error> overflow(const Arguments& arguments) {
  return arguments.error("EXPR0305", "the result does not fit");
}

// Brings two numbers to their wider kind and applies what there is for it.
template <class Integers, class Doubles, class Decimals>
Result<Value> calculate(Arguments& arguments, const Number& a, const Number& b, Integers integers,
                        Doubles doubles, Decimals decimals) {
  if (std::holds_alternative<Decimal>(a) || std::holds_alternative<Decimal>(b)) {
    const auto x = as_decimal(a), y = as_decimal(b);
    const auto result = x && y ? decimals(*x, *y) : std::nullopt;
    if (!result) return overflow(arguments);
    return Value(*result);
  }
  const auto* x = std::get_if<std::int64_t>(&a);
  const auto* y = std::get_if<std::int64_t>(&b);
  if (!x || !y) return json::value(doubles(as_double(a), as_double(b)));
  std::int64_t result = 0;
  if (integers(*x, *y, &result)) return overflow(arguments);
  return json::value(result);
}

Result<Value> add(Arguments& arguments) {
  TRY(const Number a, number(arguments, 0));
  TRY(const Number b, number(arguments, 1));
  return calculate(
      arguments, a, b, [](auto x, auto y, auto* out) { return __builtin_add_overflow(x, y, out); },
      [](double x, double y) { return x + y; }, [](auto& x, auto& y) { return expr::add(x, y); });
}

Result<Value> sub(Arguments& arguments) {
  TRY(const Number a, number(arguments, 0));
  TRY(const Number b, number(arguments, 1));
  return calculate(
      arguments, a, b, [](auto x, auto y, auto* out) { return __builtin_sub_overflow(x, y, out); },
      [](double x, double y) { return x - y; }, [](auto& x, auto& y) { return subtract(x, y); });
}

Result<Value> mul(Arguments& arguments) {
  TRY(const Number a, number(arguments, 0));
  TRY(const Number b, number(arguments, 1));
  return calculate(
      arguments, a, b, [](auto x, auto y, auto* out) { return __builtin_mul_overflow(x, y, out); },
      [](double x, double y) { return x * y; }, [](auto& x, auto& y) { return multiply(x, y); });
}

bool integer_zero(const Number& number) {
  const auto* integer = std::get_if<std::int64_t>(&number);
  return integer && *integer == 0;
}

Result<Value> div(Arguments& arguments) {
  TRY(const Number a, number(arguments, 0));
  TRY(const Number b, number(arguments, 1));
  if (integer_zero(b) && !std::holds_alternative<double>(a))
    return arguments.error("EXPR0305", "division by zero");
  const auto integers = [](std::int64_t x, std::int64_t y, std::int64_t* out) {
    if (y == -1) return __builtin_sub_overflow(std::int64_t{0}, x, out);
    *out = x / y;
    return false;
  };
  return calculate(
      arguments, a, b, integers, [](double x, double y) { return x / y; },
      [](auto& x, auto& y) { return divide(x, y); });
}

Result<Value> mod(Arguments& arguments) {
  TRY(const Number a, number(arguments, 0));
  TRY(const Number b, number(arguments, 1));
  if (integer_zero(b) && !std::holds_alternative<double>(a))
    return arguments.error("EXPR0305", "division by zero");
  const auto integers = [](std::int64_t x, std::int64_t y, std::int64_t* out) {
    *out = y == -1 ? 0 : x % y;
    return false;
  };
  return calculate(
      arguments, a, b, integers, [](double x, double y) { return std::fmod(x, y); },
      [](auto& x, auto& y) { return remainder(x, y); });
}

// max(1, 2, 3) or max(array). The result has the widest kind among all numbers.
Result<Value> extreme(Arguments& arguments, bool greatest) {
  std::vector<Number> numbers;
  const bool array =
      arguments.size() == 1 && !arguments.values[0].decimal() && arguments[0].is_array();
  if (array) {
    for (const json::value& element : arguments[0].get_array()) {
      const auto number = number_of(Value::borrow(element));
      if (!number)
        return arguments.error(
            "EXPR0301", fmt::format("the array holds {}, which is no number", describe(element)));
      numbers.push_back(*number);
    }
  } else {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      TRY(const Number number, number(arguments, i));
      numbers.push_back(number);
    }
  }
  if (numbers.empty()) return arguments.error("EXPR0301", "the array is empty");
  const bool decimal =
      std::ranges::any_of(numbers, [](auto& n) { return std::holds_alternative<Decimal>(n); });
  const bool real =
      std::ranges::any_of(numbers, [](auto& n) { return std::holds_alternative<double>(n); });
  if (decimal) {
    std::optional<Decimal> best;
    for (const Number& number : numbers) {
      const auto next = as_decimal(number);
      if (!next) return overflow(arguments);
      if (!best || (compare(*next, *best) > 0) == greatest) best = next;
    }
    return Value(*best);
  }
  const auto best = std::ranges::max_element(numbers, [&](const Number& a, const Number& b) {
    if (!real) return greatest ? std::get<0>(a) < std::get<0>(b) : std::get<0>(a) > std::get<0>(b);
    return greatest ? as_double(a) < as_double(b) : as_double(a) > as_double(b);
  });
  if (real) return json::value(as_double(*best));
  return value_of(*best);
}

Result<Value> max(Arguments& arguments) { return extreme(arguments, true); }
Result<Value> min(Arguments& arguments) { return extreme(arguments, false); }

// From least (included) to most (excluded).
Result<Value> rand(Arguments& arguments) {
  TRY(const std::int64_t least, arguments.integer(0));
  TRY(const std::int64_t most, arguments.integer(1));
  if (most <= least)
    return arguments.error("EXPR0303",
                           fmt::format("the range from {} to {} is empty", least, most));
  const auto width = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
  __extension__ using Wide = unsigned __int128;
  const auto offset =
      static_cast<std::uint64_t>(Wide(arguments.environment.random()) * width >> 64U);
  return json::value(static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + offset));
}

Result<Value> range(Arguments& arguments) {
  TRY(const std::int64_t start, arguments.integer(0));
  TRY(const std::int64_t count, arguments.integer(1));
  if (count < 0 || count > max_range)
    return arguments.error("EXPR0504",
                           fmt::format("the count must be from 0 to {}, not {}", max_range, count));
  std::int64_t last = 0;
  if (__builtin_add_overflow(start, count, &last)) return overflow(arguments);
  json::array result;
  result.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = start; i < last; ++i) result.emplace_back(i);
  return Value(std::move(result));
}

constexpr Function rows[] = {
    {"add", 2, 2, add, nullptr, true},
    {"div", 2, 2, div, nullptr, true},
    {"max", 1, any_number, max, nullptr, true},
    {"min", 1, any_number, min, nullptr, true},
    {"mod", 2, 2, mod, nullptr, true},
    {"mul", 2, 2, mul, nullptr, true},
    {"rand", 2, 2, rand},
    {"range", 2, 2, range},
    {"sub", 2, 2, sub, nullptr, true},
};

}  // namespace

std::span<const Function> math_functions() { return rows; }

}  // namespace rollcall::expr
