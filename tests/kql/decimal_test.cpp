// Decimals: what holds for all of them.
#include "kql/decimal.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rollcall::kql {
namespace {

std::string kept(std::string_view text) {
  const auto decimal = parse_decimal(text);
  RC_ASSERT(decimal.has_value());
  return *decimal;
}

// [-]digits.digits, of 17 digits at most, so that a double orders them.
rc::Gen<std::string> any_number() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange<std::int64_t>(-999'999'999, 999'999'999),
                                     rc::gen::inRange(0, 9)),
                      [](const auto& parts) {
                        std::string text = std::to_string(std::get<0>(parts));
                        return text + "." + std::to_string(std::get<1>(parts));
                      });
}

RC_GTEST_PROP(Decimal, TextsStandInTheOrderOfTheirNumbers, ()) {
  const auto a = *any_number(), b = *any_number();
  RC_ASSERT((kept(a) < kept(b)) == (std::stod(a) < std::stod(b)));
  RC_ASSERT((kept(a) == kept(b)) == (std::stod(a) == std::stod(b)));
}

RC_GTEST_PROP(Decimal, TextReadsBackAsTheSame, ()) {
  const auto a = kept(*any_number());
  RC_ASSERT(kept(decimal_text(a)) == a);
}

RC_GTEST_PROP(Decimal, SumsAndProductsOfWholeNumbersAreExact, ()) {
  const auto a = *rc::gen::inRange<std::int64_t>(-2'000'000'000, 2'000'000'000),
             b = *rc::gen::inRange<std::int64_t>(-2'000'000'000, 2'000'000'000);
  RC_ASSERT(decimal_add(decimal_of(a), decimal_of(b)) == decimal_of(a + b));
  RC_ASSERT(decimal_subtract(decimal_of(a), decimal_of(b)) == decimal_of(a - b));
  RC_ASSERT(decimal_multiply(decimal_of(a), decimal_of(b)) == decimal_of(a * b));
  RC_ASSERT(decimal_long(decimal_of(a)) == a);
}

RC_GTEST_PROP(Decimal, QuotientTimesDivisorIsNear, ()) {
  const auto a = kept(*any_number()), b = kept(*any_number());
  if (b == "o") return;
  const auto back = decimal_multiply(*decimal_divide(a, b), b);
  const auto distance = decimal_abs(*decimal_subtract(*back, a));
  RC_ASSERT(distance <= *decimal_multiply(decimal_abs(a), *parse_decimal("1e-32")));
}

RC_GTEST_PROP(Decimal, AnyTextIsReadOrRefused, (const std::string& text)) {
  const auto decimal = parse_decimal(text);
  if (decimal) RC_ASSERT(parse_decimal(decimal_text(*decimal)) == decimal);
}

TEST(Decimal, RoundsHalfToEven) {
  EXPECT_EQ(decimal_text(*parse_decimal("1.0000000000000000000000000000000005")), "1");
  EXPECT_EQ(decimal_text(*parse_decimal("1.0000000000000000000000000000000015")),
            "1.000000000000000000000000000000002");
  EXPECT_EQ(decimal_text(*decimal_divide(*parse_decimal("2"), *parse_decimal("3"))),
            "0.6666666666666666666666666666666667");
}

TEST(Decimal, KnowsItsBounds) {
  EXPECT_FALSE(parse_decimal("1e7000"));
  EXPECT_FALSE(parse_decimal("1e99999999999999999999"));
  EXPECT_EQ(parse_decimal("1e-7000"), "o");
  EXPECT_FALSE(decimal_multiply(*parse_decimal("1e6000"), *parse_decimal("1e6000")));
  EXPECT_EQ(decimal_add(*parse_decimal("1e6000"), *parse_decimal("1")), parse_decimal("1e6000"));
  EXPECT_FALSE(decimal_long(*parse_decimal("9223372036854775808")));
}

}  // namespace
}  // namespace rollcall::kql
