// Fleets played with and without faults, through detection in memory: nothing missed, twice or
// wrong. And what must hold of every reconcile: the order of its inputs does not matter, and made
// twice it changes nothing.
#include "replay.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "golden_time.hpp"
#include "sim/random.hpp"

namespace rollcall::fleet::test {
namespace {

// Deployments half an hour to ten hours apart, a fifth of them rollbacks, in a few regions one
// after another.
sim::Timeline make_timeline(std::uint64_t seed) {
  sim::Random random(seed);
  sim::Timeline timeline;
  for (int role = 0; role < 3; ++role) {
    Timestamp at = golden_day;
    int version = 0;
    for (int deployment = 0; deployment < 12; ++deployment) {
      const bool back = version > 1 && random.chance(0.2);
      version += back ? -1 : 1;
      for (int region = 0; region < 3; ++region) {
        timeline.add(at + minutes(15 * region),
                     {"production", fmt::format("role{}", role), fmt::format("region{}", region)},
                     fmt::format("1.{}", back ? version : version + deployment * 10));
      }
      if (!back) version += deployment * 10;
      at = at + random.between(minutes(60), hours(10));
    }
  }
  return timeline;
}

std::string show(const sim::Score& score) {
  std::string text;
  for (const sim::Finding& finding : score.findings) {
    if (finding.is_error()) text += finding.what + " " + finding.text + "\n";
  }
  return text;
}

class Replay : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Replay, NothingIsMissedTwiceOrWrong) {
  for (const bool faults : {false, true}) {
    sim::FleetOptions options;
    options.seed = GetParam();
    if (faults) options.faults = sim::Faults::all();
    const Replayed replayed = replay(options, make_timeline(GetParam()), golden_day + minutes(40));
    EXPECT_GT(replayed.score.deployments, 100U);
    EXPECT_TRUE(replayed.score.perfect()) << "faults: " << options.faults.to_string() << "\n"
                                          << show(replayed.score);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Replay, testing::Values(1, 2));

Interval random_interval(sim::Random& random) {
  Interval interval;
  interval.cell = {"production", "portal", random.chance(0.5) ? "north" : "south"};
  interval.host = fmt::format("web-{}", random.below(3));
  interval.instance = fmt::format("i{}", random.below(12));
  interval.version = fmt::format("v{}", random.below(4));
  interval.first = golden_day + random.between(minutes(0), hours(4));
  interval.last = interval.first + random.between(minutes(0), minutes(90));
  interval.started = random.chance(0.8);
  interval.lines = 5;
  interval.earliest_ingested = interval.first + seconds(2);
  interval.latest_ingested = interval.last + seconds(2);
  interval.host_lag = interval.usual_lag = seconds(2);
  interval.host_lines = 50;
  return interval;
}

// What the first rows say is what their items say.
bool rows_say_what_items_say(const MemoryLists& lists) {
  return std::ranges::all_of(lists.snapshot(), [&](const auto& own) {
    const Snapshot& row = own.second;
    const std::vector<Deployment>& items = lists.history().at(own.first);
    const auto item = std::ranges::find(items, row.deployment_id, &Deployment::deployment_id);
    return item != items.end() &&
           std::tie(row.version, row.previous_version, row.since, row.status) ==
               std::tie(item->version, item->previous_version, item->started_at, item->status);
  });
}

// Answers what does not hold, or "". Looked at so early that most clocks, or all, are ahead.
std::string check_reconcile(std::uint64_t seed, Timespan looked = hours(5)) {
  sim::Random random(seed);
  std::vector<Interval> intervals;
  for (std::uint64_t n = 1 + random.below(12); n > 0; --n)
    intervals.push_back(random_interval(random));
  const Timestamp now = golden_day + looked;
  MemoryLists lists;
  const std::vector<Change> changes = lists.reconcile(intervals, golden_day, now);
  std::vector<Interval> shuffled = intervals;
  for (std::size_t i = shuffled.size(); i > 1; --i)
    std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  if (lists.reconcile(shuffled, golden_day, now) != changes) return "the order matters";
  for (const Change& change : changes) lists.apply(change);
  if (!lists.reconcile(shuffled, golden_day, now).empty()) return "twice is not once";
  if (!rows_say_what_items_say(lists)) return "a row is not what its item says";
  for (const auto& [cell, items] : lists.history()) {
    std::vector<std::int64_t> sequences;
    for (const Deployment& item : items) sequences.push_back(item.sequence);
    std::ranges::sort(sequences);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i] != static_cast<std::int64_t>(i) + 1) return "a Sequence is missing";
    }
    if (!lists.snapshot().contains(cell)) return "a cell has no snapshot";
  }
  return "";
}

