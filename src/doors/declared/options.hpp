// What the configuration says of declared events.
#pragma once
#include <string>

namespace rollcall::doors {

struct WebhookOptions {
  std::string github_secret;    // of X-Hub-Signature-256; "": a token is asked for
  std::string cdevents_secret;
  std::string environment_pattern;  // a regular expression (RE2) with the groups `environment` and `region`
};

}  // namespace rollcall::doors
