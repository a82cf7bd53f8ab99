#include "connectors/http_authentication.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t most_kept = 100;

Result<std::string> wanted(const json::object& about, std::string_view name) {
  const auto* value = about.if_contains(name);
  auto text = value == nullptr || value->is_null() ? std::string() : expr::to_text(*value);
  if (!text.empty()) return text;
  const auto type = expr::to_text(about.at("type"));
  return fail("CONNECTOR0402", fmt::format("authentication of type {} wants '{}'", type, name));
}

std::string optional(const json::object& about, std::string_view name, std::string otherwise = {}) {
  const auto* value = about.if_contains(name);
  return value == nullptr || value->is_null() ? std::move(otherwise) : expr::to_text(*value);
}

// The one under the key, or a new one. All are forgotten when there are too many: flows may make audiences up.
template <class T, class Make>
std::shared_ptr<T> kept(std::map<std::string, std::shared_ptr<T>>& all, const std::string& key,
                        Make make) {
  if (const auto found = all.find(key); found != all.end()) return found->second;
  if (all.size() >= most_kept) all.clear();
  return all.emplace(key, make()).first->second;
}

}  // namespace

Result<void> HttpAuthentication::add(http::ClientRequest& request, const json::object& about) {
  const auto* given = about.if_contains("type");
  const auto type = given == nullptr ? std::string() : expr::to_text(*given);
  const auto is = [&](std::string_view name) { return equals_ignoring_case(type, name); };
  if (is("Basic")) {
    const auto pair = optional(about, "username") + ":" + optional(about, "password");
    request.headers.set("Authorization", "Basic " + expr::base64_encode(pair));
  } else if (is("Raw")) {
    request.headers.set("Authorization", optional(about, "value"));
  } else if (is("ClientCertificate")) {
    TRY(const auto pfx, wanted(about, "pfx"));
    auto certificate = expr::base64_decode(pfx);
    if (!certificate)
      return fail("CONNECTOR0402", "the certificate (pfx) is no base64 of a PKCS #12 file");
    request.certificate = *std::move(certificate);
    request.certificate_password = optional(about, "password");
  } else if (is("ActiveDirectoryOAuth")) {
    TRY(const auto token, entra_token(about));
    request.headers.set("Authorization", "Bearer " + token);
  } else if (is("ManagedServiceIdentity")) {
    TRY(const auto token, machine_token(about));
    request.headers.set("Authorization", "Bearer " + token);
  } else {
    return fail(
        "CONNECTOR0402",
        fmt::format("authentication of type '{}' is not supported; there are Basic, "
                    "ClientCertificate, ActiveDirectoryOAuth, Raw and ManagedServiceIdentity",
                    type));
  }
  return {};
}

// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, in its first version: it
// takes the audience as it stands.
Result<std::string> HttpAuthentication::entra_token(const json::object& about) {
  if (about.contains("pfx") && !about.contains("secret")) {
    return fail("CONNECTOR0402",
                "a certificate (pfx) in place of a secret is not supported for "
                "ActiveDirectoryOAuth; give the application a secret");
  }
  OAuthSettings settings;
  settings.grant = OAuthSettings::Grant::client_credentials;
  TRY(const auto tenant, wanted(about, "tenant"));
  TRY(settings.resource, wanted(about, "audience"));
  TRY(settings.client_id, wanted(about, "clientId"));
  TRY(settings.client_secret, wanted(about, "secret"));
  auto authority = optional(about, "authority", "https://login.microsoftonline.com");
  while (authority.ends_with('/')) authority.pop_back();
  settings.token_url = fmt::format("{}/{}/oauth2/token", authority, http::encode_percent(tenant));
  const auto key = json::serialize(json::array{settings.token_url, settings.resource,
                                               settings.client_id, settings.client_secret});
  const auto tokens = [&] {
    const std::lock_guard lock(mutex_);
    return kept(entra_, key, [&] {
      return std::make_shared<OAuthTokens>(std::move(settings), client_, clock_);
    });
  }();
  return tokens->token();
}

Result<std::string> HttpAuthentication::machine_token(const json::object& about) {
  TRY(const auto audience, wanted(about, "audience"));
  warehouse::ManagedIdentity identity;
  identity.client_id = optional(about, "identity");
  const auto key = json::serialize(json::array{audience, identity.client_id});
  const auto source = [&] {
    const std::lock_guard lock(mutex_);
    return kept(machine_, key, [&] {
      return std::make_shared<warehouse::TokenSource>(std::move(identity), audience, client_,
                                                      clock_);
    });
  }();
  return source->token();
}

}  // namespace rollcall::connectors
