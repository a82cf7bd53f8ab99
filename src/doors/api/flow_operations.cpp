// Flows and their runs: which there are, how they went, and starting or cancelling one.
#include <fmt/format.h>

#include <charconv>

#include "base/utf8.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

constexpr std::int64_t most = 1'000;  // runs or actions of one answer

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
          {"durationMs", run.ended
                             ? json::value((*run.ended - run.started).ticks / ticks_per_millisecond)
                             : json::value(nullptr)},
          {"clientTrackingId", run.tracking.empty() ? std::to_string(run.id) : run.tracking},
          {"resumes", run.resumed ? json::value(*run.resumed) : json::value(nullptr)},
          {"parent", run.parent ? json::value(*run.parent) : json::value(nullptr)},
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
  TRY(auto definition, parse_json(without_mark(found->definition), 1'000));
  answer["definition"] = std::move(definition);
  return answer;
}

// The bytes as they were deployed.
http::Response exported(Services& services, const http::Request& request) {
  const auto name = request.path_value("flow");
  const auto found = services.runs.flow(name);
  if (!found) return refuse(found.error());
  if (!*found) return http::problem(404, "API0101", fmt::format("there is no flow '{}'", name));
  return {200, {{"Content-Type", "application/json; charset=utf-8"}}, (*found)->definition};
}

// The address under which a trigger is called; whoever knows it may call.
Result<json::object> callback_url(Services& services, const http::Request& request,
                                  const Principal&) {
  return services.driver.with([&](flow::Driver& driver) -> Result<json::object> {
    const auto flow = request.path_value("flow");
    TRY(const auto door, driver.door(flow, request.path_value("trigger")));
    auto url = driver.site().trigger_url(flow, door.trigger);
    if (!door.relative_path.empty()) {
      const auto path =
          door.relative_path.starts_with('/') ? door.relative_path : "/" + door.relative_path;
      url.insert(url.find('?'), path);
    }
    return json::object{{"method", door.method.empty() ? "POST" : door.method},
                        {"url", std::move(url)}};
  });
}

Result<json::object> connectors(Services& services, const http::Request&, const Principal&) {
  json::array all;
  for (const auto& one :
       services.driver.with([](flow::Driver& driver) { return driver.connectors(); })) {
    json::array operations;
    for (const auto& operation : one.operations) operations.emplace_back(operation);
    json::object shown{{"id", one.id}};
    shown.emplace("operations", std::move(operations));
    all.push_back(std::move(shown));
  }
  return json::object{{"connectors", std::move(all)}};
}

Result<std::optional<Timestamp>> time_of(const http::Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text || text->empty()) return std::nullopt;
  const auto time = parse_iso(*text);
  if (!time)
    return fail("API0104",
                fmt::format("{}: '{}' is no time; 2026-01-01T10:00:00Z is one", name, *text));
  return time;
}

Result<json::object> runs(Services& services, const http::Request& request, const Principal&) {
  flow::RunQuery query;
  query.flow = request.path_value("flow");
  if (query.flow.empty()) query.flow = request.query_value("flow").value_or("");
  query.trigger = request.query_value("trigger").value_or("");
  query.text = request.query_value("text").value_or("");
  TRY(query.from, time_of(request, "from"));
  TRY(query.to, time_of(request, "to"));
  if (const auto status = request.query_value("status")) {
    query.status = flow::parse_status(*status);
    if (!query.status) {
      return fail("API0104", fmt::format("'{}' is no status of a run: Waiting, Running, Succeeded, "
                                         "Failed, TimedOut and Cancelled are",
                                         *status));
    }
  }
  TRY(const auto top, number_of(request, "top", 50, most, 1));
  query.limit = static_cast<std::size_t>(top);
  TRY(const auto before, number_of(request, "before", 0, std::numeric_limits<flow::RunId>::max()));
  if (before > 0) query.before = before;
  TRY(const auto found, services.runs.runs(query));
  json::array all;
  for (const auto& run : found) all.push_back(to_json(run));
  json::object answer{{"runs", std::move(all)}};
  // Where the next page begins.
  if (found.size() == query.limit && !found.empty()) answer["before"] = found.back().id;
  return answer;
}

Result<json::object> run(Services& services, const http::Request& request, const Principal&) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto found, services.runs.run(id));
  if (!found) return fail("API0101", fmt::format("there is no run {}", id));
  return to_json(*found);
}

