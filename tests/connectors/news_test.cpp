// A trigger that polls one of our lists is asked when the list was written, and not only at its time.
#include <gtest/gtest.h>

#include "connectors/sharepointonline.hpp"
#include "flow/driver.hpp"
#include "support/test_database.hpp"

namespace rollcall::test {
namespace {

constexpr auto polling = R"json({
  "triggers": {"New": {"type": "OpenApiConnection", "recurrence": {"frequency": "Minute", "interval": 5},
    "splitOn": "@triggerOutputs()?['body/value']",
    "inputs": {"host": {"apiId": "/x/shared_sharepointonline", "connectionName": "c", "operationId": "GetOnNewItems"},
               "parameters": {"dataset": "x", "table": "Tasks"}}}},
  "actions": {"Say": {"type": "Compose", "inputs": "@triggerBody()?['Title']"}}})json";

struct House {
  explicit House(bool listens) {
    connectors.add(connectors::make_sharepointonline(*lists));
    for (const auto* name : {"Tasks", "Others"}) {
      const auto made = database->write([&](store::Transaction& transaction) {
        return lists->create_list(transaction, {.name = name, .columns = {{.name = "Title"}}},
                                  {{}, clock.now()});
      });
      EXPECT_TRUE(made.has_value());
    }
    flow::DriverOptions options;
    options.listens = listens;
    options.wake = [this] { ++woken; };
    driver = *flow::Driver::open(*database, connectors, clock, std::move(options));
    const auto deployed = driver->deploy("poll", *parse_json(polling), {}, {});
    EXPECT_TRUE(deployed.has_value()) << (deployed ? "" : deployed.error().message);
    idle();  // what the trigger has seen is all that is there
  }
  void add(std::string_view list, std::string_view title) {
    const auto made = database->write([&](store::Transaction& transaction) -> Result<lists::Item> {
      TRY(const auto found, lists->find_list(transaction, list));
      return lists->create_item(transaction, *found, {{"Title", title}}, {{}, clock.now()});
    });
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
  }
  void idle() {
    const auto moved = driver->run_until_idle();
    EXPECT_TRUE(moved.has_value()) << (moved ? "" : moved.error().message);
  }
  void pass(Timespan time) {
    for (const auto until = clock.now() + time; clock.now() < until;) {
      clock.advance(seconds(1));
      idle();
    }
  }
  std::size_t runs() { return driver->runs().runs({})->size(); }

  ManualClock clock{*parse_iso("2026-01-01T00:00:00Z")};
  std::unique_ptr<store::Database> database = fresh_database();
  std::unique_ptr<lists::ListStore> lists = *lists::ListStore::open(*database);
  flow::Connectors connectors;
  int woken = 0;
  std::unique_ptr<flow::Driver> driver;
};

TEST(FlowNews, WhatIsWrittenIsHeardAtOnceAndOnce) {
  House house(true);
  house.pass(seconds(10));
  house.add("Others", "no news");
  house.idle();
  EXPECT_EQ(house.runs(), 0U);
  house.add("Tasks", "a");
  EXPECT_GT(house.woken, 0);
  EXPECT_EQ(house.driver->next_due(), house.clock.now());
  house.idle();
  EXPECT_EQ(house.runs(), 1U);
  // The next ones wait for a second, together.
  house.add("Tasks", "b");
  house.add("Tasks", "c");
  house.idle();
  EXPECT_EQ(house.runs(), 1U);
  house.pass(seconds(1));
  EXPECT_EQ(house.runs(), 3U);
  house.pass(minutes(20));
  EXPECT_EQ(house.runs(), 3U);
}

TEST(FlowNews, ItsTimeStaysAsItWas) {
  House house(true);
  const auto time = house.driver->runs().flow("poll").value()->next_fire;
  for (int i = 0; i < 5; ++i) {
    house.pass(seconds(20));
    house.add("Tasks", "a");
    house.idle();
  }
  EXPECT_EQ(house.runs(), 5U);
  EXPECT_EQ(house.driver->runs().flow("poll").value()->next_fire, time);
}

TEST(FlowNews, WhoDoesNotListenWaitsForItsTime) {
  House house(false);
  house.pass(seconds(10));
  house.add("Tasks", "a");
  house.pass(minutes(4));
  EXPECT_EQ(house.runs(), 0U);
  house.pass(minutes(2));
  EXPECT_EQ(house.runs(), 1U);
}

TEST(FlowNews, WhatIsUndoneIsNoNews) {
  House house(true);
  house.pass(seconds(10));
  const auto before = house.woken;
  const auto undone = house.database->write([&](store::Transaction& transaction) -> Result<void> {
    TRY(const auto list, house.lists->find_list(transaction, "Tasks"));
    TRY_DO(house.lists->create_item(transaction, *list, {{"Title", "a"}}, {{}, house.clock.now()}));
    return fail("TEST", "changed my mind");
  });
  EXPECT_EQ(undone.error().code, "TEST");
  EXPECT_EQ(house.woken, before);
}

}  // namespace
}  // namespace rollcall::test
