// What text cases cannot show: processes that are killed, files of another format, limits, and Observations against a fold
// that shares no code with the keeper.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <thread>

#include "temporary_folder.hpp"
#include "warehouse/duckdb.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {
namespace {

const Timestamp start = *parse_iso("2026-01-01");

QueryOptions options_at(Timestamp now) {
  return {.now = now, .parameters = {}, .limits = {}, .principal = {}};
}

std::unique_ptr<Warehouse> open(const std::filesystem::path& file = {}) {
  EmbeddedOptions options;
  options.file = file;
  auto opened = open_embedded(options);
  EXPECT_TRUE(opened) << opened.error().message;
  return *std::move(opened);
}

std::int64_t count(Warehouse& warehouse, std::string_view kql) {
  const auto answer = warehouse.query(kql, options_at(start));
  EXPECT_TRUE(answer) << kql << "\n" << answer.error().message;
  return answer ? std::get<std::int64_t>(answer->at(0, 0)) : -1;
}

telemetry::LogBatch batch_of(int first, int rows) {
  telemetry::LogBatch batch;
  for (int i = first; i < first + rows; ++i) {
    const auto instance = fmt::format("instance-{}", i % 7);
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp = start + seconds(i);
    row.environment = "prod";
    row.role = "api";
    row.region = "eu";
    row.version = "1";
    row.instance = instance;
    row.body = "line";
    batch.append(row);
  }
  return batch;
}

TEST(Embedded, AcknowledgedBatchesSurviveKill) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "warehouse.duckdb";
  int acknowledgements[2];
  ASSERT_EQ(::pipe(acknowledgements), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // Ingests until it is killed, and says so after each batch.
    EmbeddedOptions options;
    options.file = file;
    auto warehouse = open_embedded(options);
    if (!warehouse) ::_exit(1);
    for (int batch = 0;; ++batch) {
      if (!(*warehouse)->ingest(batch_of(batch * 100, 100), start)) ::_exit(2);
      if (::write(acknowledgements[1], "x", 1) != 1) ::_exit(3);
    }
  }
  ::close(acknowledgements[1]);
  int acknowledged = 0;
  for (char byte = 0; acknowledged < 5 && ::read(acknowledgements[0], &byte, 1) == 1;)
    ++acknowledged;
  ASSERT_EQ(acknowledged, 5);
  ::kill(child, SIGKILL);
  for (char byte = 0; ::read(acknowledgements[0], &byte, 1) == 1;) ++acknowledged;
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;

  const auto warehouse = open(file);
  const auto rows = count(*warehouse, "OTelLogs | count");
  // The batch in flight may be in as well, but only as a whole, and Observations say the same as the logs.
  EXPECT_TRUE(rows == 100 * acknowledged || rows == 100 * (acknowledged + 1))
      << rows << " " << acknowledged;
  EXPECT_EQ(count(*warehouse, "Observations | summarize sum(Lines)"), rows);
  EXPECT_TRUE(warehouse->ingest(batch_of(0, 10), start));
  EXPECT_EQ(count(*warehouse, "Sightings | count"), 7);
}

// A row for each way to stand for a process: by host and instance, by host, by instance, by none.
telemetry::LogBatch named_in_every_way() {
  telemetry::LogBatch batch;
  for (const auto& [host, instance] : {std::pair("h", "i"), {"h", ""}, {"", "i"}, {"", ""}}) {
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp = start;
    row.environment = "prod";
    row.role = "api";
    row.region = "eu";
    row.version = "1";
    row.host = host;
    row.instance = instance;
    batch.append(row);
  }
  return batch;
}

TEST(Embedded, UpgradesTheFormatBeforeThis) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "warehouse.duckdb";
  const std::string_view question = "Sightings | sort by Host asc, Instance asc";
  std::vector<Cell> before;
  {
    auto warehouse = open(file);
    ASSERT_TRUE(warehouse->ingest(named_in_every_way(), start));
    before = warehouse->query(question, options_at(start))->cells;
  }
  {
    auto database = DuckDb::open({.file = file});
    auto connection = (*database)->connect();
    for (const char* column : {"Cell", "Process", "Clock"})
      ASSERT_TRUE(connection->run(sql::DropColumn{"$keys", column}));
    ASSERT_TRUE(connection->run(sql::DropColumn{"$bins", "Requests"}));
    ASSERT_TRUE(connection->run(
        sql::Update{"$format", {{"Version", sql::literal(std::int64_t{1})}}, nullptr, {}}));
  }
  for (int opening = 0; opening < 2; ++opening) {
    EXPECT_EQ(open(file)->query(question, options_at(start))->cells, before);
  }
}

