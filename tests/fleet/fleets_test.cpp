// Many random fleets of two hours, with any of the faults, and what must hold of all of them
// together; and the same lines in other orders of arrival. ROLLCALL_FLEETS and
// ROLLCALL_PERMUTATIONS say how many (tests/full/fleets.test.sh: 10,000 of each).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "golden_time.hpp"
#include "replay.hpp"
#include "sim/random.hpp"
#include "sim/random_fleet.hpp"

namespace rollcall::fleet::test {
namespace {

std::uint64_t how_many(const char* name, std::uint64_t otherwise) {
  const char* given = std::getenv(name);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

// How often a cell's row went to a version that it had left, and to which nothing was deployed.
class Flaps {
 public:
  void note(const Change& change) {
    if (!change.snapshot) return;
    auto& shown = shown_[change.snapshot->cell];
    if (shown.empty() || shown.back() != change.snapshot->version)
      shown.push_back(change.snapshot->version);
  }
  std::uint64_t count(const sim::Truth& truth) const {
    std::uint64_t flaps = 0;
    for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
      const auto& one = truth.cells[cell];
      const auto shown = shown_.find({one.environment, one.role, one.region});
      if (shown == shown_.end()) continue;
      const auto& episodes = truth.episodes[cell];
      std::size_t next = 0;
      for (const std::string& version : shown->second) {
        auto found = next;
        while (found < episodes.size() && truth.versions[episodes[found].version] != version)
          ++found;
        if (found == episodes.size())
          ++flaps;
        else
          next = found + 1;
      }
    }
    return flaps;
  }

 private:
  std::map<Cell, std::vector<std::string>> shown_;
};

double percent(double part, double of) { return of == 0 ? 100 : 100 * part / of; }

// What is to hold of many fleets, in per cent.
struct Tracked {
  double right = 0, rollbacks = 0, redeploys = 0;
  std::uint64_t flaps = 0;
};

Tracked track(std::uint64_t fleets, sim::Cells cells, Timespan length) {
  sim::Score all;
  std::uint64_t flaps = 0, imperfect = 0, lines = 0;
  double minutes_wrong = 0, minutes_all = 0;
  std::string examples;
  for (std::uint64_t seed = 1; seed <= fleets; ++seed) {
    const auto [options, timeline] = sim::random_fleet(seed, golden_day, length, cells);
    Flaps shown;
    Watch watch;
    watch.look = minutes(5);
    watch.poll = [&](Timestamp, std::span<const Interval>, std::span<const Change> changes) {
      for (const auto& change : changes) shown.note(change);
    };
    const Replayed replayed = replay(options, timeline, golden_day + minutes(30), watch);
    const auto& score = replayed.score;
    const auto own_flaps = shown.count(replayed.truth);
    for (std::size_t kind = 0; kind < all.expected_of.size(); ++kind) {
      all.expected_of[kind] += score.expected_of[kind];
      all.missed_of[kind] += score.missed_of[kind];
    }
    all.deployments += score.deployments;
    all.missed += score.missed;
    all.duplicated += score.duplicated;
    all.wrong_kind += score.wrong_kind;
    all.wrong_previous += score.wrong_previous;
    all.wrong_time += score.wrong_time;
    all.unobservable += score.unobservable;
    all.untold += score.untold;
    all.undecidable += score.undecidable;
    all.snapshot_wrong_at_end += score.snapshot_wrong_at_end;
    flaps += own_flaps;
    lines += replayed.lines;
    minutes_wrong += replayed.wrong_cell_minutes;
    minutes_all += replayed.cell_minutes;
    if (score.perfect() && own_flaps == 0 && replayed.wrong_cell_minutes == 0) continue;
    imperfect += score.perfect() ? 0 : 1;
    if (examples.size() > 4'000) continue;
    examples += fmt::format("  fleet {} ({}, {} instances): {} minutes wrong, {} flaps\n", seed,
                            options.faults.to_string(), options.instances,
                            replayed.wrong_cell_minutes, own_flaps);
    for (const auto& finding : score.findings) {
      if (finding.is_error())
        examples +=
            "    " + finding.what + (finding.undecidable ? "? " : " ") + finding.text + "\n";
    }
  }
  const auto of = [&](sim::Kind kind) {
    return static_cast<double>(all.expected_of[static_cast<std::size_t>(kind)]);
  };
  const auto missed = [&](sim::Kind kind) {
    return static_cast<double>(all.missed_of[static_cast<std::size_t>(kind)]);
  };
  const double right = percent(minutes_all - minutes_wrong, minutes_all);
  const double rollbacks =
      percent(of(sim::Kind::rollback) - missed(sim::Kind::rollback), of(sim::Kind::rollback));
  const double redeploys =
      percent(of(sim::Kind::redeploy) - missed(sim::Kind::redeploy), of(sim::Kind::redeploy));
  fmt::print(
      "{} fleets, {} lines, {} deployments ({} unobservable, {} untold): matrix right in {:.4f} % "
      "of {:.0f} "
      "cell-minutes; rollbacks {:.3f} % of {}, "
      "redeployments {:.3f} % of {}; {} flaps; {} missed, {} twice, {} previous, {} kind, {} time, "
      "{} rows at the end ({} undecidable); "
      "{} fleets with an error\n{}",
      fleets, lines, all.deployments, all.unobservable, all.untold, right, minutes_all, rollbacks,
      of(sim::Kind::rollback), redeploys, of(sim::Kind::redeploy), flaps, all.missed,
      all.duplicated, all.wrong_previous, all.wrong_kind, all.wrong_time, all.snapshot_wrong_at_end,
      all.undecidable, imperfect, examples);
  return {right, rollbacks, redeploys, flaps};
}

TEST(Fleets, AreTrackedRight) {
  const auto tracked = track(how_many("ROLLCALL_FLEETS", 200), sim::Cells::plain, hours(3));
  EXPECT_GE(tracked.right, 99.99);
  EXPECT_EQ(tracked.rollbacks, 100);
  EXPECT_GE(tracked.redeploys, 99);
  EXPECT_EQ(tracked.flaps, 0U);
}

// Blue/green and canary cells by traffic, and sparse ones, beside plain ones. What is lost of a region, or comes late, tells less where
// lines are few, or have to be compared; docs/detection.md says what remains.
TEST(Fleets, OfAllKindsOfCellsAreTrackedRight) {
  const auto fleets = how_many("ROLLCALL_FLEETS", 200);
  const auto tracked = track(fleets, sim::Cells::any, hours(6));
  EXPECT_GE(tracked.right, 99.85);
  EXPECT_GE(tracked.rollbacks, 99);
  EXPECT_GE(tracked.redeploys, 99);
  EXPECT_LE(tracked.flaps, fleets / 40);
}

// What is recorded of a fleet, in words; starts and completions to be compared by themselves.
struct Said {
  std::string text;
  std::vector<Timestamp> times;
};
Said said_of(const MemoryLists& lists) {
  Said said;
  for (const auto& [cell, items] : lists.history()) {
    auto own = items;
    std::ranges::sort(own, {}, &Deployment::sequence);
    for (const auto& item : own) {
      said.text +=
          fmt::format("{} {} <- {} {} {}\n", to_string(cell), item.version, item.previous_version,
                      to_string(item.kind), item.completed_at.has_value());
      said.times.push_back(item.started_at);
      said.times.push_back(item.completed_at.value_or(item.started_at));
    }
  }
  return said;
}

Said detect(std::vector<Seen> lines, const Names& names) {
  std::ranges::stable_sort(lines, {}, &Seen::ingested);
  MemoryFleet fleet(names);
  MemoryLists lists;
  auto line = lines.begin();
  const Timestamp end = lines.back().ingested + hours(1);
  for (Timestamp poll{(lines.front().ingested.ticks / minutes(5).ticks + 1) * minutes(5).ticks};
       poll < end; poll = poll + minutes(5)) {
    for (; line != lines.end() && line->ingested <= poll; ++line) fleet.fold(*line);
    for (const Change& change :
         lists.reconcile(fleet.deployments(poll, minutes(65)), poll - minutes(65), poll))
      lists.apply(change);
  }
  return said_of(lists);
}

// A line is on its way for seconds; in a fleet of slow lines one of ten is so for up to forty
// minutes.
Timespan way(sim::Random& random, bool slow) {
  return slow && random.chance(0.1) ? random.between(seconds(6), minutes(40))
                                    : random.between(seconds(1), seconds(6));
}

TEST(Fleets, TheOrderOfArrivalDoesNotMatterNorDoRepetitions) {
  const auto permutations = how_many("ROLLCALL_PERMUTATIONS", 200);
  constexpr std::uint64_t orders = 20;  // of each fleet
  std::uint64_t differ = 0, times_differ = 0, made = 0;
  std::string example;
  for (std::uint64_t seed = 1; made < permutations; ++seed) {
    sim::Random random(sim::hash(seed, 11));
    auto [options, timeline] = sim::random_fleet(seed, golden_day, hours(3));
    options.faults = {};
    sim::Player player(options, std::move(timeline), golden_day + minutes(30));
    Names names;
    names.cell = [&](std::uint32_t cell) {
      const auto& one = player.truth().cells[cell];
      return Cell{one.environment, one.role, one.region};
    };
    names.host = [&](std::int64_t host) {
      return std::string(player.host_name(static_cast<std::uint32_t>(host)));
    };
    names.instance = [&](std::int64_t i) {
      return std::string(player.instance_name(static_cast<std::uint32_t>(i)));
    };
    names.version = [&](std::uint32_t version) { return player.truth().versions[version]; };
    std::vector<Seen> written;
    while (const auto line = player.next()) {
      written.push_back({line->cell, static_cast<std::int64_t>(line->host),
                         static_cast<std::int64_t>(line->instance), line->version, line->timestamp,
                         line->arrival});
    }
    const Said first = detect(written, names);
    for (std::uint64_t order = 0; order < orders && made < permutations; ++order, ++made) {
      const bool slow = order % 2 == 1, twice = order % 5 == 4;
      std::vector<Seen> lines;
      for (Seen line : written) {
        for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
          line.ingested = line.timestamp + way(random, slow);
          lines.push_back(line);
        }
      }
      const Said again = detect(std::move(lines), names);
      if (again.text != first.text) {
        ++differ;
        if (example.empty())
          example =
              fmt::format("fleet {}, order {}\n{}---\n{}", seed, order, first.text, again.text);
        continue;
      }
      const auto far = [](Timestamp a, Timestamp b) {
        return (a < b ? b - a : a - b) > seconds(30);
      };
      for (std::size_t i = 0; i < first.times.size(); ++i) {
        if (!far(first.times[i], again.times[i])) continue;
        ++times_differ;
        if (example.empty())
          example = fmt::format("fleet {}, order {}: {} or {}\n{}", seed, order,
                                format_iso(first.times[i]), format_iso(again.times[i]), first.text);
      }
    }
  }
  fmt::print(
      "{} permutations: {} tell another history, {} times differ by more than half a minute\n{}",
      made, differ, times_differ, example);
  EXPECT_EQ(differ, 0U);
  EXPECT_EQ(times_differ, 0U);
}

}  // namespace
}  // namespace rollcall::fleet::test
