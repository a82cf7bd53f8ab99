// Flows and their runs: which there are, how they went, and starting or cancelling one.
#include <fmt/format.h>

#include <charconv>

#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

json::value time_or_null(const std::optional<Timestamp>& time) {
  return time ? json::value(format_iso_seconds(*time)) : json::value(nullptr);
}

json::object to_json(const flow::FlowRecord& flow) {
  return {{"name", flow.name},
          {"version", flow.version},
          {"enabled", flow.enabled},
          {"deployedAt", format_iso_seconds(flow.deployed_at)},
          {"deployedBy", flow.deployed_by},
          {"lastFire", time_or_null(flow.last_fire)},
          {"nextFire", time_or_null(flow.next_fire)}};
}

json::object to_json(const flow::RunRecord& run) {
  return {{"id", run.id},
          {"flow", run.flow},
          {"version", run.version},
          {"trigger", run.trigger},
          {"status", flow::to_string(run.status)},
          {"startedAt", format_iso_seconds(run.started)},
          {"endedAt", time_or_null(run.ended)},
          {"code", run.code},
          {"message", run.message},
          {"principal", run.principal},
          {"events", run.events}};
}

Result<flow::RunId> run_id_of(const http::Request& request) {
  const auto text = request.path_value("run");
  flow::RunId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail("API0103", fmt::format("'{}' is no run's number", text));
  }
  return id;
}

Result<json::object> flows(Services& services, const http::Request&, const Principal&) {
  TRY(const auto found, services.runs.flows());
  json::array all;
  for (const auto& flow : found) all.push_back(to_json(flow));
  return json::object{{"flows", std::move(all)}};
}

Result<json::object> flow(Services& services, const http::Request& request, const Principal&) {
  const auto name = request.path_value("flow");
  TRY(const auto found, services.runs.flow(name));
  if (!found) return fail("API0101", fmt::format("there is no flow '{}'", name));
  auto answer = to_json(*found);
  TRY(auto definition, parse_json(found->definition));
  answer["definition"] = std::move(definition);
  return answer;
}

Result<json::object> runs(Services& services, const http::Request& request, const Principal&) {
  flow::RunQuery query;
  query.flow = request.query_value("flow").value_or("");
  TRY(const auto found, services.runs.runs(query));
  json::array all;
  for (const auto& run : found) all.push_back(to_json(run));
  return json::object{{"runs", std::move(all)}};
}

Result<json::object> run(Services& services, const http::Request& request, const Principal&) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto found, services.runs.run(id));
  if (!found) return fail("API0101", fmt::format("there is no run {}", id));
  return to_json(*found);
}

Result<json::object> start(Services& services, const http::Request& request, const Principal& principal) {
  json::value body = nullptr;
  if (!request.body.empty()) {
    TRY(body, parse_json(request.body));
  }
  TRY(const auto id, services.driver.with([&](flow::Driver& driver) {
    return driver.start(request.path_value("flow"), request.query_value("trigger").value_or(""), std::move(body), principal);
  }));
  return json::object{{"run", id}};
}

