// A list copied into another store, and back: SQLite into SQLite, or into PostgreSQL where the tests have a server.
#include <gtest/gtest.h>

#include "lists/copy.hpp"
#include "lists/list_harness.hpp"

namespace rollcall::lists {
namespace {

const CopyProgress silent = [](std::int64_t, std::int64_t) {};

// All that is said of a list, as text: its items, and every version of each.
std::string everything(ListHarness& harness, const std::string& name) {
  std::string text;
  const auto read =
      harness.reading(name, [&](store::Connection& connection, const List& list) -> Result<void> {
        odata::Options all;
        all.top = max_page_size;
        TRY(const auto page, harness.lists->query(connection, list, all, {}));
        for (const auto& item : page.items) text += ListHarness::show(item) + "\n";
        TRY(const auto changes, harness.lists->read_changes(connection, list, 0, max_page_size));
        for (const auto& change : changes) {
          text +=
              fmt::format("{} {} {} {} {} {}\n", change.number, ListHarness::show(change.version),
                          change.version.valid_from.ticks, change.version.known_from.ticks,
                          change.version.principal, change.version.deleted);
        }
        return {};
      });
  EXPECT_TRUE(read) << read.error().message;
  return text;
}

// Every type of column, keys that change hands, deletions, and what came back.
void fill(ListHarness& harness) {
  const ListDefinition definition{
      .name = "Rows",
      .columns = {{.name = "Title", .required = true},
                  {.name = "N", .type = ColumnType::number},
                  {.name = "X", .type = ColumnType::integer, .indexed = true},
                  {.name = "On", .type = ColumnType::boolean},
                  {.name = "At", .type = ColumnType::datetime},
                  {.name = "Tags", .type = ColumnType::multichoice},
                  {.name = "Any", .type = ColumnType::json}},
      .unique_keys = {{"Title"}}};
  const auto filled = harness.database->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto list, harness.lists->create_list(transaction, definition, harness.write));
    for (int i = 1; i <= 1500; ++i) {
      const json::object fields{{"Title", fmt::format("t'{}", i)},
                                {"N", i / 3.0},
                                {"X", i},
                                {"On", i % 2 == 0},
                                {"At", "2026-01-01T00:00:00.1234567Z"},
                                {"Tags", json::array{"a", "b"}},
                                {"Any", json::object{{"k", i}}}};
      TRY_DO(harness.lists->create_item(transaction, *list, fields, harness.write));
    }
    for (int i = 1; i <= 700; ++i) {
      harness.write.now = harness.write.now + seconds(1);
      TRY_DO(harness.lists->update_item(transaction, *list, i, std::nullopt, {{"N", nullptr}},
                                        harness.write));
      if (i % 7 == 0)
        TRY_DO(harness.lists->delete_item(transaction, *list, i, std::nullopt, harness.write));
    }
    TRY_DO(harness.lists->restore_version(transaction, *list, 7, 1, harness.write));
    return {};
  });
  ASSERT_TRUE(filled) << filled.error().message;
}

void exchange_titles(ListHarness& harness, std::int64_t a, std::int64_t b) {
  const auto written = harness.writing(
      "Rows", [&](store::Transaction& transaction, const List& list) -> Result<void> {
        TRY(const auto one, harness.lists->read_item(transaction, list, a));
        TRY(const auto other, harness.lists->read_item(transaction, list, b));
        TRY_DO(harness.lists->update_item(transaction, list, a, std::nullopt,
                                          {{"Title", "between"}}, harness.write));
        TRY_DO(harness.lists->update_item(transaction, list, b, std::nullopt,
                                          {{"Title", one.fields.at("Title")}}, harness.write));
        TRY_DO(harness.lists->update_item(transaction, list, a, std::nullopt,
                                          {{"Title", other.fields.at("Title")}}, harness.write));
        return {};
      });
  ASSERT_TRUE(written) << written.error().message;
}

TEST(Copy, HoldsEverythingAndGoesOnWhereItStopped) {
  ListHarness source{test::fresh_sqlite()}, target, back{test::fresh_sqlite()};
  fill(source);
  struct Stopped {};
  const CopyProgress stop = [](std::int64_t there, std::int64_t) {
    if (there >= 1000) throw Stopped();
  };
  EXPECT_THROW(static_cast<void>(copy_list(*source.database, "Rows", *target.database, "", stop)),
               Stopped);
  exchange_titles(source, 3, 1400);  // meanwhile
  const auto copied = copy_list(*source.database, "Rows", *target.database, "", silent);
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->before, 1000);
  EXPECT_EQ(copied->changes, 1500 + 700 + 100 + 1 + 3 - 1000);
  EXPECT_EQ(copied->items, 1500 - 100 + 1);
  EXPECT_EQ(everything(source, "Rows"), everything(target, "Rows"));

  exchange_titles(source, 1, 2);
  const auto again = copy_list(*source.database, "Rows", *target.database, "", silent);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->changes, 3);
  EXPECT_EQ(everything(source, "Rows"), everything(target, "Rows"));

  const auto returned = copy_list(*target.database, "rows", *back.database, "Again", silent);
  ASSERT_TRUE(returned) << returned.error().message;
  EXPECT_EQ(returned->checksum, again->checksum);
  EXPECT_EQ(everything(source, "Rows"), everything(back, "Again"));
  // What is written into the copy is numbered behind what it has.
  const auto written =
      target.writing("Rows", [&](store::Transaction& transaction, const List& list) {
        return target.lists->create_item(transaction, list, {{"Title", "own"}}, target.write);
      });
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->id, 1501);
  EXPECT_EQ(copy_list(*source.database, "Rows", *target.database, "", silent).error().code,
            "LIST0112");
}

