// `rollcall flow import`, `export` and `url`. Import maps the connections of where the flow comes from to the
// connectors that are here: as told by --connection or a file, else by asking when somebody is there to answer.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "app/commands/flow.hpp"
#include "app/flow_package.hpp"
#include "base/text.hpp"
#include "flow/definition.hpp"
#include "flow/workflow.hpp"

namespace rollcall::app {
namespace {

struct Mapping {
  json::object parameters, connections;
};

// {"parameters": {…}, "connections": {"shared_office365": "shared_smtp"}}; the command line goes over the file.
Result<Mapping> mapping_of(const FlowOptions& options) {
  Mapping mapping;
  if (!options.mapping.empty()) {
    TRY(const auto text, read_file(options.mapping));
    TRY(const auto file, parse_json(text));
    if (const auto* given = find(file, "parameters"); given != nullptr && given->is_object())
      mapping.parameters = given->get_object();
    if (const auto* given = find(file, "connections"); given != nullptr && given->is_object())
      mapping.connections = given->get_object();
  }
  TRY(const auto parameters, pairs_of(options.parameters));
  TRY(const auto connections, pairs_of(options.connections));
  for (const auto& [name, value] : parameters) mapping.parameters[name] = value;
  for (const auto& [name, value] : connections) mapping.connections[name] = value;
  return mapping;
}

struct Here {
  std::vector<std::string> ids;
  std::set<std::pair<std::string, std::string>>
      operations;  // connector and operation, in lower case
};

Result<Here> connectors_here(Connection& connection) {
  TRY(const auto answer, connection.get("/api/v1/connectors"));
  Here here;
  const auto* all = find(answer, "connectors");
  for (const auto& one : all == nullptr ? json::array() : all->as_array()) {
    here.ids.emplace_back(text_or(one, "id"));
    const auto* operations = find(one, "operations");
    for (const auto& operation : operations == nullptr ? json::array() : operations->as_array()) {
      here.operations.emplace(to_lower(here.ids.back()),
                              to_lower(json::value_to<std::string>(operation)));
    }
  }
  return here;
}

struct Needed {
  std::string connection, connector;
  std::set<std::string> operations;
};

// What the flow's calls need, one entry a connection.
std::vector<Needed> needed_by(const flow::Definition& definition, const json::object& connections) {
  std::vector<Needed> all;
  const auto add = [&](const flow::ConnectorCall& call) {
    auto found = std::ranges::find(all, call.connection, &Needed::connection);
    if (found == all.end()) {
      flow::Definition alone;
      alone.actions.emplace_back().kind = call;
      auto ids = flow::connectors_of(alone, {{}, connections});
      found =
          all.insert(all.end(), {call.connection, ids.empty() ? call.connector : ids.front(), {}});
    }
    if (!call.operation.empty()) found->operations.insert(call.operation);
  };
  for (const auto& action : definition.actions) {
    if (const auto* call = std::get_if<flow::ConnectorCall>(&action.kind)) add(*call);
  }
  for (const auto& trigger : definition.triggers) {
    if (const auto* call = std::get_if<flow::ConnectorTrigger>(&trigger.kind)) add(call->call);
  }
  return all;
}

bool is_here(const Here& here, std::string_view id) {
  return std::ranges::any_of(here.ids,
                             [&](const auto& one) { return equals_ignoring_case(one, id); });
}

// "" when nobody is there, or nothing was answered.
std::string ask(const Console& console, const std::string& question) {
  if (isatty(STDIN_FILENO) == 0) return {};
  console.err(question);
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar())
    line += static_cast<char>(c);
  return std::string(trim(line));
}

// Asks for what is not here, and says what stays missing.
std::vector<std::string> map_connections(const flow::Definition& definition, const Here& here,
                                         const Console& console, Mapping& mapping) {
  std::vector<std::string> missing;
  for (const auto& one : needed_by(definition, mapping.connections)) {
    auto connector = one.connector;
    if (!is_here(here, connector)) {
      const auto answer =
          ask(console, fmt::format("The connection '{}' is of the connector '{}', which is not "
                                   "here.\nWhich takes its place ({}; empty: none)? ",
                                   one.connection, connector, fmt::join(here.ids, ", ")));
      if (!answer.empty()) mapping.connections[one.connection] = answer;
      if (!answer.empty()) connector = answer;
    }
    if (!is_here(here, connector)) {
      const auto near = nearest_name(connector, here.ids);
      missing.push_back(
          fmt::format("connection '{}': the connector '{}' is not here{}; map it with --connection "
                      "{}=CONNECTOR ({})",
                      one.connection, connector, near.empty() ? "" : fmt::format(", '{}' is", near),
                      one.connection, fmt::join(here.ids, ", ")));
      continue;
    }
    for (const auto& operation : one.operations) {
      if (here.operations.contains({to_lower(connector), to_lower(operation)})) continue;
      missing.push_back(fmt::format("connection '{}': the connector '{}' has no operation '{}'",
                                    one.connection, connector, operation));
    }
  }
  return missing;
}

void ask_for_parameters(const flow::Definition& definition, const Console& console,
                        Mapping& mapping, std::vector<std::string>& missing) {
  for (const auto& parameter : definition.parameters) {
    if (parameter.default_value || parameter.name.starts_with('$') ||
        mapping.parameters.contains(parameter.name))
      continue;
    const auto answer =
        ask(console, fmt::format("The parameter '{}' ({}) has no value. Its value? ",
                                 parameter.name, parameter.type));
    if (answer.empty()) {
      missing.push_back(
          fmt::format("parameter '{}' has no value; give it with --parameter {}=VALUE",
                      parameter.name, parameter.name));
      continue;
    }
    const auto value = parse_json(answer);
    mapping.parameters[parameter.name] =
        value && parameter.type != "string" && parameter.type != "securestring"
            ? *value
            : json::value(answer);
  }
}

Result<json::value> deploy(Connection& connection, const std::string& name, const PackedFlow& flow,
                           const Mapping& mapping, const FlowOptions& options) {
  http::Request request;
  request.method = "PUT";
  request.target = "/api/v1/flows/" + http::encode_percent(name);
  request.headers.add("Content-Type", "application/json");
  json::object body{{"flow", flow.document},
                    {"text", flow.text},
                    {"connections", mapping.connections},
                    {"enabled", !options.disabled}};
  json::object parameters;
  TRY(const auto definition, flow::parse_definition(flow.document));
  for (const auto& [key, value] : mapping.parameters) {
    const bool known = std::ranges::any_of(definition.parameters,
                                           [&](const auto& one) { return one.name == key; });
    if (known || find(flow.document, "resources") == nullptr)
      parameters[key] = value;  // the others are the template's
  }
  body.emplace("parameters", std::move(parameters));
  if (options.keep_days > 0) body["keepDays"] = options.keep_days;
  if (options.keep_runs > 0) body["keepRuns"] = options.keep_runs;
  request.body = json::serialize(body);
  return connection.call(std::move(request));
}

}  // namespace

