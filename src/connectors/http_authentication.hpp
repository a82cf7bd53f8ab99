// Whom an HTTP action asks as: its `authentication`, of every kind that there is but the one without an answer
// here, a client's certificate in place of its secret at Entra ID.
// https://learn.microsoft.com/azure/logic-apps/logic-apps-securing-a-logic-app#authentication-types-supported-triggers-actions
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "connectors/oauth.hpp"
#include "warehouse/credentials.hpp"

namespace rollcall::connectors {

class HttpAuthentication {
 public:
  // Both must outlive it.
  HttpAuthentication(http::Client& client, const Clock& clock) : client_(client), clock_(clock) {}
  // Adds what the kind wants to the request. CONNECTOR0402: the kind is unknown, or something is missing; CONNECTOR0531,
  // KUSTO0202: no token is given; CONNECTOR0535: nobody answers that gives it.
  Result<void> add(http::ClientRequest& request, const json::object& authentication);

 private:
  Result<std::string> entra_token(const json::object& about);
  Result<std::string> machine_token(const json::object& about);

  http::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  // Tokens are good for an hour; by all that they are asked for with.
  std::map<std::string, std::shared_ptr<OAuthTokens>> entra_;
  std::map<std::string, std::shared_ptr<warehouse::TokenSource>> machine_;
};

}  // namespace rollcall::connectors
