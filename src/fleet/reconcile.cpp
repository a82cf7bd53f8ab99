// Cell by cell: intervals (put right, of what serves) → runs → episodes → records, and the differences from what the lists say.
#include "fleet/reconcile.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "fleet/episodes.hpp"
#include "fleet/pace.hpp"
#include "fleet/records.hpp"
#include "fleet/repair.hpp"
#include "fleet/runs.hpp"
#include "fleet/serving.hpp"

namespace rollcall::fleet {
namespace {

struct CellInput {
  Past past;
  std::vector<const Deployment*> history;  // behind it
  const Snapshot* snapshot = nullptr;
  std::vector<Interval> intervals;
};

// FNV-1a, 64 bits: no more than a short name that nothing else has.
std::uint64_t fnv(std::string_view text, std::uint64_t state) {
  for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return (state ^ 0xffU) * 0x100000001b3U;
}

std::string make_id(const Deployment& item, std::span<const Deployment> known) {
  std::uint64_t state = 0xcbf29ce484222325U;
  for (const std::string* part :
       {&item.cell.environment, &item.cell.role, &item.cell.region, &item.version}) {
    state = fnv(*part, state);
  }
  state = fnv(format_iso(item.started_at), state);
  for (;;) {
    state = fnv(format_iso(item.detected_at), state);
    std::string id = fmt::format("d{:016x}", state);
    if (std::ranges::none_of(known, [&](const Deployment& d) { return d.deployment_id == id; }))
      return id;
  }
}

// What the lists should say, given what they say.
Records judge(const Past& past, std::span<const Run> runs,
              std::span<const Deployment* const> history, const Snapshot* snapshot,
              const Input& input, const Parameters& parameters) {
  const std::vector<Episode> episodes =
      make_episodes(runs, history, input.since, input.now, parameters);
  Records records =
      make_records(past, episodes, runs, snapshot, input.since, input.now, parameters);
  for (Deployment& item : records.items) {
    if (!item.deployment_id.empty()) continue;
    item.deployment_id = make_id(item, records.items);
    item.run_id = input.run_id;
  }
  if (records.snapshot)
    records.snapshot->deployment_id = records.items[records.current].deployment_id;
  return records;
}

// What is found now may prove, or move, what was before it: judged again, as the next poll would,
// until nothing changes any more.
constexpr int most_rounds = 8;

Records settle(std::span<const Run> runs, const CellInput& own, const Input& input,
               const Parameters& parameters) {
  Records records = judge(own.past, runs, own.history, own.snapshot, input, parameters);
  const auto says = [](const Deployment& item, const Deployment* known) { return item == *known; };
  if (std::ranges::equal(records.items, own.history, says)) return records;
  for (int round = 1; round < most_rounds; ++round) {
    const std::vector<Deployment> items = records.items;
    std::vector<const Deployment*> history;
    for (const Deployment& item : items) history.push_back(&item);
    records = judge(own.past, runs, history, own.snapshot, input, parameters);
    if (records.items == items) break;
  }
  return records;
}

void reconcile_cell(const CellInput& own, const Input& input, const Parameters& parameters,
                    std::vector<Change>& changes) {
  const std::vector<Run> runs = make_runs(own.intervals, input.now, parameters);
  const Records records = settle(runs, own, input, parameters);

  std::unordered_map<std::string_view, const Deployment*> by_id;
  for (const Deployment* item : own.history) by_id.emplace(item->deployment_id, item);
  const auto find_known = [&](const Deployment& item) {
    const auto found = by_id.find(item.deployment_id);
    return found == by_id.end() ? nullptr : found->second;
  };
  const std::size_t begin = changes.size();
  // Those whose Sequence grows go first, from the top down.
  for (std::size_t i = records.items.size(); i-- > 0;) {
    const Deployment* known = find_known(records.items[i]);
    if (known != nullptr && known->sequence < records.items[i].sequence) {
      changes.push_back({Change::Action::update, records.items[i], std::nullopt});
    }
  }
  for (const Deployment& item : records.items) {
    const Deployment* known = find_known(item);
    if (known == nullptr)
      changes.push_back({Change::Action::create, item, std::nullopt});
    else if (known->sequence >= item.sequence && *known != item) {
      changes.push_back({Change::Action::update, item, std::nullopt});
    }
  }
  if (!records.snapshot || (own.snapshot != nullptr && *own.snapshot == *records.snapshot)) return;
  if (changes.size() == begin)
    changes.push_back({std::nullopt, records.items[records.current], std::nullopt});
  changes.back().snapshot = records.snapshot;
}

}  // namespace

std::vector<Change> reconcile(const Input& input, const Parameters& parameters) {
  std::map<Cell, CellInput> cells;
  for (const Interval& interval : input.intervals)
    cells[interval.cell].intervals.push_back(interval);
  for (auto& [cell, own] : cells) own.past.cell = cell;
  for (const Past& past : input.pasts) {
    if (const auto found = cells.find(past.cell); found != cells.end()) found->second.past = past;
  }
  for (const Deployment& item : input.history) {
    if (const auto found = cells.find(item.cell); found != cells.end())
      found->second.history.push_back(&item);
  }
  for (const Snapshot& row : input.snapshots) {
    if (const auto found = cells.find(row.cell); found != cells.end())
      found->second.snapshot = &row;
  }
  std::vector<Change> changes;
  for (auto& [cell, own] : cells) {
    std::ranges::stable_sort(
        own.history, {}, [](const Deployment* d) { return std::pair(d->sequence, d->started_at); });
    std::ranges::sort(own.intervals, {}, [](const Interval& i) {
      return std::tuple(i.first, i.instance, i.version, i.last, i.host);
    });
    repair(own.intervals, own.history);
    keep_serving(own.intervals);
    const Parameters suited = paced(parameters, usual_gap(own.intervals));
    reconcile_cell(own, input, suited, changes);
  }
  return changes;
}

}  // namespace rollcall::fleet