TEST(Embedded, UpgradesDecimalsThatWereDoubles) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "warehouse.duckdb";
  ASSERT_TRUE(open(file)->execute(".create table Prices (name:string, amount:decimal, n:long)",
                                  options_at(start)));
  {
    auto database = DuckDb::open({.file = file});
    auto connection = (*database)->connect();
    sql::ColumnDefinition real;
    real.name = "amount";
    real.type = sql::Type::real;
    ASSERT_TRUE(connection->run(sql::DropColumn{"Prices", "amount"}));
    ASSERT_TRUE(connection->run(sql::AddColumn{"Prices", real}));
    ASSERT_TRUE(connection->run(sql::DropColumn{"$bins", "Requests"}));
    sql::Insert row;
    row.table = "Prices";
    row.columns = {"name", "amount", "n"};
    row.rows = {{sql::literal(std::string("a")), sql::cast(sql::literal(-0.1), sql::Type::real),
                 sql::literal(std::int64_t{1})},
                {sql::literal(std::string("b")), sql::null(), sql::literal(std::int64_t{2})}};
    ASSERT_TRUE(connection->run(row));
    ASSERT_TRUE(connection->run(
        sql::Update{"$format", {{"Version", sql::literal(std::int64_t{2})}}, nullptr, {}}));
  }
  for (int opening = 0; opening < 2; ++opening) {
    const auto answer =
        open(file)->query("Prices | extend twice = amount * 2 | sort by n asc", options_at(start));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->at(0, 1), Cell{std::string("-0.1")});
    EXPECT_EQ(answer->at(0, 3), Cell{std::string("-0.2")});
    EXPECT_TRUE(is_null(answer->at(1, 1)));
  }
}

TEST(Embedded, RefusesWhatItCannotRead) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "warehouse.duckdb";
  open(file);
  {
    auto database = DuckDb::open({.file = file});
    ASSERT_TRUE(database);
    auto connection = (*database)->connect();
    sql::Update update;
    update.table = "$format";
    update.set.emplace_back("Version", sql::literal(std::int64_t{99}));
    ASSERT_TRUE(connection->run(update));
  }
  EmbeddedOptions options;
  options.file = file;
  const auto newer = open_embedded(options);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, "WAREHOUSE0201");
  EXPECT_NE(newer.error().message.find("format 99"), std::string::npos) << newer.error().message;

  options.file = folder.path() / "text.duckdb";
  std::ofstream(options.file) << "this is no database";
  EXPECT_EQ(open_embedded(options).error().code, "WAREHOUSE0201");
}

TEST(Embedded, LimitsFailLoudly) {
  const auto warehouse = open();
  auto options = options_at(start);
  options.limits.rows = 1'000;
  EXPECT_EQ(warehouse->query("range i from 1 to 1000 step 1", options)->row_count(), 1'000U);
  EXPECT_EQ(warehouse->query("range i from 1 to 1001 step 1", options).error().code,
            "WAREHOUSE0101");
  EXPECT_EQ(warehouse->query("range i from 1 to 5000 step 1 | take 2000", options).error().code,
            "WAREHOUSE0101");
  EXPECT_EQ(warehouse->query("range i from 1 to 5000 step 1 | take 10", options)->row_count(), 10U);
  options.limits.bytes = 5'000;
  EXPECT_EQ(warehouse->query("range i from 1 to 900 step 1", options).error().code,
            "WAREHOUSE0102");
}

constexpr const char* endless =
    "range a from 1 to 400000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 400000 "
    "step 1 | extend k = 1) on k "
    "| summarize max(a * b)";

TEST(Embedded, QueriesStopAtTheirTimeLimitAndWhenCancelled) {
  const auto warehouse = open();
  auto options = options_at(start);
  options.limits.timeout = milliseconds(100);
  EXPECT_EQ(warehouse->query(endless, options).error().code, "WAREHOUSE0103");
  options.limits.timeout = hours(1);
  std::atomic<bool> cancelled = false;
  options.cancelled = &cancelled;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancelled = true;
  });
  EXPECT_EQ(warehouse->query(endless, options).error().code, "WAREHOUSE0110");
  other.join();
  EXPECT_EQ(count(*warehouse, "print 1"), 1);  // the connection still serves
}

