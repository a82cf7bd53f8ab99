// Triggers and runs as those see them who call from outside: webhooks that subscribe, runs that wait for their
// turn, what is hidden on disk, what is forgotten.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "flow/driver.hpp"
#include "flow/flow_test.hpp"
#include "flow/simulation.hpp"

namespace rollcall::flow {
namespace {

// Answers everything, and remembers what it was asked.
class Recorder final : public Connector {
 public:
  explicit Recorder(std::vector<std::string>& calls) : calls_(calls) {
    operations_ = {{"Watch", Place::outside, "Watch", {}, {}},
                   {"Unwatch", Place::outside, "Unwatch", {}, {}},
                   {"Tell", Place::outside, "Tell", {}, {}}};
    operations_[0].unsubscribe = "Unwatch";
  }
  std::string_view id() const override { return "test"; }
  std::span<const Operation> operations() const override { return operations_; }
  Result<Outcome> call(std::size_t operation, const Call& call) override {
    calls_.push_back(fmt::format("{} {} {}", operations_[operation].id,
                                 json::serialize(call.parameters),
                                 call.callback_url.substr(0, call.callback_url.find("sig="))));
    return answered(200, operation == 2 ? json::value("the password") : json::value{{"id", 7}});
  }

 private:
  std::vector<std::string>& calls_;
  std::vector<Operation> operations_;
};

class House {
 public:
  explicit House(DriverOptions options = {}, const std::string& file = ":memory:")
      : clock_(*parse_iso("2026-01-01T00:00:00Z")) {
    if (options.key.empty()) options.key = "key";
    database = *store::open_sqlite(file, store::Durability::process);
    connectors_.add(std::make_unique<Recorder>(calls));
    driver = *Driver::open(*database, connectors_, clock_, std::move(options));
  }
  Deployed deploy(const std::string& text, const DeployOptions& options = {}) {
    auto deployed = driver->deploy("flow", *parse_json(text), {}, options);
    EXPECT_TRUE(deployed.has_value()) << (deployed ? "" : deployed.error().message);
    return deployed ? *deployed : Deployed{};
  }
  void idle() { EXPECT_TRUE(driver->run_until_idle().has_value()); }
  ManualClock& clock() { return clock_; }

  std::vector<std::string> calls;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<Driver> driver;

 private:
  ManualClock clock_;
  Connectors connectors_;
};

constexpr auto watching =
    R"json({"triggers": {"Seen": {"type": "OpenApiConnectionWebhook", "inputs": {"host": {"apiId": "/x/test", "connectionName": "test", "operationId": "Watch"},
  "parameters": {"what": "doors"}}}}, "actions": {}})json";

TEST(FlowTriggers, a_webhook_subscribes_once_the_address_is_known_and_ends_when_disabled) {
  House house;
  house.deploy(watching);
  house.idle();
  EXPECT_TRUE(house.calls.empty());
  house.driver->set_url("http://here");
  house.idle();
  house.idle();
  ASSERT_EQ(house.calls.size(), 1U);
  EXPECT_EQ(house.calls[0], "Watch {\"what\":\"doors\"} http://here/hooks/flow/Seen?");
  // The same text again changes nothing; another address is told.
  house.deploy(watching);
  house.idle();
  EXPECT_EQ(house.calls.size(), 1U);
  house.driver->set_url("http://there");
  house.idle();
  ASSERT_EQ(house.calls.size(), 2U);
  EXPECT_TRUE(house.driver->enable("flow", false).has_value());
  house.idle();
  ASSERT_EQ(house.calls.size(), 3U);
  EXPECT_TRUE(house.calls[2].starts_with("Unwatch")) << house.calls[2];
  EXPECT_TRUE(house.driver->enable("flow", true).has_value());
  house.idle();
  EXPECT_EQ(house.calls.size(), 4U);
}

// What has been asked of the other side when the flow was changed before the answer came.
template <class Change>
std::vector<std::string> asked_around(Change change) {
  House house;
  house.driver->set_url("http://here");
  house.deploy(watching);
  EXPECT_TRUE(*house.driver->step());
  EXPECT_TRUE(house.calls.empty());
  change(house);
  house.idle();
  house.idle();
  for (auto& call : house.calls) call.resize(call.find(' '));
  return house.calls;
}

