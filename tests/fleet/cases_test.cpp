// Each of the twenty-two edge cases of detection is there, as a golden case that names it. And how far apart a cell's lines are.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "fleet/pace.hpp"

namespace rollcall::fleet::test {
namespace {

// The numbers in `# Case 4:` and `# Cases 6 and 17:`.
std::set<int> cases_of(const std::filesystem::path& file) {
  std::set<int> found;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("# Case")) continue;
    int number = 0;
    for (const char c : line.substr(0, line.find(':') + 1)) {
      if (c >= '0' && c <= '9') {
        number = number * 10 + (c - '0');
      } else if (number > 0) {
        found.insert(number);
        number = 0;
      }
    }
  }
  return found;
}

TEST(Cases, AllTwentyTwoAreThere) {
  std::set<int> found;
  for (const auto& entry : std::filesystem::directory_iterator(TEST_FOLDER)) {
    if (entry.path().extension() == ".test") found.merge(cases_of(entry.path()));
  }
  for (int number = 1; number <= 22; ++number)
    EXPECT_TRUE(found.contains(number)) << "no case is named 'Case " << number << ":'";
}

std::vector<Interval> with_gaps(std::initializer_list<std::pair<Timespan, std::int64_t>> gaps) {
  std::vector<Interval> intervals;
  for (const auto& [gap, count] : gaps) {
    Interval one;
    one.gap = gap;
    one.gaps = count;
    intervals.push_back(one);
  }
  return intervals;
}

TEST(Pace, IsThatOfMostInstances) {
  EXPECT_EQ(usual_gap({}), Timespan{0});
  EXPECT_EQ(usual_gap(with_gaps({{hours(1), 3}})), Timespan{0});  // an outage, perhaps
  EXPECT_EQ(usual_gap(with_gaps({{minutes(20), 5}, {minutes(1), 4}, {minutes(21), 9}})),
            minutes(20));
}

TEST(Pace, WidensOnlyWhatIsTooNarrow) {
  const Parameters usual;
  EXPECT_EQ(paced(usual, seconds(100)).quiet, usual.quiet);
  EXPECT_EQ(paced(usual, seconds(100)).wave, usual.wave);
  const Parameters sparse = paced(usual, minutes(7));
  EXPECT_EQ(sparse.quiet, minutes(21));
  EXPECT_EQ(sparse.hold, minutes(21));
  EXPECT_EQ(sparse.settle, minutes(21));
  EXPECT_EQ(sparse.stall, usual.stall);
  EXPECT_EQ(sparse.heartbeat, minutes(7));
  EXPECT_EQ(sparse.patience, minutes(61));
  EXPECT_EQ(sparse.wave, minutes(17));
  EXPECT_EQ(paced(usual, hours(3)).quiet, usual.most_quiet);
}

TEST(Pace, ACellIsSilentAfterTwoOfItsGaps) {
  const CellRules rules;
  EXPECT_EQ(silent_after(rules, Timespan{0}), minutes(10));
  EXPECT_EQ(silent_after(rules, minutes(4)), minutes(10));
  EXPECT_EQ(silent_after(rules, minutes(20)), minutes(40));
}

}  // namespace
}  // namespace rollcall::fleet::test
