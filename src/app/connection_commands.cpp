#include "app/connection_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <random>

#include "app/configuration.hpp"
#include "app/connections.hpp"
#include "app/text_table.hpp"
#include "base/text.hpp"

namespace rollcall::app {
namespace {

struct Options {
  std::string config, name, code;
  bool json = false;
};

// Opens them all, as the server would, and calls nobody.
Result<int> check(const Options& options, const Console& console, const Clock& clock) {
  TRY(const auto configuration, read_configuration(options.config));
  const auto client = http::make_client();
  const auto mailer = http::make_mailer();
  std::vector<std::unique_ptr<warehouse::Warehouse>> clusters;
  flow::Connectors connectors;
  TRY_DO(add_connections(configuration.connectors, configuration.connections,
                         {*client, *mailer, clock, clusters}, connectors));
  std::vector<std::vector<std::string>> rows{{"connection", "connector", "operations"}};
  json::array all;
  for (const auto& connection : configuration.connections) {
    const auto* connector = connectors.find(connection.connector, connection.name);
    const auto operations = connector->operations().size();
    rows.push_back({connection.name, connection.connector, std::to_string(operations)});
    all.push_back({{"name", connection.name},
                   {"connector", connection.connector},
                   {"operations", operations}});
  }
  if (options.json) {
    console.out(json::serialize(json::object{{"connections", std::move(all)}}) + "\n");
    return done;
  }
  console.out(rows.size() == 1 ? "the configuration has no connections\n" : text_table(rows));
  return done;
}

Result<const ConnectionSettings*> find(const Configuration& configuration,
                                       const std::string& name) {
  std::vector<std::string> names;
  for (const auto& connection : configuration.connections) {
    if (connection.name == name) return &connection;
    names.push_back(connection.name);
  }
  const auto near = nearest_name(name, names);
  return fail("CONNECTION0109",
              fmt::format("the configuration has no connection '{}'{}", name,
                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

// Without a code: where somebody consents. With it: the refresh token is kept where the
// configuration says.
Result<int> authorize(const Options& options, const Console& console, const Clock& clock) {
  TRY(const auto configuration, read_configuration(options.config));
  TRY(const auto* connection, find(configuration, options.name));
  const auto client = http::make_client();
  TRY(const auto tokens, tokens_of(configuration.connectors, *connection, *client, clock));
  if (options.code.empty()) {
    std::random_device random;
    const auto state = fmt::format("{:08x}{:08x}", random(), random());
    console.out(tokens->consent_url(state) + "\n");
    console.err(
        fmt::format("open this, consent, and give the `code` of the address that you are led to "
                    "(its `state` is {}):\n"
                    "rollcall connection authorize {} --config {} --code CODE\n",
                    state, options.name, options.config));
    return done;
  }
  TRY_DO(tokens->redeem(options.code));
  console.out(fmt::format("connection '{}' may be used\n", options.name));
  return done;
}

using Action = Result<int> (*)(const Options&, const Console&, const Clock&);

}  // namespace

void add_connection_commands(CLI::App& app, const Console& console, const Clock& clock,
                             int& exit_code) {
  auto* group = app.add_subcommand("connection",
                                   "Connections of the configuration: check them, consent to them");
  group->footer("Example: rollcall connection check --config rollcall.toml");
  group->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& what, Action action) {
    auto options = std::make_shared<Options>();
    auto* command = group->add_subcommand(name, what);
    command->footer(fmt::format("Example: rollcall connection {} --config rollcall.toml",
                                name == "check" ? name : name + " shared_fleet"));
    command->add_option("--config", options->config, "The TOML file of `rollcall serve`")
        ->required();
    command->callback([options, action, &console, &clock, &exit_code] {
      const auto code = action(*options, console, clock);
      exit_code = code ? *code : report(console, code.error());
    });
    return std::pair{command, options};
  };
  const auto checking = add("check", "Opens every connection, and calls nobody", check);
  checking.first->add_flag("--json", checking.second->json, "Answer in JSON, for programs");
  const auto [command, options] =
      add("authorize", "Begins somebody's consent (OAuth 2.0), or with --code ends it", authorize);
  command->add_option("NAME", options->name, "The connection's name")->required();
  command->add_option("--code", options->code, "What consent has led to");
}

}  // namespace rollcall::app
