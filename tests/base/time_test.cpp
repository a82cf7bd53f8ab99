#include "base/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace rollcall {
namespace {

TEST(Time, ReadsAndWritesIso) {
  EXPECT_EQ(parse_iso("1970-01-01")->ticks, unix_epoch_ticks);
  EXPECT_EQ(format_iso(*parse_iso("2026-01-01T10:00:00.1234567+02:00")),
            "2026-01-01T08:00:00.1234567Z");
  EXPECT_EQ(format_iso(timestamp_max), "9999-12-31T23:59:59.9999999Z");
  for (const char* wrong : {"", "2026", "2026-02-30", "2026-01-01T25:00", "2026-01-01T10:00:00.",
                            "2026-01-01x", "0001-01-01T00:00+14:00"}) {
    EXPECT_FALSE(parse_iso(wrong)) << wrong;
  }
}

TEST(Time, EveryTickComesBackFromItsText) {
  EXPECT_TRUE(rc::check([] {
    const Timestamp time{*rc::gen::inRange<std::int64_t>(0, timestamp_max.ticks)};
    RC_ASSERT(parse_iso(format_iso(time)) == time);
    RC_ASSERT(from_civil(to_civil(time)) == time);
  }));
}

TEST(Time, WritesTimespans) {
  EXPECT_EQ(format_timespan(Timespan{0}), "00:00:00");
  EXPECT_EQ(format_timespan(Timespan{-(days(1) + milliseconds(1500)).ticks}),
            "-1.00:00:01.5000000");
  EXPECT_EQ(format_timespan(Timespan{INT64_MIN}), "-10675199.02:48:05.4775808");
}

TEST(Error, SaysLineAndColumn) {
  EXPECT_EQ(render(Error{"KQL0103", "unknown column 'b'", Span{3, 1}}, "a\n| b"),
            "KQL0103 2:2..3 unknown column 'b'");
}

TEST(Json, SaysWhereItBreaks) {
  const auto broken = parse_json("{\n  \"a\": tru }");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("line 2, column 8"), std::string::npos)
      << broken.error().message;
  EXPECT_FALSE(parse_json(std::string(1000, '[')));
}

TEST(Text, SuggestsTheNearestName) {
  const std::vector<std::string> names{"Level", "Timestamp"};
  EXPECT_EQ(nearest_name("Lvel", names), "Level");
  EXPECT_EQ(nearest_name("quite", names), "");
}

}  // namespace
}  // namespace rollcall