TEST(FlowTriggers, a_subscription_that_nobody_waits_for_any_more_is_ended) {
  const std::vector<std::string> begun_and_ended{"Watch", "Unwatch"};
  EXPECT_EQ(
      asked_around([](House& house) { EXPECT_TRUE(house.driver->remove("flow").has_value()); }),
      begun_and_ended);
  EXPECT_EQ(asked_around(
                [](House& house) { EXPECT_TRUE(house.driver->enable("flow", false).has_value()); }),
            begun_and_ended);
  auto calls = asked_around([](House& house) {
    std::string other = watching;
    other.replace(other.find("doors"), 5, "panes");
    house.deploy(other);
  });
  std::ranges::sort(calls);
  EXPECT_EQ(calls, (std::vector<std::string>{"Unwatch", "Watch", "Watch"}));
}

TEST(FlowTriggers, runs_beyond_the_limit_wait_and_those_beyond_the_waiting_are_refused) {
  House house;
  house.deploy(
      R"json({"triggers": {"manual": {"type": "Request", "runtimeConfiguration": {"concurrency": {"runs": 1, "maximumWaitingRuns": 1}}}},
    "actions": {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Minute"}}}}})json");
  ASSERT_TRUE(house.driver->start("flow", "", nullptr, {}).has_value());
  const auto second = house.driver->start("flow", "", nullptr, {});
  ASSERT_TRUE(second.has_value());
  const auto third = house.driver->start("flow", "", nullptr, {});
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code, "FLOW0511");
  house.idle();
  EXPECT_EQ((*house.driver->runs().run(*second))->status, Status::waiting);
  house.clock().advance(minutes(1));
  house.idle();
  EXPECT_EQ((*house.driver->runs().run(*second))->status, Status::running);
  EXPECT_TRUE(house.driver->start("flow", "", nullptr, {}).has_value());
}

TEST(FlowTriggers, what_is_hidden_is_nowhere_on_disk) {
  const auto file =
      std::filesystem::temp_directory_path() / fmt::format("rollcall-hidden-{}.db", getpid());
  {
    House house({}, file.string());
    DeployOptions options;
    options.parameters = json::object{{"Pin", "sesame1234"}};
    house.deploy(
        R"json({"parameters": {"Pin": {"type": "SecureString"}}, "triggers": {"manual": {"type": "Request", "runtimeConfiguration": {"secureData": {"properties": ["outputs"]}}}},
      "actions": {"Ask": {"type": "OpenApiConnection", "runtimeConfiguration": {"secureData": {"properties": ["inputs", "outputs"]}},
          "inputs": {"host": {"apiId": "/x/test", "connectionName": "test", "operationId": "Tell"}, "parameters": {"pin": "@parameters('Pin')", "who": "@triggerBody()"}}},
        "Answer": {"type": "Response", "runAfter": {"Ask": ["Succeeded"]}, "runtimeConfiguration": {"secureData": {"properties": ["inputs"]}}, "inputs": {"statusCode": 200, "body": "@body('Ask')"}}}})json",
        options);
    const auto run = house.driver->start("flow", "", "somebody in particular", {});
    ASSERT_TRUE(run.has_value());
    house.idle();
    ASSERT_EQ(house.calls.size(), 1U);
    EXPECT_NE(house.calls[0].find("sesame1234"), std::string::npos);
    EXPECT_NE(house.calls[0].find("somebody in particular"), std::string::npos);
    const auto answer = house.driver->response(*run);
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ(text_or(**answer, "body"), "the password");
    const auto view = house.driver->show(*run);
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE(view->actions.at(0).hidden_inputs && view->actions.at(0).outputs.is_null());
    EXPECT_EQ(find(view->trigger, "outputs"), nullptr);
  }
  std::string disk;
  for (const auto* suffix : {"", "-wal"}) {
    std::ifstream stream(file.string() + suffix, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    disk += text.str();
  }
  for (const auto* hidden : {"sesame1234", "somebody in particular", "the password"})
    EXPECT_EQ(disk.find(hidden), std::string::npos) << hidden;
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
}

TEST(FlowTriggers, runs_are_forgotten_by_count_and_age) {
  DriverOptions options;
  options.keep_runs = days(1);
  House house(options);
  DeployOptions keep;
  keep.keep_count = 2;
  house.deploy(R"json({"triggers": {"manual": {"type": "Request"}}, "actions": {}})json", keep);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(house.driver->start("flow", "", i, {}).has_value());
  house.idle();
  house.clock().advance(hours(2));
  house.idle();
  EXPECT_EQ(house.driver->runs().runs({})->size(), 2U);
  house.clock().advance(days(2));
  house.idle();
  EXPECT_TRUE(house.driver->runs().runs({})->empty());
}

