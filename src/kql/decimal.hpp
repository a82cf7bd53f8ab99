// KQL's decimal: up to 34 significant digits with a power of ten, rounded half to even, as IEEE
// 754's decimal128. A decimal is kept as a text whose byte order is its numeric order and which
// each number has once, so that a database sorts, groups, joins and compares decimals as the texts
// they are. Only arithmetic and reading need the functions here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::kql {

// What is kept of `[-]digits[.digits][e[-]digits]`, blanks around allowed; nullopt for what is no
// number or beyond 10^±6144.
std::optional<std::string> parse_decimal(std::string_view text);
std::optional<std::string> decimal_of(
    double value);  // of its shortest text; nullopt when it is not finite
std::string decimal_of(std::int64_t value);

// From here on a decimal is what is kept. Its text is in plain digits, with an exponent only where
// these were more than 60.
std::string decimal_text(std::string_view decimal);
double decimal_real(std::string_view decimal);
std::optional<std::int64_t> decimal_long(
    std::string_view decimal);  // cut off; nullopt beyond 64 bits

// nullopt for a division by zero and for what is too large.
std::optional<std::string> decimal_add(std::string_view a, std::string_view b);
std::optional<std::string> decimal_subtract(std::string_view a, std::string_view b);
std::optional<std::string> decimal_multiply(std::string_view a, std::string_view b);
std::optional<std::string> decimal_divide(std::string_view a, std::string_view b);
std::optional<std::string> decimal_modulo(std::string_view a,
                                          std::string_view b);  // never negative
std::string decimal_abs(std::string_view decimal);
// Half away from zero, at a decimal place; negative places round before the point.
std::optional<std::string> decimal_round(std::string_view decimal, std::int64_t places);
std::optional<std::string> decimal_ceiling(std::string_view decimal);
// The greatest multiple of the size that is not above; nullopt unless the size is positive.
std::optional<std::string> decimal_bin(std::string_view decimal, std::string_view size);

}  // namespace rollcall::kql
