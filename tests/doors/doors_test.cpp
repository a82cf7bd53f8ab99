// `request`, `request remote` → the answer; `item LIST` and `table NAME` set up, `clock TIME` moves the clock;
// `token NAME SCOPES` makes one, and `Authorization: Bearer {NAME}` sends it.
#include <gtest/gtest.h>

#include <map>

#include "doors/api/matrix.hpp"
#include "doors/house.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
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
  handlers["token"] = [house, secrets](const GoldenCase& one) {
    http::Request request;
    request.method = "POST";
    request.target = "/api/v1/tokens";
    request.loopback = true;
    request.body = json::serialize(json::object{{"name", one.arguments.at(0)}, {"scopes", one.arguments.at(1)}});
    const auto answer = house->ask(request);
    (*secrets)[one.arguments.at(0)] = text_or(parse_json(answer.body).value(), "token");
    return std::string();
  };
  return handlers;
}

const Registration golden{[] { register_golden("Doors", TEST_FOLDER, make); }};

lists::Item deployment(std::string role, std::string version, std::string region, std::string started, std::string kind = "deploy") {
  lists::Item item;
  item.fields = {{"Environment", "prod"}, {"Role", role}, {"Region", region}, {"Version", version}, {"StartedAt", started}, {"Kind", kind}};
  return item;
}

TEST(Regions, FollowTheRolloutsThatReachedThem) {
  const std::vector<lists::Item> history{
      deployment("a", "2", "north", "2026-01-02T10:00:00Z"), deployment("a", "2", "south", "2026-01-02T09:00:00Z"),
      deployment("a", "2", "west", "2026-01-02T11:00:00Z"),  deployment("b", "7", "south", "2026-01-03T09:00:00Z"),
      deployment("b", "7", "west", "2026-01-03T08:00:00Z"),  deployment("b", "7", "north", "2026-01-03T08:30:00Z"),
      // Stopped early: it counts for nothing.
      deployment("b", "8", "north", "2026-01-04T08:00:00Z"), deployment("b", "8", "west", "2026-01-04T09:00:00Z"),
      deployment("a", "1", "west", "2026-01-01T00:00:00Z", "initial"),
      deployment("a", "1", "late", "2026-01-01T05:00:00Z", "initial"),
      deployment("a", "1", "early", "2026-01-01T04:00:00Z", "initial")};
  // south: 0 and 1; north: 0.5 twice; west: 1 and 0. Equal means: by when they were first seen. Then those without rollouts.
  EXPECT_EQ(doors::order_regions({}, history, {}), (std::vector<std::string>{"west", "south", "north", "early", "late"}));
  const std::vector<std::string> configured{"north", "nowhere", "late"};
  EXPECT_EQ(doors::order_regions(configured, history, {}), (std::vector<std::string>{"north", "late", "west", "south", "early"}));
}

}  // namespace
}  // namespace rollcall::test
