#include "app/replay_command.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>

#include "app/fleet_lines.hpp"
#include "app/replay.hpp"
#include "app/replay_progress.hpp"
#include "app/replay_sim.hpp"
#include "base/text.hpp"
#include "flow/simulation.hpp"

namespace rollcall::app {
namespace {

const Timestamp first_day = *parse_iso("2026-01-05T00:00Z");  // of a random fleet

int complain(const Error& error) {
  fmt::print(stderr, "rollcall: {}\n", render(error, ""));
  return 1;
}

struct ReplayArguments {
  ReplayOptions options;
  std::string from, to, faults = "none", flow;
  double heartbeat_s = 60, rollout_minutes = 5;
  bool no_hosts = false, json = false;
};

Result<ReplayOptions> read_options(const ReplayArguments& arguments) {
  ReplayOptions options = arguments.options;
  if (options.file.empty() && options.logs.empty()) {
    return fail("REPLAY0106", "give a file of deployments, or --logs with a file of log lines");
  }
  for (const auto& [text, time] :
       {std::pair{&arguments.from, &options.from}, {&arguments.to, &options.to}}) {
    if (text->empty()) continue;
    const auto parsed = parse_iso(*text);
    if (!parsed)
      return fail("REPLAY0106",
                  fmt::format("'{}' is no time such as 2022-01-31 or 2022-01-31T10:00Z", *text));
    *time = *parsed;
  }
  TRY(options.fleet.faults, sim::Faults::parse(arguments.faults));
  options.fleet.heartbeat =
      Timespan{static_cast<std::int64_t>(arguments.heartbeat_s * ticks_per_second)};
  options.fleet.rollout =
      Timespan{static_cast<std::int64_t>(arguments.rollout_minutes * ticks_per_minute)};
  options.fleet.hosts = !arguments.no_hosts;
  options.plain = arguments.flow == "plain";
  return options;
}

int run_replay(const ReplayArguments& arguments) {
  const auto options = read_options(arguments);
  if (!options) return complain(options.error());
  std::optional<ProgressBar> bar(std::in_place, "replay", can_show_progress());
  const auto report = replay(
      *options, [&](double done, Timestamp now) { bar->update(done, format_iso_seconds(now)); });
  bar.reset();
  if (!report) return complain(report.error());
  if (arguments.json)
    fmt::print("{}\n", json::serialize(to_json(*report)));
  else
    fmt::print("{}", to_text(*report, *options));
  return report->perfect() ? 0 : 1;
}

// `7`, or `1..500`.
Result<std::pair<std::uint64_t, std::uint64_t>> read_seeds(std::string_view text) {
  const auto number = [&](std::string_view part) -> Result<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error == std::errc() && end == part.data() + part.size()) return value;
    return fail("SIM0202", fmt::format("'{}' is neither a seed nor a range such as 1..500", text));
  };
  const std::size_t dots = text.find("..");
  TRY(const std::uint64_t first, number(text.substr(0, dots)));
  if (dots == std::string_view::npos) return std::pair(first, first);
  TRY(const std::uint64_t last, number(text.substr(dots + 2)));
  return std::pair(first, last);
}

// What the seed's stories of fleets and of flows violate; nullopt: nothing.
std::optional<std::string> violation_of(std::uint64_t seed, const std::string& only) {
  if (only != "flows") {
    const auto report = simulate(seed);
    if (!report) return render(report.error(), "");
    if (report->violation) return report->violation;
  }
  if (only == "fleets") return std::nullopt;
  const auto flows = flow::simulate_flows(seed);
  return flows ? flows->violation : std::optional(render(flows.error(), ""));
}

int run_sim(const std::string& seeds, const std::string& only) {
  const auto range = read_seeds(seeds);
  if (!range) return complain(range.error());
  const auto [first, last] = *range;
  std::optional<ProgressBar> bar(std::in_place, "sim", can_show_progress());
  std::uint64_t count = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed, ++count) {
    bar->update(static_cast<double>(count) / static_cast<double>(last - first + 1),
                fmt::format("seed {}", seed));
    const auto violation = violation_of(seed, only);
    if (!violation) continue;
    bar.reset();
    fmt::print("seed {}: {}\n", seed, *violation);
    return 1;
  }
  bar.reset();
  fmt::print("{} seeds, 0 violations\n", count);
  return 0;
}

