// A value of an expression: JSON that is owned, JSON that is borrowed from the run's state (so that
// `body('Query')?['value']` copies nothing), or a decimal, which JSON has no place for.
// A borrowed value lives as long as the state that the Environment answered from.
// Decimals stay inside the evaluator: Template::evaluate answers JSON.
#pragma once
#include <cstdint>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/json.hpp"

namespace rollcall::expr {

// .NET's System.Decimal: mantissa / 10^scale, a mantissa of 96 bits.
struct Decimal {
  std::uint64_t low = 0;
  std::uint32_t high = 0;
  std::uint8_t scale = 0;  // 0..28
  bool negative = false;
  bool operator==(const Decimal&) const = default;
};

class Value {
 public:
  Value() = default;
  Value(json::value owned) : kind_(std::move(owned)) {}
  Value(Decimal decimal) : kind_(decimal) {}
  static Value borrow(const json::value& value) {
    Value result;
    result.kind_ = &value;
    return result;
  }

  const json::value& operator*() const {
    if (auto borrowed = std::get_if<const json::value*>(&kind_)) return **borrowed;
    auto owned = std::get_if<json::value>(&kind_);
    CHECK(owned);
    return *owned;
  }
  const json::value* operator->() const { return &**this; }
  // The JSON as one's own: moved out, or copied when it was borrowed.
  json::value take() && {
    if (auto owned = std::get_if<json::value>(&kind_)) return std::move(*owned);
    return **this;
  }
  bool borrowed() const { return std::holds_alternative<const json::value*>(kind_); }
  const Decimal* decimal() const { return std::get_if<Decimal>(&kind_); }

 private:
  std::variant<json::value, const json::value*, Decimal> kind_;
};

}  // namespace rollcall::expr
