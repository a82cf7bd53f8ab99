// A replay's report, for programs and for people.
#include <cmath>

#include "app/replay.hpp"

namespace rollcall::app {
namespace {

constexpr std::size_t findings_shown = 20;

// To a tenth; whole ones as integers.
json::value rounded(double value) {
  const double tenths = std::round(value * 10);
  if (std::fmod(tenths, 10) == 0) return static_cast<std::int64_t>(tenths / 10);
  return tenths / 10;
}

std::string count(std::uint64_t value, std::string_view what) {
  return fmt::format("  {:>9}  {}\n", value, what);
}

}  // namespace

json::object to_json(const ReplayReport& report) {
  const sim::Score& score = report.score;
  json::array findings;
  for (const sim::Finding& finding : score.findings) {
    findings.push_back(json::object{
        {"what", finding.what}, {"undecidable", finding.undecidable}, {"text", finding.text}});
  }
  return {
      {"deployments", score.deployments},
      {"missed", score.missed},
      {"duplicated", score.duplicated},
      {"wrong_previous", score.wrong_previous},
      {"wrong_kind", score.wrong_kind},
      {"wrong_time", score.wrong_time},
      {"unobservable", score.unobservable},
      {"untold", score.untold},
      {"undecidable", score.undecidable},
      {"snapshot_wrong_at_end", score.snapshot_wrong_at_end},
      {"snapshot_wrong_cell_minutes", rounded(report.snapshot_wrong_cell_minutes)},
      {"delay_p50_s", rounded(score.delay_p50_s)},
      {"delay_p99_s", rounded(score.delay_p99_s)},
      {"polls", report.polls},
      {"log_rows", report.log_rows},
      {"wall_s", rounded(report.wall_s)},
      {"failed_polls", report.failed_polls},
      {"crashes", report.crashes},
      {"judged", report.judged},
      {"findings", std::move(findings)},
  };
}

std::string to_text(const ReplayReport& report, const ReplayOptions& options) {
  const sim::Score& score = report.score;
  std::string text = fmt::format("{} to {} (virtual), {} cells, {} polls, {} log lines, {:.1f} s\n",
                                 format_iso_seconds(report.begin), format_iso_seconds(report.end),
                                 report.cells, report.polls, report.log_rows, report.wall_s);
  if (report.crashes > 0) text += fmt::format("killed and restarted {} times\n", report.crashes);
  if (report.failed_polls > 0) text += fmt::format("{} polls failed\n", report.failed_polls);
  if (!report.first_failure.empty())
    text += fmt::format("the first failure nobody had injected: {}\n", report.first_failure);
  if (!report.judged) {
    return text + fmt::format(
                      "{} deployments recorded; without a file of deployments there is nothing to "
                      "judge by\n",
                      score.deployments);
  }
  text += fmt::format("faults: {}; hosts: {}; seed {}\n\n", options.fleet.faults.to_string(),
                      options.fleet.hosts ? "named" : "not named", options.fleet.seed);
  text += count(score.deployments, "deployments happened");
  text += count(score.missed, "missed");
  text += count(score.duplicated, "recorded twice, or never happened");
  text += count(score.wrong_previous, "with a wrong previous version");
  text += count(score.wrong_kind, "of a wrong kind");
  text += count(score.wrong_time, "with a wrong time");
  text += count(score.undecidable, "of these errors have a neighbour too close to be told apart");
  text += count(score.unobservable, "could not be observed: no line of them was delivered");
  text += count(score.untold, "not recorded, for too few of their lines were delivered to tell");
  text += count(score.snapshot_wrong_at_end, "snapshot rows wrong at the end");
  text += fmt::format("  {:>9.0f}  cell-minutes of a wrong snapshot\n",
                      report.snapshot_wrong_cell_minutes);
  text += fmt::format("\nfrom completion to record: {:.0f} s (median), {:.0f} s (p99)\n",
                      score.delay_p50_s, score.delay_p99_s);
  if (score.findings.empty()) return text;
  text += '\n';
  for (std::size_t i = 0; i < score.findings.size() && i < findings_shown; ++i) {
    const sim::Finding& finding = score.findings[i];
    text += fmt::format("{}{}: {}\n", finding.what, finding.undecidable ? " (undecidable)" : "",
                        finding.text);
  }
  if (score.findings.size() > findings_shown) {
    text +=
        fmt::format("and {} more; --json names them all\n", score.findings.size() - findings_shown);
  }
  return text;
}

}  // namespace rollcall::app