// A deployment a day on some hosts, now and then of an earlier version, in another spelling, or with an
// instance that comes back with an old image. Answers the most items that a poll left unread.
std::int64_t check_past(std::uint64_t seed, int days_long) {
  sim::Random random(seed);
  MemoryLists lists;
  const auto version_of = [](std::uint64_t number) { return fmt::format("1.{}.0", number); };
  std::uint64_t newest = 1, running = 1;
  int started = 0;
  Timestamp before = golden_day;
  const auto interval = [&](int host, std::string version, Timestamp first, Timestamp last) {
    Interval made = random_interval(random);
    made.cell = {"production", "portal", "north"};
    made.host = fmt::format("web-{}", host);
    made.instance = fmt::format("i{}", ++started);
    made.version = std::move(version);
    made.started = true;
    made.first = first;
    made.last = last;
    made.earliest_ingested = first + seconds(2);
    made.latest_ingested = last + seconds(2);
    return made;
  };
  for (int day = 0; day < days_long; ++day) {
    const Timestamp at =
        golden_day + days(day) + minutes(static_cast<std::int64_t>(random.below(600)));
    const std::uint64_t next = random.chance(0.7) ? ++newest : 1 + random.below(newest);
    std::vector<Interval> intervals;
    const int hosts = 1 + static_cast<int>(random.below(4));
    for (int host = 0; host < hosts; ++host) {
      const Timestamp start = at + minutes(2 * host);
      intervals.push_back(interval(host, version_of(running), before, start - seconds(30)));
      const auto spelled = (random.chance(0.1) ? "v" : "") + version_of(next);
      intervals.push_back(interval(host, spelled, start, at + minutes(50)));
    }
    for (int host = 4; random.chance(0.3); ++host) {
      const auto old = version_of(1 + random.below(newest));
      intervals.push_back(interval(host, old, at + minutes(10), at + minutes(13)));
    }
    running = next;
    before = at;
    for (const Timespan later : {minutes(15), minutes(30), minutes(55)}) {
      const Timestamp now = at + later;
      std::vector<Interval> seen;
      for (Interval one : intervals) {
        if (one.first >= now) continue;
        one.last = std::min(one.last, now - seconds(10));
        one.latest_ingested = one.last + seconds(2);
        seen.push_back(std::move(one));
      }
      const auto changes = lists.reconcile(seen, now - hours(1), now);
      EXPECT_EQ(changes, lists.reconcile_all(seen, now - hours(1), now))
          << "seed " << seed << ", day " << day;
      for (const Change& change : changes) lists.apply(change);
    }
  }
  return lists.unread();
}

TEST(Reconcile, WhatIsPastNeedNotBeRead) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto unread = check_past(seed, 90);
    EXPECT_GT(check_past(seed, 180), unread) << "seed " << seed;
  }
}

TEST(Reconcile, OrderDoesNotMatterAndTwiceIsOnce) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    RC_ASSERT(check_reconcile(seed) == "");
    RC_ASSERT(check_reconcile(seed, minutes(static_cast<std::int64_t>(seed % 301))) == "");
  }));
}

// What is found by the first reconcile proved, or moved, what was before it only at the second.
TEST(Reconcile, WhatIsFoundProvesWhatWasBefore) {
  for (const std::uint64_t seed : {2149U, 3066U, 4683U, 7633U, 26540U})
    EXPECT_EQ(check_reconcile(seed), "") << "seed " << seed;
}

// Nobody lives, and a later round moved the item: the first row is about what it became.
TEST(Reconcile, TheFirstRowIsWhatTheLastRoundFound) {
  EXPECT_EQ(check_reconcile(15959, minutes(0)), "");
}

}  // namespace
}  // namespace rollcall::fleet::test
