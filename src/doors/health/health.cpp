#include "doors/health/health.hpp"

#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

Result<void> ready(Services& services) {
  TRY_DO(services.database.read([&](store::Connection& connection) { return services.lists.all_lists(connection); }));
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.limits.timeout = seconds(5);
  TRY_DO(services.warehouse.query("print ready=1", options));
  return {};
}

}  // namespace

void add_health(http::Router& router, Services& services) {
  router.add("GET", "/healthz", [](const http::Request&) { return http::text_response(200, "ok\n"); });
  router.add("GET", "/readyz", [&services](const http::Request&) {
    const auto answer = ready(services);
    if (answer) return http::text_response(200, "ready\n");
    return http::problem(503, answer.error().code, answer.error().message);
  });
  router.add("GET", "/metrics", [&services](const http::Request&) {
    auto answer = http::text_response(200, services.metrics.text());
    answer.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return answer;
  });
}

}  // namespace rollcall::doors