// A hundred megabytes of a join's one side, and a hundred million rows of the other: it holds them until it is stopped.
constexpr const char* holding =
    "range a from 1 to 100000000 step 1 | extend k = a % 1000000 | join kind=inner (range b from "
    "0 to 999999 step 1 | "
    "extend k = b, s = strcat('a text that is too long to stand beside its length, number ', b)) "
    "on k "
    "| summarize max(strlen(strcat(s, a, s, a)))";

TEST(Embedded, ThePollIsGivenTheMemoryThatPeoplesQueriesHold) {
  EmbeddedOptions embedded;
  embedded.memory_limit_bytes = std::uint64_t{200} << 20;
  auto opened = open_embedded(embedded);
  ASSERT_TRUE(opened);
  auto& warehouse = **opened;
  std::string ended_with;
  std::thread people([&] {
    auto options = options_at(start);
    options.limits.timeout = hours(1);
    const auto answer = warehouse.query(holding, options);
    ended_with = answer ? "answered" : answer.error().code;
  });
  std::this_thread::sleep_for(std::chrono::seconds(1));
  auto poll = options_at(start);
  poll.lane = QueryOptions::Lane::poll;
  poll.limits.timeout = hours(1);
  const auto answer = warehouse.query(
      "range n from 1 to 1000000 step 1 | summarize by s = strcat('a text that is too long to "
      "stand "
      "beside its length, number ', n) | count",
      poll);
  people.join();
  EXPECT_TRUE(answer) << answer.error().message;
  // On a slow machine it was still at its first side, and was refused itself.
  EXPECT_TRUE(ended_with == "WAREHOUSE0104" || ended_with == "WAREHOUSE0105") << ended_with;
}

TEST(Embedded, ThePollHasAPlaceOfItsOwn) {
  EmbeddedOptions embedded;
  embedded.concurrent_queries = 1;
  embedded.queued_queries = 1;
  auto opened = open_embedded(embedded);
  ASSERT_TRUE(opened);
  auto& warehouse = **opened;
  std::atomic<bool> cancelled = false;
  auto heavy = options_at(start);
  heavy.limits.timeout = hours(1);
  heavy.cancelled = &cancelled;
  // Two of them, so that one runs and one waits; refused when the third below happens to be before them.
  const auto insist = [&] {
    while (!cancelled) EXPECT_FALSE(warehouse.query(endless, heavy));
  };
  std::thread first(insist), second(insist);
  // Until one runs and one waits, a third may still find a place in the queue, and then its time is over.
  auto third = options_at(start);
  third.limits.timeout = milliseconds(1);
  std::string message;
  while (message.find("are waiting already") == std::string::npos) {
    const auto refused = warehouse.query(endless, third);
    ASSERT_FALSE(refused);
    message = refused.error().message;
  }
  auto poll = options_at(start);
  poll.lane = QueryOptions::Lane::poll;
  EXPECT_TRUE(warehouse.query("print 1", poll));
  EXPECT_FALSE(cancelled);
  cancelled = true;
  first.join();
  second.join();
  EXPECT_EQ(count(warehouse, "print 1"), 1);
}

TEST(Embedded, KeepsOnlyObservationsWhenAsked) {
  EmbeddedOptions options;
  options.keep_logs = false;
  auto opened = open_embedded(options);
  ASSERT_TRUE(opened);
  ASSERT_TRUE((*opened)->ingest(batch_of(0, 100), start));
  EXPECT_EQ(count(**opened, "OTelLogs | count"), 0);
  EXPECT_EQ(count(**opened, "Observations | summarize sum(Lines)"), 100);
}

