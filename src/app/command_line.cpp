#include "app/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "app/commands/commands.hpp"
#include "app/commands/list.hpp"
#include "app/connection_commands.hpp"
#include "app/flow_commands.hpp"
#include "app/replay_command.hpp"
#include "base/text.hpp"

namespace rollcall::app {
namespace {

struct Context {
  CLI::App& app;
  const Console& console;
  const Clock& clock;
  int& exit_code;
};

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what,
                      const std::string& example) {
  auto* command = app.add_subcommand(name, what);
  command->footer("Example: " + example);
  return command;
}

void add_asking(CLI::App& command, Asking& options) {
  command.add_option("--data", options.connect.data, "The data folder")->capture_default_str();
  command.add_option("--server", options.connect.server,
                     "Ask this server, http://host:port, whatever runs here");
  command.add_option("--token", options.connect.token, "The API token for a server that wants one")
      ->envname("ROLLCALL_TOKEN");
  command.add_flag("--json", options.json, "Answer in JSON, for programs");
}

// The options live as long as the command line is being carried out.
template <class Options>
void carry_out(const Context& context, CLI::App& command, std::shared_ptr<Options> options,
               int (*action)(const Options&, const Console&, const Clock&)) {
  command.callback([context, options, action] {
    context.exit_code = action(*options, context.console, context.clock);
  });
}

void add_serve(const Context& context) {
  struct Options {
    std::string config, data, address, durability;
    int port = -1;
  };
  auto options = std::make_shared<Options>();
  auto* command = add_command(context.app, "serve", "Runs the server",
                              "rollcall serve --data /var/lib/rollcall --port 8080");
  command->add_option(
      "--config", options->config,
      "A TOML file: data, database, address, port, otlp_port, durability, ingest_folder, "
      "export_folder, regions, "
      "[cells], [retention], [warehouse], [heartbeat], [flows], [kusto], [webhooks], [[sources]], "
      "[connectors.…], "
      "[connections.…]");
  command->add_option("--data", options->data, "The data folder [rollcall-data]");
  command->add_option("--address", options->address,
                      "The address to listen on [127.0.0.1]; others need a token");
  command->add_option("--port", options->port, "The port [8080]; 0 takes a free one")
      ->check(CLI::Range(0, 65535));
  command
      ->add_option("--durability", options->durability,
                   "power: an answer survives a power cut; process: it survives kill -9")
      ->check(CLI::IsMember({"power", "process"}));
  command->callback([context, options] {
    Configuration configuration;
    if (!options->config.empty()) {
      auto read = read_configuration(options->config);
      if (!read) {
        context.exit_code = report(context.console, read.error());
        return;
      }
      configuration = *std::move(read);
    }
    if (!options->data.empty()) configuration.data = options->data;
    if (!options->address.empty()) configuration.address = options->address;
    if (options->port >= 0) configuration.port = static_cast<std::uint16_t>(options->port);
    if (!options->durability.empty()) {
      configuration.durability =
          options->durability == "power" ? Durability::power : Durability::process;
    }
    context.exit_code = serve(configuration, context.console, context.clock);
  });
}

void add_doctor(const Context& context) {
  struct Options {
    std::string config;
    bool install = false;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      add_command(context.app, "doctor", "Whether the warehouse has what the flows ask for",
                  "rollcall doctor --config rollcall.toml --install-functions");
  command->add_option("--config", options->config, "The TOML file of `rollcall serve`");
  command->add_flag("--install-functions", options->install,
                    "Give a Kusto cluster the views and functions that it lacks");
  command->callback([context, options] {
    auto configuration = options->config.empty() ? Result<Configuration>(Configuration{})
                                                 : read_configuration(options->config);
    context.exit_code =
        configuration ? doctor(*configuration, options->install, context.console, context.clock)
                      : report(context.console, configuration.error());
  });
}

void add_demo(const Context& context) {
  auto options = std::make_shared<DemoOptions>();
  auto* command = add_command(context.app, "demo",
                              "A simulated fleet with a rollout and an incident, and the portal",
                              "rollcall demo");
  command->add_option("--data", options->data, "Keep the data here; else it is gone at the end");
  command->add_option("--port", options->port, "The port; 0 takes a free one")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Another fleet")->capture_default_str();
  carry_out(context, *command, options, demo);
}

void add_status(const Context& context) {
  auto options = std::make_shared<StatusOptions>();
  auto* command = add_command(context.app, "status", "What runs where: the matrix of versions",
                              "rollcall status --environment production");
  command->add_option("--environment", options->environment, "Only this environment");
  command->add_option("--role", options->role, "Only this role");
  add_asking(*command, *options);
  carry_out(context, *command, options, status);
}

void add_history(const Context& context) {
  auto options = std::make_shared<HistoryOptions>();
  auto* command = add_command(context.app, "history", "Deployments, newest first",
                              "rollcall history --role portal --region westeurope --top 5");
  command->add_option("--environment", options->environment, "Only this environment");
  command->add_option("--role", options->role, "Only this role");
  command->add_option("--region", options->region, "Only this region");
  command->add_option("--version", options->version, "Only deployments of this version");
  command->add_option("--top", options->top, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 5000));
  add_asking(*command, *options);
  carry_out(context, *command, options, history);
}

void add_query(const Context& context) {
  auto options = std::make_shared<QueryCommandOptions>();
  auto* command = add_command(context.app, "query", "Asks the logs in KQL",
                              "rollcall query 'OTelLogs | summarize count() by Region, Version'");
  command->add_option("KQL", options->text, "The query, or a command such as .show tables")
      ->required();
  command->add_flag("--format", options->format,
                    "Print the query laid out in lines, and do not ask it");
  add_asking(*command, *options);
  carry_out(context, *command, options, query);
}

void add_ingest(const Context& context) {
  auto options = std::make_shared<IngestOptions>();
  auto* command =
      add_command(context.app, "ingest", "Takes a file of logs: NDJSON or CSV, also .gz and .zst",
                  "rollcall ingest logs.ndjson.gz");
  command->add_option("FILE", options->file, "The file")->required();
  command->add_option("--table", options->table, "The table")->capture_default_str();
  command->add_option("--format", options->format, "When the file's name does not say it")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  add_asking(*command, *options);
  carry_out(context, *command, options, ingest);
}

void add_backfill(const Context& context) {
  auto options = std::make_shared<BackfillOptions>();
  auto* command = add_command(
      context.app, "backfill", "Reads what was deployed out of a GitOps repository's history",
      "rollcall backfill --git ~/gitops --path 'charts/image-tags/{environment}/{role}'");
  command->add_option("--git", options->git, "The repository's folder")->required();
  command
      ->add_option(
          "--path", options->paths,
          "Paths of version files, with {environment}, {role}, {region} and *; may be repeated")
      ->required();
  command->add_option(
      "--value", options->values,
      "Where inside JSON or YAML a version stands, such as {role}.image.tag; may be repeated");
  command->add_option("--environment", options->environment, "When neither path nor file says it");
  command->add_option("--role", options->role, "When neither path nor file says it");
  command->add_option("--region", options->region, "When neither path nor file says it");
  command->add_option("--branch", options->branch, "The branch")->capture_default_str();
  command->add_option("--after", options->after,
                      "Only commits behind this one [the last that is known]");
  command->add_option("--name", options->name,
                      "The repository's name in the declarations [the folder's]");
  command->add_flag("--all", options->all, "From the first commit on, whatever is known");
  command->add_flag("--dry-run", options->dry_run, "Show what would be declared");
  add_asking(*command, *options);
  carry_out(context, *command, options, backfill);
}

void add_deployments(const Context& context) {
  auto* group = add_command(
      context.app, "deployments", "Deployments as pipelines and people declare them",
      "rollcall deployments declare --environment production --role portal --version 1.4.2");
  group->require_subcommand(1);
  auto options = std::make_shared<DeclareOptions>();
  auto* declare = add_command(
      *group, "declare", "Says that something was deployed, rolled back, removed or configured",
      "rollcall deployments declare --environment production --role portal --region westeurope "
      "--version 1.4.2 --change $GIT_COMMIT");
  declare->add_option("--environment", options->environment, "Where")->required();
  declare->add_option("--role", options->role, "What")->required();
  declare->add_option("--region", options->region, "Where in it; absent: everywhere");
  declare->add_option("--version", options->version,
                      "What is to run; of configuration and flags the new value");
  declare->add_option("--kind", options->kind, "What was done [deployment]")
      ->check(CLI::IsMember({"deployment", "rollback", "removal", "configuration", "flag"}));
  declare->add_option("--status", options->status, "How far it is [succeeded]")
      ->check(CLI::IsMember({"pending", "in_progress", "succeeded", "failed", "inactive"}));
  declare->add_option("--at", options->at, "When it began [now]");
  declare->add_option("--id", options->id,
                      "The pipeline's own id of it: the same id again is the same deployment");
  declare->add_option("--change", options->change, "Commit, ticket or flag");
  declare->add_option("--url", options->url, "Where to read more");
  declare->add_option("--by", options->by, "Who did it");
  declare->add_option("--description", options->description, "In words");
  add_asking(*declare, *options);
  carry_out(context, *declare, options, declare_deployment);
  auto compared = std::make_shared<ReconcileOptions>();
  auto* reconcile = add_command(*group, "reconcile", "What was declared against what the logs show",
                                "rollcall deployments reconcile --since 2026-01-01");
  reconcile->add_option("--since", compared->since, "From this time on [a week ago]");
  reconcile->add_option("--tolerance", compared->tolerance, "Minutes that the two may be apart")
      ->capture_default_str();
  add_asking(*reconcile, *compared);
  carry_out(context, *reconcile, compared, reconcile_deployments);
}

void add_token(const Context& context) {
  auto* token = add_command(context.app, "token", "API tokens: who may do what",
                            "rollcall token create ci --scopes ingest,read");
  token->require_subcommand(1);
  auto options = std::make_shared<TokenOptions>();
  auto* create = add_command(*token, "create", "Makes a token and prints its secret, once",
                             "rollcall token create ci --scopes ingest");
  create->add_option("NAME", options->name, "Its name")->required();
  create
      ->add_option("--scopes", options->scopes,
                   "Of ingest, read, write, admin, with commas between")
      ->capture_default_str();
  add_asking(*create, *options);
  carry_out(context, *create, options, create_token);
  auto* list =
      add_command(*token, "list", "The tokens that are not revoked", "rollcall token list");
  add_asking(*list, *options);
  carry_out(context, *list, options, list_tokens);
  auto* revoke =
      add_command(*token, "revoke", "Revokes a token, at once", "rollcall token revoke ci");
  revoke->add_option("NAME", options->name, "Its name")->required();
  add_asking(*revoke, *options);
  carry_out(context, *revoke, options, revoke_token);
}

void add_backup(const Context& context) {
  auto options = std::make_shared<BackupOptions>();
  auto* command = add_command(context.app, "backup",
                              "Copies everything to a new folder, also while the server serves",
                              "rollcall backup /var/backups/rollcall/2026-01-01");
  command->add_option("FOLDER", options->folder, "Where to; on the server's machine")->required();
  command->add_option("--config", options->connect.config,
                      "The TOML file of `rollcall serve`, for data that is not all in one folder");
  add_asking(*command, *options);
  carry_out(context, *command, options, back_up);
}

void add_restore(const Context& context) {
  auto options = std::make_shared<RestoreCommandOptions>();
  auto* command =
      add_command(context.app, "restore", "Makes a data folder of a backup",
                  "rollcall restore /var/backups/rollcall/2026-01-01 --data rollcall-data");
  command->add_option("FOLDER", options->backup, "The backup")->required();
  command->add_option("--data", options->data, "The data folder, which is not there yet")
      ->capture_default_str();
  command->add_option("--database", options->database,
                      "The PostgreSQL database for a backup of one, in which nothing is yet");
  command->add_flag("--check", options->check, "Only read the backup, and compare its checksums");
  command->add_flag("--json", options->json, "Answer in JSON, for programs");
  carry_out(context, *command, options, restore);
}

// Help and version are an answer; everything else that CLI11 throws is a wrong command line, said in one line.
int explain(const CLI::App& app, const CLI::ParseError& error, const Console& console) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    std::ostringstream out, err;
    app.exit(error, out, err);
    console.out(out.str());
    return done;
  }
  std::string line = error.what();
  std::ranges::replace(line, '\n', ' ');
  console.err(fmt::format("rollcall: {}; see rollcall --help\n", line));
  return wrong_usage;
}

