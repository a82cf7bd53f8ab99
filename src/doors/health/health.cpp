#include "doors/health/health.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "doors/health/pulse.hpp"

namespace rollcall::doors {
namespace {

Result<void> ready(Services& services) {
  TRY_DO(services.database.read(
      [&](store::Connection& connection) { return services.lists.all_lists(connection); }));
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.limits.timeout = seconds(5);
  TRY_DO(services.warehouse.query("print ready=1", options));
  return {};
}

// Each source that is pulled, for alerts: a source that stopped is not a fleet that went silent.
std::string source_metrics(const json::array& sources) {
  std::string out;
  const auto gauge = [&](std::string_view name, std::string_view help,
                         const std::function<std::optional<double>(const json::value&)>& value) {
    out += fmt::format("# HELP rollcall_source_{0} {1}\n# TYPE rollcall_source_{0} gauge\n", name,
                       help);
    for (const auto& one : sources) {
      std::string label;
      append_json(label, text_or(one, "name"));
      if (const auto number = value(one))
        out += fmt::format("rollcall_source_{}{{source={}}} {}\n", name, label, *number);
    }
  };
  const auto time = [](const char* member) {
    return [member](const json::value& one) -> std::optional<double> {
      const auto at = parse_iso(text_or(one, member));
      return at ? std::optional(static_cast<double>(to_unix_milliseconds(*at)) / 1000)
                : std::nullopt;
    };
  };
  gauge("up", "1: the last pull succeeded.",
        [](const json::value& one) { return text_or(one, "state") == "ok" ? 1.0 : 0.0; });
  gauge("last_success_timestamp_seconds", "When a pull last succeeded.", time("lastSuccess"));
  gauge("watermark_timestamp_seconds", "Up to when everything was read.", time("watermark"));
  gauge("lag_seconds", "How far it is behind.",
        [](const json::value& one) -> std::optional<double> {
          const auto& lag = one.at("lagSeconds");
          return lag.is_null() ? std::nullopt : std::optional(lag.to_number<double>());
        });
  gauge("rows", "Rows taken since the start.",
        [](const json::value& one) { return one.at("rows").to_number<double>(); });
  return out;
}

std::string pulse_metrics(const Pulse& pulse) {
  const auto gauge = [](std::string_view name, std::string_view help, double value) {
    return fmt::format("# HELP rollcall_{0} {1}\n# TYPE rollcall_{0} gauge\nrollcall_{0} {2}\n",
                       name, help, value);
  };
  const auto time = [](const std::optional<Timestamp>& at) {
    return at ? static_cast<double>(to_unix_milliseconds(*at)) / 1000 : 0.0;
  };
  return gauge("well", "1: the tracker polls, logs come in, no source has stopped.",
               pulse.problems.empty() ? 1 : 0) +
         gauge("last_poll_timestamp_seconds", "When the tracker last polled with success.",
               time(pulse.last_poll)) +
         gauge("last_heard_timestamp_seconds", "When a line that tells a version last came in.",
               time(pulse.last_heard));
}

json::object pulse_json(Services& services) {
  const auto pulse = take_pulse(services);
  const auto time = [](const std::optional<Timestamp>& at) {
    return at ? json::value(format_iso_seconds(*at)) : json::value(nullptr);
  };
  return {{"well", pulse.problems.empty()},
          {"problems", json::value_from(pulse.problems)},
          {"lastPoll", time(pulse.last_poll)},
          {"lastHeard", time(pulse.last_heard)},
          {"sources", services.sources ? services.sources() : json::array()}};
}

}  // namespace

Operations source_operations(Services& services) {
  return {
      {"GET", "/api/v1/health", Scope::read, "getHealth",
       "Whether the tracker polls, logs come in, and no source has stopped; and what is not so.",
       [&services](const http::Request&, const Principal&) {
         return http::json_response(200, pulse_json(services));
       }},
      {"GET", "/api/v1/sources", Scope::read, "getSources", "How each source that is pulled fares.",
       [&services](const http::Request&, const Principal&) {
         return http::json_response(
             200, json::object{{"sources", services.sources ? services.sources() : json::array()}});
       }}};
}

void add_health(http::Router& router, Services& services) {
  router.add("GET", "/healthz",
             [](const http::Request&) { return http::text_response(200, "ok\n"); });
  router.add("GET", "/readyz", [&services](const http::Request&) {
    const auto answer = ready(services);
    if (answer) return http::text_response(200, "ready\n");
    return http::problem(503, answer.error().code, answer.error().message);
  });
  router.add("GET", "/healthz/pipeline", [&services](const http::Request&) {
    const auto pulse = take_pulse(services);
    if (pulse.problems.empty()) return http::text_response(200, "well\n");
    // Whoever may ask this may not see everything.
    return http::problem(
        503, "HEALTH0101",
        fmt::format("{} problem{}; `rollcall status` and GET /api/v1/health say which",
                    pulse.problems.size(), pulse.problems.size() == 1 ? "" : "s"));
  });
  router.add("GET", "/metrics", [&services](const http::Request&) {
    auto text = services.metrics.text() + pulse_metrics(take_pulse(services));
    if (services.sources) text += source_metrics(services.sources());
    auto answer = http::text_response(200, std::move(text));
    answer.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return answer;
  });
}

}  // namespace rollcall::doors
