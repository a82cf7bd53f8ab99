// Lists as text cases (list_harness.hpp), and what text cannot say: properties, crashes, hostile input.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>

#include "lists/formula.hpp"
#include "lists/list_harness.hpp"
#include "support/cases.hpp"

namespace rollcall::lists {
namespace {

// `formulas TYPE`, a formula a line: what each makes of one item, "empty", or what is wrong with it.
std::string formulas(const test::GoldenCase& one) {
  const auto time = [](const char* text) { return sql::Value(parse_iso(text)->ticks); };
  const std::vector<std::pair<Column, sql::Value>> item{
      {{.name = "Five", .type = ColumnType::number}, 5.0},
      {{.name = "Two", .type = ColumnType::integer}, std::int64_t{2}},
      {{.name = "Minus", .type = ColumnType::currency}, -3.5},
      {{.name = "None", .type = ColumnType::number}, {}},
      {{.name = "Name"}, std::string("Quarterly report")},
      {{.name = "First"}, std::string("Nancy")},
      {{.name = "Nothing"}, {}},
      {{.name = "Start", .type = ColumnType::datetime}, time("2007-06-09")},
      {{.name = "End", .type = ColumnType::datetime}, time("2007-06-11T10:35:00Z")},
      {{.name = "Never", .type = ColumnType::datetime}, {}},
      {{.name = "Done", .type = ColumnType::boolean}, true},
      {{.name = "Stage", .type = ColumnType::choice}, std::string("Dev")},
      {{.name = "Big", .type = ColumnType::number}, 1234567.891},
      {{.name = "Tags", .type = ColumnType::multichoice}, {}}};
  std::vector<Column> columns;
  std::vector<sql::Value> values;
  for (const auto& [column, value] : item) {
    columns.push_back(column);
    values.push_back(value);
  }
  columns.push_back({.name = "Result", .type = *parse_column_type(one.arguments.at(0))});
  values.emplace_back();
  std::string out;
  for (const auto line : split(one.body, '\n')) {
    columns.back().formula = line;
    const auto formula = Formula::parse(columns, columns.size() - 1);
    if (!formula) {
      out += render(formula.error(), "") + "\n";
      continue;
    }
    const auto value =
        formula->calculate(values, {*parse_iso("2026-01-01"), *parse_iso("2026-01-02")});
    if (std::holds_alternative<std::monostate>(value)) out += "empty\n";
    if (const auto* number = std::get_if<double>(&value)) out += fmt::format("{}\n", *number);
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      out += columns.back().type == ColumnType::datetime ? format_iso_seconds({*integer}) + "\n"
                                                         : fmt::format("{}\n", *integer);
    if (const auto* truth = std::get_if<bool>(&value)) out += *truth ? "true\n" : "false\n";
    if (const auto* text = std::get_if<std::string>(&value))
      out += (text->empty() ? "\"\"" : *text) + "\n";
  }
  return out;
}

const test::Registration golden{[] {
  test::register_golden("Lists", TEST_FOLDER, [] {
    auto harness = std::make_shared<ListHarness>();
    auto handlers = harness->handlers();
    handlers["formulas"] = formulas;
    for (auto& [directive, handler] : handlers) {
      handler = [harness, inner = std::move(handler)](const test::GoldenCase& one) {
        return inner(one);
      };
    }
    return handlers;
  });
}};

ListDefinition snapshot() {
  return {.name = "Snapshot",
          .columns = {{.name = "Environment", .required = true},
                      {.name = "Role", .required = true},
                      {.name = "Region", .required = true},
                      {.name = "Version"},
                      {.name = "Note", .type = ColumnType::note}},
          .unique_keys = {{"Environment", "Role", "Region"}}};
}

TEST(Lists, ATransactionThatFailsLeavesNoItem) {
  ListHarness harness;
  const auto failed = harness.database->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto list, harness.lists->create_list(transaction, snapshot(), harness.write));
    TRY_DO(harness.lists->create_item(
        transaction, *list, {{"Environment", "a"}, {"Role", "b"}, {"Region", "c"}}, harness.write));
    return fail("TEST", "changed my mind");
  });
  EXPECT_FALSE(failed);
  const auto found = harness.database->read(
      [&](auto& connection) { return harness.lists->find_list(connection, "Snapshot"); });
  EXPECT_EQ(found.error().code, "LIST0101");
}