Result<json::object> start(Services& services, const http::Request& request,
                           const Principal& principal) {
  json::value body = nullptr;
  if (!request.body.empty()) {
    TRY(body, parse_json(request.body));
  }
  TRY(const auto id, services.driver.with([&](flow::Driver& driver) {
    return driver.start(request.path_value("flow"), request.query_value("trigger").value_or(""),
                        std::move(body), principal);
  }));
  return json::object{{"run", id}};
}

// The body is an exported flow or a bare definition, or {"flow": …, "parameters": {…}, "connections": {…}}.
Result<json::object> deploy(Services& services, const http::Request& request,
                            const Principal& principal) {
  TRY(const auto body, parse_json(request.body, 1'000));
  const auto* wrapped = find(body, "flow");
  flow::DeployOptions options;
  options.text = wrapped == nullptr ? request.body : std::string(text_or(body, "text"));
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = wrapped == nullptr ? nullptr : find(body, name);
    return value != nullptr && value->is_int64() && value->get_int64() > 0
               ? std::optional(value->get_int64())
               : std::nullopt;
  };
  if (const auto keep = number("keepDays")) options.keep_runs = days(*keep);
  options.keep_count = number("keepRuns");
  if (const auto* enabled = wrapped == nullptr ? nullptr : find(body, "enabled");
      enabled != nullptr && enabled->is_bool())
    options.enabled = enabled->get_bool();
  const auto member = [&](std::string_view name, json::object& into) {
    const auto* value = wrapped == nullptr ? nullptr : find(body, name);
    if (value != nullptr && value->is_object()) into = value->get_object();
  };
  member("parameters", options.parameters);
  member("connections", options.connections);
  TRY(const auto deployed, services.driver.with([&](flow::Driver& driver) {
    return driver.deploy(request.path_value("flow"), wrapped == nullptr ? body : *wrapped,
                         principal, options);
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
                     {"parent", action.parent},
                     {"iterations", std::move(iterations)},
                     {"status", flow::to_string(action.status)},
                     {"startedAt", format_iso(action.started)},
                     {"endedAt", finished(action.status) ? json::value(format_iso(action.ended))
                                                         : json::value(nullptr)},
                     {"attempts", action.attempts},
                     {"code", action.code},
                     {"message", action.message}};
  if (action.hidden_inputs) shown["hiddenInputs"] = true;
  if (action.hidden_outputs) shown["hiddenOutputs"] = true;
  if (with_data) {
    shown.emplace("inputs", action.inputs);
    shown.emplace("outputs", action.outputs);
  }
  return shown;
}

Result<json::object> actions(Services& services, const http::Request& request, const Principal&) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto skip, number_of(request, "skip", 0, std::numeric_limits<std::int64_t>::max()));
  TRY(const auto top, number_of(request, "top", most, most));
  const flow::ViewWindow window{static_cast<std::size_t>(skip), static_cast<std::size_t>(top)};
  TRY(const auto view,
      services.driver.with([&](flow::Driver& driver) { return driver.show(id, window); }));
  const bool with_data = request.query_value("data") == "true";
  json::array all;
  for (const auto& action : view.actions) all.push_back(to_json(action, with_data));
  return json::object{{"run", to_json(view.run)},
                      {"trigger", view.trigger},
                      {"count", view.total},
                      {"actions", std::move(all)}};
}

Result<json::object> resubmit(Services& services, const http::Request& request,
                              const Principal& principal) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto again,
      services.driver.with([&](flow::Driver& driver) { return driver.resubmit(id, principal); }));
  return json::object{{"run", again}};
}

Result<json::object> resume(Services& services, const http::Request& request,
                            const Principal& principal) {
  TRY(const auto id, run_id_of(request));
  TRY(const auto body, parse_json(request.body.empty() ? "{}" : request.body));
  const auto from = request.query_value("from").value_or(std::string(text_or(body, "from")));
  if (from.empty())
    return fail("API0102", "the body must name the action to resume from: {\"from\": \"Action\"}");
  TRY(const auto again, services.driver.with([&](flow::Driver& driver) {
    return driver.resume(id, from, principal);
  }));
  return json::object{{"run", again}};
}

Result<json::object> cancel(Services& services, const http::Request& request,
                            const Principal& principal) {
  TRY(const auto id, run_id_of(request));
  TRY_DO(services.driver.with([&](flow::Driver& driver) { return driver.cancel(id, principal); }));
  return json::object{{"run", id}};
}

