#include "doors/hooks/hooks.hpp"

#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "doors/errors.hpp"
#include "doors/hooks/body.hpp"

namespace rollcall::doors {
namespace {

using std::chrono::steady_clock;

// https://learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-configuration, “Inbound request”
constexpr auto longest_wait = std::chrono::seconds(120);
constexpr auto between_looks = std::chrono::milliseconds(10);
constexpr std::size_t steps_at_once = 200;
constexpr int most_waiting = 24;  // callers, each of whom holds a worker of the server

// A caller's place among those who wait, as long as it lives.
class Seat {
 public:
  explicit Seat(std::atomic<int>& waiting)
      : waiting_(waiting), taken_(waiting.fetch_add(1) < most_waiting) {}
  ~Seat() { --waiting_; }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  bool taken() const { return taken_; }

 private:
  std::atomic<int>& waiting_;
  bool taken_;
};

const Principal caller{Principal::Kind::token, "hook"};

http::Response not_signed() {
  return http::problem(
      401, "HOOK0101",
      "the address is not signed for this: ask for the trigger's or the action's own");
}

// The parts of the path that the trigger's relative path names; nullopt: it does not fit.
std::optional<json::object> match_path(std::string_view shape, std::string_view path) {
  const auto parts_of = [](std::string_view text) {
    while (text.starts_with('/')) text.remove_prefix(1);
    while (text.ends_with('/')) text.remove_suffix(1);
    return text.empty() ? std::vector<std::string_view>() : split(text, '/');
  };
  const auto wanted = parts_of(shape), given = parts_of(path);
  if (wanted.size() != given.size()) return std::nullopt;
  json::object parameters;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].starts_with('{') && wanted[i].ends_with('}')) {
      parameters[wanted[i].substr(1, wanted[i].size() - 2)] = http::decode_percent(given[i], false);
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

// What the flow sees of the request. Credentials and the signature are nobody's business there.
Result<json::object> outputs_of(const http::Request& request) {
  json::object headers, queries;
  for (const auto& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Authorization") &&
        !equals_ignoring_case(header.name, "Cookie"))
      headers[header.name] = header.value;
  }
  for (const auto& [name, value] : http::parse_query(request.query())) {
    if (name != "sig") queries[name] = value;
  }
  json::object outputs;
  outputs.emplace("headers", std::move(headers));
  outputs.emplace("queries", std::move(queries));
  TRY(auto body, read_body(request));
  outputs.emplace("body", std::move(body));
  return outputs;
}

std::optional<flow::RunId> run_of(const http::Request& request) {
  const auto text = request.path_value("run");
  flow::RunId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

void add_run_headers(http::Response& response, const flow::RunRecord& run) {
  const auto id = std::to_string(run.id);
  response.headers.set("x-ms-workflow-run-id", id);
  response.headers.set("x-ms-workflow-name", http::encode_percent(run.flow));
  response.headers.set("x-ms-client-tracking-id",
                       http::encode_percent(run.tracking.empty() ? id : run.tracking));
}

// The flows move while somebody waits for one of them; the server's own loop may be asleep.
bool move_on(Services& services) {
  return services.driver.with([](flow::Driver& driver) {
    for (std::size_t i = 0; i < steps_at_once; ++i) {
      const auto stepped = driver.step();
      if (!stepped || !*stepped) return i > 0;
    }
    return true;
  });
}

http::Response wait_for_answer(Services& services, const flow::RunRecord& run,
                               const http::Request& request) {
  const auto until = steady_clock::now() + longest_wait;
  while (steady_clock::now() < until && !(request.gone && *request.gone)) {
    const bool moved = move_on(services);
    const auto now = services.runs.run(run.id);
    if (!now) return refuse(now.error());
    if (*now && !(*now)->response.empty()) {
      const auto answer =
          services.driver.with([&](flow::Driver& driver) { return driver.response(run.id); });
      if (!answer) return refuse(answer.error());
      auto response = to_response(**answer);
      add_run_headers(response, run);
      return response;
    }
    if (!*now || (*now)->ended) {
      return http::problem(
          502, "HOOK0105",
          fmt::format("run {} ended without an answer{}", run.id,
                      *now ? fmt::format(": {}", flow::to_string((*now)->status)) : ""));
    }
    if (!moved) std::this_thread::sleep_for(between_looks);
  }
  return http::problem(504, "HOOK0104",
                       fmt::format("run {} has not answered within {} seconds; it goes on", run.id,
                                   longest_wait.count()));
}

http::Response accepted(Services& services, const flow::RunRecord& run, bool fetched_later) {
  auto response = http::Response{202, {}, {}};
  add_run_headers(response, run);
  if (fetched_later) {
    response.headers.set("Location", services.driver.with([&](flow::Driver& driver) {
      return driver.site().response_url(run.id);
    }));
    response.headers.set("Retry-After", "5");
  }
  return response;
}

http::Response refuse_start(const Error& error) {
  if (error.code == "FLOW0509") return {202, {{"x-rollcall-trigger", "skipped"}}, {}};
  auto refused =
      error.code == "FLOW0511" ? http::problem(429, error.code, error.message) : refuse(error);
  if (error.code == "FLOW0511") refused.headers.set("Retry-After", "10");
  return refused;
}

http::Response too_many_wait() {
  auto refused = http::problem(
      503, "HOOK0107",
      fmt::format("{} callers wait for the answers of their runs already; try again later",
                  most_waiting));
  refused.headers.set("Retry-After", "5");
  return refused;
}

http::Response trigger(Services& services, std::atomic<int>& waiting,
                       const http::Request& request) {
  const auto name = request.path_value("flow"), trigger_name = request.path_value("trigger");
  const auto signature = request.query_value("sig").value_or("");
  const bool is_signed = services.driver.with([&](flow::Driver& driver) {
    return driver.site().trigger_is_signed(name, trigger_name, signature);
  });
  if (!is_signed) return not_signed();
  const auto door =
      services.driver.with([&](flow::Driver& driver) { return driver.door(name, trigger_name); });
  if (!door) return refuse(door.error());
  if (!door->enabled)
    return http::problem(403, "HOOK0106", fmt::format("flow '{}' is disabled", name));
  if (!door->method.empty() && !equals_ignoring_case(door->method, request.method)) {
    auto refused = http::problem(
        405, "HOOK0102", fmt::format("the trigger takes {}, not {}", door->method, request.method));
    refused.headers.set("Allow", door->method);
    return refused;
  }
  auto path = match_path(door->relative_path, request.path_value("rest"));
  if (!path) {
    const auto& shape = door->relative_path;
    return http::problem(
        404, "HOOK0103",
        fmt::format("the trigger's path is {}{}", shape.starts_with('/') ? "" : "/", shape));
  }
  auto outputs = outputs_of(request);
  if (!outputs) return refuse(outputs.error());
  if (!path->empty()) outputs->emplace("relativePathParameters", std::move(*path));
  std::optional<Seat> seat;
  if (door->responds && !seat.emplace(waiting).taken()) return too_many_wait();
  const auto id = services.driver.with([&](flow::Driver& driver) {
    return driver.start_with_outputs(name, door->trigger, *std::move(outputs), caller);
  });
  if (!id) return refuse_start(id.error());
  const auto run = services.runs.run(*id);
  if (!run || !*run)
    return run ? http::problem(500, "HOOK0105", "the run is gone") : refuse(run.error());
  if (door->responds) return wait_for_answer(services, **run, request);
  return accepted(services, **run, door->responds_later);
}

http::Response call_back(Services& services, const http::Request& request) {
  const auto run = run_of(request);
  const auto instance = request.path_value("instance");
  const auto signature = request.query_value("sig").value_or("");
  const auto is_signed = run && services.driver.with([&](flow::Driver& driver) {
    return driver.site().instance_is_signed(*run, instance, signature);
  });
  if (!is_signed) return not_signed();
  auto outputs = outputs_of(request);
  if (!outputs) return refuse(outputs.error());
  const auto done = services.driver.with(
      [&](flow::Driver& driver) { return driver.call_back(*run, instance, *std::move(outputs)); });
  if (!done)
    return done.error().code == "FLOW0512"
               ? http::problem(404, done.error().code, done.error().message)
               : refuse(done.error());
  return {200, {}, {}};
}

http::Response fetch(Services& services, const http::Request& request) {
  const auto id = run_of(request);
  const auto signature = request.query_value("sig").value_or("");
  const auto is_signed = id && services.driver.with([&](flow::Driver& driver) {
    return driver.site().response_is_signed(*id, signature);
  });
  if (!is_signed) return not_signed();
  const auto run = services.runs.run(*id);
  if (!run) return refuse(run.error());
  if (!*run) return http::problem(404, "FLOW0504", fmt::format("there is no run {}", *id));
  const auto answer =
      services.driver.with([&](flow::Driver& driver) { return driver.response(*id); });
  if (!answer) return refuse(answer.error());
  if (*answer) return to_response(**answer);
  if ((*run)->ended)
    return http::problem(502, "HOOK0105", fmt::format("run {} ended without an answer", *id));
  return accepted(services, **run, true);
}

}  // namespace

void add_hooks(http::Router& router, Services& services) {
  const auto waiting = std::make_shared<std::atomic<int>>(0);
  const auto start = [&services, waiting](const http::Request& request) {
    return trigger(services, *waiting, request);
  };
  for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    router.add(method, "/hooks/{flow}/{trigger}", start);
    router.add(method, "/hooks/{flow}/{trigger}/{rest...}", start);
  }
  router.add("POST", "/hooks/runs/{run}/{instance}",
             [&services](const http::Request& request) { return call_back(services, request); });
  router.add("GET", "/hooks/runs/{run}/response",
             [&services](const http::Request& request) { return fetch(services, request); });
}

}  // namespace rollcall::doors
