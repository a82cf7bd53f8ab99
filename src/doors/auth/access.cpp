#include "doors/auth/access.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "http/server.hpp"

namespace rollcall::doors {
namespace {

// The host of `localhost:8080`, `[::1]:8080`, `http://127.0.0.1`.
std::string_view host_of(std::string_view text) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
    text.remove_prefix(scheme + 3);
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  return text.substr(0, text.find_first_of(":/"));
}

bool is_local(const http::Request& request) {
  if (!request.loopback) return false;
  for (const auto* forwarded : {"Forwarded", "X-Forwarded-For", "X-Real-IP"}) {
    if (request.headers.find(forwarded) != nullptr) return false;
  }
  // A name that somebody else's server answers for may resolve to this machine (DNS rebinding).
  const auto* host = request.headers.find("Host");
  if (host != nullptr && !http::is_loopback_address(host_of(*host))) return false;
  const auto* origin = request.headers.find("Origin");
  return origin == nullptr || (host != nullptr && *origin == "http://" + *host);
}

std::string_view bearer_of(const http::Request& request) {
  const auto authorization = request.headers.value_or("Authorization");
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.size() < scheme.size() ||
      !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
    return {};
  }
  return trim(authorization.substr(scheme.size()));
}

}  // namespace

Result<Caller> Access::identify(const http::Request& request) const {
  const auto secret = bearer_of(request);
  if (secret.empty()) {
    if (is_local(request)) return Caller{{}, Scopes::all()};
    return fail(
        "AUTH0101",
        "a token is needed: send `Authorization: Bearer rc_…`; `rollcall token create` makes one");
  }
  TRY(auto token, tokens_.find(secret));
  if (!token)
    return fail("AUTH0102",
                "the token is unknown here, or was revoked; `rollcall token list` shows those that "
                "are not");
  return Caller{{Principal::Kind::token, token->name}, token->scopes};
}

Result<void> Access::require(const Caller& caller, Scope scope) {
  if (caller.scopes.allow(scope)) return {};
  return fail("AUTH0103",
              fmt::format("{} has the scopes {}, and this needs {}", to_string(caller.principal),
                          caller.scopes.to_string(), to_string(scope)));
}

http::Handler Access::guard(Scope scope, Handler handler) const {
  return [this, scope, handler = std::move(handler)](const http::Request& request) {
    const auto caller = identify(request);
    if (!caller) {
      const bool unknown = caller.error().code.starts_with("AUTH");
      auto refusal =
          http::problem(unknown ? 401 : 500, caller.error().code, caller.error().message);
      if (unknown) refusal.headers.add("WWW-Authenticate", "Bearer");
      return refusal;
    }
    const auto allowed = require(*caller, scope);
    if (!allowed) return http::problem(403, allowed.error().code, allowed.error().message);
    return handler(request, caller->principal);
  };
}

}  // namespace rollcall::doors