// A definition that was undone must not be remembered, nor its revision be taken for another's.
TEST(Lists, AnUndoneDefinitionIsForgotten) {
  ListHarness harness;
  const auto add = [&](store::Transaction& transaction, const char* name) -> Result<ListPtr> {
    TRY(const auto list, harness.lists->find_list(transaction, "Snapshot"));
    return harness.lists->add_column(transaction, *list, {.name = name}, false, harness.write);
  };
  ASSERT_TRUE(harness.database->write([&](auto& transaction) {
    return harness.lists->create_list(transaction, snapshot(), harness.write);
  }));
  ASSERT_FALSE(harness.database->write([&](auto& transaction) -> Result<void> {
    TRY_DO(add(transaction, "Undone"));
    TRY_DO(harness.lists->find_list(transaction, "Snapshot"));
    return fail("TEST", "no");
  }));
  ASSERT_TRUE(harness.database->write([&](auto& transaction) { return add(transaction, "Kept"); }));
  const auto list = harness.database->read(
      [&](auto& connection) { return harness.lists->find_list(connection, "Snapshot"); });
  EXPECT_EQ((*list)->column("Undone"), nullptr);
  EXPECT_NE((*list)->column("Kept"), nullptr);
}

// Whoever holds a list from before a change still writes into the list as it is now.
TEST(Lists, AnOldDefinitionOfAListStillServes) {
  ListHarness harness;
  const auto old = harness.database->write([&](auto& transaction) {
    return harness.lists->create_list(transaction, snapshot(), harness.write);
  });
  ASSERT_TRUE(harness.database->write([&](auto& transaction) {
    return harness.lists->add_column(transaction, **old, {.name = "Team", .default_value = "core"},
                                     false, harness.write);
  }));
  const auto item = harness.database->write([&](auto& transaction) {
    return harness.lists->create_item(
        transaction, **old, {{"Environment", "a"}, {"Role", "b"}, {"Region", "c"}}, harness.write);
  });
  ASSERT_TRUE(item) << item.error().message;
  EXPECT_EQ(item->fields.at("Team"), json::value("core"));
}

TEST(Lists, AnExactMatchFindsTheOneAmongMany) {
  ListHarness harness;
  ASSERT_TRUE(harness.database->write([&](auto& transaction) -> Result<void> {
    TRY(const auto list, harness.lists->create_list(transaction, snapshot(), harness.write));
    for (int i = 0; i < 500; ++i) {
      TRY_DO(harness.lists->create_item(
          transaction, *list,
          {{"Environment", "prod"}, {"Role", "web"}, {"Region", std::to_string(i)}},
          harness.write));
    }
    return {};
  }));
  const auto page = harness.reading("Snapshot", [&](auto& connection, const List& list) {
    odata::Options options;
    options.filter = "Environment eq 'prod' and Role eq 'web' and Region eq '77'";
    return harness.lists->query(connection, list, options, {});
  });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->items[0].id, 78);
}

// What goes in comes out, and no text of a user changes a statement.
TEST(Lists, HostileTextIsOnlyText) {
  ListHarness harness;
  ASSERT_TRUE(harness.database->write([&](auto& transaction) {
    return harness.lists->create_list(transaction, snapshot(), harness.write);
  }));
  int number = 0;
  const auto check = [&](const std::string& text) {
    const auto id = harness.writing("Snapshot", [&](auto& transaction, const List& list) {
      return harness.lists->create_item(transaction, list,
                                        {{"Environment", "e"},
                                         {"Role", "r"},
                                         {"Region", std::to_string(++number)},
                                         {"Note", text}},
                                        harness.write);
    });
    ASSERT_TRUE(id) << id.error().message;
    std::string quoted;
    for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    odata::Options options;
    options.filter = fmt::format("Note eq '{}' and ID eq {}", quoted, id->id);
    const auto page = harness.reading("Snapshot", [&](auto& connection, const List& list) {
      return harness.lists->query(connection, list, options, {});
    });
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_EQ(page->items.size(), 1U) << text;
    EXPECT_EQ(page->items[0].fields.at("Note"), json::value(text));
  };
  for (const char* text :
       {"'", "''", "' or 1 eq 1 or '", "'; DROP TABLE list_1; --", "%", "_", "\\", "\"", "?", "$id",
        "\n\r\t", "é\xf0\x9f\x9a\x80", " ", "", "null", "{\"a\":1}"}) {
    check(text);
  }
  EXPECT_TRUE(rc::check([&] {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    check(text);
    RC_ASSERT(!testing::Test::HasFailure());
  }));
}