// What the list forgets, its copy forgets too: also when the copy's last change was of that item.
TEST(Copy, PurgedItemsAreGoneFromTheCopy) {
  ListHarness source{test::fresh_sqlite()}, target;
  const auto write = [&](auto&& work) {
    const auto written =
        source.database->write([&](store::Transaction& transaction) -> Result<void> {
          TRY(const auto list,
              source.lists->ensure_list(
                  transaction, {.name = "Rows", .columns = {{.name = "Title"}}}, source.write));
          return work(transaction, *list);
        });
    ASSERT_TRUE(written) << written.error().message;
  };
  const auto copy = [&] {
    return copy_list(*source.database, "Rows", *target.database, "", silent);
  };
  write([&](auto& transaction, const List& list) -> Result<void> {
    for (const char* title : {"one", "two", "three"})
      TRY_DO(source.lists->create_item(transaction, list, {{"Title", title}}, source.write));
    TRY_DO(source.lists->delete_item(transaction, list, 1, std::nullopt, source.write));
    return source.lists->purge_item(transaction, list, 1, source.write);
  });
  ASSERT_TRUE(copy());
  EXPECT_EQ(everything(source, "Rows"), everything(target, "Rows"));
  write([&](auto& transaction, const List& list) -> Result<void> {
    TRY_DO(source.lists->update_item(transaction, list, 3, std::nullopt, {{"Title", "3"}},
                                     source.write));
    return source.lists->delete_item(transaction, list, 2, std::nullopt, source.write);
  });
  ASSERT_TRUE(copy());
  write([&](auto& transaction, const List& list) -> Result<void> {
    return source.lists->purge_item(transaction, list, 2, source.write);
  });
  const auto copied = copy();
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(copied->changes, 1);
  EXPECT_EQ(everything(source, "Rows"), everything(target, "Rows"));
  EXPECT_FALSE(everything(target, "Rows").contains("two"));
  // A list of the same name that is no copy is left alone.
  ListHarness other{test::fresh_sqlite()};
  other.write.now = other.write.now + seconds(1);
  const auto made = other.database->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto list,
        other.lists->create_list(transaction, {.name = "Rows", .columns = {{.name = "Title"}}},
                                 other.write));
    for (const char* title : {"mine", "too"})
      TRY_DO(other.lists->create_item(transaction, *list, {{"Title", title}}, other.write));
    return {};
  });
  ASSERT_TRUE(made);
  const auto before = everything(other, "Rows");
  EXPECT_EQ(copy_list(*source.database, "Rows", *other.database, "", silent).error().code,
            "LIST0112");
  EXPECT_EQ(everything(other, "Rows"), before);
}

TEST(Copy, LookupsNameTheCopies) {
  ListHarness source{test::fresh_sqlite()}, target;
  const auto made = source.database->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto teams,
        source.lists->create_list(transaction, {.name = "Teams", .columns = {{.name = "Title"}}},
                                  source.write));
    TRY_DO(source.lists->create_item(transaction, *teams, {{"Title", "Core"}}, source.write));
    TRY(const auto people,
        source.lists->create_list(
            transaction,
            {.name = "People",
             .columns = {{.name = "Title"},
                         {.name = "Team", .type = ColumnType::lookup, .lookup_list = teams->guid}}},
            source.write));
    TRY_DO(source.lists->create_item(transaction, *people, {{"Title", "Ada"}, {"Team", 1}},
                                     source.write));
    return {};
  });
  ASSERT_TRUE(made) << made.error().message;
  const auto other = target.database->write([&](store::Transaction& transaction) {
    return target.lists->create_list(
        transaction, {.name = "Here before", .columns = {{.name = "Title"}}}, target.write);
  });
  ASSERT_TRUE(other);
  EXPECT_EQ(copy_list(*source.database, "People", *target.database, "", silent).error().code,
            "LIST0109");
  ASSERT_TRUE(copy_list(*source.database, "Teams", *target.database, "", silent));
  ASSERT_TRUE(copy_list(*source.database, "People", *target.database, "", silent));
  odata::Options expanded;
  expanded.expand = "Team";
  expanded.filter = "Team/Title eq 'Core'";
  const auto page = target.reading("People", [&](store::Connection& connection, const List& list) {
    return target.lists->query(connection, list, expanded, {});
  });
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->items.size(), 1U);
}

}  // namespace
}  // namespace rollcall::lists
