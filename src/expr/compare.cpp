#include "expr/compare.hpp"

#include <functional>

#include "expr/functions.hpp"
#include "expr/number.hpp"
#include "expr/text.hpp"

namespace rollcall::expr {
namespace {

bool same_members(const json::object& a, const json::object& b) {
  if (a.size() != b.size()) return false;
  for (const auto& member : a) {
    const json::value* other = b.if_contains(member.key());
    if (!other || !same_element(member.value(), *other)) return false;
  }
  return true;
}

bool same_elements(const json::array& a, const json::array& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_element(a[i], b[i])) return false;
  return true;
}

std::partial_ordering order_numbers(const Number& a, const Number& b) {
  if (const auto* x = std::get_if<std::int64_t>(&a))
    if (const auto* y = std::get_if<std::int64_t>(&b)) return *x <=> *y;
  if (std::holds_alternative<Decimal>(a) || std::holds_alternative<Decimal>(b)) {
    const auto x = as_decimal(a), y = as_decimal(b);
    if (x && y) return compare(*x, *y);
  }
  return as_double(a) <=> as_double(b);
}

// .NET compares ordinally by UTF-16 code unit; UTF-8 order differs only where surrogates meet
// U+E000 and up.
std::strong_ordering order_texts(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
    if (x == y) continue;
    const bool x_pair = x >= 0xf0, y_pair = y >= 0xf0;
    if (x_pair != y_pair && x >= 0xee && y >= 0xee)
      return x_pair ? std::strong_ordering::less : std::strong_ordering::greater;
    return x <=> y;
  }
  return a.size() <=> b.size();
}

}  // namespace

bool same_element(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number())
    return order_numbers(*number_of(Value::borrow(a)), *number_of(Value::borrow(b))) == 0;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case json::kind::null:
      return true;
    case json::kind::bool_:
      return a.get_bool() == b.get_bool();
    case json::kind::string:
      return a.get_string() == b.get_string();
    case json::kind::array:
      return same_elements(a.get_array(), b.get_array());
    case json::kind::object:
      return same_members(a.get_object(), b.get_object());
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      break;
  }
  return false;
}

bool equal(const json::value& a, const json::value& b) {
  const json::value& text = a.is_string() ? a : b;
  const json::value& truth = a.is_string() ? b : a;
  if (text.is_string() && truth.is_bool())
    return view(text.get_string()) == (truth.get_bool() ? "True" : "False");
  return same_element(a, b);
}

bool equal(const Value& a, const Value& b) {
  if (!a.decimal() && !b.decimal()) return equal(*a, *b);
  const auto x = number_of(a), y = number_of(b);
  return x && y && order_numbers(*x, *y) == 0;
}

std::optional<std::partial_ordering> order_of(const Value& a, const Value& b) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y) return order_numbers(*x, *y);
  if (x || y) return std::nullopt;
  if (a->is_string() && b->is_string())
    return order_texts(view(a->get_string()), view(b->get_string()));
  return std::nullopt;
}

std::string describe_value(const Value& value) {
  return value.decimal() ? "the decimal " + to_string(*value.decimal()) : describe(*value);
}

std::size_t element_hash(const json::value& value) {
  switch (value.kind()) {
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return std::hash<double>()(as_double(*number_of(Value::borrow(value))));
    case json::kind::string:
      return std::hash<std::string_view>()(view(value.get_string()));
    case json::kind::array:
      return 3 + value.get_array().size();
    case json::kind::object:
      return 5 + value.get_object().size();
    case json::kind::bool_:
      return value.get_bool() ? 1 : 2;
    case json::kind::null:
      break;
  }
  return 0;
}

}  // namespace rollcall::expr
