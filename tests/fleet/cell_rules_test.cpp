// Which cells are expected, and what silence means for the others.
#include "fleet/cell_rules.hpp"

#include <gtest/gtest.h>

#include "golden_time.hpp"

namespace rollcall::fleet::test {
namespace {

TEST(CellRules, ExpectWhatFitsAPattern) {
  const Cell west{"production", "portal/api", "westeurope"};
  CellRules rules;
  EXPECT_TRUE(rules.is_expected(west));
  rules.expected = {*parse_cell_pattern("production/*/northeurope")};
  EXPECT_FALSE(rules.is_expected(west));
  rules.expected.push_back(*parse_cell_pattern("production/portal/api/westeurope"));
  EXPECT_TRUE(rules.is_expected(west));
  EXPECT_TRUE(rules.expected.back().is_exact());
  EXPECT_FALSE(rules.expected.front().is_exact());
  for (const char* wrong : {"", "production", "production/portal", "production//west", "/a/b"})
    EXPECT_FALSE(parse_cell_pattern(wrong).has_value()) << wrong;
}

TEST(CellRules, SilenceIsUnknownUntilItIsForGood) {
  const Cell cell{"production", "portal", "westeurope"};
  const CellRules rules;
  const Timestamp now = golden_day + days(30);
  const auto presence = [&](LastHeard heard) { return presence_of(cell, heard, rules, now); };
  EXPECT_EQ(presence({now - minutes(10), now, std::nullopt}), Presence::live);
  EXPECT_EQ(presence({now - minutes(11), now, std::nullopt}), Presence::unknown);
  EXPECT_EQ(presence({std::nullopt, now, std::nullopt}), Presence::unknown);
  // A week, while others are heard; not when nobody is.
  EXPECT_EQ(presence({now - days(8), now, std::nullopt}), Presence::removed);
  EXPECT_EQ(presence({now - days(8), now - days(8), std::nullopt}), Presence::unknown);
  // Declared: until something is heard long after it.
  EXPECT_EQ(presence({now - hours(1), now, now - hours(1)}), Presence::removed);
  EXPECT_EQ(presence({now - minutes(20), now, now - hours(1)}), Presence::unknown);
  EXPECT_EQ(presence({now - minutes(1), now, now - hours(1)}), Presence::live);
}

}  // namespace
}  // namespace rollcall::fleet::test