void add_replay(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand("replay",
                                         "Plays real deployments, or real logs, through the real "
                                         "flow on a virtual clock, and judge what it recorded");
  ReplayOptions& options = arguments->options;
  command->add_option(
      "file", options.file,
      "deployments: CSV of time,environment,role,region,version (.gz and .zst too)");
  command->add_option(
      "--logs", options.logs,
      "log lines made elsewhere, in order of arrival: NDJSON, columns of OTelLogs and Arrival");
  command->add_option("--export", options.export_to, "folder for both lists as CSV");
  command->add_option("--from", arguments->from, "first time of the deployments that are played");
  command->add_option("--to", arguments->to, "the time behind the last");
  command->add_option("--instances", options.fleet.instances, "instances in each cell")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      ->add_option("--heartbeat", arguments->heartbeat_s,
                   "seconds between two lines of an instance")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  command
      ->add_option("--rollout", arguments->rollout_minutes,
                   "minutes from a deployment's first instance to its last")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  command
      ->add_option("--faults", arguments->faults,
                   "none, all, or some of "
                   "late,skew,duplicates,loss,silence,warehouse,tracker,crash,old-image")
      ->capture_default_str();
  command->add_option("--seed", options.fleet.seed, "of all that is random")->capture_default_str();
  command->add_option("--flow", arguments->flow, "plain: the plain flow")
      ->check(CLI::IsMember({"plain"}));
  command->add_flag("--no-hosts", arguments->no_hosts, "instances without stable host names");
  command->add_flag("--json", arguments->json, "one object, for programs");
  command->footer(
      "Example: rollcall replay deployments.csv.gz --from 2022-01-01 --to 2022-04-01 --faults all");
  command->callback([arguments, &exit_code] { exit_code = run_replay(*arguments); });
}

struct FleetArguments {
  std::uint64_t seed = 1;
  double length_h = 3;
  unsigned instances = 0;
  std::string faults, truth, cells;
};

int run_sim_fleet(const FleetArguments& arguments) {
  auto fleet =
      sim::random_fleet(arguments.seed, first_day,
                        Timespan{static_cast<std::int64_t>(arguments.length_h * ticks_per_hour)},
                        arguments.cells == "any" ? sim::Cells::any : sim::Cells::plain);
  if (arguments.instances > 0) fleet.options.instances = arguments.instances;
  if (!arguments.faults.empty()) {
    const auto faults = sim::Faults::parse(arguments.faults);
    if (!faults) return complain(faults.error());
    fleet.options.faults = *faults;
  }
  const auto written =
      write_fleet(std::move(fleet), first_day + minutes(30), stdout, arguments.truth);
  return written ? 0 : complain(written.error());
}

void add_sim_fleet(CLI::App& sim, int& exit_code) {
  auto arguments = std::make_shared<FleetArguments>();
  CLI::App* command = sim.add_subcommand(
      "fleet",
      "The log lines of a random fleet, as NDJSON in order of arrival, and what is true of it");
  command->add_option("--seed", arguments->seed, "of all that is random")->capture_default_str();
  command
      ->add_option("--cells", arguments->cells,
                   "any: blue/green, canary and sparse cells too, with requests [plain]")
      ->check(CLI::IsMember({"plain", "any"}));
  command->add_option("--hours", arguments->length_h, "how long it lives")
      ->check(CLI::Range(1.0, 720.0))
      ->capture_default_str();
  command
      ->add_option("--instances", arguments->instances,
                   "in each cell, instead of what the seed says")
      ->check(CLI::Range(1, 64));
  command->add_option("--faults", arguments->faults,
                      "none, all, or some as of rollcall replay, instead of what the seed says");
  command->add_option("--truth", arguments->truth, "file for its deployments, as CSV");
  command->footer(
      "Example: rollcall sim fleet --seed 7 --truth truth.csv > lines.ndjson; rollcall replay "
      "--logs "
      "lines.ndjson");
  command->callback([arguments, &exit_code] { exit_code = run_sim_fleet(*arguments); });
}

void add_sim(CLI::App& app, int& exit_code) {
  auto seeds = std::make_shared<std::string>("1");
  auto only = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("sim",
                                         "Small random fleets and flows with random faults through "
                                         "the whole product, watching its invariants");
  command->add_option("--only", *only, "fleets or flows alone")
      ->check(CLI::IsMember({"fleets", "flows"}));
  command->add_option("--seed,--seeds", *seeds, "one, or a range: 1..500")->capture_default_str();
  command->footer("Example: rollcall sim --seeds 1..100");
  command->callback([command, seeds, only, &exit_code] {
    if (command->get_subcommands().empty()) exit_code = run_sim(*seeds, *only);
  });
  add_sim_fleet(*command, exit_code);
}

}  // namespace

void add_replay_commands(CLI::App& app, int& exit_code) {
  add_replay(app, exit_code);
  add_sim(app, exit_code);
}

}  // namespace rollcall::app
