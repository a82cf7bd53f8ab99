// What holds for every fleet, whatever the seed and the faults.
#include "sim/player.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/listener.hpp"
#include "sim/score.hpp"

namespace rollcall::sim {
namespace {

const Timestamp noon = *parse_iso("2026-03-01T12:00Z");

// A few regions and versions, some deployments close together, over some days.
Timeline random_timeline(std::uint64_t seed) {
  Random random(seed);
  Timeline timeline;
  Timestamp time = noon;
  const std::uint64_t deployments = 5 + random.below(20);
  for (std::uint64_t i = 0; i < deployments; ++i) {
    time = time + (random.chance(0.2) ? random.between(seconds(1), minutes(10))
                                      : random.between(minutes(10), hours(20)));
    const Cell cell{"prod", "web", std::string(1, static_cast<char>('a' + random.below(3)))};
    timeline.add(time, cell, std::to_string(random.below(6)));
  }
  return timeline;
}

Faults random_faults() {
  Faults faults;
  for (std::size_t i = 0; i < fault_count; ++i) {
    if (*rc::gen::arbitrary<bool>()) faults.add(static_cast<Fault>(i));
  }
  return faults;
}

FleetOptions random_options() {
  FleetOptions options;
  options.instances = *rc::gen::inRange(1U, 6U);
  options.seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
  options.faults = random_faults();
  options.heartbeat = minutes(3);
  return options;
}

TEST(Player, LinesComeInOrderOfArrivalAndNeverBeforeTheyAreWritten) {
  EXPECT_TRUE(rc::check([] {
    const FleetOptions options = random_options();
    Player player(options, random_timeline(options.seed), noon);
    Timestamp last{0};
    std::uint64_t lines = 0;
    const Timespan skew = options.faults.has(Fault::skew) ? skew_bound : Timespan{0};
    while (const auto line = player.next()) {
      RC_ASSERT(line->arrival >= last);
      RC_ASSERT(line->arrival > line->timestamp - skew);
      RC_ASSERT(!player.outages().tracker.covering(line->arrival));
      RC_ASSERT(!player.outages().warehouse.covering(line->arrival));
      last = line->arrival;
      ++lines;
    }
    RC_ASSERT(lines > 0U);
    RC_ASSERT(player.progress() > 0.9);
  }));
}

TEST(Player, TheSameSeedPlaysTheSameFleet) {
  EXPECT_TRUE(rc::check([] {
    const FleetOptions options = random_options();
    Player one(options, random_timeline(options.seed), noon),
        two(options, random_timeline(options.seed), noon);
    for (;;) {
      const auto a = one.next(), b = two.next();
      RC_ASSERT(a.has_value() == b.has_value());
      if (!a) break;
      RC_ASSERT(a->arrival == b->arrival && a->timestamp == b->timestamp && a->host == b->host &&
                a->instance == b->instance && a->version == b->version);
    }
  }));
}

// An instance logs one version, on one host, in one cell; a host's versions follow its own clock.
TEST(Player, InstancesKeepTheirVersionAndHost) {
  EXPECT_TRUE(rc::check([] {
    const FleetOptions options = random_options();
    Player player(options, random_timeline(options.seed), noon);
    std::map<std::uint32_t, Line> first;
    while (const auto line = player.next()) {
      const auto [it, is_new] = first.emplace(line->instance, *line);
      RC_ASSERT(it->second.version == line->version && it->second.host == line->host &&
                it->second.cell == line->cell);
      RC_ASSERT(line->host / options.instances == line->cell);
    }
    // Instances are numbered by host, then by start.
    for (auto it = first.begin(); it != first.end() && std::next(it) != first.end(); ++it) {
      RC_ASSERT(it->second.host <= std::next(it)->second.host);
    }
  }));
}

// A tracker that records exactly the truth is found right, whatever was lost on the way.
TEST(Score, TheTruthIsRight) {
  EXPECT_TRUE(rc::check([] {
    const FleetOptions options = random_options();
    Player player(options, random_timeline(options.seed), noon);
    while (player.next()) {
    }
    const Truth& truth = player.truth();
    std::vector<Record> records;
    std::vector<SnapshotRow> snapshot;
    std::size_t unobservable = 0;
    for (std::size_t cell = 0; cell < truth.cells.size(); ++cell) {
      std::vector<Episode> seen;
      for (const Episode& episode : truth.episodes[cell]) {
        unobservable += episode.observable() ? 0U : 1U;
        if (!episode.observable()) continue;
        if (!seen.empty() && seen.back().version == episode.version &&
            episode.kind != Kind::redeploy)
          continue;
        seen.push_back(episode);
      }
      number_episodes(seen);
      for (const Episode& episode : seen) {
        Record record{truth.cells[cell],
                      truth.versions[episode.version],
                      "",
                      std::string(to_string(episode.kind)),
                      static_cast<std::int64_t>(records.size()),
                      episode.start,
                      episode.completion,
                      episode.completion};
        if (episode.previous) record.previous = truth.versions[*episode.previous];
        snapshot.resize(std::max(snapshot.size(), cell + 1));
        snapshot[cell] = {record.cell, record.version, record.previous};
        records.push_back(std::move(record));
      }
    }
    std::erase_if(snapshot, [](const SnapshotRow& row) { return row.version.empty(); });
    const Score score = judge(truth, records, snapshot, {});
    for (const Finding& finding : score.findings) {
      if (finding.is_error()) RC_FAIL(finding.what + " " + finding.text);
    }
    RC_ASSERT(score.perfect());
    RC_ASSERT(score.unobservable == unobservable);
    RC_ASSERT(score.deployments == truth.deployments());
  }));
}

// Whoever only hears the lines knows as much of each deployment as the player that wrote them.
TEST(Listener, HearsWhatThePlayerDelivered) {
  EXPECT_TRUE(rc::check([] {
    FleetOptions options = random_options();
    options.faults = *rc::gen::arbitrary<bool>()
                         ? Faults{}.add(Fault::late).add(Fault::loss).add(Fault::silence)
                         : Faults{};
    Player player(options, random_timeline(options.seed), noon);
    Truth heard = player.truth();
    Listener listener(heard, options.instances, Timespan{0});
    while (const auto line = player.next()) {
      telemetry::LogBatch batch;
      player.append(*line, batch);
      listener.hear(batch.row(0), line->arrival);
    }
    for (std::size_t cell = 0; cell < heard.cells.size(); ++cell) {
      for (std::size_t i = 0; i < heard.episodes[cell].size(); ++i) {
        const Episode &a = heard.episodes[cell][i], &b = player.truth().episodes[cell][i];
        // Instances of a redeploy's predecessor speak for the redeploy until they restart.
        const bool blurred =
            a.kind == Kind::redeploy || (i + 1 < heard.episodes[cell].size() &&
                                         heard.episodes[cell][i + 1].kind == Kind::redeploy);
        RC_ASSERT(a.observable() == b.observable() || blurred);
        RC_ASSERT(a.lines == b.lines || blurred);
        RC_ASSERT(a.first_heard == b.first_heard || blurred || i == 0);
      }
    }
  }));
}

// About as many lines are lost, doubled and late as was said.
TEST(Faults, HappenAsOftenAsTheySay) {
  const LineFaults faults(Faults::all(), 7);
  int lost = 0, doubled = 0, late = 0;
  for (std::uint64_t n = 0; n < 100'000; ++n) {
    lost += faults.lost(n) ? 1 : 0;
    doubled += faults.doubled(n) ? 1 : 0;
    const Timespan delay = faults.delay(noon + seconds(static_cast<std::int64_t>(n)), n % 50, n, 0);
    ASSERT_LE(delay, lateness_bound);
    late += delay > seconds(10) ? 1 : 0;
    ASSERT_LE(std::abs(faults.skew(n).ticks), skew_bound.ticks);
  }
  EXPECT_NEAR(lost, 2000, 200);
  EXPECT_NEAR(doubled, 2000, 200);
  EXPECT_NEAR(late, 10'000, 1500);
}

TEST(Schedule, JoinsWhatOverlaps) {
  Schedule schedule;
  schedule.add({noon, noon + minutes(10)});
  schedule.add({noon + hours(2), noon + hours(3)});
  schedule.add({noon + minutes(5), noon + minutes(20)});
  EXPECT_EQ(schedule.intervals().size(), 2U);
  EXPECT_FALSE(schedule.covering(noon - Timespan{1}));
  EXPECT_TRUE(schedule.covering(noon + minutes(19)));
  EXPECT_FALSE(schedule.covering(noon + minutes(20)));
}

TEST(Timeline, SaysWhichLineIsNoDeployment) {
  const auto read = [](std::string_view text) {
    TimelineReader reader;
    if (auto fed = reader.feed(text); !fed) return fed.error().message;
    const auto timeline = reader.finish();
    return timeline ? fmt::format("{} deployments", timeline->deployments().size())
                    : timeline.error().message;
  };
  EXPECT_EQ(read(""), "the file is empty; it needs a heading and deployments");
  EXPECT_EQ(read("time,role\n"),
            "line 1: the heading has no column 'environment'; it needs "
            "time,environment,role,region,version");
  const std::string heading = "version,time,environment,role,\"region\"\r\n";
  EXPECT_EQ(read(heading + "v1,2026-01-01T00:00:00Z,prod,web,\"eu,\"\"west\"\"\""),
            "1 deployments");
  EXPECT_EQ(read(heading + "v1,yesterday,prod,web,eu"),
            "line 2: 'yesterday' is no time such as 2026-01-31T10:00:00Z");
  EXPECT_EQ(read(heading + "\nv1,2026-01-01,prod,web"),
            "line 3: 4 fields, fewer than the heading has");
  EXPECT_EQ(read(heading + "v1,2026-01-01,prod,,eu"), "line 2: role is empty");
}

TEST(Player, RequestsAreLoggedByThoseThatServeAlone) {
  const Timestamp later = noon + minutes(90);
  for (const CellKind kind : {CellKind::plain, CellKind::blue_green, CellKind::canary}) {
    FleetOptions options;
    options.instances = 4;
    options.kinds = {kind};
    Timeline timeline;
    timeline.add(noon - hours(1), {"prod", "web", "a"}, "1");
    timeline.add(noon, {"prod", "web", "a"}, "2");
    timeline.add(later, {"prod", "web", "a"}, "3");
    Player player(options, std::move(timeline), noon);
    std::uint64_t requests = 0, warm = 0;
    while (const auto line = player.next()) {
      requests += line->request ? 1 : 0;
      warm += line->version == 2 && line->timestamp < later ? 1 : 0;
      if (line->version == 2 && line->request) EXPECT_GE(line->timestamp, later);
      if (kind == CellKind::blue_green && line->version == 1 && line->request)
        EXPECT_LT(line->timestamp, later);
    }
    EXPECT_EQ(requests > 0, kind != CellKind::plain);
    EXPECT_EQ(warm > 0, kind != CellKind::plain);
    const Episode& episode = player.truth().episodes[0][2];
    EXPECT_EQ(episode.start, later);
    EXPECT_GE(episode.first_heard, later);
  }
}

TEST(Player, SparseCellsLogEachTenToFortyMinutes) {
  FleetOptions options;
  options.instances = 1;
  options.kinds = {CellKind::sparse};
  Timeline timeline;
  timeline.add(noon - hours(1), {"prod", "web", "a"}, "1");
  timeline.add(noon + hours(4), {"prod", "web", "a"}, "2");
  Player player(options, std::move(timeline), noon);
  std::vector<Timestamp> times;
  while (const auto line = player.next()) {
    if (line->version == 1) times.push_back(line->timestamp);
  }
  ASSERT_GE(times.size(), 2U);
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_EQ(times[i] - times[i - 1], options.heartbeat_in(0));
    EXPECT_GE(times[i] - times[i - 1], minutes(10));
    EXPECT_LE(times[i] - times[i - 1], minutes(40));
  }
}

}  // namespace
}  // namespace rollcall::sim