// The page after a page: together they are the whole, in order, each item once.
TEST(Lists, PagesTogetherAreTheWhole) {
  ListHarness harness;
  ListDefinition definition{.name = "L",
                            .columns = {{.name = "A"}, {.name = "N", .type = ColumnType::number}}};
  ASSERT_TRUE(harness.database->write([&](auto& transaction) {
    return harness.lists->create_list(transaction, definition, harness.write);
  }));
  ASSERT_TRUE(harness.writing("L", [&](auto& transaction, const List& list) -> Result<void> {
    for (int i = 0; i < 60; ++i) {
      json::object fields;
      if (i % 3 != 0) fields["A"] = std::string(1, static_cast<char>('a' + i % 4));
      if (i % 5 != 0) fields["N"] = (i % 7) / 2.0;
      TRY_DO(harness.lists->create_item(transaction, list, fields, harness.write));
    }
    return {};
  }));
  const auto ids = [&](odata::Options options, std::optional<std::int64_t> page_size) {
    std::vector<std::int64_t> all;
    options.top = page_size ? page_size : 5000;
    do {
      const auto page = harness.reading("L", [&](auto& connection, const List& list) {
        return harness.lists->query(connection, list, options, {});
      });
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return all;
      for (const auto& item : page->items) all.push_back(item.id);
      options.skiptoken = page->skiptoken;
    } while (options.skiptoken && all.size() < 1000);
    return all;
  };
  for (const char* order :
       {"", "A", "A desc", "N", "N desc,A", "A desc,N desc", "length(A),N desc", "N gt 1"}) {
    for (const std::int64_t size : {1, 7, 59, 60}) {
      odata::Options options;
      if (*order != '\0') options.orderby = order;
      const auto whole = ids(options, std::nullopt);
      EXPECT_EQ(whole.size(), 60U);
      EXPECT_EQ(ids(options, size), whole) << order << " by " << size;
    }
  }
}

TEST(Lists, HugeAndDeepInputIsRefusedOrServed) {
  ListHarness harness;
  ASSERT_TRUE(harness.database->write([&](auto& transaction) {
    return harness.lists->create_list(transaction, snapshot(), harness.write);
  }));
  const auto code = [&](const std::string& filter) {
    odata::Options options;
    options.filter = filter;
    const auto page = harness.reading("Snapshot", [&](auto& connection, const List& list) {
      return harness.lists->query(connection, list, options, {});
    });
    return page ? std::string("fine") : page.error().code;
  };
  EXPECT_EQ(code(std::string(90, '(') + "true" + std::string(90, ')')), "fine")
      << "parentheses alone cost nothing";
  EXPECT_EQ(code(std::string(5000, '(') + "true" + std::string(5000, ')')), "ODATA0108");
  EXPECT_EQ(code(std::string(40000, 'a')), "ODATA0108");
  std::string chain = "ID eq 0";
  for (int i = 1; i < 1500; ++i) chain += fmt::format(" or ID eq {}", i);
  EXPECT_EQ(code(chain), "fine");
  std::string nested = "true";
  for (int i = 0; i < 95; ++i)
    nested = i % 2 == 0 ? "(false or " + nested + ")" : "(true and " + nested + ")";
  EXPECT_TRUE(code(nested) == "fine" || code(nested) == "ODATA0108") << code(nested);
  std::string nots;
  for (int i = 0; i < 90; ++i) nots += "not ";
  EXPECT_TRUE(code(nots + "true") == "fine" || code(nots + "true") == "ODATA0108")
      << code(nots + "true");
  std::string in = "ID in (0";
  for (int i = 1; i < 3000; ++i) in += fmt::format(",{}", i);
  EXPECT_EQ(code(in + ")"), "fine");
  EXPECT_EQ(code(std::string("Note eq 'a\0b'", 13)), "ODATA0101");
}

}  // namespace
}  // namespace rollcall::lists
