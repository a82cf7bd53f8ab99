// A file of real deployments with every fault through detection in memory: what `rollcall replay` plays, without its stores, in a tenth
// of the time. ROLLCALL_DEPLOYMENTS names the CSV (without it nothing is played); ROLLCALL_FROM and ROLLCALL_TO, dates, cut it;
// ROLLCALL_INSTANCES (3), ROLLCALL_HEARTBEAT (60 seconds) and ROLLCALL_SEED (1) are as the command has them.
#include <gtest/gtest.h>

#include <array>
#include <fstream>

#include "replay.hpp"

namespace rollcall::fleet::test {
namespace {

std::string given(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

TEST(File, IsTrackedRight) {
  const std::string path = given("ROLLCALL_DEPLOYMENTS", "");
  if (path.empty()) GTEST_SKIP() << "ROLLCALL_DEPLOYMENTS names no file";
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << "cannot read " << path;
  sim::TimelineReader reader;
  std::array<char, 1 << 16> bytes;
  while (file.read(bytes.data(), bytes.size()), file.gcount() > 0)
    ASSERT_TRUE(reader.feed({bytes.data(), static_cast<std::size_t>(file.gcount())}));
  const auto whole = reader.finish();
  ASSERT_TRUE(whole) << whole.error().message;
  const auto from = parse_iso(given("ROLLCALL_FROM", "0001-01-01") + "T00:00:00Z");
  const auto to = parse_iso(given("ROLLCALL_TO", "9999-01-01") + "T00:00:00Z");
  ASSERT_TRUE(from && to) << "ROLLCALL_FROM and ROLLCALL_TO are dates such as 2022-01-31";
  sim::FleetOptions options;
  options.faults = sim::Faults::all();
  options.instances = static_cast<unsigned>(std::stoul(given("ROLLCALL_INSTANCES", "3")));
  options.heartbeat = seconds(std::stol(given("ROLLCALL_HEARTBEAT", "60")));
  options.seed = std::stoull(given("ROLLCALL_SEED", "1"));
  const Replayed replayed = replay(options, whole->slice(*from, *to), *from);
  const sim::Score& score = replayed.score;
  fmt::print(
      "{} lines, {} deployments ({} unobservable, {} untold): {} missed, {} twice, {} previous, {} "
      "kind, {} time, {} rows at the "
      "end ({} undecidable); matrix wrong for {:.0f} of {:.0f} cell-minutes; delay p99 {:.0f} s\n",
      replayed.lines, score.deployments, score.unobservable, score.untold, score.missed,
      score.duplicated, score.wrong_previous, score.wrong_kind, score.wrong_time,
      score.snapshot_wrong_at_end, score.undecidable, replayed.wrong_cell_minutes,
      replayed.cell_minutes, score.delay_p99_s);
  for (const sim::Finding& finding : score.findings) {
    if (!finding.is_error()) continue;
    const std::string text = finding.what + " " + finding.text;
    if (finding.undecidable)
      fmt::print("  undecidable: {}\n", text);
    else
      ADD_FAILURE() << text;
  }
}

}  // namespace
}  // namespace rollcall::fleet::test