TEST(FlowTriggers, runs_are_found_by_tracking_id_trigger_and_status) {
  House house;
  house.deploy(
      R"json({"triggers": {"manual": {"type": "Request", "correlation": {"clientTrackingId": "@{triggerBody()?['order']}"}}},
    "actions": {"Check": {"type": "Compose", "inputs": "@int(triggerBody()?['order'])"}}})json");
  for (const auto* order : {"17", "x-18"})
    EXPECT_TRUE(house.driver->start("flow", "", json::object{{"order", order}}, {}).has_value());
  house.idle();
  RunQuery query;
  query.text = "X-18";
  const auto found = house.driver->runs().runs(query);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().tracking, "x-18");
  EXPECT_EQ(found->front().status, Status::failed);
  query = {};
  query.status = Status::succeeded;
  query.trigger = "MANUAL";
  EXPECT_EQ(house.driver->runs().runs(query)->size(), 1U);
}

TEST(FlowTriggers, addresses_are_signed) {
  House house;
  house.driver->set_url("http://here");
  const auto& site = house.driver->site();
  const auto url = site.trigger_url("flow", "manual");
  const auto signature = url.substr(url.find("sig=") + 4);
  EXPECT_TRUE(site.trigger_is_signed("Flow", "Manual", signature));
  EXPECT_FALSE(site.trigger_is_signed("flow", "other", signature));
  EXPECT_FALSE(site.trigger_is_signed("flow", "manual", ""));
  EXPECT_FALSE(Site("other key").trigger_is_signed("flow", "manual", signature));
  EXPECT_FALSE(site.response_is_signed(1, signature));
}

std::string polling(std::string_view parameters, std::string_view actions) {
  return fmt::format(
      R"json({{"triggers": {{"New": {{"type": "OpenApiConnection", "recurrence": {{"frequency": "Hour", "interval": 1}},
    "inputs": {{"host": {{"apiId": "/x/test", "connectionName": "test", "operationId": "Tell"}}, "parameters": {}}}}}}}, "actions": {}}})json",
      parameters, actions);
}

// Asked, and deployed anew before the answer has come.
std::pair<std::size_t, std::size_t> calls_and_runs_of_a_redeployment(const std::string& before,
                                                                     const std::string& after) {
  House house;
  house.deploy(before);
  EXPECT_TRUE(*house.driver->step());
  EXPECT_TRUE(house.calls.empty());
  house.deploy(after);
  house.idle();
  return {house.calls.size(), house.driver->runs().runs({})->size()};
}

TEST(FlowTriggers, an_answer_belongs_to_the_triggers_that_asked) {
  const auto one = polling("{}", "{}"),
             other_actions = polling("{}", R"({"Keep": {"type": "Compose", "inputs": 1}})"),
             other = polling(R"({"of": 2})", "{}");
  EXPECT_EQ(calls_and_runs_of_a_redeployment(one, other_actions),
            std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(calls_and_runs_of_a_redeployment(one, other),
            std::pair(std::size_t{2}, std::size_t{1}));
}

// Says where the next answer will be, and remembers how it was asked.
class Elsewhere final : public Connector {
 public:
  Elsewhere(std::string location, std::vector<json::object>& asked)
      : location_(std::move(location)), asked_(asked) {
    operations_ = {{"Request", Place::outside, "Request", {}, {}}};
  }
  std::string_view id() const override { return "http"; }
  std::span<const Operation> operations() const override { return operations_; }
  Result<Outcome> call(std::size_t, const Call& call) override {
    asked_.push_back(call.parameters);
    Outcome outcome{
        json::object{{"statusCode", 202}, {"headers", json::object{{"Location", location_}}}},
        {},
        {}};
    outcome.retry_after = Timespan{0};
    return outcome;
  }

 private:
  std::string location_;
  std::vector<json::object>& asked_;
  std::vector<Operation> operations_;
};

std::vector<json::object> polled_twice(const std::string& location) {
  std::vector<json::object> asked;
  ManualClock clock(*parse_iso("2026-01-01T00:00:00Z"));
  const auto database = *store::open_sqlite(":memory:", store::Durability::process);
  Connectors connectors;
  connectors.add(std::make_unique<Elsewhere>(location, asked));
  const auto driver = *Driver::open(*database, connectors, clock, {});
  const auto document = parse_json(
      R"json({"triggers": {"Poll": {"type": "Http", "recurrence": {"frequency": "Hour", "interval": 1}, "inputs": {"method": "GET",
    "uri": "https://here.example/news", "queries": {"since": 0}, "headers": {"X-Key": "secret"}, "authentication": {"type": "Raw", "value": "secret"}}}}, "actions": {}})json");
  EXPECT_TRUE(driver->deploy("flow", *document, {}, {}).has_value());
  EXPECT_TRUE(driver->run_until_idle().has_value());
  EXPECT_EQ(asked.size(), 1U);  // Retry-After: 0 is a second
  EXPECT_EQ(driver->next_due(), clock.now() + seconds(1));
  clock.advance(seconds(1));
  EXPECT_TRUE(driver->run_until_idle().has_value());
  EXPECT_EQ(asked.size(), 2U);
  return asked;
}

