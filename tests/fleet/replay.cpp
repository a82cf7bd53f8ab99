#include "replay.hpp"

#include <algorithm>

namespace rollcall::fleet::test {
namespace {

sim::Cell to_sim(const Cell& cell) { return {cell.environment, cell.role, cell.region}; }

std::vector<sim::Record> records_of(const MemoryLists& lists) {
  std::vector<sim::Record> records;
  for (const auto& [cell, items] : lists.history()) {
    for (const Deployment& item : items) {
      records.push_back({to_sim(cell), item.version, item.previous_version,
                         std::string(to_string(item.kind)), item.sequence, item.started_at,
                         item.completed_at, item.detected_at});
    }
  }
  return records;
}

std::vector<sim::SnapshotRow> rows_of(const MemoryLists& lists) {
  std::vector<sim::SnapshotRow> rows;
  for (const auto& [cell, row] : lists.snapshot())
    rows.push_back({to_sim(cell), row.version, row.previous_version});
  return rows;
}

}  // namespace

Replayed replay(const sim::FleetOptions& options, const sim::Timeline& timeline, Timestamp from,
                const Watch& watch) {
  Replayed replayed;
  sim::Player player(options, timeline, from);
  const sim::Truth& truth = player.truth();
  Names names;
  names.cell = [&](std::uint32_t cell) {
    return Cell{truth.cells[cell].environment, truth.cells[cell].role, truth.cells[cell].region};
  };
  names.host = [&](std::int64_t host) {
    return std::string(player.host_name(static_cast<std::uint32_t>(host)));
  };
  names.instance = [&](std::int64_t i) {
    return std::string(player.instance_name(static_cast<std::uint32_t>(i)));
  };
  names.version = [&](std::uint32_t version) { return truth.versions[version]; };
  MemoryFleet fleet(names);
  MemoryLists lists;
  sim::SnapshotWatch snapshot(truth, minutes(15));
  const sim::Outages& outages = player.outages();

  std::optional<sim::Line> line = player.next();
  if (!line) return replayed;
  Timestamp poll{(line->arrival.ticks / options.poll.ticks + 1) * options.poll.ticks};
  Timestamp succeeded = poll;
  bool more = true;
  for (Timestamp idle_from = poll; more || poll < idle_from + hours(2);
       poll = poll + options.poll) {
    // A stretch in which nothing is written is skipped, when the last lines have been digested.
    if (line && line->arrival > poll + hours(3) && poll > idle_from + hours(2)) {
      poll = Timestamp{(line->arrival.ticks / options.poll.ticks + 1) * options.poll.ticks};
    }
    for (; line && line->arrival <= poll; line = player.next()) {
      fleet.fold({line->cell, options.hosts ? static_cast<std::int64_t>(line->host) : -1,
                  static_cast<std::int64_t>(line->instance), line->version, line->timestamp,
                  line->arrival, line->request});
      ++replayed.lines;
      idle_from = poll;
    }
    more = line.has_value();
    if (outages.tracker.covering(poll) || outages.warehouse.covering(poll)) continue;
    ++replayed.polls;
    const Timespan lookback = poll - succeeded + hours(1);
    const std::vector<Interval> intervals = fleet.deployments(poll, lookback);
    const std::vector<Change> changes = lists.reconcile(intervals, poll - lookback, poll);
    for (const Change& change : changes) {
      lists.apply(change);
      if (change.action == Change::Action::create) ++replayed.creates;
    }
    succeeded = poll;
    replayed.rows += intervals.size();
    replayed.changes += changes.size();
    if (watch.poll) watch.poll(poll, intervals, changes);
    const auto looked_every = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(watch.look.ticks / options.poll.ticks));
    if (replayed.polls % looked_every == 0) {
      const double minutes =
          static_cast<double>(options.poll.ticks * static_cast<std::int64_t>(looked_every)) /
          static_cast<double>(60 * ticks_per_second);
      snapshot.poll(poll, rows_of(lists), minutes);
      replayed.cell_minutes += minutes * static_cast<double>(truth.cells.size());
    }
  }
  sim::ScoreOptions score;
  score.heartbeat = options.heartbeat;
  if (options.faults.has(sim::Fault::skew)) score.skew = sim::skew_bound;
  replayed.score = sim::judge(truth, records_of(lists), rows_of(lists), score);
  replayed.truth = truth;
  replayed.wrong_cell_minutes = snapshot.wrong_cell_minutes();
  return replayed;
}

}  // namespace rollcall::fleet::test
