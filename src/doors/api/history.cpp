// GET /api/v1/history: deployments, newest first; of one cell when environment, role and region are given.
#include <fmt/format.h>

#include "doors/api/items.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::doors {
namespace {

constexpr std::int64_t usual_top = 50;
constexpr std::int64_t max_top = 5'000;

Result<json::object> history(Services& services, const http::Request& request) {
  TRY(const auto top, number_of(request, "top", usual_top, max_top, 1));
  std::vector<std::pair<std::string, std::string>> equal;
  for (const auto& [parameter, column] :
       {std::pair{"environment", "Environment"}, std::pair{"role", "Role"},
        std::pair{"region", "Region"}, std::pair{"version", "Version"}}) {
    if (auto value = request.query_value(parameter)) equal.emplace_back(column, *value);
  }
  odata::Options options;
  if (!equal.empty()) options.filter = exact_filter(equal);
  options.orderby = "StartedAt desc";
  TRY(const auto items, read_items(services, fleet::deployment_history_list, options,
                                   static_cast<std::size_t>(top), true));
  json::array deployments;
  for (const auto& item : items) {
    json::object one;
    for (const auto& [name, column] :
         {std::pair{"deploymentId", "DeploymentId"}, std::pair{"environment", "Environment"},
          std::pair{"role", "Role"}, std::pair{"region", "Region"}, std::pair{"version", "Version"},
          std::pair{"previousVersion", "PreviousVersion"}, std::pair{"kind", "Kind"},
          std::pair{"status", "Status"}, std::pair{"startedAt", "StartedAt"},
          std::pair{"completedAt", "CompletedAt"}, std::pair{"detectedAt", "DetectedAt"},
          std::pair{"instances", "Instances"}, std::pair{"percent", "Percent"},
          std::pair{"sequence", "Sequence"}, std::pair{"runId", "RunId"}}) {
      const auto* value = item.fields.if_contains(column);
      one[name] = value == nullptr ? json::value(nullptr) : *value;
    }
    deployments.push_back(std::move(one));
  }
  return json::object{{"deployments", std::move(deployments)}};
}

}  // namespace

Operations history_operations(Services& services) {
  return {{"GET",
           "/api/v1/history",
           Scope::read,
           "getHistory",
           "Deployments, newest first.",
           [&services](const http::Request& request, const Principal&) {
             const auto answer = history(services, request);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           },
           {{"environment", "only this environment"},
            {"role", "only this role"},
            {"region", "only this region"},
            {"version", "only deployments of this version"},
            {"top", "how many at most; 50 when absent", "integer"}}}};
}

}  // namespace rollcall::doors
