#include "app/flow_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "app/commands/commands.hpp"
#include "app/text_table.hpp"
#include "flow/validate.hpp"

namespace rollcall::app {
namespace {

struct FlowOptions : Asking {
  std::string name;
  std::string file;
  std::string body;
  std::string trigger;
  std::vector<std::string> parameters;  // name=value; the value is JSON, or a text
  std::int64_t run = 0;
  unsigned top = 20;
  bool wait = true;
};

using Action = Result<int> (*)(const FlowOptions&, const Console&, const Clock&);

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("APP0201", fmt::format("{} cannot be read", path));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string number_text(const json::value& value, std::string_view key) {
  const auto* member = find(value, key);
  return member == nullptr || member->is_null() ? std::string() : json::serialize(*member);
}

int print(const FlowOptions& options, const Console& console, const json::value& answer, const std::string& text) {
  console.out(options.json ? json::serialize(answer) + "\n" : text);
  return done;
}

// ---- definitions

Result<int> validate_file(const FlowOptions& options, const Console& console, const Clock&) {
  TRY(const auto text, read_file(options.file));
  TRY(const auto definition, flow::read_definition(text));
  bool good = true;
  json::array all;
  for (const auto& finding : flow::validate(definition)) {
    const bool error = finding.severity == flow::Finding::Severity::error;
    good = good && !error;
    if (!options.json) console.out(to_string(finding) + "\n");
    all.push_back(json::object{{"severity", error ? "error" : "warning"}, {"code", finding.code}, {"path", finding.path}, {"message", finding.message}});
  }
  if (options.json) console.out(json::serialize(json::object{{"valid", good}, {"findings", std::move(all)}}) + "\n");
  else if (good) console.out(fmt::format("{}: {} actions, nothing wrong\n", options.file, definition.actions.size()));
  return good ? done : went_wrong;
}

Result<json::object> parameters_of(const FlowOptions& options) {
  json::object parameters;
  for (const auto& one : options.parameters) {
    const auto equals = one.find('=');
    if (equals == std::string::npos) return fail("APP0202", fmt::format("'{}' is no NAME=VALUE", one));
    const auto value = parse_json(one.substr(equals + 1));
    parameters[one.substr(0, equals)] = value ? *value : json::value(one.substr(equals + 1));
  }
  return parameters;
}

Result<int> import_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto text, read_file(options.file));
  TRY(auto document, parse_json(text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text, 1'000));
  auto name = options.name;
  if (name.empty()) name = std::filesystem::path(options.file).stem().string();
  TRY(auto parameters, parameters_of(options));
  TRY(const auto connection, connect(options.connect, clock, console));
  http::Request request;
  request.method = "PUT";
  request.target = "/api/v1/flows/" + http::encode_percent(name);
  request.headers.add("Content-Type", "application/json");
  json::object body{{"parameters", std::move(parameters)}};
  body.emplace("flow", std::move(document));
  request.body = json::serialize(body);
  TRY(const auto answer, connection->call(std::move(request)));
  std::string lines;
  if (const auto* warnings = find(answer, "warnings"); warnings != nullptr && warnings->is_array()) {
    for (const auto& warning : warnings->get_array()) lines += json::value_to<std::string>(warning) + "\n";
  }
  const auto* changed = find(answer, "changed");
  const bool is_new = changed != nullptr && changed->is_bool() && changed->get_bool();
  lines += fmt::format("{} is at version {}{}\n", name, number_text(answer, "version"), is_new ? "" : "; nothing has changed");
  return print(options, console, answer, lines);
}

Result<int> export_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->get("/api/v1/flows/" + http::encode_percent(options.name)));
  const auto* definition = find(answer, "definition");
  console.out(pretty(definition == nullptr ? json::value() : *definition));
  return done;
}

Result<int> list_flows(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->get("/api/v1/flows"));
  std::vector<std::vector<std::string>> rows{{"flow", "version", "enabled", "next", "deployed by"}};
  const auto* flows = find(answer, "flows");
  for (const auto& flow : flows == nullptr ? json::array() : flows->as_array()) {
    const auto* enabled = find(flow, "enabled");
    rows.push_back({std::string(text_or(flow, "name")), number_text(flow, "version"), enabled != nullptr && enabled->as_bool() ? "yes" : "no",
                    std::string(text_or(flow, "nextFire", "-")), std::string(text_or(flow, "deployedBy"))});
  }
  return print(options, console, answer, text_table(rows));
}

