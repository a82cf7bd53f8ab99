// Connectors that tell others over HTTP: Teams and Slack (Power Automate's shared_teams and
// shared_slack), a webhook of anybody's, and CDEvents. Where they post to is the connection's
// affair, since it is a secret.
//   shared_teams   an incoming webhook or a workflow's address; a message becomes an Adaptive Card
//   shared_slack   an incoming webhook, or with a token Slack's API
//   webhook        POST of JSON; with a secret signed as GitHub signs: X-Hub-Signature-256
//   cdevents       a CloudEvent in structured mode that carries a CDEvent
// https://learn.microsoft.com/connectors/teams ·
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries ·
// https://cdevents.dev/docs/spec
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

struct PostSettings {
  std::string url;
  std::string token;   // of Slack's API and of whoever takes a Bearer token; "": none
  std::string secret;  // that signs
  std::string source;  // of CDEvents: who says so
};

// `id` is one of the four. The client must outlive the connector.
std::unique_ptr<flow::Connector> make_notifications(std::string_view id, PostSettings settings,
                                                    http::Client& client);

// What Teams shows of the HTML that flows write: Markdown. Pure.
std::string to_markdown(std::string_view html);

}  // namespace rollcall::connectors
