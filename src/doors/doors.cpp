#include "doors/doors.hpp"

#include "doors/api/api.hpp"
#include "doors/datasets/datasets.hpp"
#include "doors/declared/declared.hpp"
#include "doors/health/health.hpp"
#include "doors/hooks/hooks.hpp"
#include "doors/ingest/ingest.hpp"
#include "doors/kusto/kusto.hpp"
#include "doors/otlp/otlp.hpp"
#include "doors/portal/portal.hpp"
#include "doors/sharepoint/sharepoint.hpp"

namespace rollcall::doors {

http::Router make_router(Services& services, std::span<const File> portal) {
  http::Router router;
  add_portal(router, portal);
  add_health(router, services);
  add_ingest(router, services);
  add_otlp(router, services);
  add_declared(router, services);
  add_hooks(router, services);
  add_kusto(router, services);
  add_sharepoint(router, services);
  add_datasets(router, services);
  add_api(router, services);
  return router;
}

http::Handler make_handler(const http::Router& router, Metrics& metrics) {
  return [&router, &metrics](const http::Request& request) {
    auto answer = router.dispatch(request);
    metrics.requests.fetch_add(1, std::memory_order_relaxed);
    if (answer.status >= 500) {
      metrics.requests_failed.fetch_add(1, std::memory_order_relaxed);
    } else if (answer.status >= 400) {
      metrics.requests_refused.fetch_add(1, std::memory_order_relaxed);
    }
    return answer;
  };
}

}  // namespace rollcall::doors
