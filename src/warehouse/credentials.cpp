#include "warehouse/credentials.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "kql/values.hpp"

namespace rollcall::warehouse {
namespace {

constexpr Timespan renewed_before = minutes(5);

http::ClientRequest asking(const ClientCredentials& given, const std::string& resource) {
  http::ClientRequest request;
  request.method = "POST";
  request.url =
      fmt::format("{}/{}/oauth2/v2.0/token", given.login, http::encode_percent(given.tenant));
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body =
      fmt::format("grant_type=client_credentials&client_id={}&client_secret={}&scope={}",
                  http::encode_percent(given.client_id), http::encode_percent(given.client_secret),
                  http::encode_percent(resource + "/.default"));
  return request;
}

http::ClientRequest asking(const ManagedIdentity& given, const std::string& resource) {
  http::ClientRequest request;
  request.url = fmt::format("{}?api-version=2018-02-01&resource={}", given.endpoint,
                            http::encode_percent(resource));
  if (!given.client_id.empty())
    request.url += "&client_id=" + http::encode_percent(given.client_id);
  request.headers.add("Metadata", "true");
  return request;
}

}  // namespace

Result<std::string> TokenSource::token() {
  if (const auto* given = std::get_if<GivenToken>(&credentials_)) return given->token;
  const std::lock_guard lock(mutex_);
  if (!token_.empty() && clock_.now() < good_until_) return token_;
  if (const auto* client = std::get_if<ClientCredentials>(&credentials_))
    return ask(asking(*client, resource_));
  return ask(asking(std::get<ManagedIdentity>(credentials_), resource_));
}

void TokenSource::forget() {
  const std::lock_guard lock(mutex_);
  token_.clear();
}

Result<std::string> TokenSource::ask(const http::ClientRequest& request) {
  const auto answer = client_.send(request);
  if (!answer) return fail("KUSTO0202", "no token for the cluster: " + answer.error().message);
  const auto document = parse_json(answer->body);
  const auto token = document ? text_or(*document, "access_token") : std::string_view();
  if (answer->status != 200 || token.empty()) {
    const auto why = document ? text_or(*document, "error_description", text_or(*document, "error"))
                              : std::string_view();
    return fail("KUSTO0202",
                fmt::format("no token for the cluster: {} answered {} {}",
                            request.url.substr(0, request.url.find('?')), answer->status, why));
  }
  // A number from Entra ID, a text from a managed identity.
  const auto* lifetime = find(*document, "expires_in");
  const auto seconds_left = lifetime == nullptr
                                ? std::nullopt
                                : kql::parse_long(kql::json_text(*lifetime).starts_with('"')
                                                      ? std::string(lifetime->get_string())
                                                      : kql::json_text(*lifetime));
  token_ = token;
  good_until_ = clock_.now() + seconds(seconds_left.value_or(0)) - renewed_before;
  return token_;
}

}  // namespace rollcall::warehouse
