// A driver: what a transaction keeps and what it undoes, writers that share a commit, a process that dies in
// the middle, formats from the future. With a PostgreSQL server (test_database.hpp) its driver, else SQLite's.
#include "store/database.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/test_database.hpp"

namespace rollcall::store {
namespace {

using sql::BinaryOperator;

struct Folder {
  std::filesystem::path path = [] {
    std::string name = (std::filesystem::temp_directory_path() / "rollcall-store-XXXXXX").string();
    return std::filesystem::path(mkdtemp(name.data()));
  }();
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return (path / "rollcall.db").string(); }
};

// A place for a database that can be opened again.
struct Place {
  Folder folder;
  std::string where = test::postgresql_server() == nullptr ? folder.file() : test::fresh_schema();
  std::string file() const { return where; }
};

Result<std::unique_ptr<Database>> connect(const std::string& where) {
  if (test::postgresql_server() == nullptr) return open_sqlite(where, Durability::process);
  return open_postgresql(where == ":memory:" ? test::fresh_schema() : where, Durability::process);
}

std::vector<Migration> one_table() {
  return {{{sql::CreateTable{.name = "t",
                             .columns = {{"id", sql::Type::bigint, false, true, nullptr},
                                         {"name", sql::Type::text, false, false, nullptr}},
                             .primary_key = {}},
            sql::CreateIndex{"by_name", "t", {{sql::column("name")}}, true, nullptr}},
           {}}};
}

std::unique_ptr<Database> open(const std::string& path) {
  auto database = connect(path);
  EXPECT_TRUE(database) << database.error().message;
  const auto migrated = migrate(**database, "test", one_table());
  EXPECT_TRUE(migrated) << migrated.error().message;
  return *std::move(database);
}

struct Statements {
  explicit Statements(const Database& database)
      : insert(database.prepare(sql::Insert{.table = "t",
                                            .columns = {"name"},
                                            .rows = {{sql::make(sql::Slot{0})}},
                                            .query = nullptr,
                                            .conflict_columns = {},
                                            .conflict_set = {},
                                            .returning = {"id"}})),
        count(database.prepare([] {
          sql::Select select;
          select.items = {{sql::call("count", {sql::make(sql::Star{})}), {}}};
          select.from = sql::table("t");
          return sql::query(std::move(select));
        }())) {}
  Prepared insert, count;
};

std::int64_t count_rows(Database& database, const Statements& statements) {
  return database
      .read([&](Connection& connection) {
        return connection.first(statements.count, {},
                                [](const Row& row) { return row.integer(0); });
      })
      ->value();
}

Result<void> insert(Transaction& transaction, const Statements& statements, std::string_view name) {
  TRY_DO(transaction.execute(statements.insert, {name}));
  return {};
}

TEST(Store, WholeOrNothing) {
  const auto database = open(":memory:");
  const Statements statements(*database);
  EXPECT_TRUE(database->write(
      [&](Transaction& transaction) { return insert(transaction, statements, "a"); }));
  const auto failed = database->write([&](Transaction& transaction) -> Result<void> {
    TRY_DO(insert(transaction, statements, "b"));
    return fail("TEST", "changed my mind");
  });
  EXPECT_EQ(failed.error().code, "TEST");
  EXPECT_EQ(count_rows(*database, statements), 1);
}

TEST(Store, NestedWorkIsUndoneAlone) {
  const auto database = open(":memory:");
  const Statements statements(*database);
  int commits = 0;
  EXPECT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
    TRY_DO(insert(transaction, statements, "a"));
    transaction.on_commit([&] { ++commits; });
    transaction.slot(&statements) = std::make_shared<const int>(1);
    EXPECT_FALSE(transaction.nested([&]() -> Result<void> {
      TRY_DO(insert(transaction, statements, "b"));
      transaction.on_commit([&] { commits += 100; });
      return insert(transaction, statements, "a");
    }));
    EXPECT_EQ(transaction.slot(&statements), nullptr)
        << "what was read before the undo may be undone";
    return insert(transaction, statements, "c");
  }));
  EXPECT_EQ(count_rows(*database, statements), 2);
  EXPECT_EQ(commits, 1);
}

TEST(Store, SaysWhatIsNotUnique) {
  const auto database = open(":memory:");
  const Statements statements(*database);
  const auto write = [&] {
    return database->write(
        [&](Transaction& transaction) { return insert(transaction, statements, "a"); });
  };
  EXPECT_TRUE(write());
  EXPECT_EQ(write().error().code, "STORE0105");
}

TEST(Store, ReadsOneSnapshotWhileOthersWrite) {
  const Place folder;
  const auto database = open(folder.file());
  const Statements statements(*database);
  EXPECT_TRUE(database->read([&](Connection& connection) -> Result<void> {
    const auto count = [&] {
      return connection.first(statements.count, {}, [](const Row& row) { return row.integer(0); })
          ->value();
    };
    EXPECT_EQ(count(), 0);
    std::thread([&] {
      EXPECT_TRUE(database->write(
          [&](Transaction& transaction) { return insert(transaction, statements, "a"); }));
    }).join();
    EXPECT_EQ(count(), 0);
    return {};
  }));
  EXPECT_EQ(count_rows(*database, statements), 1);
}