Result<int> set_enabled(const FlowOptions& options, const Console& console, const Clock& clock, bool enabled) {
  TRY(const auto connection, connect(options.connect, clock, console));
  http::Request request;
  request.method = "PATCH";
  request.target = "/api/v1/flows/" + http::encode_percent(options.name);
  request.headers.add("Content-Type", "application/json");
  request.body = json::serialize(json::object{{"enabled", enabled}});
  TRY(const auto answer, connection->call(std::move(request)));
  return print(options, console, answer, fmt::format("{} is {}\n", options.name, enabled ? "enabled" : "disabled"));
}

Result<int> enable_flow(const FlowOptions& options, const Console& console, const Clock& clock) { return set_enabled(options, console, clock, true); }
Result<int> disable_flow(const FlowOptions& options, const Console& console, const Clock& clock) { return set_enabled(options, console, clock, false); }

// ---- runs

std::vector<std::string> run_row(const json::value& run) {
  return {number_text(run, "id"), std::string(text_or(run, "flow")), std::string(text_or(run, "status")), std::string(text_or(run, "startedAt")),
          std::string(text_or(run, "endedAt", "-")), std::string(text_or(run, "message"))};
}

Result<int> list_runs(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->get("/api/v1/runs?flow=" + http::encode_percent(options.name)));
  std::vector<std::vector<std::string>> rows{{"run", "flow", "status", "started", "ended", "why"}};
  const auto* runs = find(answer, "runs");
  for (const auto& run : runs == nullptr ? json::array() : runs->as_array()) {
    if (rows.size() <= options.top) rows.push_back(run_row(run));
  }
  return print(options, console, answer, text_table(rows));
}

std::string action_line(const json::value& action) {
  std::string name(text_or(action, "name"));
  const auto* iterations = find(action, "iterations");
  if (iterations != nullptr && iterations->is_array() && !iterations->get_array().empty()) name += json::serialize(*iterations);
  const auto message = text_or(action, "message");
  return fmt::format("{:<23} {:<10} {}{}{}\n", text_or(action, "endedAt", "-").substr(0, 23), text_or(action, "status"), name,
                     message.empty() ? "" : ": ", message);
}

Result<int> show_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->get(fmt::format("/api/v1/runs/{}/actions?top={}&data={}", options.run, options.top, options.json)));
  const auto* run = find(answer, "run");
  const json::value nothing;
  std::string text = text_table({{"run", "flow", "status", "started", "ended", "why"}, run_row(run == nullptr ? nothing : *run)}) + "\n";
  const auto* actions = find(answer, "actions");
  for (const auto& action : actions == nullptr ? json::array() : actions->as_array()) text += action_line(action);
  const auto* count = find(answer, "count");
  if (count != nullptr && count->is_int64() && count->get_int64() > static_cast<std::int64_t>(options.top)) {
    text += fmt::format("{} actions in all; see more with --top\n", count->get_int64());
  }
  return print(options, console, answer, text);
}

// Asks until the run has ended.
Result<json::value> wait_for(Connection& connection, const std::string& run) {
  for (int wait_ms = 20;; wait_ms = std::min(2 * wait_ms, 1'000)) {
    TRY(auto answer, connection.get("/api/v1/runs/" + run));
    if (!text_or(answer, "endedAt").empty()) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  }
}

Result<int> started(const FlowOptions& options, const Console& console, Connection& connection, const json::value& answer) {
  const auto run = number_text(answer, "run");
  if (!options.wait) return print(options, console, answer, fmt::format("run {} has begun\n", run));
  TRY(const auto ended, wait_for(connection, run));
  const auto status = text_or(ended, "status");
  const auto message = text_or(ended, "message");
  print(options, console, ended, fmt::format("run {} {}{}{}\n", run, status, message.empty() ? "" : ": ", message));
  return status == "Succeeded" ? done : went_wrong;
}

Result<int> run_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto body, parse_json(options.body.empty() ? "null" : options.body));
  TRY(const auto connection, connect(options.connect, clock, console));
  auto target = fmt::format("/api/v1/flows/{}/runs", http::encode_percent(options.name));
  if (!options.trigger.empty()) target += "?trigger=" + http::encode_percent(options.trigger);
  TRY(const auto answer, connection->post(target, body));
  return started(options, console, *connection, answer);
}

