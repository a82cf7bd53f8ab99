// The three kinds of numbers of expressions, from narrow to wide: integer, float, decimal; and
// reading them from text as .NET does.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "expr/decimal.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

using Number = std::variant<std::int64_t, double, Decimal>;

// nullopt: the value is no number.
std::optional<Number> number_of(const Value& value);
Value value_of(const Number& number);
double as_double(const Number& number);
// nullopt: a float too large for a decimal, or not finite.
std::optional<Decimal> as_decimal(const Number& number);

// How a culture writes numbers. The first of a culture's signs is the one it writes.
struct NumberCulture {
  std::string decimal_point = ".";
  std::string group = ",";
  std::string infinity = "Infinity";
  std::string not_a_number = "NaN";
};
// nullopt: there is no such locale. "" is the invariant culture.
std::optional<NumberCulture> number_culture(std::string_view locale);

// White space around, a sign before or behind, group separators anywhere before the decimal point;
// answers
// [-]digits[.digits][e…] with plain signs. nullopt: it is no number.
std::optional<std::string> plain_number(std::string_view text, const NumberCulture& culture,
                                        bool exponent);
// The same, and NaN and the infinity of the culture.
std::optional<double> parse_double(std::string_view text, const NumberCulture& culture);

}  // namespace rollcall::expr