TEST(Store, AStatementMayRunInsideItself) {
  const auto database = open(":memory:");
  const Statements statements(*database);
  EXPECT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
    TRY_DO(insert(transaction, statements, "a"));
    int inner = 0;
    TRY_DO(transaction.query(statements.count, {}, [&](const Row&) -> Result<void> {
      return transaction.query(statements.count, {}, [&](const Row&) { ++inner; });
    }));
    EXPECT_EQ(inner, 1);
    return {};
  }));
}

TEST(Store, KeepsValuesAsTheyAre) {
  const auto database = connect(":memory:").value();
  sql::Select select;
  for (std::size_t i = 0; i < 6; ++i) select.items.push_back({sql::make(sql::Slot{i}), {}});
  select.items.push_back({sql::call("lower", {sql::parameter(std::string("ÀÉß"))}), {}});
  const auto statement = database->prepare(sql::query(std::move(select)));
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  EXPECT_TRUE(database->read([&](Connection& connection) {
    return connection.query(
        statement, {std::monostate{}, true, INT64_MIN, 0.1, "", std::span<const std::byte>(bytes)},
        [&](const Row& row) {
          EXPECT_EQ(row.size(), 7U);
          EXPECT_TRUE(row.is_null(0));
          EXPECT_TRUE(row.boolean(1));
          EXPECT_EQ(row.integer(2), INT64_MIN);
          EXPECT_EQ(row.real(3), 0.1);
          EXPECT_FALSE(row.is_null(4));
          EXPECT_EQ(row.text(4), "");
          EXPECT_EQ(row.blob(5).size(), 2U);
          EXPECT_EQ(row.text(6), "àéß");
        });
  }));
}

TEST(Store, ManyWritersShareTheDatabase) {
  const Place folder;
  const auto database = open(folder.file());
  const Statements statements(*database);
  std::atomic<int> kept = 0;
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        const auto written = database->write([&](Transaction& transaction) -> Result<void> {
          TRY_DO(insert(transaction, statements, fmt::format("{}/{}", thread, i)));
          transaction.on_commit([&] { ++told; });
          if (i % 5 == 0) return fail("TEST", "no");
          return {};
        });
        if (written) ++kept;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kept, 8 * 40);
  EXPECT_EQ(told, kept);
  EXPECT_EQ(count_rows(*database, statements), kept);
}

TEST(Store, AProcessThatDiesLosesOnlyWhatItDidNotCommit) {
  const Place folder;
  {
    const auto database = open(folder.file());
  }
  const pid_t child = fork();
  if (child == 0) {
    auto database = connect(folder.file());
    const Statements statements(**database);
    for (int i = 0; i < 20; ++i) {
      static_cast<void>((*database)->write([&](Transaction& transaction) {
        return insert(transaction, statements, std::to_string(i));
      }));
    }
    static_cast<void>((*database)->write([&](Transaction& transaction) -> Result<void> {
      for (int i = 100; i < 2000; ++i) TRY_DO(insert(transaction, statements, std::to_string(i)));
      kill(getpid(), SIGKILL);
      return {};
    }));
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto database = open(folder.file());
  EXPECT_EQ(count_rows(*database, Statements(*database)), 20);
}

// Beside one another, on one database: each sees what the other has committed, and nobody's write is lost.
TEST(Store, TwoProcessesTakeTurns) {
  const Place folder;
  const auto first = open(folder.file());
  const auto second = open(folder.file());
  const auto count_up = [](Database& database) {
    const Statements statements(database);
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(database.write([&](Transaction& transaction) -> Result<void> {
        TRY(const auto count,
            transaction.first(statements.count, {}, [](const Row& row) { return row.integer(0); }));
        return insert(transaction, statements, std::to_string(*count));
      }));
    }
  };
  std::thread other([&] { count_up(*second); });
  count_up(*first);
  other.join();
  EXPECT_EQ(count_rows(*first, Statements(*first)), 100);
}

TEST(Store, AnnouncesWithTheCommitOrNever) {
  const auto database = open(":memory:");
  std::vector<std::string> heard;
  database->listen([&](std::string_view news) { heard.emplace_back(news); });
  EXPECT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
    transaction.announce("list/1");
    transaction.announce("list/1");
    EXPECT_FALSE(transaction.nested([&]() -> Result<void> {
      transaction.announce("list/2");
      return fail("TEST", "undone");
    }));
    EXPECT_TRUE(heard.empty());
    return {};
  }));
  EXPECT_FALSE(database->write([&](Transaction& transaction) -> Result<void> {
    transaction.announce("list/3");
    return fail("TEST", "undone");
  }));
  EXPECT_EQ(heard, std::vector<std::string>{"list/1"});
  database->listen({});
  EXPECT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
    transaction.announce("list/4");
    return {};
  }));
  EXPECT_EQ(heard.size(), 1U);
}

