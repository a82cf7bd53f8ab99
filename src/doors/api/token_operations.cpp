// Tokens: only an admin makes, sees and revokes them; the secret is in the answer that makes it, and nowhere else.
#include "base/text.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

json::object to_json(const Token& token) {
  return {{"name", token.name},
          {"scopes", token.scopes.to_string()},
          {"created", format_iso_seconds(token.created)},
          {"createdBy", token.created_by}};
}

http::Response create(Services& services, const http::Request& request,
                      const Principal& principal) {
  const auto body = parse_json(request.body);
  if (!body) return refuse(body.error());
  const auto scopes = Scopes::parse(text_or(*body, "scopes", "read"));
  if (!scopes) return refuse(scopes.error());
  const auto name = text_or(*body, "name");
  const auto secret = services.tokens.create(name, *scopes, principal, services.clock.now());
  if (!secret) return refuse(secret.error());
  return http::json_response(
      201, json::object{{"name", name}, {"scopes", scopes->to_string()}, {"token", *secret}});
}

http::Response list(Services& services) {
  const auto tokens = services.tokens.list();
  if (!tokens) return refuse(tokens.error());
  json::array all;
  for (const auto& token : *tokens) all.push_back(to_json(token));
  return http::json_response(200, json::object{{"tokens", std::move(all)}});
}

http::Response revoke(Services& services, const http::Request& request) {
  if (const auto revoked = services.tokens.revoke(request.path_value("token")); !revoked)
    return refuse(revoked.error());
  return {204, {}, {}};
}

}  // namespace

Operations token_operations(Services& services) {
  return {{"GET", "/api/v1/tokens", Scope::admin, "listTokens",
           "The tokens that are not revoked, without their secrets.",
           [&services](const http::Request&, const Principal&) { return list(services); }},
          {"POST",
           "/api/v1/tokens",
           Scope::admin,
           "createToken",
           "Makes a token; the answer is the only place that shows it.",
           [&services](const http::Request& request, const Principal& principal) {
             return create(services, request, principal);
           },
           {},
           "{\"name\": …, \"scopes\": \"read,ingest\"}"},
          {"DELETE", "/api/v1/tokens/{token}", Scope::admin, "revokeToken",
           "Revokes the token of that name, at once.",
           [&services](const http::Request& request, const Principal&) {
             return revoke(services, request);
           }}};
}

}  // namespace rollcall::doors
