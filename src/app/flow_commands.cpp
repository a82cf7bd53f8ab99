#include "app/flow_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands/flow.hpp"
#include "app/text_table.hpp"

namespace rollcall::app {
namespace {

using Action = Result<int> (*)(const FlowOptions&, const Console&, const Clock&);

Result<int> list_flows(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->get("/api/v1/flows"));
  std::vector<std::vector<std::string>> rows{{"flow", "version", "enabled", "next", "deployed by"}};
  const auto* flows = find(answer, "flows");
  for (const auto& flow : flows == nullptr ? json::array() : flows->as_array()) {
    const auto* enabled = find(flow, "enabled");
    rows.push_back({std::string(text_or(flow, "name")), number_text(flow, "version"),
                    enabled != nullptr && enabled->as_bool() ? "yes" : "no",
                    std::string(text_or(flow, "nextFire", "-")),
                    std::string(text_or(flow, "deployedBy"))});
  }
  return print(options, console, answer, text_table(rows));
}

Result<int> set_enabled(const FlowOptions& options, const Console& console, const Clock& clock,
                        bool enabled) {
  TRY(const auto connection, connect(options.connect, clock, console));
  http::Request request;
  request.method = "PATCH";
  request.target = "/api/v1/flows/" + http::encode_percent(options.name);
  request.headers.add("Content-Type", "application/json");
  request.body = json::serialize(json::object{{"enabled", enabled}});
  TRY(const auto answer, connection->call(std::move(request)));
  return print(options, console, answer,
               fmt::format("{} is {}\n", options.name, enabled ? "enabled" : "disabled"));
}

Result<int> enable_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  return set_enabled(options, console, clock, true);
}
Result<int> disable_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  return set_enabled(options, console, clock, false);
}

// ---- the command line

class Commands {
 public:
  Commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code)
      : console_(console), clock_(clock), exit_code_(exit_code) {
    flow_ = app.add_subcommand("flow", "Flows: deploy them, run them, look at their runs");
    flow_->footer("Example: rollcall flow run track-deployments");
    flow_->require_subcommand(1);
  }

  struct Command {
    CLI::App* app;
    std::shared_ptr<FlowOptions> options;
  };
  Command add(const std::string& name, const std::string& what, const std::string& example,
              Action action, bool asks = true) {
    auto options = std::make_shared<FlowOptions>();
    auto* command = flow_->add_subcommand(name, what);
    command->footer("Example: rollcall flow " + example);
    if (asks) {
      command->add_option("--data", options->connect.data, "The data folder")
          ->capture_default_str();
      command->add_option("--server", options->connect.server,
                          "Ask this server, http://host:port, whatever runs here");
      command
          ->add_option("--token", options->connect.token,
                       "The API token for a server that wants one")
          ->envname("ROLLCALL_TOKEN");
    }
    command->add_flag("--json", options->json, "Answer in JSON, for programs");
    command->callback(
        [this_console = &console_, clock = &clock_, exit_code = &exit_code_, options, action] {
          const auto code = action(*options, *this_console, *clock);
          *exit_code = code ? *code : report(*this_console, code.error());
        });
    return {command, options};
  }
  Command named(const std::string& name, const std::string& what, const std::string& example,
                Action action) {
    auto command = add(name, what, example, action);
    command.app->add_option("FLOW", command.options->name, "Its name")->required();
    return command;
  }
  Command of_run(const std::string& name, const std::string& what, const std::string& example,
                 Action action) {
    auto command = add(name, what, example, action);
    command.app->add_option("RUN", command.options->run, "Its number")->required();
    return command;
  }

 private:
  const Console& console_;
  const Clock& clock_;
  int& exit_code_;
  CLI::App* flow_;
};

}  // namespace

