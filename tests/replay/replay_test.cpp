// A week of a small fleet through the whole product, with nothing and with everything going wrong.
#include "app/replay.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/replay_sim.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::app {
namespace {

using test::GoldenCase;

// `faults=all seed=2 hosts=no flow=plain`
ReplayOptions read_options(const GoldenCase& golden) {
  ReplayOptions options;
  options.file = TEST_FOLDER "/deployments.csv";
  options.from = *parse_iso("2026-03-02");
  for (const std::string& argument : golden.arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
    if (name == "faults") options.fleet.faults = *sim::Faults::parse(value);
    if (name == "seed") options.fleet.seed = std::stoull(value);
    if (name == "hosts") options.fleet.hosts = value == "yes";
    if (name == "flow") options.plain = value == "plain";
    if (name == "from") options.from = *parse_iso(value);
    if (name == "to") options.to = *parse_iso(value);
    if (name == "file") options.file = value;
    if (name == "logs") options.file.clear(), options.logs = value;
  }
  return options;
}

// What does not depend on the machine, and is not a measure of how fast the detection is.
std::string replay_case(const GoldenCase& golden) {
  const auto report = replay(read_options(golden), [](double, Timestamp) {});
  if (!report) {
    std::string text = render(report.error(), "");
    const std::string folder = TEST_FOLDER "/";
    if (const auto at = text.find(folder); at != std::string::npos) text.erase(at, folder.size());
    return text;
  }
  const sim::Score& score = report->score;
  std::string text = fmt::format(
      "{} deployments: {} missed, {} duplicated, {} previous, {} kind, {} time; snapshot {} at the "
      "end, {:.0f} cell-minutes",
      score.deployments, score.missed, score.duplicated, score.wrong_previous, score.wrong_kind,
      score.wrong_time, score.snapshot_wrong_at_end, report->snapshot_wrong_cell_minutes);
  if (!report->first_failure.empty()) text += "\n" + report->first_failure;
  for (const sim::Finding& finding : score.findings)
    text += fmt::format("\n{} {}", finding.what, finding.text);
  return text;
}

const test::Registration golden{[] {
  test::register_golden("Replay", TEST_FOLDER,
                        [] { return test::Handlers{{"replay", replay_case}}; });
}};

TEST(Sim, InvariantsHold) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const auto report = simulate(seed);
    ASSERT_TRUE(report) << render(report.error(), "");
    EXPECT_FALSE(report->violation) << "seed " << seed << ": " << *report->violation;
    EXPECT_GT(report->polls, 10U);
  }
}

}  // namespace
}  // namespace rollcall::app
