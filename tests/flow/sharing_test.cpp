// Several drivers on one database, as several processes have it: runs are shared, taken over, and never done twice.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "flow/driver.hpp"
#include "flow/scripted_connector.hpp"
#include "support/test_database.hpp"

namespace rollcall::test {
namespace {

constexpr auto lease = seconds(15);

// Two processes: their clocks go on together, but none can see the other's.
class Town {
 public:
  Town() : database(fresh_database()) {
    EXPECT_TRUE(prepare_writes(*database).has_value());
    connectors.add(std::make_unique<ScriptedConnector>(
        "test", "Put store 200 {}\nAsk outside 200 \"news\"\n", *database));
    connectors.add(
        std::make_unique<ScriptedConnector>("http", "Request outside 201 {}\n", *database));
    for (auto& driver : drivers) driver = open();
  }
  std::unique_ptr<flow::Driver> open(std::function<bool(flow::CrashPoint)> crash = {},
                                     std::string key = "key") {
    flow::DriverOptions options;
    options.key = std::move(key);
    options.lease = lease;
    options.turn.events = 1;
    options.crash = std::move(crash);
    auto opened = flow::Driver::open(*database, connectors, clock, std::move(options));
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
    return opened ? *std::move(opened) : nullptr;
  }
  void deploy(std::size_t by, const std::string& text) {
    const auto deployed = drivers[by]->deploy("flow", *parse_json(text), {}, {});
    EXPECT_TRUE(deployed.has_value()) << (deployed ? "" : deployed.error().message);
  }
  // Those who live take steps in turn, until none has anything to do.
  void idle() {
    for (bool more = true; more;) {
      more = false;
      for (auto& driver : drivers) {
        if (driver == nullptr) continue;
        const auto moved = driver->step();
        if (!moved) EXPECT_EQ(moved.error().code, "FLOW0404") << moved.error().message;
        more = more || (moved && *moved);
      }
    }
  }
  void pass(Timespan time) {
    const auto until = clock.now() + time;
    for (idle(); clock.now() < until; idle()) clock.advance(seconds(1));
  }
  std::vector<flow::RunRecord> runs() { return *some()->runs().runs({}); }
  flow::Driver* some() { return drivers[0] ? drivers[0].get() : drivers[1].get(); }
  std::size_t writes() { return read_writes(*database)->size(); }

