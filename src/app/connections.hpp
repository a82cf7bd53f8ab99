// Opens what the configuration says of connectors and connections, and adds them to what flows may
// call.
//   custom connectors         parameters, oauth
//   shared_kusto              cluster, database, token or tenant + client_id + client_secret or
//   managed_identity shared_sharepointonline   site, oauth or token shared_teams, shared_slack,
//   webhook, cdevents   url, token, secret, source shared_smtp, shared_office365 server, username,
//   password, from, plain
#pragma once
#include <memory>
#include <vector>

#include "app/connection_settings.hpp"
#include "base/clock.hpp"
#include "connectors/oauth.hpp"
#include "flow/connector.hpp"
#include "http/client.hpp"
#include "http/mail.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::app {

// What connections are made of; all outlive the connectors.
struct ConnectionParts {
  http::Client& client;
  http::Mailer& mailer;
  const Clock& clock;
  std::vector<std::unique_ptr<warehouse::Warehouse>>& clusters;  // takes those that connections ask
};

// CONNECTION0101 an unknown connector; CONNECTION0102 an unknown setting; CONNECTION0103 a secret
// that is written there itself; CONNECTION0104 a setting is missing; CONNECTION0105 a secret cannot
// be read; CONNECTION0106 a document cannot be read. Each says which connection, and where it
// stands.
Result<void> add_connections(const std::vector<ConnectorSettings>& connectors,
                             const std::vector<ConnectionSettings>& connections,
                             const ConnectionParts& parts, flow::Connectors& into);

// The tokens of a connection that somebody has to consent to; CONNECTION0108: it needs nobody's
// consent.
Result<std::unique_ptr<connectors::OAuthTokens>> tokens_of(
    const std::vector<ConnectorSettings>& connectors, const ConnectionSettings& connection,
    http::Client& client, const Clock& clock);

}  // namespace rollcall::app