void add_flow_commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code) {
  Commands commands(app, console, clock, exit_code);
  const auto check = commands.add("validate", "Says all that is wrong with a definition",
                                  "validate my-flow.json", validate_flow, false);
  check.app
      ->add_option("FILE", check.options->file,
                   "An exported flow, an ARM template, a solution's .zip, or a definition")
      ->required();
  check.app->add_option("--parameter", check.options->parameters, "NAME=VALUE, of an ARM template");
  const auto diff = commands.add("diff", "What differs between two definitions, by meaning",
                                 "diff old.json new.json", diff_flows, false);
  diff.app->add_option("OLD", diff.options->file, "A definition")->required();
  diff.app->add_option("NEW", diff.options->other, "Another")->required();
  const auto test =
      commands.add("test", "Tries a flow against scripted connectors, and compares its history",
                   "test my-flow.test", test_flow, false);
  test.app->add_option("FILE", test.options->file, "The cases (docs/flows.md)")->required();
  test.app->add_flag("--update", test.options->update,
                     "Write what was got in place of what was expected");
  const auto import =
      commands.add("import", "Deploys flows from a file",
                   "import my-flow.zip --connection shared_office365=shared_smtp", import_flow);
  import.app
      ->add_option("FILE", import.options->file,
                   "An exported flow, an ARM template, a solution's .zip, or a definition")
      ->required();
  import.app->add_option("--name", import.options->name, "Its name; else that of the file");
  import.app->add_option("--parameter", import.options->parameters,
                         "NAME=VALUE, over the definition's default");
  import.app->add_option("--connection", import.options->connections,
                         "NAME=CONNECTOR: the connector that is behind a connection here");
  import.app->add_option("--mapping", import.options->mapping,
                         "A JSON file: {\"connections\": {…}, \"parameters\": {…}}");
  import.app->add_option("--keep-days", import.options->keep_days,
                         "How long its ended runs are kept");
  import.app->add_option("--keep-runs", import.options->keep_runs,
                         "How many of its ended runs are kept");
  import.app->add_flag("--disabled", import.options->disabled, "Its triggers do not fire yet");
  commands.named("export", "Prints a flow's definition, to the byte as it was imported",
                 "export track-deployments", export_flow);
  const auto url =
      commands.named("url", "The signed address that starts it", "url my-flow", flow_url);
  url.app->add_option("--trigger", url.options->trigger, "Which trigger, when there are several");
  commands.add("list", "The flows that are deployed", "list", list_flows);
  commands.named("enable", "Lets its triggers fire", "enable track-deployments", enable_flow);
  commands.named("disable", "Stops its triggers; runs go on", "disable track-deployments",
                 disable_flow);
  const auto run = commands.named("run", "Fires a trigger by hand, and waits for the run to end",
                                  "run my-flow --body '{\"n\": 1}'", run_flow);
  run.app->add_option("--body", run.options->body, "What triggerBody() answers, as JSON");
  run.app->add_option("--trigger", run.options->trigger, "Which trigger, when there are several");
  run.app->add_flag("!--no-wait", run.options->wait, "Do not wait for the end");
  const auto runs = commands.add("runs", "Runs, newest first",
                                 "runs --flow track-deployments --status Failed", list_runs);
  runs.app->add_option("--flow", runs.options->name, "Only of this flow");
  runs.app->add_option("--status", runs.options->status,
                       "Only with this status: Failed, Running, …");
  runs.app->add_option("--from", runs.options->from, "Only those that began then or later");
  runs.app->add_option("--to", runs.options->to, "Only those that began before then");
  runs.app->add_option("--trigger", runs.options->trigger, "Only those that this trigger started");
  runs.app->add_option("--text", runs.options->text,
                       "Only with this text in their error, tracking id or principal");
  runs.app->add_option("--top", runs.options->top, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  const auto show = commands.of_run("show", "Every action of a run, as a tree",
                                    "show 17 --inputs-outputs", show_run);
  show.options->top = 200;
  show.app->add_option("--top", show.options->top, "How many actions at most")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000));
  show.app->add_flag("--inputs-outputs", show.options->data, "With inputs and outputs");
  const auto resubmit = commands.of_run(
      "resubmit", "Runs it again, with the trigger's outputs of then", "resubmit 17", resubmit_run);
  resubmit.app->add_flag("!--no-wait", resubmit.options->wait, "Do not wait for the end");
  const auto resume =
      commands.of_run("resume", "A new run that takes over what this one did, up to an action",
                      "resume 17 --from Send_mail", resume_run);
  resume.app->add_option("--from", resume.options->from, "The action that begins anew")->required();
  resume.app->add_flag("!--no-wait", resume.options->wait, "Do not wait for the end");
  commands.of_run("cancel", "Cancels a run that is under way", "cancel 17", cancel_run);
}

}  // namespace rollcall::app
