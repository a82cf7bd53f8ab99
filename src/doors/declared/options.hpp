// What the configuration says of declared events.
#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"

namespace re2 {
class RE2;
}

namespace rollcall::doors {

struct WebhookOptions {
  std::string github_secret;  // of X-Hub-Signature-256; "": a token is asked for
  std::string cdevents_secret;
  std::shared_ptr<const re2::RE2>
      environment_pattern;  // of environment_pattern(); absent: the first slash parts them
};

// A regular expression with the group `environment` and perhaps `region`. DECLARED0103: it is none, and what RE2 says.
Result<std::shared_ptr<const re2::RE2>> environment_pattern(const std::string& text);

}  // namespace rollcall::doors
