// functions/deployments.kql over the embedded warehouse answers what MemoryFleet answers: same
// cells, same intervals, same clocks. So what replays in memory show holds for the product.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "fleet/wire.hpp"
#include "golden_time.hpp"
#include "memory_fleet.hpp"
#include "sim/random.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::fleet::test {
namespace {

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(ROLLCALL_SOURCE_DIR) + "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::unique_ptr<warehouse::Warehouse> open_warehouse() {
  warehouse::EmbeddedOptions options;
  options.threads = 1;
  auto opened = warehouse::open_embedded(options);
  CHECK(opened.has_value());
  const auto function = kql::parse_function(read_file("functions/deployments.kql"));
  EXPECT_TRUE(function.has_value()) << function.error().message;
  const auto made = (*opened)->create_or_alter_function(*function, Principal{});
  EXPECT_TRUE(made.has_value()) << made.error().code << " " << made.error().message;
  return std::move(*opened);
}

json::value to_json_cell(const warehouse::Cell& cell) {
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth;
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* time = std::get_if<Timestamp>(&cell)) return json::value(format_iso(*time));
  if (const auto* text = std::get_if<std::string>(&cell)) return json::value(*text);
  return nullptr;
}

std::vector<Interval> ask(warehouse::Warehouse& warehouse, Timestamp now,
                          std::string_view lookback) {
  warehouse::QueryOptions options;
  options.now = now;
  const auto table = warehouse.query(fmt::format("Deployments({})", lookback), options);
  EXPECT_TRUE(table.has_value()) << table.error().code << " " << table.error().message;
  if (!table) return {};
  json::array rows;
  for (std::size_t row = 0; row < table->row_count(); ++row) {
    json::object fields;
    for (std::size_t column = 0; column < table->columns.size(); ++column) {
      fields[table->columns[column].name] = to_json_cell(table->at(row, column));
    }
    rows.push_back(std::move(fields));
  }
  const auto intervals = parse_intervals(rows);
  EXPECT_TRUE(intervals.has_value()) << intervals.error().message;
  return intervals.value_or(std::vector<Interval>{});
}

std::string text_of(const Interval& i) {
  return fmt::format(
      "{} {} {} {} {}..{} {} lines={} ingested {}..{} lag {:.3f}/{:.3f} of {} gap {:.3f} of {} "
      "traffic {}",
      to_string(i.cell), i.host, i.instance, i.version, format_iso(i.first), format_iso(i.last),
      i.started, i.lines, format_iso(i.earliest_ingested), format_iso(i.latest_ingested),
      static_cast<double>(i.host_lag.ticks) / 1e7, static_cast<double>(i.usual_lag.ticks) / 1e7,
      i.host_lines, static_cast<double>(i.gap.ticks) / 1e7, i.gaps, static_cast<int>(i.traffic));
}

std::vector<std::string> texts_of(const std::vector<Interval>& intervals) {
  std::vector<std::string> texts;
  for (const Interval& interval : intervals) texts.push_back(text_of(interval));
  std::ranges::sort(texts);
  return texts;
}