TEST(Store, OtherProcessesHearWhatIsAnnounced) {
  if (test::postgresql_server() == nullptr)
    GTEST_SKIP() << "a folder belongs to one process anyway";
  const Place place;
  const auto first = open(place.file());
  const auto second = open(place.file());
  const auto elsewhere = open(test::fresh_schema());
  std::vector<std::string> heard;
  first->listen([&](std::string_view news) { heard.emplace_back(news); });
  const auto announce = [](Database& database, const std::string& news) {
    EXPECT_TRUE(database.write([&](Transaction& transaction) -> Result<void> {
      transaction.announce(news);
      return {};
    }));
  };
  const auto wait = [&](std::size_t count) {
    for (int i = 0; i < 100 && heard.size() < count; ++i)
      EXPECT_TRUE(first->hear_others(Timespan{ticks_per_second / 20}));
  };
  EXPECT_TRUE(first->hear_others({}));
  EXPECT_EQ(heard, std::vector<std::string>{""}) << "before it listened anything may have been";
  heard.clear();
  announce(*elsewhere, "list/5");
  announce(*first, "list/6");
  announce(*second, "list/7");
  wait(2);
  EXPECT_TRUE(first->hear_others(Timespan{ticks_per_second / 10}));
  EXPECT_EQ(heard, (std::vector<std::string>{"list/6", "list/7"}));
}

TEST(Store, AClaimIsOneProcesss) {
  if (test::postgresql_server() == nullptr)
    GTEST_SKIP() << "a folder belongs to one process anyway";
  const Place place;
  auto first = open(place.file());
  const auto second = open(place.file());
  using enum store::Database::Claim;
  EXPECT_TRUE(first->claim("flows", alone));
  EXPECT_EQ(second->claim("flows", alone).error().code, "STORE0109");
  EXPECT_EQ(second->claim("flows", shared).error().code, "STORE0109");
  EXPECT_TRUE(second->claim("something else", shared));
  EXPECT_TRUE(first->claim("something else", shared));
  EXPECT_EQ(open(place.file())->claim("something else", alone).error().code, "STORE0109");
  first.reset();
  // The server notices a moment later that the first is gone.
  bool ours = false;
  for (int i = 0; i < 100 && !ours; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ours = second->claim("flows", alone).has_value();
  }
  EXPECT_TRUE(ours);
}

TEST(Store, RefusesAFormatFromTheFuture) {
  const Place folder;
  const auto database = open(folder.file());
  const auto refused = migrate(*database, "test", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "STORE0104");
  EXPECT_EQ(refused.error().message,
            "the data was written by a newer Rollcall (test format 1, this one knows 0): use that "
            "Rollcall, or "
            "restore a backup from before");
  EXPECT_TRUE(migrate(*database, "test", one_table())) << "a step that is done is not done again";
}

TEST(Store, AFailedMigrationLeavesTheOldFormat) {
  const auto database = open(":memory:");
  auto steps = one_table();
  steps.push_back(
      {{sql::DropTable{"t"}}, [](Transaction&) -> Result<void> { return fail("TEST", "no"); }});
  EXPECT_EQ(migrate(*database, "test", steps).error().code, "TEST");
  EXPECT_EQ(count_rows(*database, Statements(*database)), 0);
}

TEST(Sqlite, BacksUpAndNoticesABrokenFile) {
  const Folder folder;
  const auto copy = (folder.path / "copy.db").string();
  {
    const auto database = *open_sqlite(folder.file(), Durability::process);
    ASSERT_TRUE(migrate(*database, "test", one_table()));
    const Statements statements(*database);
    EXPECT_TRUE(database->write([&](Transaction& transaction) -> Result<void> {
      for (int i = 0; i < 1000; ++i) TRY_DO(insert(transaction, statements, std::to_string(i)));
      return {};
    }));
    EXPECT_TRUE(database->backup(copy));
    EXPECT_FALSE(database->backup(copy)) << "a backup never writes over a file";
  }
  {
    const auto database = *open_sqlite(copy, Durability::process);
    EXPECT_EQ(count_rows(*database, Statements(*database)), 1000);
    EXPECT_TRUE(database->verify()->empty());
  }
  {
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4 * 4096);
    file << std::string(std::filesystem::file_size(copy) - std::size_t{4} * 4096, 'x');
  }
  const auto database = open_sqlite(copy, Durability::process);
  if (database) {
    const auto broken = (*database)->verify();
    EXPECT_TRUE(!broken || !broken->empty());
  }
}

TEST(Sqlite, SaysWhyItCannotOpen) {
  const Folder folder;
  EXPECT_EQ(
      open_sqlite((folder.path / "nowhere" / "x.db").string(), Durability::power).error().code,
      "STORE0101");
  std::ofstream(folder.file()) << std::string(5000, 'x');
  EXPECT_FALSE(open_sqlite(folder.file(), Durability::power));
}

TEST(Postgresql, SaysWhyItCannotOpen) {
  const auto refused = open_postgresql("host=/nowhere dbname=x", Durability::power);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "STORE0101");
  EXPECT_TRUE(refused.error().message.starts_with("PostgreSQL cannot be reached: "))
      << refused.error().message;
}

}  // namespace
}  // namespace rollcall::store
