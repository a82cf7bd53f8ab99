#include "connectors/notifications.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/hmac.hpp"
#include "base/text.hpp"
#include "connectors/answer.hpp"
#include "connectors/cdevent.hpp"
#include "connectors/custom/body.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

std::unexpected<Error> wrong(std::string message) {
  return fail("CONNECTOR0702", std::move(message));
}

std::string text_of(const json::value& value, std::string_view name) {
  const auto* member = rollcall::find(value, name);
  return member == nullptr ? std::string() : plain_text(*member);
}

// A member of the flat parameters, or of the body that they make.
struct Given {
  json::value parameters, body;
  std::string text(std::string_view name) const {
    auto found = text_of(body, name);
    return found.empty() ? text_of(parameters, name) : found;
  }
};

Result<Given> given_by(const json::object& parameters, std::string_view body_name = "body") {
  TRY(auto body, assemble(parameters, body_name));
  return Given{parameters, body ? *std::move(body) : json::value()};
}

http::ClientRequest json_post(std::string url, const json::value& body) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.add("Content-Type", "application/json");
  request.body = json::serialize(body);
  return request;
}

// ---- Teams

const std::vector<Operation>& teams_operations() {
  static const std::vector<Operation> operations{
      {"PostMessageToConversation", Place::outside, "Post message in a chat or channel", "post",
       "/beta/teams/conversation/message/poster/{poster}/location/{location}"},
      {"PostCardToConversation", Place::outside, "Post card in a chat or channel", "post",
       "/v1.0/teams/conversation/adaptivecard/poster/{poster}/location/{location}"},
      {"PostMessageToChannelV3", Place::outside, "Post a message (V3)", "post",
       "/v3/beta/teams/{groupId}/channels/{channelId}/messages"},
  };
  return operations;
}

json::object card_of(std::string_view subject, std::string_view html) {
  json::array blocks;
  if (!subject.empty())
    blocks.push_back(json::object{{"type", "TextBlock"},
                                  {"text", subject},
                                  {"size", "medium"},
                                  {"weight", "bolder"},
                                  {"wrap", true}});
  blocks.push_back(
      json::object{{"type", "TextBlock"}, {"text", to_markdown(html)}, {"wrap", true}});
  json::object card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
                    {"type", "AdaptiveCard"},
                    {"version", "1.4"}};
  card.emplace("body", std::move(blocks));
  return card;
}

Result<http::ClientRequest> teams_request(std::size_t operation, const Call& call,
                                          const PostSettings& settings) {
  TRY(const auto given, given_by(call.parameters));
  auto message = given.text("messageBody");
  if (const auto* nested = rollcall::find(given.body, "body"); message.empty() && nested != nullptr)
    message = text_of(*nested, "content");
  if (message.empty()) return wrong("there is no message: body/messageBody is missing");
  json::object card;
  if (operation == 1) {
    auto parsed = parse_json(message, 200);
    if (!parsed || !parsed->is_object())
      return wrong("body/messageBody is no Adaptive Card: it is no JSON object");
    card = std::move(parsed->get_object());
  } else {
    card = card_of(given.text("subject"), message);
  }
  json::object attachment{{"contentType", "application/vnd.microsoft.card.adaptive"},
                          {"contentUrl", nullptr}};
  attachment.emplace("content", std::move(card));
  json::object body{{"type", "message"}};
  body.emplace("attachments", json::array{std::move(attachment)});
  return json_post(settings.url, body);
}

// ---- Slack

const std::vector<Operation>& slack_operations() {
  static const std::vector<Operation> operations{
      {"PostMessage", Place::outside, "Post message", "post", "/chat.postMessage"},
      {"PostMessageV2", Place::outside, "Post message (V2)", "post", "/v2/chat.postMessage"}};
  return operations;
}

Result<http::ClientRequest> slack_request(std::size_t, const Call& call,
                                          const PostSettings& settings) {
  TRY(const auto given, given_by(call.parameters));
  json::object body;
  for (const auto* name : {"channel", "text", "username", "icon_url", "icon_emoji", "thread_ts"}) {
    if (const auto text = given.text(name); !text.empty()) body.emplace(name, text);
  }
  if (const auto* blocks = rollcall::find(given.body, "blocks")) body.emplace("blocks", *blocks);
  if (!body.contains("text") && !body.contains("blocks"))
    return wrong("there is no message: text is missing");
  if (settings.token.empty()) return json_post(settings.url, body);
  if (!body.contains("channel")) return wrong("Slack's API wants a channel");
  auto request = json_post(
      (settings.url.empty() ? "https://slack.com/api" : settings.url) + "/chat.postMessage", body);
  request.headers.set("Content-Type", "application/json; charset=utf-8");
  request.headers.add("Authorization", "Bearer " + settings.token);
  return request;
}

// ---- webhook

