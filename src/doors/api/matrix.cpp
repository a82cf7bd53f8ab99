#include "doors/api/matrix.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

namespace rollcall::doors {
namespace {

std::string_view text(const lists::Item& item, std::string_view column) {
  return text_or(item.fields, column);
}

json::value member(const lists::Item& item, std::string_view column) {
  const auto* value = item.fields.if_contains(column);
  return value == nullptr ? json::value(nullptr) : *value;
}

// Where a region stands in the rollouts that reached it: 0 first, 1 last.
struct Place {
  double sum = 0;
  int rollouts = 0;
  std::string first_seen = "~";  // ISO texts compare as times; `~` comes after them
  double mean() const {
    return rollouts == 0 ? std::numeric_limits<double>::max() : sum / rollouts;
  }
};

std::map<std::string, Place> places_of(std::span<const lists::Item> history) {
  std::map<std::string, Place> places;
  // (environment, role, version) → (started, region): a rollout.
  std::map<std::tuple<std::string, std::string, std::string>, std::map<std::string, std::string>>
      rollouts;
  for (const auto& item : history) {
    const std::string region(text(item, "Region"));
    const std::string started(text(item, "StartedAt"));
    auto& place = places[region];
    place.first_seen = std::min(place.first_seen, started);
    if (text(item, "Kind") == "initial") continue;
    auto& starts = rollouts[{std::string(text(item, "Environment")),
                             std::string(text(item, "Role")), std::string(text(item, "Version"))}];
    const auto [at, added] = starts.emplace(region, started);
    if (!added) at->second = std::min(at->second, started);
  }
  std::size_t most = 0;
  for (const auto& [rollout, starts] : rollouts) most = std::max(most, starts.size());
  for (const auto& [rollout, starts] : rollouts) {
    // One that is under way, or was stopped early, says little of the regions behind.
    if (starts.size() < 2 || 4 * starts.size() < 3 * most) continue;
    std::vector<std::pair<std::string, std::string>> order;
    for (const auto& [region, started] : starts) order.emplace_back(started, region);
    std::ranges::sort(order);
    for (std::size_t i = 0; i < order.size(); ++i) {
      auto& place = places[order[i].second];
      place.sum += static_cast<double>(i) / static_cast<double>(order.size() - 1);
      ++place.rollouts;
    }
  }
  return places;
}

}  // namespace

std::string cell_key(std::string_view environment, std::string_view role, std::string_view region) {
  return std::string(environment) + '\x1f' + std::string(role) + '\x1f' + std::string(region);
}

std::vector<std::string> order_regions(std::span<const std::string> configured,
                                       std::span<const lists::Item> history,
                                       std::span<const lists::Item> snapshot) {
  auto places = places_of(history);
  for (const auto& item : snapshot) places[std::string(text(item, "Region"))];
  std::vector<std::string> regions;
  for (const auto& region : configured) {
    if (places.erase(region) != 0) regions.push_back(region);
  }
  std::vector<std::tuple<double, std::string, std::string>> rest;
  for (const auto& [region, place] : places)
    rest.emplace_back(place.mean(), place.first_seen, region);
  std::ranges::sort(rest);
  for (auto& [mean, first_seen, region] : rest) regions.push_back(std::move(region));
  return regions;
}

json::object make_matrix(std::span<const lists::Item> snapshot,
                         std::span<const std::string> regions,
                         const std::map<std::string, Timestamp>& heard,
                         const std::map<std::string, std::string>& deaf, Timestamp now) {
  std::map<std::string, std::size_t, std::less<>> rank;
  for (std::size_t i = 0; i < regions.size(); ++i) rank.emplace(regions[i], i);
  std::vector<const lists::Item*> ordered;
  for (const auto& item : snapshot) ordered.push_back(&item);
  std::ranges::sort(ordered, {}, [&](const lists::Item* item) {
    const auto at = rank.find(text(*item, "Region"));
    return std::tuple(text(*item, "Environment"), text(*item, "Role"),
                      at == rank.end() ? regions.size() : at->second, item->id);
  });
  json::array cells;
  std::set<std::string> present;
  for (const auto* item : ordered) {
    const auto key =
        cell_key(text(*item, "Environment"), text(*item, "Role"), text(*item, "Region"));
    const auto at = heard.find(key);
    const bool silent = at == heard.end() || now - at->second > silent_after;
    const auto source = deaf.find(key);
    present.emplace(text(*item, "Region"));
    cells.push_back({{"environment", member(*item, "Environment")},
                     {"role", member(*item, "Role")},
                     {"region", member(*item, "Region")},
                     {"version", member(*item, "Version")},
                     {"previousVersion", member(*item, "PreviousVersion")},
                     {"since", member(*item, "Since")},
                     {"percent", member(*item, "Percent")},
                     {"status", member(*item, "Status")},
                     {"deploymentId", member(*item, "DeploymentId")},
                     {"heard", at == heard.end() ? json::value(nullptr)
                                                 : json::value(format_iso_seconds(at->second))},
                     {"silent", silent},
                     {"deafSource", silent && source != deaf.end() ? json::value(source->second)
                                                                   : json::value(nullptr)}});
  }
  json::array shown;
  for (const auto& region : regions) {
    if (present.contains(region)) shown.emplace_back(region);
  }
  return {
      {"now", format_iso_seconds(now)}, {"regions", std::move(shown)}, {"cells", std::move(cells)}};
}

}  // namespace rollcall::doors
