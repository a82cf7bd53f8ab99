// GET /api/v1/snapshot: the matrix. Who is silent is asked of the warehouse, which hears every line.
#include "doors/api/items.hpp"
#include "doors/api/matrix.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "doors/health/pulse.hpp"
#include "fleet/declared.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t max_cells = 200'000;
constexpr std::size_t recent_deployments = 2'000;  // from which the order of regions is read

Result<std::map<fleet::Cell, Timestamp>> last_heard(Services& services,
                                                    const Principal& principal) {
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.principal = principal;
  TRY(const auto table,
      services.warehouse.query(
          "Sightings | summarize Heard = max(LatestIngested) by Environment, Role, Region",
          options));
  std::map<fleet::Cell, Timestamp> heard;
  const auto environment = table.find_column("Environment"), role = table.find_column("Role");
  const auto region = table.find_column("Region"), time = table.find_column("Heard");
  for (std::size_t row = 0; row < table.row_count(); ++row) {
    const auto* at = std::get_if<Timestamp>(&table.at(row, time));
    if (at == nullptr) continue;
    heard.emplace(fleet::Cell{warehouse::to_text(table.at(row, environment)),
                              warehouse::to_text(table.at(row, role)),
                              warehouse::to_text(table.at(row, region))},
                  *at);
  }
  return heard;
}

// What was declared to be removed within a month; of what is silent for longer that can be seen.
Result<std::map<fleet::Cell, Timestamp>> removals(Services& services) {
  odata::Options options;
  options.filter = fmt::format("Kind eq 'removal' and At ge datetime'{}'",
                               format_iso(services.clock.now() - days(30)));
  TRY(const auto items, read_items(services, fleet::declared_list, options, max_cells, true));
  std::map<fleet::Cell, Timestamp> latest;
  for (const auto& item : items) {
    TRY(const auto one, fleet::parse_declaration(item.fields));
    if (one.status != fleet::DeclaredStatus::succeeded) continue;
    auto& at = latest[one.cell];
    at = std::max(at, one.at);
  }
  return latest;
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
  CellTimes times;
  TRY(times.heard, last_heard(services, principal));
  TRY(times.removals, removals(services));
  const auto regions = order_regions(services.regions, history, snapshot);
  if (services.deaf_cells) times.deaf = services.deaf_cells();
  auto shown = make_matrix(snapshot, regions, times, services.cells, services.clock.now());
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