// A few cells, some with hosts, some with instances that keep their names, some with neither.
std::vector<Seen> random_lines(std::uint64_t seed) {
  sim::Random random(seed);
  std::vector<Seen> lines;
  for (std::uint32_t cell = 0; cell < 6; ++cell) {
    for (std::uint32_t place = 0; place < 3; ++place) {
      const Timespan clock = random.between(minutes(-3), minutes(3));
      Timestamp at = golden_day + hours(1) + random.between(seconds(0), minutes(20));
      for (std::uint32_t life = 0; life < 3 && at < golden_day + hours(6); ++life) {
        const Timestamp until = at + random.between(minutes(2), hours(3));
        const auto own = static_cast<std::int64_t>(cell * 100 + place * 10);
        Seen line{cell,
                  cell == 5 ? -1 : own,
                  cell == 5   ? -1
                  : cell == 4 ? own
                              : own + life,
                  static_cast<std::uint32_t>(random.below(3)),
                  {},
                  {}};
        if (cell == 3) line.host = -1;
        // Of each life some hours answer requests, some processes log but now and then.
        const auto pace = random.chance(0.2) ? minutes(17) : minutes(1);
        for (; at < until; at = at + pace) {
          line.timestamp = at + clock;
          line.request = false;
          line.ingested =
              at + random.between(seconds(1), random.chance(0.1) ? minutes(40) : seconds(6));
          lines.push_back(line);
          const bool served = (at.ticks / hours(1).ticks + place + life) % 2 == 0;
          for (int request = 0; served && cell < 3 && request < 6; ++request) {
            line.request = true;
            line.timestamp = line.timestamp + seconds(3);
            lines.push_back(line);
          }
        }
      }
    }
  }
  std::ranges::stable_sort(lines, {}, &Seen::ingested);
  return lines;
}

Names simple_names() {
  Names names;
  names.cell = [](std::uint32_t i) {
    return Cell{"production", fmt::format("role{}", i), "north"};
  };
  names.host = [](std::int64_t i) { return fmt::format("host{:03}", i); };
  names.instance = [](std::int64_t i) { return i < 0 ? std::string() : fmt::format("i{:03}", i); };
  names.version = [](std::uint32_t i) { return fmt::format("v{}", i); };
  return names;
}

void append(telemetry::LogBatch& batch, const Seen& line, const Names& names) {
  const Cell cell = names.cell(line.cell);
  const std::string host = line.host < 0 ? std::string() : names.host(line.host);
  const std::string instance = names.instance(line.instance), version = names.version(line.version);
  telemetry::LogRow row;
  row.timestamp = row.observed_timestamp = line.timestamp;
  row.environment = cell.environment;
  row.role = cell.role;
  row.region = cell.region;
  row.host = host;
  row.instance = instance;
  row.version = version;
  if (line.request) row.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  batch.append(row);
}

TEST(DeploymentsQuery, AnswersWhatTheMemoryFleetAnswers) {
  const Names names = simple_names();
  const auto warehouse = open_warehouse();
  MemoryFleet memory(names);
  const std::vector<Seen> lines = random_lines(7);
  auto next = lines.begin();
  for (Timestamp poll = golden_day + hours(1); poll < golden_day + hours(9);
       poll = poll + minutes(47)) {
    while (next != lines.end() && next->ingested <= poll) {
      // Lines that arrive together are one batch.
      const Timestamp ingested{next->ingested.ticks / minutes(9).ticks * minutes(9).ticks};
      telemetry::LogBatch batch;
      for (;
           next != lines.end() && next->ingested < ingested + minutes(9) && next->ingested <= poll;
           ++next) {
        Seen seen = *next;
        seen.ingested = ingested;
        memory.fold(seen);
        append(batch, seen, names);
      }
      ASSERT_TRUE(warehouse->ingest(batch, ingested).has_value());
    }
    EXPECT_EQ(texts_of(ask(*warehouse, poll, "1h")), texts_of(memory.deployments(poll, hours(1))))
        << format_iso(poll);
  }
}

