// GET /api/v1/snapshot: the matrix. Who is silent is asked of the warehouse, which hears every line.
#include "doors/api/items.hpp"
#include "doors/api/matrix.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "doors/health/pulse.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t max_cells = 200'000;
constexpr std::size_t recent_deployments = 2'000;  // from which the order of regions is read

Result<std::map<std::string, Timestamp>> last_heard(Services& services,
                                                    const Principal& principal) {
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.principal = principal;
  TRY(const auto table,
      services.warehouse.query(
          "Sightings | summarize Heard = max(LatestIngested) by Environment, Role, Region",
          options));
  std::map<std::string, Timestamp> heard;
  const auto environment = table.find_column("Environment"), role = table.find_column("Role");
  const auto region = table.find_column("Region"), time = table.find_column("Heard");
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    const auto* at = std::get_if<Timestamp>(&table.at(row, time));
    if (at == nullptr) continue;
    heard.emplace(cell_key(warehouse::to_text(table.at(row, environment)),
                           warehouse::to_text(table.at(row, role)),
                           warehouse::to_text(table.at(row, region))),
                  *at);
  }
  return heard;
}

Result<json::object> matrix(Services& services, const http::Request& request,
                            const Principal& principal) {
  odata::Options present, recent;
  std::vector<std::pair<std::string, std::string>> equal;
  if (auto environment = request.query_value("environment"))
    equal.emplace_back("Environment", *environment);
  if (auto role = request.query_value("role")) equal.emplace_back("Role", *role);
  if (!equal.empty()) present.filter = exact_filter(equal);
  recent.orderby = "StartedAt desc";
  TRY(const auto snapshot,
      read_items(services, fleet::current_snapshot_list, present, max_cells, false));
  TRY(const auto history,
      read_items(services, fleet::deployment_history_list, recent, recent_deployments, true));
  TRY(const auto heard, last_heard(services, principal));
  const auto regions = order_regions(services.regions, history, snapshot);
  const auto deaf =
      services.deaf_cells ? services.deaf_cells() : std::map<std::string, std::string>();
  auto shown = make_matrix(snapshot, regions, heard, deaf, services.clock.now());
  shown["problems"] = json::value_from(take_pulse(services).problems);
  return shown;
}

}  // namespace

Operations snapshot_operations(Services& services) {
  return {{"GET",
           "/api/v1/snapshot",
           Scope::read,
           "getSnapshot",
           "The present version of every cell, in sequence order, and when it was last heard.",
           [&services](const http::Request& request, const Principal& principal) {
             const auto answer = matrix(services, request, principal);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           },
           {{"environment", "only this environment"}, {"role", "only this role"}}}};
}

}  // namespace rollcall::doors
