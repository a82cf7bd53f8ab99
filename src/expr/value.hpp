// A value of an expression: JSON that is owned, JSON that is borrowed from the run's state (so that
// `body('Query')?['value']` copies nothing), or a decimal, which JSON has no place for.
// A borrowed value lives as long as the state that the Environment answered from.
// Decimals stay inside the evaluator: Template::evaluate answers JSON.
#pragma once
#include <cstdint>
#include <memory>
#include <utility>

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
  Value() noexcept : kind_(Kind::borrowed), borrowed_(&null_) {}
  Value(json::value owned) noexcept : kind_(Kind::owned), owned_(std::move(owned)) {}
  Value(Decimal decimal) noexcept : kind_(Kind::decimal), decimal_(decimal) {}
  Value(Value&& other) noexcept : kind_(other.kind_) { fill(std::move(other)); }
  Value(const Value& other) : kind_(other.kind_) { fill(other); }
  Value& operator=(Value other) noexcept {
    clear();
    kind_ = other.kind_;
    fill(std::move(other));
    return *this;
  }
  ~Value() { clear(); }
  static Value borrow(const json::value& value) {
    Value result;
    result.borrowed_ = &value;
    return result;
  }

  const json::value& operator*() const {
    CHECK(kind_ != Kind::decimal);
    return kind_ == Kind::borrowed ? *borrowed_ : owned_;
  }
  const json::value* operator->() const { return &**this; }
  // The JSON as one's own: moved out, or copied when it was borrowed.
  json::value take() && {
    if (kind_ == Kind::owned) return std::move(owned_);
    return **this;
  }
  bool borrowed() const { return kind_ == Kind::borrowed; }
  const Decimal* decimal() const { return kind_ == Kind::decimal ? &decimal_ : nullptr; }

 private:
  // By hand, for the evaluator moves several of these a node: a std::variant asks a table each time.
  enum class Kind : std::uint8_t { borrowed, owned, decimal };

  template <class Other>
  void fill(Other&& other) {
    switch (kind_) {
      case Kind::borrowed:
        borrowed_ = other.borrowed_;
        return;
      case Kind::owned:
        std::construct_at(&owned_, std::forward<Other>(other).owned_);
        return;
      case Kind::decimal:
        decimal_ = other.decimal_;
        return;
    }
  }
  void clear() {
    if (kind_ == Kind::owned) std::destroy_at(&owned_);
  }

  static const json::value null_;

  Kind kind_;
  union {
    const json::value* borrowed_;
    json::value owned_;
    Decimal decimal_;
  };
};

}  // namespace rollcall::expr