// One line when the first word is no command; "" when it is one, or an option.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].starts_with('-')) return "";
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::ranges::find(names, arguments[0]) != names.end()) return "";
  const auto near = nearest_name(arguments[0], names);
  return fmt::format(
      "rollcall: there is no command '{}'; {}\n", arguments[0],
      near.empty() ? "see rollcall --help" : fmt::format("did you mean '{}'?", near));
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Console& console, const Clock& clock) {
  CLI::App app("Rollcall keeps the roll of what is running where.", "rollcall");
  app.set_version_flag("--version", "rollcall 0.1.0");
  app.require_subcommand(1);
  app.footer("Example: rollcall demo");
  int exit_code = done;
  const Context context{app, console, clock, exit_code};
  add_serve(context);
  add_doctor(context);
  add_demo(context);
  add_status(context);
  add_history(context);
  add_query(context);
  add_ingest(context);
  add_backfill(context);
  add_deployments(context);
  add_token(context);
  add_backup(context);
  add_restore(context);
  add_flow_commands(app, console, clock, exit_code);
  add_connection_commands(app, console, clock, exit_code);
  add_list_commands(app, console, clock, exit_code);
  add_replay_commands(app, exit_code);
  if (const auto wrong = unknown_command(app, arguments); !wrong.empty()) {
    console.err(wrong);
    return wrong_usage;
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return explain(app, error, console);
  }
  return exit_code;
}

}  // namespace rollcall::app