TEST(FlowTriggers, an_action_that_is_to_ask_again_at_once_waits_a_second) {
  std::vector<json::object> asked;
  ManualClock clock(*parse_iso("2026-01-01T00:00:00Z"));
  const auto database = *store::open_sqlite(":memory:", store::Durability::process);
  Connectors connectors;
  connectors.add(std::make_unique<Elsewhere>("https://here.example/job", asked));
  const auto driver = *Driver::open(*database, connectors, clock, {});
  const auto document = parse_json(
      R"json({"triggers": {"manual": {"type": "Request"}}, "actions": {"Ask": {"type": "Http", "inputs": {"method": "POST", "uri": "https://here.example/job"}}}})json");
  EXPECT_TRUE(driver->deploy("flow", *document, {}, {}).has_value());
  EXPECT_TRUE(driver->start("flow", "", nullptr, {}).has_value());
  EXPECT_TRUE(driver->run_until_idle().has_value());
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_EQ(driver->next_due(), clock.now() + seconds(1));
}

TEST(FlowTriggers, a_location_elsewhere_is_not_told_who_asks) {
  const auto there = polled_twice("https://there.example/news?since=1");
  EXPECT_NE(json::serialize(there.front()).find("secret"), std::string::npos);
  EXPECT_EQ(json::serialize(there.back()),
            R"({"method":"GET","uri":"https://there.example/news?since=1"})");
  const auto here = json::serialize(polled_twice("https://here.example/news?since=1").back());
  EXPECT_NE(here.find(R"("X-Key":"secret")"), std::string::npos) << here;
  EXPECT_NE(here.find(R"("value":"secret")"), std::string::npos) << here;
  EXPECT_NE(here.find(R"("uri":"https://here.example/news?since=1")"), std::string::npos) << here;
}

TEST(FlowTests, a_test_of_a_flow_is_a_readable_file) {
  const auto read = [](const std::string& name) -> Result<std::string> {
    EXPECT_EQ(name, "order.json");
    return R"json({"triggers": {"manual": {"type": "Request"}}, "actions": {
      "Get": {"type": "ApiConnection", "inputs": {"host": {"connection": {"name": "@parameters('$connections')['shop']['connectionId']"}}, "method": "get", "path": "/orders/@{triggerBody()}"}},
      "Ask": {"type": "HttpWebhook", "runAfter": {"Get": ["Succeeded"]}, "inputs": {"subscribe": {"method": "POST", "uri": "https://x", "body": {"to": "@listCallbackUrl()"}}}},
      "Said": {"type": "Compose", "inputs": "@body('Ask')", "runAfter": {"Ask": ["Succeeded"]}}}})json";
  };
  const std::string text =
      "flow order.json\n\nconnector shop\nget /orders/{id} 503 {} | 200 {\"total\": "
      "5}\n\nconnector http\nRequest 201 {}\n\ncallback Ask\n\"yes\"\n\n"
      "run\n7\n----\n+5s  nothing\n";
  const auto report = run_flow_test(text, read);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  ASSERT_EQ(report->cases.size(), 1U);
  EXPECT_FALSE(report->cases[0].passed());
  const auto again = run_flow_test(report->updated, read);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->cases.at(0).passed()) << again->cases.at(0).got;
  EXPECT_NE(report->updated.find("Get (attempt 2)"), std::string::npos) << report->updated;
  EXPECT_NE(report->updated.find("\"yes\""), std::string::npos);
  const auto wrong = run_flow_test("fly order.json\n", read);
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, "FLOW0601");
}

TEST(FlowSimulation, the_first_seeds_violate_nothing) {
  SimulationResult all;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto result = simulate_flows(seed);
    ASSERT_TRUE(result.has_value()) << "seed " << seed << ": " << result.error().message;
    ASSERT_FALSE(result->violation.has_value()) << "seed " << seed << ": " << *result->violation;
    all.crashes += result->crashes;
    all.failed_writes += result->failed_writes;
    all.lost_replies += result->lost_replies;
    all.jumps += result->jumps;
  }
  EXPECT_GT(std::min({all.crashes, all.failed_writes, all.lost_replies, all.jumps}), 10U);
}

}  // namespace
}  // namespace rollcall::flow