// Six days of rollouts, with lines that come up to forty minutes late: who keeps observations for two days only is answered the same
// at every poll, also at one that looks back over an outage of a day.
TEST(DeploymentsQuery, RetentionOfObservationsChangesNoAnswer) {
  const Names names = simple_names();
  const auto all = open_warehouse(), kept = open_warehouse();
  warehouse::QueryOptions options;
  options.now = golden_day;
  ASSERT_TRUE(kept->execute(".alter table Observations policy retention softdelete = 2d", options));
  sim::Random random(3);
  std::vector<Seen> lines;
  for (int round = 0; round < 24; ++round) {
    for (std::uint32_t cell = 0; cell < 3; ++cell) {
      for (std::uint32_t place = 0; place < 2; ++place) {
        const std::int64_t own = cell * 10 + place;
        const Timestamp from = golden_day + hours(6 * round) + minutes(2 * place);
        // One in four rounds nothing is deployed, and one goes back by one.
        const int deployed = round - (round % 4 == 3 ? 1 : 0);
        for (Timestamp at = from; at < from + hours(6); at = at + minutes(10)) {
          const Timespan way =
              random.between(seconds(1), random.chance(0.1) ? minutes(40) : seconds(6));
          lines.push_back({cell, own, own * 1'000 + deployed,
                           static_cast<std::uint32_t>(deployed % 7), at, at + way});
        }
      }
    }
  }
  std::ranges::stable_sort(lines, {}, &Seen::ingested);
  auto next = lines.begin();
  for (Timestamp poll = golden_day + hours(1); poll < golden_day + days(6);
       poll = poll + minutes(397)) {
    telemetry::LogBatch batch;
    for (; next != lines.end() && next->ingested <= poll; ++next) {
      append(batch, *next, names);
      batch.arrival.push_back(next->ingested);
    }
    ASSERT_TRUE(all->ingest(batch, poll));
    ASSERT_TRUE(kept->ingest(batch, poll));
    for (bool more = true; more;) {
      const auto applied = kept->apply_retention(poll);
      ASSERT_TRUE(applied) << applied.error().message;
      more = *applied;
    }
    EXPECT_EQ(texts_of(ask(*kept, poll, "8h")), texts_of(ask(*all, poll, "8h")))
        << format_iso(poll);
    EXPECT_EQ(texts_of(ask(*kept, poll, "1d")), texts_of(ask(*all, poll, "1d")))
        << format_iso(poll);
  }
  options.now = golden_day + days(6);
  const auto left = kept->query("Observations | where LatestIngested < ago(56h) | count", options);
  ASSERT_TRUE(left);
  EXPECT_EQ(std::get<std::int64_t>(left->at(0, 0)), 0);
}

// More clocks than are asked for the usual lag, each behind by its own time.
TEST(DeploymentsQuery, AnswersTheSameOfALargeFleet) {
  const Names names = simple_names();
  const auto warehouse = open_warehouse();
  MemoryFleet memory(names);
  sim::Random random(5);
  telemetry::LogBatch batch;
  const Timestamp at = golden_day + hours(1);
  for (std::uint32_t cell = 0; cell < 1'800; ++cell) {
    for (std::int64_t place = 0; place < 5; ++place) {
      const std::int64_t own = cell * 5 + place;
      const Seen line{cell, own, own, 0, at - random.between(seconds(1), minutes(5)), at};
      memory.fold(line);
      append(batch, line, names);
    }
  }
  ASSERT_TRUE(warehouse->ingest(batch, at));
  const auto answered = texts_of(ask(*warehouse, at, "1h"));
  EXPECT_EQ(answered.size(), 9'000U);
  EXPECT_EQ(answered, texts_of(memory.deployments(at, hours(1))));
}

TEST(DeploymentsQuery, HeartbeatsAloneAnswerNothing) {
  const Names names = simple_names();
  const auto warehouse = open_warehouse();
  for (int minute = 0; minute <= 240; minute += 4) {
    telemetry::LogBatch batch;
    const Timestamp at = golden_day + minutes(minute);
    for (std::uint32_t cell = 0; cell < 20; ++cell)
      append(batch, {cell, cell, cell, 0, at, at}, names);
    ASSERT_TRUE(warehouse->ingest(batch, at).has_value());
  }
  EXPECT_EQ(ask(*warehouse, golden_day + minutes(5), "1h").size(), 20U);
  EXPECT_TRUE(ask(*warehouse, golden_day + minutes(240), "1h").empty());
  EXPECT_TRUE(ask(*warehouse, golden_day + minutes(240), "125m").empty());
}

}  // namespace
}  // namespace rollcall::fleet::test
