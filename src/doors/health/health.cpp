#include "doors/health/health.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

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
  gauge("rows", "Rows taken since the start.",
        [](const json::value& one) { return one.at("rows").to_number<double>(); });
  return out;
}

}  // namespace

Operations source_operations(Services& services) {
  return {
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
  router.add("GET", "/metrics", [&services](const http::Request&) {
    auto text = services.metrics.text();
    if (services.sources) text += source_metrics(services.sources());
    auto answer = http::text_response(200, std::move(text));
    answer.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return answer;
  });
}

}  // namespace rollcall::doors
