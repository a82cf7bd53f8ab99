// Retention in a file: what is removed, that the space comes back while logs keep coming, and that Observations stay.
#include <gtest/gtest.h>

#include <thread>

#include "temporary_folder.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {
namespace {

const Timestamp start = *parse_iso("2026-01-01");

constexpr int rows_a_batch = 10'000;
constexpr std::int64_t rows_a_day = 4 * rows_a_batch;

class House {
 public:
  explicit House(SizeLimits limits = {}) {
    EmbeddedOptions options;
    options.file = file();
    options.durability = Durability::process;
    options.size_limits = std::move(limits);
    options.checkpoint_bytes = std::uint64_t{16} << 20;
    auto opened = open_embedded(options);
    EXPECT_TRUE(opened) << opened.error().message;
    warehouse_ = *std::move(opened);
  }
  std::filesystem::path file() const { return folder_.path() / "warehouse.duckdb"; }
  std::uintmax_t file_bytes() const { return std::filesystem::file_size(file()); }
  Warehouse& operator*() const { return *warehouse_; }

  // Four batches, of lines that do not compress to nothing.
  void ingest_day(int day) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      const auto at = start + days(day) + hours(6 * quarter);
      telemetry::LogBatch batch;
      for (int i = 0; i < rows_a_batch; ++i) {
        state_ = state_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        const auto body = fmt::format("{:016x}{:016x} took {} ms", state_, ~state_ * 31, i % 977);
        telemetry::LogRow row;
        row.timestamp = row.observed_timestamp = at + seconds(i % 3'600);
        row.environment = "prod";
        row.role = "api";
        row.region = "eu";
        row.version = "1";
        row.instance = i % 2 == 0 ? "a" : "b";
        row.body = body;
        batch.append(row);
      }
      const auto taken = warehouse_->ingest(batch, at);
      ASSERT_TRUE(taken) << taken.error().message;
    }
  }
  void retain(Timestamp now) {
    for (bool more = true; more;) {
      const auto applied = warehouse_->apply_retention(now);
      ASSERT_TRUE(applied) << applied.error().message;
      more = *applied;
    }
  }
  std::int64_t number(std::string_view kql, Timestamp now = start) {
    const QueryOptions options{.now = now, .parameters = {}, .limits = {}, .principal = {}};
    const auto answer =
        kql.starts_with('.') ? warehouse_->execute(kql, options) : warehouse_->query(kql, options);
    EXPECT_TRUE(answer) << kql << "\n" << answer.error().message;
    return answer ? std::get<std::int64_t>(answer->at(0, 0)) : -1;
  }
  void command(std::string_view text) {
    const QueryOptions options{.now = start, .parameters = {}, .limits = {}, .principal = {}};
    const auto done = warehouse_->execute(text, options);
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Warehouse> warehouse_;
  std::uint64_t state_ = 1;
};

TEST(Retention, ByAgeTheFileStopsGrowing) {
  House house;
  house.command(".alter table OTelLogs policy retention softdelete = 4d");
  std::uintmax_t settled = 0;
  for (int day = 0; day < 14; ++day) {
    house.ingest_day(day);
    house.retain(start + days(day + 1));
    if (day == 7) settled = house.file_bytes();
  }
  EXPECT_EQ(house.number("OTelLogs | count"), 4 * rows_a_day);
  EXPECT_EQ(house.number("OTelLogs | where ingestion_time() < datetime(2026-01-11) | count"), 0);
  EXPECT_EQ(
      house.number("OTelLogs | where Timestamp >= ago(1h) | count", start + days(13) + hours(19)),
      rows_a_batch);
  EXPECT_LE(static_cast<double>(house.file_bytes()), 1.5 * static_cast<double>(settled));
  EXPECT_EQ(house.number("Observations | summarize sum(Lines)"), 14 * rows_a_day);
  EXPECT_EQ(house.number(".show table OTelLogs removals | where Reason == 'age' "
                         "| summarize sum(RowCount)"),
            10 * rows_a_day);
}

// Observations and Sightings go by a policy of their own, by when their lines came; of each cell the process heard last stays, so that
// it is known for ever how long the cell is silent.
TEST(Retention, ObservationsGoToo) {
  House house;
  house.command(".alter table Observations policy retention softdelete = 3d");
  const auto hear = [&](Timestamp at, std::string_view region, std::string_view instance) {
    telemetry::LogBatch batch;
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp = at;
    row.environment = "prod";
    row.role = "api";
    row.region = region;
    row.version = "1";
    row.instance = instance;
    batch.append(row);
    ASSERT_TRUE((*house).ingest(batch, at));
  };
  hear(start, "silent", "a");
  hear(start + minutes(1), "silent", "b");
  for (int day = 0; day < 10; ++day) hear(start + days(day), "live", fmt::format("of day {}", day));
  for (int hour = 0; hour < 240; ++hour) hear(start + hours(hour), "live", "always");
  house.retain(start + days(10));
  EXPECT_EQ(house.number("Observations | where LatestIngested < datetime(2026-01-08) | count"), 0);
  EXPECT_EQ(house.number("Observations | where LatestIngested >= datetime(2026-01-08) | count"),
            72 + 3);
  EXPECT_EQ(house.number("Sightings | where Region == 'live' | count"), 3 + 1);
  EXPECT_EQ(house.number("Sightings | where Region == 'silent' and Instance == 'b' | count"), 1);
  EXPECT_EQ(house.number("Sightings | where Region == 'silent' | count"), 1);
  EXPECT_EQ(house.number("Sightings | where Instance == 'always' | project Lines"), 240);
  EXPECT_GT(house.number(".show table Observations removals | summarize sum(RowCount)"), 0);
  // Of a process that is forgotten a line comes: it is a new one, and is counted once.
  hear(start + days(10), "silent", "a");
  hear(start + days(10) + minutes(1), "silent", "a");
  EXPECT_EQ(
      house.number("Sightings | where Region == 'silent' and Instance == 'a' | project Lines"), 2);
  EXPECT_EQ(house.number("Observations | where Region == 'silent' | summarize sum(Lines)"), 2);
}

TEST(Retention, ObservationsAreKeptForAMonthUnlessSomethingElseIsSaid) {
  House house;
  house.ingest_day(0);
  house.retain(start + days(30));
  EXPECT_EQ(house.number("Observations | summarize sum(Lines)"), rows_a_day);
  house.retain(start + days(32));
  EXPECT_EQ(house.number("Observations | count"), 0);
  EXPECT_EQ(house.number("Sightings | count"), 1);
  EXPECT_EQ(house.number("OTelLogs | count"), rows_a_day);
  const QueryOptions options{.now = start, .parameters = {}, .limits = {}, .principal = {}};
  const auto short_one =
      (*house).execute(".alter table Observations policy retention softdelete = 1d", options);
  ASSERT_FALSE(short_one);
  EXPECT_EQ(short_one.error().code, "WAREHOUSE0408");
  EXPECT_FALSE((*house).execute(".alter table Observations policy caching hot = 1d", options));
  EXPECT_FALSE(
      (*house).execute(".alter table Sightings policy retention softdelete = 9d", options));
}

TEST(Retention, BySizeTheOldestGo) {
  constexpr std::uint64_t most = std::uint64_t{6} << 20;
  House house({.table_bytes = {{"OTelLogs", most}}});
  for (int day = 0; day < 8; ++day) {
    house.ingest_day(day);
    house.retain(start + days(day + 1));
  }
  const auto left = house.number("OTelLogs | count");
  EXPECT_GT(left, rows_a_day / 2);
  EXPECT_LT(left, 7 * rows_a_day);
  EXPECT_EQ(house.number("OTelLogs | where Timestamp >= datetime(2026-01-08) | count"), rows_a_day);
  EXPECT_EQ(
      left + house.number(".show removals | where Reason == 'size' | summarize sum(RowCount)"),
      8 * rows_a_day);
  EXPECT_EQ(house.number(".show removals | where OldestIngestion > NewestIngestion | count"), 0);
  EXPECT_LT(house.file_bytes(), 6 * most);
}

TEST(Retention, OfTheWholeTheOldestTableGivesFirst) {
  House house({.warehouse_bytes = std::uint64_t{4} << 20});
  house.command(".create table Old (Body:string)");
  house.command(
      ".append Old <| range i from 1 to 200000 step 1 "
      "| project Body = strcat(hash(i), hash(i + 1000000), hash(i + 2000000))");
  for (int day = 0; day < 2; ++day) house.ingest_day(day + 1);
  house.retain(start + days(3));
  EXPECT_LT(house.number("Old | count"), 200'000);
  EXPECT_EQ(house.number("OTelLogs | count") + house.number("Old | count") +
                house.number(".show removals | summarize sum(RowCount)"),
            2 * rows_a_day + 200'000);
  // The logs came later: none of them goes while the other table has a row.
  if (house.number("Old | count") > 0) {
    EXPECT_EQ(house.number("OTelLogs | count"), 2 * rows_a_day);
  }
}

// DuckDB's own `rowid` is hidden there, so the rows cannot be counted off; by age they can go all the same.
TEST(Retention, ATableWithAColumnRowid) {
  House house({.table_bytes = {{"T", 1}}});
  house.command(".create table T (rowid:long)");
  house.command(".append T <| range rowid from 1 to 10 step 1");
  house.retain(start + days(1));
  EXPECT_EQ(house.number("T | count"), 10);
  house.command(".alter table T policy retention softdelete = 1d");
  house.retain(start + days(2));
  EXPECT_EQ(house.number("T | count"), 0);
}

TEST(Retention, IngestionGoesOnMeanwhile) {
  House house({.warehouse_bytes = std::uint64_t{2} << 20});
  std::atomic<bool> done = false;
  std::thread keeper([&] {
    while (!done) house.retain(start + days(9));
  });
  for (int day = 0; day < 4; ++day) house.ingest_day(day);
  done = true;
  keeper.join();
  EXPECT_EQ(
      house.number("OTelLogs | count") + house.number(".show removals | summarize sum(RowCount)"),
      4 * rows_a_day);
  EXPECT_EQ(house.number("Observations | summarize sum(Lines)"), 4 * rows_a_day);
}

}  // namespace
}  // namespace rollcall::warehouse
