#include "connectors/oauth.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"
#include "connectors/answer.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

constexpr Timespan renewed_before = minutes(5);
constexpr std::int64_t usual_lifetime_s = 3'600;
constexpr std::int64_t longest_lifetime_s = 86'400 * 365;

std::string form_text(const http::Parameters& form) {
  std::string text;
  for (const auto& [name, value] : form)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", http::encode_percent(name),
                        http::encode_percent(value));
  return text;
}

// Seconds, as a number or as a text.
std::int64_t lifetime_s(const json::value& answer) {
  const auto* value = find(answer, "expires_in");
  if (value == nullptr) return usual_lifetime_s;
  const auto text = plain_text(*value);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error != std::errc() || count < 0 ? usual_lifetime_s : std::min(count, longest_lifetime_s);
}

}  // namespace

Result<std::string> OAuthTokens::token() {
  using Grant = OAuthSettings::Grant;
  const std::lock_guard lock(mutex_);
  if (settings_.grant == Grant::given) return settings_.token;
  if (!token_.empty() && clock_.now() < good_until_) return token_;
  http::Parameters form;
  if (settings_.grant == Grant::client_credentials) {
    form.emplace_back("grant_type", "client_credentials");
  } else {
    if (settings_.refresh_token.empty()) {
      return fail(
          "CONNECTOR0531",
          "nobody has consented to this connection yet: `rollcall connection authorize` begins it");
    }
    form.emplace_back("grant_type", "refresh_token");
    form.emplace_back("refresh_token", settings_.refresh_token);
  }
  if (!settings_.scope.empty()) form.emplace_back("scope", settings_.scope);
  return ask(std::move(form));
}

void OAuthTokens::forget() {
  const std::lock_guard lock(mutex_);
  token_.clear();
}

std::string OAuthTokens::consent_url(std::string_view state) const {
  http::Parameters query{
      {"response_type", "code"}, {"client_id", settings_.client_id}, {"state", std::string(state)}};
  if (!settings_.redirect_url.empty()) query.emplace_back("redirect_uri", settings_.redirect_url);
  if (!settings_.scope.empty()) query.emplace_back("scope", settings_.scope);
  if (!settings_.resource.empty()) query.emplace_back("resource", settings_.resource);
  const bool more = settings_.authorization_url.find('?') != std::string::npos;
  return settings_.authorization_url + (more ? "&" : "?") + form_text(query);
}

Result<void> OAuthTokens::redeem(std::string_view code) {
  const std::lock_guard lock(mutex_);
  http::Parameters form{{"grant_type", "authorization_code"}, {"code", std::string(code)}};
  if (!settings_.redirect_url.empty()) form.emplace_back("redirect_uri", settings_.redirect_url);
  settings_.refresh_token.clear();
  TRY_DO(ask(std::move(form)));
  if (settings_.refresh_token.empty())
    return fail("CONNECTOR0532",
                "there is no refresh token in the answer; does the scope ask for offline access?");
  return {};
}

// https://www.rfc-editor.org/rfc/rfc6749#section-5
Result<std::string> OAuthTokens::ask(http::Parameters form) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = settings_.token_url;
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.headers.add("Accept", "application/json");
  if (settings_.basic) {
    const auto pair = http::encode_percent(settings_.client_id) + ":" +
                      http::encode_percent(settings_.client_secret);
    request.headers.add("Authorization", "Basic " + expr::base64_encode(pair));
  } else {
    form.emplace_back("client_id", settings_.client_id);
    if (!settings_.client_secret.empty())
      form.emplace_back("client_secret", settings_.client_secret);
  }
  if (!settings_.resource.empty()) form.emplace_back("resource", settings_.resource);
  request.body = form_text(form);
  const auto answer = client_.send(request);
  if (!answer) return fail("CONNECTOR0535", fmt::format("no token: {}", answer.error().message));
  const auto document = parse_json(answer->body);
  const auto token = document ? text_or(*document, "access_token") : std::string_view();
  if (answer->status != 200 || token.empty()) {
    const auto why = document ? text_or(*document, "error_description", text_or(*document, "error"))
                              : std::string_view();
    const auto code =
        answer->status == 429 || answer->status >= 500 ? "CONNECTOR0535" : "CONNECTOR0531";
    return fail(code, fmt::format("no token: {} answered {} {}",
                                  settings_.token_url.substr(0, settings_.token_url.find('?')),
                                  answer->status, why));
  }
  token_ = token;
  good_until_ = clock_.now() + seconds(lifetime_s(*document)) - renewed_before;
  if (const auto next = text_or(*document, "refresh_token");
      !next.empty() && next != settings_.refresh_token) {
    settings_.refresh_token = next;
    if (settings_.keep) TRY_DO(settings_.keep(settings_.refresh_token));
  }
  return token_;
}

}  // namespace rollcall::connectors
