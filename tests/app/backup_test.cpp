// A backup made while writers are at work, on SQLite and, with a PostgreSQL server (test_database.hpp), there; backups
// that are damaged, of the formats before these, and of formats to come.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "app/backup.hpp"
#include "support/test_database.hpp"
#include "warehouse/duckdb.hpp"
#include "warehouse/schema.hpp"
#include "warehouse/temporary_folder.hpp"

namespace rollcall::test {
namespace {

using app::Product;
using warehouse::TemporaryFolder;
namespace fs = std::filesystem;

const ManualClock clock_of_tests{*parse_iso("2026-01-01T12:00:00Z")};
const Principal somebody{Principal::Kind::person, "somebody"};
constexpr int writers = 4;

// "" of SQLite; else a new schema, and another database with an empty one of that name.
struct Places {
  std::string from, to;
};
Places places() {
  if (postgresql_server() == nullptr) return {};
  Places made{fresh_schema(), {}};
  const auto schema = made.from.substr(made.from.rfind('=') + 1);
  const auto name = schema.substr(0, schema.size() - 1);
  const std::string database = "restored_" + name;
  CHECK(std::system(
            fmt::format("psql -q \"{}\" -c 'CREATE DATABASE {}'", postgresql_server(), database)
                .c_str()) == 0);
  made.to = made.from;
  made.to.replace(made.to.find("dbname=postgres"), 15, "dbname=" + database);
  CHECK(std::system(fmt::format("psql -q \"{}\" -c 'CREATE SCHEMA {}'", made.to, name).c_str()) ==
        0);
  return made;
}

std::unique_ptr<Product> open(const fs::path& data, const std::string& database) {
  app::ProductOptions options;
  options.data = data;
  options.database = database;
  options.durability = app::Durability::process;
  auto product = Product::open(clock_of_tests, options);
  EXPECT_TRUE(product) << product.error().message;
  return *std::move(product);
}

void make_list(Product& product) {
  const auto made = product.database().write([&](store::Transaction& transaction) {
    return product.lists().create_list(
        transaction,
        {.name = "Notes",
         .columns = {{.name = "Writer", .type = lists::ColumnType::integer},
                     {.name = "Number", .type = lists::ColumnType::integer}}},
        {somebody, clock_of_tests.now()});
  });
  ASSERT_TRUE(made) << made.error().message;
}

bool write_item(Product& product, std::int64_t writer, std::int64_t number) {
  const auto written =
      product.database().write([&](store::Transaction& transaction) -> Result<lists::Item> {
        TRY(const auto list, product.lists().find_list(transaction, "Notes"));
        return product.lists().create_item(transaction, *list,
                                           {{"Writer", writer}, {"Number", number}},
                                           {somebody, clock_of_tests.now()});
      });
  EXPECT_TRUE(written) << written.error().message;
  return written.has_value();
}

bool write_line(Product& product, int writer) {
  telemetry::LogBatch batch;
  telemetry::LogRow row;
  row.timestamp = row.observed_timestamp = clock_of_tests.now();
  row.environment = "production";
  row.role = "portal";
  row.region = "westeurope";
  row.version = "1.0";
  const auto instance = fmt::format("writer-{}", writer);
  row.instance = instance;
  batch.append(row);
  const auto taken = product.warehouse().ingest(batch, clock_of_tests.now());
  EXPECT_TRUE(taken) << taken.error().message;
  return taken.has_value();
}

std::vector<std::int64_t> numbers_of(Product& product, int writer) {
  std::vector<std::int64_t> numbers;
  odata::Options options;
  options.filter = fmt::format("Writer eq {}", writer);
  options.top = lists::max_page_size;
  do {
    const auto page =
        product.database().read([&](store::Connection& connection) -> Result<lists::Page> {
          TRY(const auto list, product.lists().find_list(connection, "Notes"));
          return product.lists().query(connection, *list, options, clock_of_tests.now());
        });
    EXPECT_TRUE(page) << page.error().message;
    if (!page) break;
    for (const auto& item : page->items)
      numbers.push_back(item.fields.at("Number").to_number<std::int64_t>());
    options.skiptoken = page->skiptoken;
  } while (options.skiptoken);
  return numbers;
}

std::int64_t lines_of(Product& product, int writer) {
  const auto answer = product.warehouse().query(
      fmt::format("OTelLogs | where Instance == 'writer-{}' | count", writer),
      {.now = clock_of_tests.now(), .parameters = {}, .limits = {}, .principal = {}});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? std::get<std::int64_t>(answer->at(0, 0)) : -1;
}

std::string code_of(const Result<app::BackupManifest>& answer) {
  return answer ? "" : answer.error().code + " " + answer.error().message;
}

TEST(Backup, HasWhatWasAcknowledgedBeforeWhileFourWritersGoOn) {
  const TemporaryFolder folder;
  const auto [from, to] = places();
  const auto backup = folder.path() / "backup";
  std::array<std::atomic<std::int64_t>, writers> items{}, lines{};
  std::array<std::int64_t, writers> items_before{}, lines_before{};
  {
    const auto product = open(folder.path() / "data", from);
    make_list(*product);
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        const auto at = static_cast<std::size_t>(writer);
        while (!stop) {
          if (!write_item(*product, writer, items[at]) || !write_line(*product, writer)) return;
          ++items[at];
          ++lines[at];
        }
      });
    }
    while (std::ranges::any_of(lines, [](const auto& one) { return one < 20; }))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (std::size_t i = 0; i < writers; ++i) {
      items_before[i] = items[i];
      lines_before[i] = lines[i];
    }
    const auto made = app::make_backup(*product, backup);
    EXPECT_TRUE(made) << made.error().message;
    stop = true;
    for (auto& thread : threads) thread.join();
  }
  const auto restored = app::restore_backup({backup, folder.path() / "restored", to, false});
  ASSERT_TRUE(restored) << restored.error().message;
  const auto product = open(folder.path() / "restored", to);
  std::int64_t more = 0;
  for (int writer = 0; writer < writers; ++writer) {
    const auto at = static_cast<std::size_t>(writer);
    const auto numbers = numbers_of(*product, writer);
    // One moment: of each writer the first ones, without a gap.
    for (std::size_t i = 0; i < numbers.size(); ++i)
      ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i));
    EXPECT_GE(std::ssize(numbers), items_before[at]);
    EXPECT_LE(std::ssize(numbers), items[at]);
    EXPECT_GE(lines_of(*product, writer), lines_before[at]);
    EXPECT_LE(lines_of(*product, writer), lines[at]);
    more += items[at] - std::ssize(numbers);
  }
  EXPECT_GT(more, 0) << "nobody wrote during the backup, so it shows nothing";
  // What is restored goes on.
  EXPECT_TRUE(write_item(*product, 0, 0));
  EXPECT_EQ(
      code_of(app::restore_backup({backup, folder.path() / "restored", to, false})).substr(0, 10),
      "BACKUP0106");
  if (!to.empty()) {
    EXPECT_EQ(
        code_of(app::restore_backup({backup, folder.path() / "other", to, false})).substr(0, 10),
        "BACKUP0106");
    EXPECT_FALSE(fs::exists(folder.path() / "other.restoring"));
  }
}