// The body is an exported flow or a bare definition, or {"flow": …, "parameters": {…}, "connections": {…}}.
Result<json::object> deploy(Services& services, const http::Request& request, const Principal& principal) {
  TRY(const auto body, parse_json(request.body, 1'000));
  const auto* wrapped = find(body, "flow");
  flow::DeployOptions options;
  const auto member = [&](std::string_view name, json::object& into) {
    const auto* value = wrapped == nullptr ? nullptr : find(body, name);
    if (value != nullptr && value->is_object()) into = value->get_object();
  };
  member("parameters", options.parameters);
  member("connections", options.connections);
  TRY(const auto deployed, services.driver.with([&](flow::Driver& driver) {
    return driver.deploy(request.path_value("flow"), wrapped == nullptr ? body : *wrapped, principal, options);
  }));
  json::array warnings;
  for (const auto& warning : deployed.warnings) warnings.emplace_back(warning);
  return json::object{{"flow", request.path_value("flow")},
                      {"version", deployed.version},
                      {"changed", deployed.changed},
                      {"warnings", std::move(warnings)}};
}

json::object to_json(const flow::ActionView& action, bool with_data) {
  json::array iterations;
  for (const auto iteration : action.iterations) iterations.emplace_back(iteration);
  json::object shown{{"name", action.name},
                     {"type", action.type},
                     {"iterations", std::move(iterations)},
                     {"status", flow::to_string(action.status)},
                     {"startedAt", format_iso(action.started)},
                     {"endedAt", finished(action.status) ? json::value(format_iso(action.ended)) : json::value(nullptr)},
                     {"attempts", action.attempts},
                     {"code", action.code},
                     {"message", action.message}};
  if (with_data) {
    shown.emplace("inputs", action.inputs);
    shown.emplace("outputs", action.outputs);
  }
  return shown;
}

std::size_t number_of(const http::Request& request, std::string_view name, std::size_t otherwise) {
  const auto text = request.query_value(name).value_or("");
  std::size_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Result<json::object> actions(Services& services, const http::Request& request, const Principal&) {
  constexpr std::size_t most = 1'000;
  TRY(const auto id, run_id_of(request));
  const flow::ViewWindow window{number_of(request, "skip", 0), std::min(number_of(request, "top", most), most)};
  TRY(const auto view, services.driver.with([&](flow::Driver& driver) { return driver.show(id, window); }));
  const bool with_data = request.query_value("data") == "true";
  json::array all;
  for (const auto& action : view.actions) all.push_back(to_json(action, with_data));
  return json::object{{"run", to_json(view.run)},
                      {"trigger", view.trigger},
                      {"count", view.total},
                      {"actions", std::move(all)}};
}

Result<json::object> resubmit(Services& services, const http::Request& request, const Principal& principal) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto again, services.driver.with([&](flow::Driver& driver) { return driver.resubmit(id, principal); }));
  return json::object{{"run", again}};
}

Result<json::object> cancel(Services& services, const http::Request& request, const Principal& principal) {
  TRY(const auto id, run_id_of(request));
  TRY_DO(services.driver.with([&](flow::Driver& driver) { return driver.cancel(id, principal); }));
  return json::object{{"run", id}};
}

Result<json::object> enable(Services& services, const http::Request& request, const Principal&) {
  const auto name = request.path_value("flow");
  TRY(const auto body, parse_json(request.body));
  const auto* enabled = find(body, "enabled");
  if (enabled == nullptr || !enabled->is_bool()) return fail("API0102", "the body must be {\"enabled\": true} or false");
  TRY_DO(services.driver.with([&](flow::Driver& driver) { return driver.enable(name, enabled->get_bool()); }));
  return json::object{{"flow", name}, {"enabled", *enabled}};
}

Result<json::object> remove(Services& services, const http::Request& request, const Principal&) {
  const auto name = request.path_value("flow");
  TRY_DO(services.driver.with([&](flow::Driver& driver) { return driver.remove(name); }));
  return json::object{{"flow", name}};
}

using Answer = Result<json::object> (*)(Services&, const http::Request&, const Principal&);
Access::Handler answering(Services& services, Answer answer, int status = 200) {
  return [&services, answer, status](const http::Request& request, const Principal& principal) {
    const auto answered = answer(services, request, principal);
    return answered ? http::json_response(status, *answered) : refuse(answered.error());
  };
}

}  // namespace

Operations flow_operations(Services& services) {
  return {{"GET", "/api/v1/flows", Scope::read, "getFlows", "The flows that are deployed.", answering(services, flows)},
          {"GET", "/api/v1/flows/{flow}", Scope::read, "getFlow", "A flow with its definition.", answering(services, flow)},
          {"PATCH", "/api/v1/flows/{flow}", Scope::write, "enableFlow", "Enables or disables a flow's triggers.",
           answering(services, enable), {}, "{\"enabled\": true}"},
          {"PUT", "/api/v1/flows/{flow}", Scope::admin, "deployFlow", "Deploys a flow: a new version when its text is new.",
           answering(services, deploy), {}, "an exported flow, or {\"flow\": …, \"parameters\": {…}, \"connections\": {…}}"},
          {"DELETE", "/api/v1/flows/{flow}", Scope::admin, "removeFlow", "Removes a flow; its runs stay.", answering(services, remove)},
          {"POST", "/api/v1/flows/{flow}/runs", Scope::write, "startRun", "Starts a run by hand.",
           answering(services, start, 202), {{"trigger", "which trigger; the only one when absent"}},
           "what triggerBody() answers; may be absent"},
          {"GET", "/api/v1/runs", Scope::read, "getRuns", "Runs, newest first.", answering(services, runs),
           {{"flow", "only runs of this flow"}}},
          {"GET", "/api/v1/runs/{run}", Scope::read, "getRun", "One run.", answering(services, run)},
          {"GET", "/api/v1/runs/{run}/actions", Scope::read, "getRunActions", "A run's trigger and its actions, in the order they ended.",
           answering(services, actions), {{"skip", "how many actions to pass over"}, {"top", "how many to answer, 1,000 at most"},
                                          {"data", "true adds inputs and outputs", "boolean"}}},
          {"POST", "/api/v1/runs/{run}/resubmit", Scope::write, "resubmitRun", "Runs it again, with the trigger's outputs of then.",
           answering(services, resubmit, 202)},
          {"POST", "/api/v1/runs/{run}/cancel", Scope::write, "cancelRun", "Cancels a run that is under way.",
           answering(services, cancel, 202)}};
}

}  // namespace rollcall::doors
