// Arithmetic of Decimal, as .NET's System.Decimal does it: exact up to 28 digits, trailing zeros
// kept. What does not fit into 96 bits is nullopt.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "expr/value.hpp"

namespace rollcall::expr {

std::optional<Decimal> decimal_from(std::int64_t value);
std::optional<Decimal> decimal_from(double value);             // to 15 significant digits
std::optional<Decimal> parse_decimal(std::string_view plain);  // [-]digits[.digits]
std::string to_string(const Decimal& value);
double to_double(const Decimal& value);
std::optional<std::int64_t> to_int64(const Decimal& value);  // only when it is whole

std::optional<Decimal> add(const Decimal& a, const Decimal& b);
std::optional<Decimal> subtract(const Decimal& a, const Decimal& b);
std::optional<Decimal> multiply(const Decimal& a, const Decimal& b);
std::optional<Decimal> divide(const Decimal& a, const Decimal& b);     // nullopt for b = 0 too
std::optional<Decimal> remainder(const Decimal& a, const Decimal& b);  // the sign of a
std::strong_ordering compare(const Decimal& a, const Decimal& b);

}  // namespace rollcall::expr