const std::vector<Operation>& webhook_operations() {
  static const std::vector<Operation> operations{
      {"Post", Place::outside, "Post to a webhook", "post", "/"}};
  return operations;
}

Result<http::ClientRequest> webhook_request(std::size_t, const Call& call,
                                            const PostSettings& settings) {
  TRY(const auto body, assemble(call.parameters, "body"));
  auto request = json_post(settings.url, nullptr);
  request.body = body ? body_text(*body) : std::string("{}");
  if (const auto* headers = call.parameters.if_contains("headers");
      headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object())
      request.headers.set(std::string(name), plain_text(value));
  }
  if (!settings.token.empty()) request.headers.set("Authorization", "Bearer " + settings.token);
  if (!settings.secret.empty())
    request.headers.set("X-Hub-Signature-256", hub_signature(settings.secret, request.body));
  return request;
}

// ---- CDEvents

const std::vector<Operation>& cdevents_operations() {
  static const std::vector<Operation> operations{
      {"Send", Place::outside, "Send a CDEvent", "post", "/events"}};
  return operations;
}

Result<http::ClientRequest> cdevents_request(std::size_t, const Call& call,
                                             const PostSettings& settings) {
  TRY(auto content, assemble(call.parameters, "content"));
  const json::value parameters = call.parameters;
  auto key = call.key;
  key.attempt = 1;  // one that is tried again is the same event
  CdEvent event{text_of(parameters, "type"),
                key.to_string(),
                text_of(parameters, "source"),
                text_of(parameters, "subjectId"),
                text_of(parameters, "subjectSource"),
                {},
                call.now};
  if (event.source.empty()) event.source = settings.source.empty() ? "/rollcall" : settings.source;
  if (content && content->is_object()) event.content = std::move(content->get_object());
  TRY(const auto cloud_event, to_cloud_event(event));
  auto request = json_post(settings.url, cloud_event);
  request.headers.set("Content-Type", "application/cloudevents+json");
  if (!settings.token.empty()) request.headers.set("Authorization", "Bearer " + settings.token);
  return request;
}

// ---- what they share

struct Kind {
  std::string_view id;
  const std::vector<Operation>& (*operations)();
  Result<http::ClientRequest> (*request)(std::size_t, const Call&, const PostSettings&);
};
constexpr std::array<Kind, 4> kinds{{{"shared_teams", teams_operations, teams_request},
                                     {"shared_slack", slack_operations, slack_request},
                                     {"webhook", webhook_operations, webhook_request},
                                     {"cdevents", cdevents_operations, cdevents_request}}};

// Slack and Teams may answer 200 and mean that it went wrong.
void judge(const Kind& kind, const http::Response& response, Outcome& outcome) {
  if (!outcome.succeeded()) return;
  if (kind.id == "shared_slack") {
    const auto answer = parse_json(response.body);
    const auto* ok = answer ? rollcall::find(*answer, "ok") : nullptr;
    if (ok == nullptr || !ok->is_bool() || ok->get_bool()) return;
    outcome.code = "SlackRefused";
    outcome.message =
        fmt::format("Slack answered {}", text_or(*answer, "error", "that it is not ok"));
  } else if (kind.id == "shared_teams" &&
             response.body.starts_with("Webhook message delivery failed")) {
    outcome.code = "TeamsRefused";
    outcome.message = "Teams: " + response.body.substr(0, 300);
  }
}

class Notifications final : public flow::Connector {
 public:
  Notifications(const Kind& kind, PostSettings settings, http::Client& client)
      : kind_(kind), settings_(std::move(settings)), client_(client) {}

  std::string_view id() const override { return kind_.id; }
  std::span<const Operation> operations() const override { return kind_.operations(); }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    auto request = kind_.request(operation, call, settings_);
    if (!request) return flow::refused(400, request.error().code, request.error().message);
    if (request->headers.find("Idempotency-Key") == nullptr)
      request->headers.set("Idempotency-Key", call.key.to_string());
    const auto response = client_.send(*request);
    if (!response) return no_answer(hide_url(response.error()));
    auto outcome = to_outcome(*response);
    judge(kind_, *response, outcome);
    return outcome;
  }

 private:
  // The address is a secret, and a message of the client names it.
  Error hide_url(Error error) const {
    for (auto at = error.message.find(settings_.url);
         !settings_.url.empty() && at != std::string::npos;
         at = error.message.find(settings_.url)) {
      error.message.replace(at, settings_.url.size(), fmt::format("the address of {}", kind_.id));
    }
    return error;
  }

  const Kind& kind_;
  const PostSettings settings_;
  http::Client& client_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_notifications(std::string_view id, PostSettings settings,
                                                    http::Client& client) {
  const auto kind = std::ranges::find(kinds, id, &Kind::id);
  CHECK(kind != kinds.end());
  return std::make_unique<Notifications>(*kind, std::move(settings), client);
}

}  // namespace rollcall::connectors
