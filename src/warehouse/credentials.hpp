// Bearer tokens for a Kusto cluster: one that was given, or one that Entra ID gives for a client's secret, or for a machine's
// managed identity; asked for when it is needed, and again shortly before it ends.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
#pragma once
#include <mutex>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/client.hpp"

namespace rollcall::warehouse {

struct GivenToken {
  std::string token;  // empty: none is sent
};
struct ClientCredentials {
  std::string tenant, client_id, client_secret;
  std::string login = "https://login.microsoftonline.com";
};
struct ManagedIdentity {
  std::string client_id;  // empty: the machine's own
  std::string endpoint = "http://169.254.169.254/metadata/identity/oauth2/token";
};
using Credentials = std::variant<GivenToken, ClientCredentials, ManagedIdentity>;

class TokenSource {
 public:
  TokenSource(Credentials credentials, std::string resource, http::Client& client,
              const Clock& clock)
      : credentials_(std::move(credentials)),
        resource_(std::move(resource)),
        client_(client),
        clock_(clock) {}
  // "" where none is needed. KUSTO0202: no token is given; the message says why, and never holds a secret.
  Result<std::string> token();
  // The token was refused: the next is a new one.
  void forget();

 private:
  Result<std::string> ask(const http::ClientRequest& request);

  Credentials credentials_;
  std::string resource_;  // the cluster's URL
  http::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string token_;
  Timestamp good_until_{};
};

}  // namespace rollcall::warehouse