  ManualClock clock{*parse_iso("2026-01-01T00:00:00Z")};
  std::unique_ptr<store::Database> database;
  flow::Connectors connectors;
  std::array<std::unique_ptr<flow::Driver>, 2> drivers;
};

constexpr auto put =
    R"json("Put": {"type": "OpenApiConnection", "inputs": {"host": {"apiId": "/x/test", "connectionName": "test", "operationId": "Put"}, "parameters": {"n": "@item()"}}})json";

std::string putting(const std::string& triggers, const std::string& first = {}) {
  return fmt::format(
      R"json({{"triggers": {}, "actions": {{{}"Each": {{"type": "Foreach", {}"foreach": "@range(0, 10)", "actions": {{{}}}}}}}}})json",
      triggers, first.empty() ? "" : first + ", ",
      first.empty() ? "" : R"("runAfter": {"First": ["Succeeded"]}, )", put);
}
constexpr auto by_hand = R"({"manual": {"type": "Request"}})";
constexpr auto every_minute =
    R"({"Clock": {"type": "Recurrence", "recurrence": {"frequency": "Minute", "interval": 1}}})";
constexpr auto wait_first =
    R"("First": {"type": "Wait", "inputs": {"interval": {"count": 5, "unit": "Minute"}}})";

TEST(FlowSharing, a_schedule_fires_once_for_all) {
  Town town;
  town.deploy(0, putting(every_minute));
  town.pass(minutes(30));
  EXPECT_EQ(town.runs().size(), 31U);
  EXPECT_EQ(town.writes(), 310U);
  for (const auto& run : town.runs()) EXPECT_EQ(run.status, flow::Status::succeeded);
}

TEST(FlowSharing, whoever_dies_at_any_point_is_replaced_and_nothing_is_done_twice) {
  for (int point = 1;; point += postgresql_server() == nullptr ? 1 : 11) {
    Town town;
    int points = 0;
    town.deploy(1, putting(by_hand));
    town.drivers[0] = town.open([&](flow::CrashPoint) { return ++points == point; });
    const auto started = town.drivers[0]->start("flow", "", nullptr, {});
    for (bool alive = started.has_value(); alive;) {
      const auto moved = town.drivers[0]->step();
      alive = moved && *moved;
    }
    town.drivers[0] = nullptr;
    if (town.runs().empty()) continue;  // whoever asked for it got no answer
    const bool over = points < point;
    town.pass(lease + seconds(1));
    ASSERT_EQ(town.runs().size(), 1U);
    EXPECT_EQ(town.runs()[0].status, flow::Status::succeeded) << point;
    EXPECT_EQ(town.writes(), 10U) << point;
    if (over) return;
  }
}

TEST(FlowSharing, a_process_that_was_held_up_writes_nothing_any_more) {
  Town town;
  town.deploy(0, putting(by_hand, wait_first));
  ASSERT_TRUE(town.drivers[0]->start("flow", "", nullptr, {}).has_value());
  town.idle();
  auto held = std::move(town.drivers[0]);
  town.pass(minutes(6));
  EXPECT_EQ(town.writes(), 10U);
  // It wakes up behind its own wait, whose time has come for it too.
  while (true) {
    const auto moved = held->step();
    if (!moved)
      EXPECT_EQ(moved.error().code, "FLOW0404");
    else if (!*moved)
      break;
  }
  EXPECT_EQ(town.writes(), 10U);
  EXPECT_EQ(town.runs().size(), 1U);
  EXPECT_EQ(town.runs()[0].status, flow::Status::succeeded);
  // And is one of them again.
  ASSERT_TRUE(held->start("flow", "", nullptr, {}).has_value());
  EXPECT_TRUE(held->run_until_idle().has_value());
  EXPECT_EQ(town.runs()[0].status, flow::Status::running);
}

TEST(FlowSharing, a_turn_that_began_before_the_lease_was_lost_fails) {
  Town town;
  town.deploy(1, putting(by_hand));
  auto taken = false;
  const auto steal = [&](flow::CrashPoint point) {
    if (point != flow::CrashPoint::after_commit || taken) return false;
    taken = true;  // before the first turn: time stands still for it, but not for the other
    town.pass(lease + seconds(2));
    return false;
  };
  auto held = town.open(steal);
  town.drivers[0] = nullptr;
  ASSERT_TRUE(held->start("flow", "", nullptr, {}).has_value());
  EXPECT_EQ(town.writes(), 10U);
  const auto moved = held->run_until_idle();
  EXPECT_TRUE(moved.has_value() || moved.error().code == "FLOW0404") << moved.error().message;
  EXPECT_EQ(town.writes(), 10U);
}

TEST(FlowSharing, who_leaves_is_replaced_at_once) {
  Town town;
  town.deploy(0, putting(by_hand, wait_first));
  ASSERT_TRUE(town.drivers[0]->start("flow", "", nullptr, {}).has_value());
  town.idle();
  ASSERT_TRUE(town.drivers[0]->leave().has_value());
  town.drivers[0] = nullptr;
  town.pass(seconds(2));
  EXPECT_NE(town.drivers[1]->next_due(), std::nullopt);
  town.pass(minutes(5));
  EXPECT_EQ(town.runs()[0].status, flow::Status::succeeded);
}

TEST(FlowSharing, as_many_runs_at_once_as_the_trigger_says_among_all) {
  Town town;
  town.deploy(
      0,
      putting(
          R"({"manual": {"type": "Request", "runtimeConfiguration": {"concurrency": {"runs": 1}}}})",
          wait_first));
  town.pass(seconds(2));
  for (auto& driver : town.drivers) ASSERT_TRUE(driver->start("flow", "", nullptr, {}).has_value());
  town.pass(minutes(4));
  std::size_t begun = 0;
  for (const auto& run : town.runs()) begun += run.events > 0 ? 1 : 0;
  EXPECT_EQ(begun, 1U);
  town.pass(minutes(8));
  for (const auto& run : town.runs()) EXPECT_EQ(run.status, flow::Status::succeeded);
  EXPECT_EQ(town.writes(), 20U);
}

TEST(FlowSharing, runs_are_cancelled_and_called_back_through_any_process) {
  Town town;
  town.deploy(
      0,
      R"json({"triggers": {"manual": {"type": "Request"}}, "actions": {"Wait_for": {"type": "HttpWebhook", "inputs": {"subscribe": {"method": "POST", "uri": "http://x/"}}}}})json");
  town.pass(seconds(2));
  const auto first = town.drivers[0]->start("flow", "", nullptr, {});
  const auto second = town.drivers[0]->start("flow", "", nullptr, {});
  ASSERT_TRUE(first && second);
  town.idle();
  EXPECT_TRUE(town.drivers[1]->cancel(*first, {}).has_value());
  EXPECT_TRUE(
      town.drivers[1]->call_back(*second, "Wait_for", json::object{{"body", 1}}).has_value());
  town.pass(seconds(2));
  EXPECT_EQ((*town.some()->runs().run(*first))->status, flow::Status::cancelled);
  EXPECT_EQ((*town.some()->runs().run(*second))->status, flow::Status::succeeded);
}

TEST(FlowSharing, a_polling_trigger_is_asked_by_one) {
  Town town;
  town.deploy(
      0,
      putting(
          R"json({"Seen": {"type": "OpenApiConnection", "recurrence": {"frequency": "Minute", "interval": 1},
    "inputs": {"host": {"apiId": "/x/test", "connectionName": "test", "operationId": "Ask"}, "parameters": {}}}})json"));
  town.pass(minutes(10));
  EXPECT_EQ(town.runs().size(), 11U);
  EXPECT_EQ(town.writes(), 110U);
}

TEST(FlowSharing, who_deploys_at_the_same_moment_deploys_on_top_of_the_other) {
  Town town;
  const auto deploy_many = [&](std::size_t by) {
    for (int i = 0; i < 30; ++i) {
      auto document = *parse_json(putting(by_hand));
      document.as_object()["description"] = fmt::format("{} of {}", i, by);
      const auto deployed = town.drivers[by]->deploy("flow", document, {}, {});
      EXPECT_TRUE(deployed.has_value()) << (deployed ? "" : deployed.error().message);
    }
  };
  std::thread other(deploy_many, 1);
  deploy_many(0);
  other.join();
}

TEST(FlowSharing, a_flow_that_one_deploys_all_know_and_another_key_is_refused) {
  Town town;
  town.idle();
  town.deploy(0, putting(by_hand));
  EXPECT_TRUE(town.drivers[1]->start("flow", "", nullptr, {}).has_value());
  ASSERT_TRUE(town.drivers[1]->enable("flow", false).has_value());
  town.pass(seconds(2));
  EXPECT_FALSE(town.drivers[0]->door("flow", "")->enabled);
  flow::DriverOptions options;
  options.key = "another";
  options.lease = lease;
  const auto refused =
      flow::Driver::open(*town.database, town.connectors, town.clock, std::move(options));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "FLOW0518");
}

}  // namespace
}  // namespace rollcall::test
