// GET /api/v1/snapshot: the matrix. Who is silent is asked of the warehouse, which hears every line.
#include <map>
#include <mutex>

#include "doors/api/items.hpp"
#include "doors/api/matrix.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "doors/health/pulse.hpp"
#include "fleet/declared.hpp"
#include "fleet/well_known_lists.hpp"
#include "kql/values.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t max_cells = 200'000;
constexpr std::size_t recent_deployments = 2'000;  // from which the order of regions is read

warehouse::QueryOptions options_of(Services& services, const Principal& principal) {
  warehouse::QueryOptions options;
  options.now = services.clock.now();
  options.principal = principal;
  return options;
}

Result<std::map<fleet::Cell, Timestamp>> last_heard(Services& services,
                                                    const Principal& principal) {
  const auto options = options_of(services, principal);
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

// How far apart the lines of a cell are, whoever writes them: all but one in a hundred of the gaps of the last days, and never the
// longest alone, which may have been an outage. Asked only of cells that seem to be silent, and remembered for a while.
class Gaps {
 public:
  Result<std::map<fleet::Cell, Timespan>> of_silent(Services& services, const Principal& principal,
                                                    const std::map<fleet::Cell, Timestamp>& heard) {
    const auto now = services.clock.now();
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [&](const auto& one) { return one.second.until < now; });
    std::string names;
    std::size_t asked = 0;
    for (const auto& [cell, at] : heard) {
      if (now - at <= services.cells.silent_after || now - at > longest || known_.contains(cell))
        continue;
      if (asked++ == most_asked) break;
      known_[cell] = {{}, now + remembered};
      names += fmt::format(
          "{}hash_xxhash64({})", names.empty() ? "" : ", ",
          kql::json_string(fmt::format("{}\n{}\n{}", cell.environment, cell.role, cell.region)));
    }
    if (asked > 0) TRY_DO(ask(services, principal, names));
    std::map<fleet::Cell, Timespan> gaps;
    for (const auto& [cell, one] : known_) gaps.emplace(cell, one.gap);
    return gaps;
  }

 private:
  struct Known {
    Timespan gap;
    Timestamp until;
  };
  static constexpr std::size_t most_asked = 500;
  static constexpr Timespan longest = days(2);  // a cell that is silent for so long is silent
  static constexpr Timespan remembered = hours(1);

  Result<void> ask(Services& services, const Principal& principal, const std::string& names) {
    const auto question = fmt::format(
        "let gaps = materialize(Observations | where LatestIngested >= ago(3d) | where Cell in ({})"
        " | summarize From = min(First), To = max(Last) by Environment, Role, Region, Bin"
        " | sort by Environment asc, Role asc, Region asc, Bin asc"
        " | extend Same = Environment == prev(Environment) and Role == prev(Role) and Region == "
        "prev(Region)"
        " | where Same | project Environment, Role, Region, Gap = (From - prev(To)) / 1s);"
        " gaps | sort by Environment asc, Role asc, Region asc, Gap desc"
        " | extend Rank = row_number(1, Environment != prev(Environment) or Role != prev(Role) or "
        "Region != prev(Region))"
        " | join kind=inner (gaps | summarize Gaps = count() by Environment, Role, Region) on "
        "Environment, Role, Region"
        " | where Rank == 1 + max_of(1, Gaps / 100) | project Environment, Role, Region, Gap",
        names);
    TRY(const auto table, services.warehouse.query(question, options_of(services, principal)));
    for (std::size_t row = 0; row < table.row_count(); ++row) {
      const auto* seconds_apart = std::get_if<double>(&table.at(row, 3));
      if (seconds_apart == nullptr) continue;
      const fleet::Cell cell{warehouse::to_text(table.at(row, 0)),
                             warehouse::to_text(table.at(row, 1)),
                             warehouse::to_text(table.at(row, 2))};
      if (const auto known = known_.find(cell); known != known_.end())
        known->second.gap = {
            static_cast<std::int64_t>(*seconds_apart * static_cast<double>(ticks_per_second))};
    }
    return {};
  }

  std::mutex mutex_;
  std::map<fleet::Cell, Known> known_;
};

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

Result<json::object> matrix(Services& services, Gaps& gaps, const http::Request& request,
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
  TRY(times.gaps, gaps.of_silent(services, principal, times.heard));
  const auto regions = order_regions(services.regions, history, snapshot);
  if (services.deaf_cells) times.deaf = services.deaf_cells();
  auto shown = make_matrix(snapshot, regions, times, services.cells, services.clock.now());
  shown["problems"] = json::value_from(take_pulse(services).problems);
  return shown;
}

}  // namespace

Operations snapshot_operations(Services& services) {
  const auto gaps = std::make_shared<Gaps>();
  return {{"GET",
           "/api/v1/snapshot",
           Scope::read,
           "getSnapshot",
           "The present version of every cell, in sequence order, and when it was last heard.",
           [&services, gaps](const http::Request& request, const Principal& principal) {
             const auto answer = matrix(services, *gaps, request, principal);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           },
           {{"environment", "only this environment"}, {"role", "only this role"}}}};
}

}  // namespace rollcall::doors
