// A connection of a custom connector: the values of its parameters, and what proves who calls.
// https://learn.microsoft.com/connectors/custom-connectors/connection-parameters
#pragma once
#include <memory>

#include "connectors/custom/policy_text.hpp"
#include "connectors/custom/request.hpp"
#include "connectors/oauth.hpp"

namespace rollcall::connectors {

struct CustomConnection {
  std::string name;                     // "": the connector's only one
  ConnectionValues values;              // of its parameters, secrets among them
  std::unique_ptr<OAuthTokens> tokens;  // null: none were configured
};

// Puts key, password or token where the operation wants it: its own `security`, else the
// document's, else all that the document defines; of several that are enough the first for which
// the connection has values. CONNECTOR0533: the connection lacks what is needed; CONNECTOR0531: no
// token.
Result<void> authenticate(const ApiDefinition& definition, const ApiOperation& operation,
                          const CustomConnection& connection, Draft& draft);
// Whether the operation was asked with a token, which may have ended.
bool uses_token(const ApiDefinition& definition, const ApiOperation& operation,
                const CustomConnection& connection);

// What the documents say about OAuth 2.0, where the configuration does not. CONNECTOR0534: they
// leave it open.
Result<void> complete_oauth(const ApiDefinition& definition, const ConnectionValues& values,
                            OAuthSettings& settings);

}  // namespace rollcall::connectors