TEST(Embedded, RepairsTextsThatAreNoUtf8) {
  const auto warehouse = open();
  telemetry::LogBatch batch;
  batch.append({.timestamp = start,
                .observed_timestamp = start,
                .environment = {},
                .role = {},
                .region = {},
                .version = {},
                .instance = {},
                .host = {},
                .severity_text = {},
                .body = std::string_view("a\xFF\0b", 4),
                .trace_id = {},
                .span_id = {},
                .resource_attributes = {},
                .log_attributes = {}});
  ASSERT_TRUE(warehouse->ingest(batch, start));
  const auto answer = warehouse->query("OTelLogs | project Body", options_at(start));
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<std::string>(answer->at(0, 0)), std::string("a\xEF\xBF\xBD\0b", 6));
}

struct Observed {
  std::int64_t first = INT64_MAX, last = INT64_MIN, lines = 0, lag = INT64_MAX,
               earliest = INT64_MAX, latest = INT64_MIN;
  bool operator==(const Observed&) const = default;
};
// Region, host, version and bin.
using Observations =
    std::map<std::tuple<std::string, std::string, std::string, std::int64_t>, Observed>;

Observations read_observations(Warehouse& warehouse, const std::string& environment) {
  const auto answer = warehouse.query("Observations | where Environment == '" + environment +
                                          "' | project Region, Host, Version, Bin, First, Last, "
                                          "Lines, LeastLag, EarliestIngested, LatestIngested",
                                      options_at(start));
  EXPECT_TRUE(answer) << answer.error().message;
  Observations all;
  for (std::size_t i = 0; i < answer->row_count(); ++i) {
    const auto row = answer->row(i);
    const auto text = [&](std::size_t at) { return std::get<std::string>(row[at]); };
    const auto ticks = [&](std::size_t at) { return std::get<Timestamp>(row[at]).ticks; };
    const auto added = all.emplace(std::tuple(text(0), text(1), text(2), ticks(3)),
                                   Observed{ticks(4), ticks(5), std::get<std::int64_t>(row[6]),
                                            std::get<Timespan>(row[7]).ticks, ticks(8), ticks(9)});
    EXPECT_TRUE(added.second) << "two rows for one bin";
  }
  return all;
}

TEST(Embedded, ObservationsEqualAFoldOfTheRows) {
  // One warehouse for all the cases, an environment for each: opening takes longer than all the rest.
  const TemporaryFolder folder;
  const auto file = folder.path() / "warehouse.duckdb";
  auto warehouse = open(file);
  int number = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto environment = fmt::format("e{}", number++);
    const bool reopens = *rc::gen::inRange(0, 20) == 0;
    Observations expected;
    Timestamp now = start + days(3);
    const int batches = *rc::gen::inRange(1, 6);
    for (int b = 0; b < batches; ++b) {
      now = now + seconds(*rc::gen::inRange(0, 1000));
      telemetry::LogBatch batch;
      const int rows = *rc::gen::inRange(1, 40);
      for (int i = 0; i < rows; ++i) {
        const auto region = *rc::gen::elementOf(std::vector<std::string>{"eu", "us", ""});
        const auto host = *rc::gen::elementOf(std::vector<std::string>{"", "h1", "h2"});
        const auto version = *rc::gen::elementOf(std::vector<std::string>{"1", "2", ""});
        // Mostly lately, at times days ago, at times ahead.
        const auto spread =
            *rc::gen::elementOf(std::vector<std::int64_t>{600, 600, 4'000, 250'000});
        const Timestamp time = now - seconds(*rc::gen::inRange<std::int64_t>(-300, spread));
        telemetry::LogRow row;
        row.timestamp = row.observed_timestamp = time;
        row.environment = environment;
        row.role = "api";
        row.region = region;
        row.host = host;
        row.version = version;
        batch.append(row);
        if (region.empty() || version.empty()) continue;
        auto& seen = expected[{region, host, version,
                               time.ticks / (300 * ticks_per_second) * (300 * ticks_per_second)}];
        seen.first = std::min(seen.first, time.ticks);
        seen.last = std::max(seen.last, time.ticks);
        ++seen.lines;
        seen.lag = std::min(seen.lag, now.ticks - time.ticks);
        seen.earliest = std::min(seen.earliest, now.ticks);
        seen.latest = std::max(seen.latest, now.ticks);
      }
      RC_ASSERT(warehouse->ingest(batch, now).has_value());
      if (reopens) {
        warehouse.reset();
        warehouse = open(file);
      }
    }
    RC_ASSERT(read_observations(*warehouse, environment) == expected);
  }));
}

}  // namespace
}  // namespace rollcall::warehouse
