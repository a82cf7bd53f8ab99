// Text cases: what a timeline becomes (truth), what its fleet logs (play), how records are judged (judge).
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sim/player.hpp"
#include "sim/score.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::sim {
namespace {

using test::GoldenCase;

// `instances=3 faults=late seed=2 from=…` after the directive.
struct Setting {
  FleetOptions options;
  Timestamp from{0};
  Timestamp to = timestamp_max;
  std::string error;
};

Setting read_setting(const GoldenCase& golden) {
  Setting setting;
  for (const std::string& argument : golden.arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
    if (name == "instances") setting.options.instances = static_cast<unsigned>(std::stoul(value));
    if (name == "rollout") setting.options.rollout = seconds(std::stol(value));
    if (name == "seed") setting.options.seed = std::stoull(value);
    if (name == "hosts") setting.options.hosts = value == "yes";
    if (name == "from") setting.from = *parse_iso(value);
    if (name == "to") setting.to = *parse_iso(value);
    if (name == "faults") {
      auto faults = Faults::parse(value);
      if (faults)
        setting.options.faults = *faults;
      else
        setting.error = render(faults.error(), "");
    }
  }
  return setting;
}

// Lines `10:00:00 a B`: time of 2026-01-01, region, version; a `day` before the time counts from the 1st.
Timestamp clock_time(std::string_view text) {
  return *parse_iso((text.size() > 8 ? std::string("2026-01-") : std::string("2026-01-01T")) +
                    std::string(text));
}

Result<Timeline> read_timeline(std::string_view body) {
  TimelineReader reader;
  TRY_DO(reader.feed("time,environment,role,region,version,change\n"));
  for (const std::string_view line : split(body, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 3) continue;
    TRY_DO(reader.feed(fmt::format("{},prod,web,{},{},x\n", format_iso(clock_time(words[0])),
                                   words[1], words[2])));
  }
  return reader.finish();
}

std::string hms(Timestamp time) { return format_iso_seconds(time).substr(8, 11); }

std::string show_truth(const Truth& truth) {
  std::vector<std::vector<std::string>> table{
      {"region", "version", "previous", "kind", "start", "completion"}};
  for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
    for (const Episode& episode : truth.episodes[cell]) {
      table.push_back({truth.cells[cell].region, truth.versions[episode.version],
                       episode.previous ? truth.versions[*episode.previous] : "-",
                       std::string(to_string(episode.kind)), hms(episode.start),
                       hms(episode.completion)});
    }
  }
  return test::align(table);
}

std::string truth_case(const GoldenCase& golden) {
  const Setting setting = read_setting(golden);
  const auto timeline = read_timeline(golden.body);
  if (!timeline) return render(timeline.error(), "");
  return show_truth(
      Player(setting.options, timeline->slice(setting.from, setting.to), setting.from).truth());
}

// Only the lines between `since` and `until`.
std::string play_case(const GoldenCase& golden) {
  const Setting setting = read_setting(golden);
  if (!setting.error.empty()) return setting.error;
  Timestamp since{0}, until = timestamp_max;
  for (const std::string& argument : golden.arguments) {
    if (argument.starts_with("since=")) since = clock_time(argument.substr(6));
    if (argument.starts_with("until=")) until = clock_time(argument.substr(6));
  }
  Player player(setting.options, read_timeline(golden.body)->slice(setting.from, setting.to),
                setting.from);
  std::vector<std::vector<std::string>> table{{"arrival", "timestamp", "host", "version", "line"}};
  std::uint64_t lines = 0;
  while (const auto line = player.next()) {
    ++lines;
    if (line->timestamp < since || line->timestamp >= until) continue;
    table.push_back(
        {hms(line->arrival), hms(line->timestamp), std::string(player.host_name(line->host)),
         player.truth().versions[line->version], line->started ? "started" : "heartbeat"});
  }
  return test::align(table) + fmt::format("{} lines", lines);
}

// As if none of its lines had been delivered.
void silence(Truth& truth, std::string_view version) {
  for (auto& cell : truth.episodes) {
    for (Episode& episode : cell) {
      if (truth.versions[episode.version] == version) episode.lines = 0;
    }
  }
}

// As if of the first cell's deployment N only lines from some places had been delivered: `N:0,2`.
void hear_only(Truth& truth, std::string_view what) {
  const std::size_t colon = what.find(':');
  Episode& episode = truth.episodes.at(0).at(std::stoul(std::string(what.substr(0, colon))));
  episode.slots_heard = 0;
  for (const std::string_view place : split(what.substr(colon + 1), ','))
    episode.slots_heard |= std::uint64_t{1} << std::stoul(std::string(place));
}

// As if nothing of the first cell's first deployment had been heard before: `09:58:00`.
void hear_since(Truth& truth, std::string_view time) {
  Episode& episode = truth.episodes.at(0).at(0);
  episode.first_heard = std::max(episode.first_heard, clock_time(time));
}

// The timeline, a line `records`, then `10:00:00 a B previous kind [completed]` in the cell's sequence.
std::string judge_case(const GoldenCase& golden) {
  const Setting setting = read_setting(golden);
  const std::size_t middle = golden.body.find("records\n");
  Player player(setting.options,
                read_timeline(golden.body.substr(0, middle))->slice(setting.from, setting.to),
                setting.from);
  while (player.next()) {
  }
  Truth truth = player.truth();
  for (const std::string& argument : golden.arguments) {
    if (argument.starts_with("unheard=")) silence(truth, argument.substr(8));
    if (argument.starts_with("heard=")) hear_only(truth, argument.substr(6));
    if (argument.starts_with("heard-since=")) hear_since(truth, argument.substr(12));
  }
  std::vector<Record> records;
  std::map<std::string, SnapshotRow> snapshot;
  for (const std::string_view line :
       split(std::string_view(golden.body).substr(middle + 8), '\n')) {
    const auto words = split(line, ' ');
    if (words.size() < 5) continue;
    Record record;
    record.cell = {"prod", "web", std::string(words[1])};
    record.version = words[2];
    record.previous = words[3] == "-" ? "" : words[3];
    record.kind = words[4];
    record.sequence = static_cast<std::int64_t>(records.size());
    record.started = clock_time(words[0]);
    if (words.size() > 5) record.completed = clock_time(words[5]);
    record.detected = record.started + minutes(10);
    snapshot[record.cell.region] = {record.cell, record.version, record.previous};
    records.push_back(record);
  }
  std::vector<SnapshotRow> rows;
  for (auto& [region, row] : snapshot) rows.push_back(row);
  ScoreOptions options;
  if (setting.options.faults.has(Fault::skew)) options.skew = skew_bound;
  const Score score = judge(truth, records, rows, options);
  std::string text = fmt::format(
      "{} deployments: {} missed, {} duplicated, {} previous, {} kind, {} time; {} undecidable, {} "
      "unobservable, "
      "snapshot {}; delay {:.0f} s",
      score.deployments, score.missed, score.duplicated, score.wrong_previous, score.wrong_kind,
      score.wrong_time, score.undecidable, score.unobservable, score.snapshot_wrong_at_end,
      score.delay_p50_s);
  for (const Finding& finding : score.findings) {
    text += fmt::format("\n{}{} {}", finding.what, finding.undecidable ? " (undecidable)" : "",
                        finding.text);
  }
  return text;
}

const test::Registration golden{[] {
  test::register_golden("Sim", TEST_FOLDER, [] {
    return test::Handlers{{"truth", truth_case}, {"play", play_case}, {"judge", judge_case}};
  });
}};

}  // namespace
}  // namespace rollcall::sim