TEST(Backup, ADamagedFileIsNamedAndNothingIsRestored) {
  const TemporaryFolder folder;
  const auto [from, to] = places();
  const auto backup = folder.path() / "backup";
  {
    const auto product = open(folder.path() / "data", from);
    make_list(*product);
    write_item(*product, 0, 0);
    ASSERT_TRUE(app::make_backup(*product, backup));
  }
  const auto manifest = app::read_manifest(backup);
  ASSERT_TRUE(manifest);
  ASSERT_EQ(manifest->files.size(), 3U);
  for (const auto& file : manifest->files) {
    const auto path = backup / file.name;
    const auto kept = folder.path() / "kept";
    fs::copy_file(path, kept, fs::copy_options::overwrite_existing);
    {
      std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(file.bytes / 2));
      const char changed = static_cast<char>(stream.peek() ^ 1);
      stream.seekp(static_cast<std::streamoff>(file.bytes / 2));
      stream.put(changed);
    }
    const auto refused = [&](bool check) {
      return code_of(app::restore_backup({backup, folder.path() / "restored", to, check}));
    };
    for (const bool check : {true, false}) {
      EXPECT_TRUE(refused(check).starts_with("BACKUP0104 " + path.string())) << refused(check);
    }
    fs::resize_file(path, file.bytes - 1);
    EXPECT_TRUE(refused(true).starts_with("BACKUP0104 " + path.string())) << refused(true);
    fs::remove(path);
    EXPECT_TRUE(refused(true).starts_with("BACKUP0104 " + path.string())) << refused(true);
    EXPECT_FALSE(fs::exists(folder.path() / "restored"));
    EXPECT_FALSE(fs::exists(folder.path() / "restored.restoring"));
    fs::rename(kept, path);
  }
  EXPECT_EQ(code_of(app::restore_backup({backup, folder.path() / "restored", to, false})), "");
}

