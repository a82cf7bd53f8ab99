// The expressions in a policy's parameters:
// `https://@connectionParameters('region','eu').example.com`,
// `@body().items[0].id`, `@{triggerBody().at}`, `@Request.OriginalHTTPMethod`. Only the functions
// below are expressions; any other `@` is a character. `@@` is one `@`.
// https://learn.microsoft.com/connectors/custom-connectors/policy-templates
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "http/message.hpp"

namespace rollcall::connectors {

struct IgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
// The connection's parameters, as configured: `siteUrl`, `api_key`.
using ConnectionValues = std::map<std::string, std::string, IgnoringCase>;

// What an expression may ask for; null: it is not there in this place.
struct PolicyScope {
  const ConnectionValues* connection = nullptr;
  const http::Parameters* queries = nullptr;
  const http::Headers* headers = nullptr;
  const json::value* body = nullptr;  // body() and triggerBody()
  const json::value* item = nullptr;
  std::string_view method;
};

// A text that is one expression keeps what the expression answers; null when it names what is not
// there. CONNECTOR0521: it asks for a parameter of the connection that has no value and no default,
// or cannot be read.
Result<json::value> evaluate_policy(std::string_view text, const PolicyScope& scope);
Result<std::string> policy_text(std::string_view text, const PolicyScope& scope);

// `@body().a.b` or `a.b`: the steps to a place, without the function.
std::vector<std::string> policy_path(std::string_view text);

}  // namespace rollcall::connectors
