// What `rollcall sim fleet` writes: its lines in order of arrival, its truth counting them, the same for the same seed.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/fleet_lines.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "stage.hpp"

namespace rollcall::app {
namespace {

const Timestamp begin = *parse_iso("2026-01-05T00:00Z");

struct Written {
  std::string lines, truth;
};

Written written(std::uint64_t seed, sim::Faults faults, const std::filesystem::path& truth,
                sim::Cells cells = sim::Cells::plain) {
  auto fleet = sim::random_fleet(seed, begin, hours(3), cells);
  fleet.options.faults = faults;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::tmpfile(), std::fclose);
  EXPECT_TRUE(write_fleet(std::move(fleet), begin + minutes(30), out.get(), truth));
  std::string text(static_cast<std::size_t>(std::ftell(out.get())), '\0');
  std::rewind(out.get());
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), out.get()), text.size());
  std::ostringstream read;
  read << std::ifstream(truth).rdbuf();
  return {text, read.str()};
}

TEST(FleetLines, AreInOrderOfArrivalAndCountedByTheTruth) {
  const test::Stage stage;
  for (const auto& faults : {sim::Faults{}, sim::Faults::all()}) {
    const auto fleet = written(7, faults, stage.path("truth.csv"));
    std::string last;
    std::size_t lines = 0;
    for (const auto line : split(fleet.lines, '\n')) {
      if (line.empty()) continue;
      const auto row = parse_json(line);
      ASSERT_TRUE(row) << line;
      const std::string arrival(text_or(row->get_object(), "Arrival"));
      EXPECT_GE(arrival, last);
      last = arrival;
      ++lines;
    }
    EXPECT_GT(lines, 1'000U);
    std::size_t counted = 0;
    const auto rows = split(fleet.truth, '\n');
    EXPECT_EQ(rows.front(), "time,environment,role,region,version,previous,kind,completed,lines");
    for (std::size_t i = 1; i + 1 < rows.size(); ++i)
      counted += std::stoul(std::string(split(rows[i], ',').back()));
    // Those of an instance that came back with an old image are no deployment's.
    EXPECT_LE(counted, lines);
    if (faults.none()) EXPECT_EQ(counted, lines);
  }
}

TEST(FleetLines, AreTheSameForTheSameSeed) {
  const test::Stage stage;
  const auto path = stage.path("truth.csv");
  const auto one = written(3, sim::Faults::all(), path),
             again = written(3, sim::Faults::all(), path);
  EXPECT_EQ(one.lines, again.lines);
  EXPECT_EQ(one.truth, again.truth);
  EXPECT_NE(one.lines, written(4, sim::Faults::all(), path).lines);
}

TEST(FleetLines, OfCellsOfAnyKindTellOfRequests) {
  const test::Stage stage;
  const auto path = stage.path("truth.csv");
  EXPECT_EQ(written(2, {}, path).lines.find("TraceId"), std::string::npos);
  EXPECT_NE(written(2, {}, path, sim::Cells::any).lines.find("TraceId"), std::string::npos);
}

TEST(FleetLines, AFileThatCannotBeWrittenIsNamed) {
  const test::Stage stage;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::tmpfile(), std::fclose);
  const auto done = write_fleet(sim::random_fleet(1, begin, hours(3)), begin + minutes(30),
                                out.get(), stage.path("nowhere/truth.csv"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "SIM0103");
  EXPECT_NE(done.error().message.find("truth.csv"), std::string::npos);
}

}  // namespace
}  // namespace rollcall::app