// The files of the backup were changed behind its back: it says so again of them as they are now.
void seal_again(const fs::path& backup, app::BackupManifest manifest) {
  for (auto& file : manifest.files) file = *app::look_over(backup / file.name);
  std::ofstream(backup / app::manifest_name) << pretty(app::to_json(manifest));
}

TEST(Backup, OfANewerRollcallIsRefusedBeforeAnythingIsMade) {
  const TemporaryFolder folder;
  const auto backup = folder.path() / "backup";
  ASSERT_TRUE(app::make_backup(*open(folder.path() / "data", ""), backup));
  const auto manifest = *app::read_manifest(backup);
  const auto refused = [&](const app::BackupManifest& changed) {
    seal_again(backup, changed);
    return code_of(app::restore_backup({backup, folder.path() / "restored", "", false}));
  };
  auto newer = manifest;
  newer.formats["lists"] = 99;
  EXPECT_EQ(refused(newer),
            "BACKUP0105 the backup was made by a newer Rollcall (lists format 99, this one knows "
            "2): restore it with that one");
  newer = manifest;
  newer.warehouse->format = 99;
  EXPECT_TRUE(refused(newer).starts_with("BACKUP0105")) << refused(newer);
  newer = manifest;
  newer.formats["boards"] = 1;
  EXPECT_TRUE(refused(newer).starts_with("BACKUP0105")) << refused(newer);
  EXPECT_FALSE(fs::exists(folder.path() / "restored"));
  EXPECT_EQ(refused(manifest), "");
}

