// Who asks, and what they may do. A request with a token is that token's; one from this machine without a
// token is the local admin's; everything else is refused. A browser of this machine that shows somebody
// else's page, or a proxy in front, does not count as this machine.
#pragma once
#include <functional>

#include "base/principal.hpp"
#include "doors/auth/tokens.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

struct Caller {
  Principal principal;
  Scopes scopes;
};

class Access {
 public:
  explicit Access(Tokens& tokens) : tokens_(tokens) {}
  // AUTH0101 no token, AUTH0102 unknown token.
  Result<Caller> identify(const http::Request& request) const;
  // AUTH0103: the caller may not do that.
  static Result<void> require(const Caller& caller, Scope scope);

  using Handler = std::function<http::Response(const http::Request&, const Principal&)>;
  // Calls `handler` when the caller may do it; answers 401 or 403 otherwise. Access must outlive what it answers.
  http::Handler guard(Scope scope, Handler handler) const;

 private:
  Tokens& tokens_;
};

}  // namespace rollcall::doors