Result<int> resubmit_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->post(fmt::format("/api/v1/runs/{}/resubmit", options.run), nullptr));
  return started(options, console, *connection, answer);
}

Result<int> cancel_run(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto answer, connection->post(fmt::format("/api/v1/runs/{}/cancel", options.run), nullptr));
  return print(options, console, answer, fmt::format("run {} is told to stop\n", options.run));
}

// ---- the command line

class Commands {
 public:
  Commands(CLI::App& app, const Console& console, const Clock& clock, int& exit_code) : console_(console), clock_(clock), exit_code_(exit_code) {
    flow_ = app.add_subcommand("flow", "Flows: deploy them, run them, look at their runs");
    flow_->footer("Example: rollcall flow run track-deployments");
    flow_->require_subcommand(1);
  }

  struct Command {
    CLI::App* app;
    std::shared_ptr<FlowOptions> options;
  };
  Command add(const std::string& name, const std::string& what, const std::string& example, Action action, bool asks = true) {
    auto options = std::make_shared<FlowOptions>();
    auto* command = flow_->add_subcommand(name, what);
    command->footer("Example: rollcall flow " + example);
    if (asks) {
      command->add_option("--data", options->connect.data, "The data folder")->capture_default_str();
      command->add_option("--server", options->connect.server, "Ask this server, http://host:port, whatever runs here");
      command->add_option("--token", options->connect.token, "The API token for a server that wants one")->envname("ROLLCALL_TOKEN");
    }
    command->add_flag("--json", options->json, "Answer in JSON, for programs");
    command->callback([this_console = &console_, clock = &clock_, exit_code = &exit_code_, options, action] {
      const auto code = action(*options, *this_console, *clock);
      *exit_code = code ? *code : report(*this_console, code.error());
    });
    return {command, options};
  }
  Command named(const std::string& name, const std::string& what, const std::string& example, Action action) {
    auto command = add(name, what, example, action);
    command.app->add_option("FLOW", command.options->name, "Its name")->required();
    return command;
  }
  Command of_run(const std::string& name, const std::string& what, const std::string& example, Action action) {
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
  const auto check = commands.add("validate", "Says what is wrong with a definition", "validate my-flow.json", validate_file, false);
  check.app->add_option("FILE", check.options->file, "An exported flow or a definition")->required();
  const auto import = commands.add("import", "Deploys a flow from a file", "import my-flow.json --name my-flow", import_flow);
  import.app->add_option("FILE", import.options->file, "An exported flow or a definition")->required();
  import.app->add_option("--name", import.options->name, "Its name; else that of the file");
  import.app->add_option("--parameter", import.options->parameters, "NAME=VALUE, over the definition's default");
  commands.named("export", "Prints a flow's definition", "export track-deployments", export_flow);
  commands.add("list", "The flows that are deployed", "list", list_flows);
  commands.named("enable", "Lets its triggers fire", "enable track-deployments", enable_flow);
  commands.named("disable", "Stops its triggers; runs go on", "disable track-deployments", disable_flow);
  const auto run = commands.named("run", "Fires a trigger by hand, and waits for the run to end", "run my-flow --body '{\"n\": 1}'", run_flow);
  run.app->add_option("--body", run.options->body, "What triggerBody() answers, as JSON");
  run.app->add_option("--trigger", run.options->trigger, "Which trigger, when there are several");
  run.app->add_flag("!--no-wait", run.options->wait, "Do not wait for the end");
  const auto runs = commands.add("runs", "Runs, newest first", "runs --flow track-deployments", list_runs);
  runs.app->add_option("--flow", runs.options->name, "Only of this flow");
  runs.app->add_option("--top", runs.options->top, "How many at most")->capture_default_str();
  const auto show = commands.of_run("show", "Every action of a run", "show 17", show_run);
  show.options->top = 200;
  show.app->add_option("--top", show.options->top, "How many actions at most")->capture_default_str();
  commands.of_run("resubmit", "Runs it again, with the trigger's outputs of then", "resubmit 17", resubmit_run);
  commands.of_run("cancel", "Cancels a run that is under way", "cancel 17", cancel_run);
}

}  // namespace rollcall::app
