// Access tokens of OAuth 2.0 for a connection: one that was given, one for a client's secret, or
// one for the refresh token that somebody's consent has led to (authorization code). Asked for when
// it is needed, and again shortly before it ends. No message ever holds a secret.
// https://www.rfc-editor.org/rfc/rfc6749
#pragma once
#include <functional>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

struct OAuthSettings {
  enum class Grant { given, client_credentials, authorization_code };
  Grant grant = Grant::given;
  std::string token;  // of Grant::given
  std::string token_url, authorization_url;
  std::string client_id, client_secret;
  std::string refresh_token;    // of Grant::authorization_code; "": nobody has consented yet
  std::string redirect_url;     // that the application is registered with
  std::string scope, resource;  // "": not sent
  bool basic =
      false;  // the client's id and secret go into the Authorization header and not the form
  // Keeps a refresh token that replaces the one before; empty: it is kept in memory only.
  std::function<Result<void>(const std::string&)> keep = {};
};

class OAuthTokens {
 public:
  // The client and the clock must outlive it.
  OAuthTokens(OAuthSettings settings, http::Client& client, const Clock& clock)
      : settings_(std::move(settings)), client_(client), clock_(clock) {}
  // CONNECTOR0531: no token is given, and the message says why; CONNECTOR0535: nobody answers, so
  // it may be tried again.
  Result<std::string> token();
  // The token was refused: the next is a new one.
  void forget();

  // Where somebody consents; `state` comes back with the code.
  std::string consent_url(std::string_view state) const;
  // The first token, for the code that consent has led to; keeps the refresh token. CONNECTOR0531,
  // CONNECTOR0532: there is no refresh token in the answer.
  Result<void> redeem(std::string_view code);

 private:
  Result<std::string> ask(http::Parameters form);

  OAuthSettings settings_;
  http::Client& client_;
  const Clock& clock_;
  std::mutex mutex_;
  std::string token_;
  Timestamp good_until_{};
};

}  // namespace rollcall::connectors