// As Rollcalls before this one left it: lists without a log of changes, runs without owners, decimals as doubles,
// requests uncounted.
void make_old(const fs::path& backup) {
  const auto database =
      store::open_sqlite((backup / app::sqlite_name).string(), store::Durability::process);
  ASSERT_TRUE(database);
  const auto lists = *lists::ListStore::open(**database);
  const auto all = (*database)->read(
      [&](store::Connection& connection) { return lists->all_lists(connection); });
  const auto changed = (*database)->write([&](store::Transaction& to) -> Result<void> {
    for (const auto& list : *all)
      TRY_DO(to.execute_once(sql::DropTable{fmt::format("list_{}_changes", list->id)}));
    TRY_DO(to.execute_once(sql::DropIndex{"FlowRunsByOwner"}));
    TRY_DO(to.execute_once(sql::DropTable{"FlowWorkers"}));
    TRY_DO(to.execute_once(sql::DropColumn{"FlowRuns", "Owner"}));
    for (const auto& [module, version] : {std::pair{"lists", 1}, std::pair{"flow", 2}}) {
      TRY_DO(
          to.execute_once(sql::Update{"rollcall_format",
                                      {{"Version", sql::literal(std::int64_t{version})}},
                                      sql::binary(sql::BinaryOperator::equal, sql::column("Module"),
                                                  sql::literal(std::string(module))),
                                      {}}));
    }
    return {};
  });
  ASSERT_TRUE(changed) << changed.error().message;
  const auto warehouse = warehouse::DuckDb::open({.file = backup / app::warehouse_name});
  auto connection = (*warehouse)->connect();
  sql::ColumnDefinition real;
  real.name = "Amount";
  real.type = sql::Type::real;
  ASSERT_TRUE(connection->run(sql::DropColumn{"Prices", "Amount"}));
  ASSERT_TRUE(connection->run(sql::AddColumn{"Prices", real}));
  ASSERT_TRUE(connection->run(sql::Update{
      "Prices", {{"Amount", sql::cast(sql::literal(0.25), sql::Type::real)}}, nullptr, {}}));
  ASSERT_TRUE(connection->run(sql::DropColumn{warehouse::schema::bins, "Requests"}));
  ASSERT_TRUE(connection->run(
      sql::Update{"$format", {{"Version", sql::literal(std::int64_t{2})}}, nullptr, {}}));
}

TEST(Backup, OfTheFormatsBeforeIsBroughtToTheseByItsRestoring) {
  const TemporaryFolder folder;
  const auto backup = folder.path() / "backup";
  const warehouse::QueryOptions asking{
      .now = clock_of_tests.now(), .parameters = {}, .limits = {}, .principal = {}};
  {
    const auto product = open(folder.path() / "data", "");
    make_list(*product);
    for (int i = 0; i < 3; ++i) write_item(*product, 0, i);
    write_line(*product, 0);
    ASSERT_TRUE(
        product->warehouse().execute(".create table Prices (Name:string, Amount:decimal)", asking));
    ASSERT_TRUE(
        product->warehouse().execute(".ingest inline into table Prices <| tea,0.25", asking));
    ASSERT_TRUE(app::make_backup(*product, backup));
  }
  make_old(backup);
  auto manifest = *app::read_manifest(backup);
  manifest.formats = {{"flow", 2}, {"lists", 1}, {"tokens", 1}};
  manifest.warehouse->format = 2;
  seal_again(backup, manifest);

  const auto restored = app::restore_backup({backup, folder.path() / "restored", "", false});
  ASSERT_TRUE(restored) << restored.error().message;
  const auto product = open(folder.path() / "restored", "");
  EXPECT_EQ(store::stored_formats(product->database()).value(),
            (store::Formats{{"flow", 3}, {"lists", 2}, {"tokens", 1}}));
  EXPECT_EQ(numbers_of(*product, 0), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_TRUE(write_item(*product, 0, 3));
  const auto changes = product->database().read(
      [&](store::Connection& connection) -> Result<std::vector<lists::Change>> {
        TRY(const auto list, product->lists().find_list(connection, "Notes"));
        return product->lists().read_changes(connection, *list, 0, 100);
      });
  ASSERT_TRUE(changes) << changes.error().message;
  EXPECT_EQ(changes->size(), 4U);
  EXPECT_EQ(lines_of(*product, 0), 1);
  const auto seen = product->warehouse().query(
      "Observations | summarize strcat(sum(Lines), ' ', sum(Requests))", asking);
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->at(0, 0), warehouse::Cell{std::string("1 0")});
  const auto prices = product->warehouse().query("Prices | project tostring(Amount * 2)", asking);
  ASSERT_TRUE(prices) << prices.error().message;
  EXPECT_EQ(prices->at(0, 0), warehouse::Cell{std::string("0.5")});
}

}  // namespace
}  // namespace rollcall::test
