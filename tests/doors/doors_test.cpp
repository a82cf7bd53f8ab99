// `request`, `request remote` → the answer; `item LIST` and `table NAME` set up, `clock TIME` moves the clock;
// `token NAME SCOPES` makes one, and `Authorization: Bearer {NAME}` sends it.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "doors/api/matrix.hpp"
#include "doors/hooks/body.hpp"
#include "doors/house.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Handlers make() {
  auto house = std::make_shared<House>();
  auto secrets = std::make_shared<std::map<std::string, std::string>>();
  Handlers handlers;
  handlers["request"] = [house, secrets](const GoldenCase& one) {
    std::string text = one.body;
    for (const auto& [name, secret] : *secrets) text = replace_all(text, "{" + name + "}", secret);
    return house->exchange(text, !one.arguments.empty() && one.arguments[0] == "remote");
  };
  handlers["item"] = [house](const GoldenCase& one) {
    house->add_item(joined(one.arguments), one.body);
    return std::string();
  };
  handlers["table"] = [house](const GoldenCase& one) {
    house->create_table(one.arguments.at(0), one.body);
    return std::string();
  };
  handlers["clock"] = [house](const GoldenCase& one) {
    house->clock.set(*parse_iso(one.arguments.at(0)));
    return std::string();
  };
  // Which cells there should be: lines of `expected PATTERN` and `removed PATTERN`.
  handlers["cells"] = [house](const GoldenCase& one) {
    std::istringstream words(one.body);
    fleet::CellRules rules;
    for (std::string list, pattern; words >> list >> pattern;)
      (list == "removed" ? rules.removed : rules.expected)
          .push_back(*fleet::parse_cell_pattern(pattern));
    house->expect_cells(std::move(rules));
    return std::string();
  };
  handlers["token"] = [house, secrets](const GoldenCase& one) {
    http::Request request;
    request.method = "POST";
    request.target = "/api/v1/tokens";
    request.loopback = true;
    request.body = json::serialize(
        json::object{{"name", one.arguments.at(0)}, {"scopes", one.arguments.at(1)}});
    const auto answer = house->ask(request);
    (*secrets)[one.arguments.at(0)] = text_or(parse_json(answer.body).value(), "token");
    return std::string();
  };
  return handlers;
}

const Registration golden{[] { register_golden("Doors", TEST_FOLDER, make); }};

lists::Item deployment(std::string role, std::string version, std::string region,
                       std::string started, std::string kind = "deploy") {
  lists::Item item;
  item.fields = {{"Environment", "prod"}, {"Role", role},         {"Region", region},
                 {"Version", version},    {"StartedAt", started}, {"Kind", kind}};
  return item;
}

TEST(Regions, FollowTheRolloutsThatReachedThem) {
  const std::vector<lists::Item> history{
      deployment("a", "2", "north", "2026-01-02T10:00:00Z"),
      deployment("a", "2", "south", "2026-01-02T09:00:00Z"),
      deployment("a", "2", "west", "2026-01-02T11:00:00Z"),
      deployment("b", "7", "south", "2026-01-03T09:00:00Z"),
      deployment("b", "7", "west", "2026-01-03T08:00:00Z"),
      deployment("b", "7", "north", "2026-01-03T08:30:00Z"),
      // Stopped early: it counts for nothing.
      deployment("b", "8", "north", "2026-01-04T08:00:00Z"),
      deployment("b", "8", "west", "2026-01-04T09:00:00Z"),
      deployment("a", "1", "west", "2026-01-01T00:00:00Z", "initial"),
      deployment("a", "1", "late", "2026-01-01T05:00:00Z", "initial"),
      deployment("a", "1", "early", "2026-01-01T04:00:00Z", "initial")};
  // south: 0 and 1; north: 0.5 twice; west: 1 and 0. Equal means: by when they were first seen. Then those without rollouts.
  EXPECT_EQ(doors::order_regions({}, history, {}),
            (std::vector<std::string>{"west", "south", "north", "early", "late"}));
  const std::vector<std::string> configured{"north", "nowhere", "late"};
  EXPECT_EQ(doors::order_regions(configured, history, {}),
            (std::vector<std::string>{"north", "late", "west", "south", "early"}));
}