Result<json::object> enable(Services& services, const http::Request& request, const Principal&) {
  const auto name = request.path_value("flow");
  TRY(const auto body, parse_json(request.body));
  const auto* enabled = find(body, "enabled");
  if (enabled == nullptr || !enabled->is_bool())
    return fail("API0102", "the body must be {\"enabled\": true} or false");
  TRY_DO(services.driver.with(
      [&](flow::Driver& driver) { return driver.enable(name, enabled->get_bool()); }));
  return json::object{{"flow", name}, {"enabled", *enabled}};
}

Result<json::object> remove(Services& services, const http::Request& request, const Principal&) {
  const auto name = request.path_value("flow");
  TRY_DO(services.driver.with([&](flow::Driver& driver) { return driver.remove(name); }));
  return json::object{{"flow", name}};
}

std::vector<QueryParameter> run_filters(bool of_all = false) {
  std::vector<QueryParameter> filters{
      {"status", "only with this status: Failed, Running, …"},
      {"from", "only those that began then or later"},
      {"to", "only those that began before then"},
      {"trigger", "only those that this trigger started"},
      {"text", "only with this text in their error, tracking id or principal"},
      {"top", "how many, 1,000 at most", "integer"},
      {"before", "only runs with a smaller number: the next page", "integer"}};
  if (of_all) filters.insert(filters.begin(), {"flow", "only runs of this flow"});
  return filters;
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
  return {
      {"GET", "/api/v1/flows", Scope::read, "getFlows", "The flows that are deployed.",
       answering(services, flows)},
      {"GET", "/api/v1/flows/{flow}", Scope::read, "getFlow", "A flow with its definition.",
       answering(services, flow)},
      {"GET", "/api/v1/flows/{flow}/definition", Scope::read, "exportFlow",
       "A flow's definition, to the byte as it was deployed.",
       [&services](const http::Request& request, const Principal&) {
         return exported(services, request);
       }},
      {"GET", "/api/v1/flows/{flow}/triggers/{trigger}/callback-url", Scope::write,
       "getTriggerCallbackUrl", "The signed address that starts a run through a trigger.",
       answering(services, callback_url)},
      {"GET", "/api/v1/connectors", Scope::read, "getConnectors",
       "The connectors that flows may call, and their operations.",
       answering(services, connectors)},
      {"PATCH",
       "/api/v1/flows/{flow}",
       Scope::write,
       "enableFlow",
       "Enables or disables a flow's triggers.",
       answering(services, enable),
       {},
       "{\"enabled\": true}"},
      {"PUT",
       "/api/v1/flows/{flow}",
       Scope::admin,
       "deployFlow",
       "Deploys a flow: a new version when its text is new.",
       answering(services, deploy),
       {},
       "an exported flow, or {\"flow\": …, \"parameters\": {…}, \"connections\": {…}}"},
      {"DELETE", "/api/v1/flows/{flow}", Scope::admin, "removeFlow",
       "Removes a flow; its runs stay.", answering(services, remove)},
      {"POST",
       "/api/v1/flows/{flow}/runs",
       Scope::write,
       "startRun",
       "Starts a run by hand.",
       answering(services, start, 202),
       {{"trigger", "which trigger; the only one when absent"}},
       "what triggerBody() answers; may be absent"},
      {"GET", "/api/v1/flows/{flow}/runs", Scope::read, "getFlowRuns",
       "Runs of one flow, newest first.", answering(services, runs), run_filters()},
      {"GET", "/api/v1/runs", Scope::read, "getRuns", "Runs, newest first.",
       answering(services, runs), run_filters(true)},
      {"POST",
       "/api/v1/runs/{run}/resume",
       Scope::write,
       "resumeRun",
       "A new run that takes over what an ended one did, up to an action, which begins anew.",
       answering(services, resume, 202),
       {{"from", "the action"}},
       "{\"from\": \"Action\"}"},
      {"GET", "/api/v1/runs/{run}", Scope::read, "getRun", "One run.", answering(services, run)},
      {"GET",
       "/api/v1/runs/{run}/actions",
       Scope::read,
       "getRunActions",
       "A run's trigger and its actions, in the order they ended.",
       answering(services, actions),
       {{"skip", "how many actions to pass over"},
        {"top", "how many to answer, 1,000 at most"},
        {"data", "true adds inputs and outputs", "boolean"}}},
      {"POST", "/api/v1/runs/{run}/resubmit", Scope::write, "resubmitRun",
       "Runs it again, with the trigger's outputs of then.", answering(services, resubmit, 202)},
      {"POST", "/api/v1/runs/{run}/cancel", Scope::write, "cancelRun",
       "Cancels a run that is under way.", answering(services, cancel, 202)}};
}

}  // namespace rollcall::doors