Result<int> import_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto bytes, read_file(options.file));
  TRY(auto mapping, mapping_of(options));
  TRY(const auto flows, read_package(bytes, options.file, mapping.parameters));
  if (flows.size() > 1 && !options.name.empty())
    return fail("APP0203", fmt::format("{} has {} flows, which cannot all be named '{}'",
                                       options.file, flows.size(), options.name));
  TRY(const auto connection, connect(options.connect, clock, console));
  TRY(const auto here, connectors_here(*connection));
  json::array answers;
  std::string lines;
  bool good = true;
  for (const auto& flow : flows) {
    const auto name = !options.name.empty() ? options.name
                      : flows.size() == 1   ? std::filesystem::path(options.file).stem().string()
                                            : flow.name;
    TRY(const auto definition, flow::parse_definition(flow.document));
    auto missing = map_connections(definition, here, console, mapping);
    ask_for_parameters(definition, console, mapping, missing);
    for (const auto& note : flow.notes) console.err(fmt::format("{}: {}\n", name, note));
    for (const auto& one : missing) console.err(fmt::format("{}: missing: {}\n", name, one));
    auto answer = deploy(*connection, name, flow, mapping, options);
    if (!answer) {
      if (flows.size() == 1) return std::unexpected(answer.error());
      good = false;
      lines += fmt::format("{} was not imported: {} {}\n", name, answer.error().code,
                           answer.error().message);
      answers.push_back(json::object{
          {"flow", name}, {"code", answer.error().code}, {"error", answer.error().message}});
      continue;
    }
    if (const auto* warnings = find(*answer, "warnings");
        warnings != nullptr && warnings->is_array()) {
      for (const auto& warning : warnings->get_array())
        lines += json::value_to<std::string>(warning) + "\n";
    }
    const auto* changed = find(*answer, "changed");
    const bool is_new = changed != nullptr && changed->is_bool() && changed->get_bool();
    lines += fmt::format("{} is at version {}{}\n", name, number_text(*answer, "version"),
                         is_new ? "" : "; nothing has changed");
    answers.push_back(*std::move(answer));
  }
  print(options, console,
        flows.size() == 1 ? answers.front()
                          : json::value(json::object{{"flows", std::move(answers)}}),
        lines);
  return good ? done : went_wrong;
}

// To the byte, as it was imported.
Result<int> export_flow(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  http::Request request;
  request.target = "/api/v1/flows/" + http::encode_percent(options.name) + "/definition";
  TRY(const auto answer, connection->send(request));
  if (answer.status != 200) {
    const auto problem = parse_json(answer.body);
    return fail(
        problem ? std::string(text_or(*problem, "code", "API")) : "API",
        problem ? std::string(text_or(*problem, "detail")) : "the server answered with an error");
  }
  console.out(answer.body);
  return done;
}

Result<int> flow_url(const FlowOptions& options, const Console& console, const Clock& clock) {
  TRY(const auto connection, connect(options.connect, clock, console));
  auto trigger = options.trigger;
  if (trigger.empty()) {
    TRY(const auto flow, connection->get("/api/v1/flows/" + http::encode_percent(options.name)));
    TRY(const auto definition, flow::parse_definition(*find(flow, "definition")));
    if (definition.triggers.size() != 1)
      return fail("APP0204", fmt::format("the flow has {} triggers; name one with --trigger",
                                         definition.triggers.size()));
    trigger = definition.triggers.front().name;
  }
  TRY(const auto answer, connection->get(fmt::format("/api/v1/flows/{}/triggers/{}/callback-url",
                                                     http::encode_percent(options.name),
                                                     http::encode_percent(trigger))));
  return print(options, console, answer,
               fmt::format("{} {}\n", text_or(answer, "method"), text_or(answer, "url")));
}

}  // namespace rollcall::app
