// When two values are the same, and which comes first.
#pragma once
#include <compare>
#include <optional>
#include <string>

#include "expr/value.hpp"

namespace rollcall::expr {

// Numbers by value whatever their kind, texts ordinally and by case, a boolean and the text `True`
// or `False` too; arrays and objects in depth. Other kinds are never equal.
bool equal(const Value& a, const Value& b);
bool equal(const json::value& a, const json::value& b);
// nullopt: they have no order.
std::optional<std::partial_ordering> order_of(const Value& a, const Value& b);
std::string describe_value(const Value& value);
// A hash that agrees with `equal` for what it says is equal in arrays: see same_element.
std::size_t element_hash(const json::value& value);
// `equal`, without the boolean and its text being the same: for union and intersection.
bool same_element(const json::value& a, const json::value& b);

}  // namespace rollcall::expr