// One more than stand on a page; the list of people was made by the first.
TEST(SharePointPeople, AreFoundBehindTheFirstPage) {
  House house;
  http::Request make;
  make.method = "POST";
  make.target = "/api/v1/tokens";
  make.loopback = true;
  make.body = R"({"name": "w", "scopes": "read,write"})";
  const auto token = "\nAuthorization: Bearer " +
                     std::string(text_or(parse_json(house.ask(make).body).value(), "token")) +
                     "\n\n";
  const auto ensure = [&](const std::string& name) {
    return house.exchange("POST /_api/web/ensureuser" + token + "{\"logonName\": \"" + name + "\"}",
                          false);
  };
  EXPECT_TRUE(ensure("first@example.com").starts_with("200 ")) << ensure("first@example.com");
  for (int i = 0; i < 5'000; ++i) {
    house.add_item(
        "User Information List",
        json::serialize(json::object{{"Title", "x"}, {"Name", fmt::format("p{}@example.com", i)}}));
  }
  const auto last = ensure("p4999@example.com");
  EXPECT_TRUE(last.starts_with("200 ")) << last;
  const auto at = last.find("\"Id\": ");
  ASSERT_NE(at, std::string::npos) << last;
  const auto id = last.substr(at + 6, last.find_first_of(",\n", at) - at - 6);
  const auto found = house.exchange("GET /_api/web/getuserbyid(" + id + ")" + token, false);
  EXPECT_NE(found.find("p4999@example.com"), std::string::npos) << found;
}

TEST(HookBodies, PartsInPartsAreReadUntilTheyAreTooDeep) {
  http::Request request;
  request.headers.set("Content-Type", "multipart/mixed; boundary=b0");
  request.body = "innermost";
  std::string type = "text/plain";
  for (int level = 9; level >= 0; --level) {
    const auto boundary = fmt::format("b{}", level);
    request.body =
        fmt::format("--{0}\r\nContent-Type: {1}\r\n\r\n{2}\r\n--{0}\r\n\r\nbeside\r\n--{0}--",
                    boundary, type, request.body);
    type = "multipart/mixed; boundary=" + boundary;
  }
  const auto read = doors::read_body(request);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  const json::value* at = &*read;
  int levels = 0;
  for (; find(*at, "$multipart") != nullptr; ++levels) {
    const auto& parts = find(*at, "$multipart")->as_array();
    ASSERT_EQ(parts.size(), 2U) << "level " << levels;
    EXPECT_EQ(text_or(parts[1], "body"), "beside");
    at = find(parts[0], "body");
    ASSERT_NE(at, nullptr);
  }
  EXPECT_EQ(levels, 8);
  EXPECT_EQ(text_or(*at, "$content-type"), "multipart/mixed; boundary=b8");
}

// Each of them holds a worker of the server until its run answers.
TEST(Hooks, TheTwentyFifthCallerThatWaitsIsTurnedAway) {
  House house;
  house.exchange(R"(PUT /api/v1/flows/slow

{"triggers": {"manual": {"type": "Request"}}, "actions": {
  "Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}},
  "Answer": {"type": "Response", "runAfter": {"Pause": ["Succeeded"]}, "inputs": {"statusCode": 200}}}})",
                 false);
  const auto address =
      house.exchange("GET /api/v1/flows/slow/triggers/manual/callback-url\n\n", false);
  const auto path = address.find("/hooks/");
  ASSERT_NE(path, std::string::npos) << address;
  http::Request request;
  request.method = "POST";
  request.target = address.substr(path, address.find('"', path) - path);
  request.gone = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::thread> callers;
  for (int i = 0; i < 24; ++i) {
    callers.emplace_back([&house, request] { EXPECT_EQ(house.ask(request).status, 504); });
  }
  const auto run = [&](int number) {
    return house.exchange(fmt::format("GET /api/v1/runs/{}\n\n", number), false);
  };
  for (int looks = 0; looks < 3'000 && run(24).starts_with("404"); ++looks)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto refused = house.ask(request);
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("HOOK0107"), std::string::npos) << refused.body;
  EXPECT_TRUE(run(25).starts_with("404")) << run(25);
  *request.gone = true;
  for (auto& one : callers) one.join();
}

}  // namespace
}  // namespace rollcall::test
