#include "doors/api/matrix.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "fleet/pace.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t most_unexpected = 1'000;  // a fleet that nobody expects fills no page

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

fleet::Cell cell_of(const lists::Item& item) {
  return {std::string(text(item, "Environment")), std::string(text(item, "Role")),
          std::string(text(item, "Region"))};
}

template <class Key>
std::optional<Timestamp> time_in(const std::map<Key, Timestamp>& times, const Key& key) {
  const auto at = times.find(key);
  return at == times.end() ? std::nullopt : std::optional(at->second);
}

// Of it, or of all regions of its role.
std::optional<Timestamp> removal_of(const std::map<fleet::Cell, Timestamp>& removals,
                                    const fleet::Cell& cell) {
  return std::max(time_in(removals, cell), time_in(removals, {cell.environment, cell.role, ""}));
}

// Of a cell that logs now and then.
fleet::Presence presence_at(const fleet::Cell& cell, const fleet::LastHeard& heard,
                            const fleet::CellRules& rules, Timespan gap, Timestamp now) {
  if (heard.cell && now - *heard.cell <= fleet::silent_after(rules, gap))
    return fleet::Presence::live;
  return fleet::presence_of(cell, heard, rules, now);
}

std::map<std::string, Timestamp> heard_of_environments(const CellTimes& times) {
  std::map<std::string, Timestamp> latest;
  for (const auto& [cell, at] : times.heard) {
    const auto [known, added] = latest.emplace(cell.environment, at);
    if (!added) known->second = std::max(known->second, at);
  }
  return latest;
}

json::object shown_cell(const fleet::Cell& cell) {
  return {{"environment", cell.environment}, {"role", cell.role}, {"region", cell.region}};
}

// Those that the rules name one by one, and that have no row.
json::array missing(const std::set<fleet::Cell>& shown, const fleet::CellRules& rules) {
  json::array all;
  for (const auto& pattern : rules.expected) {
    if (pattern.is_exact() && !shown.contains(pattern.cell))
      all.push_back(shown_cell(pattern.cell));
  }
  return all;
}

json::array unexpected(const CellTimes& times, const fleet::CellRules& rules, Timestamp now) {
  json::array all;
  for (const auto& [cell, at] : times.heard) {
    if (rules.is_expected(cell) || now - at > rules.silent_after) continue;
    if (all.size() == most_unexpected) break;
    auto one = shown_cell(cell);
    one["heard"] = format_iso_seconds(at);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

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
                         std::span<const std::string> regions, const CellTimes& times,
                         const fleet::CellRules& rules, Timestamp now) {
  std::map<std::string, std::size_t, std::less<>> rank;
  for (std::size_t i = 0; i < regions.size(); ++i) rank.emplace(regions[i], i);
  std::vector<const lists::Item*> ordered;
  std::set<fleet::Cell> shown;
  for (const auto& item : snapshot) {
    if (!rules.is_expected(cell_of(item))) continue;
    ordered.push_back(&item);
    shown.insert(cell_of(item));
  }
  std::ranges::sort(ordered, {}, [&](const lists::Item* item) {
    const auto at = rank.find(text(*item, "Region"));
    return std::tuple(text(*item, "Environment"), text(*item, "Role"),
                      at == rank.end() ? regions.size() : at->second, item->id);
  });
  const auto environments = heard_of_environments(times);
  json::array cells;
  std::set<std::string> present;
  for (const auto* item : ordered) {
    const auto cell = cell_of(*item);
    const auto source = times.deaf.find(cell);
    const fleet::LastHeard heard{time_in(times.heard, cell),
                                 source == times.deaf.end()
                                     ? time_in(environments, cell.environment)
                                     : std::nullopt,  // which says nothing of it
                                 removal_of(times.removals, cell)};
    const auto gap = times.gaps.find(cell);
    const auto presence = gap == times.gaps.end()
                              ? fleet::presence_of(cell, heard, rules, now)
                              : presence_at(cell, heard, rules, gap->second, now);
    present.insert(cell.region);
    cells.push_back(
        {{"environment", member(*item, "Environment")},
         {"role", member(*item, "Role")},
         {"region", member(*item, "Region")},
         {"version", member(*item, "Version")},
         {"previousVersion", member(*item, "PreviousVersion")},
         {"since", member(*item, "Since")},
         {"percent", member(*item, "Percent")},
         {"status", member(*item, "Status")},
         {"deploymentId", member(*item, "DeploymentId")},
         {"heard",
          heard.cell ? json::value(format_iso_seconds(*heard.cell)) : json::value(nullptr)},
         {"silent", presence != fleet::Presence::live},
         {"state", fleet::to_string(presence)},
         {"deafSource", presence == fleet::Presence::unknown && source != times.deaf.end()
                            ? json::value(source->second)
                            : json::value(nullptr)}});
  }
  json::array in_order;
  for (const auto& region : regions) {
    if (present.contains(region)) in_order.emplace_back(region);
  }
  json::object matrix{{"now", format_iso_seconds(now)},
                      {"regions", std::move(in_order)},
                      {"cells", std::move(cells)}};
  if (!rules.expected.empty()) {
    matrix["missing"] = missing(shown, rules);
    matrix["unexpected"] = unexpected(times, rules, now);
  }
  return matrix;
}

}  // namespace rollcall::doors
