// A custom connector's definition, as Power Automate takes it: an OpenAPI 2.0 document and its
// apiProperties, read into what calling it needs. Reading is pure, and bounded in size, depth,
// number of operations and in what `$ref`s may unfold to; a cycle of `$ref`s ends where it comes
// back. https://swagger.io/specification/v2/ and
// https://learn.microsoft.com/connectors/custom-connectors/openapi-extensions
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::connectors {

// What sending a body needs to know of its schema: members that have a default, and the one that
// takes the address to call back. Members without either, and without such members below, are left
// out.
struct BodyShape {
  std::string name;  // of the member; "" of the body itself
  std::vector<BodyShape> members;
  std::optional<json::value> default_value;
  bool sends_default = false;     // required or internal: it is sent although nobody gave it
  bool notification_url = false;  // x-ms-notification-url
};

struct ApiParameter {
  enum class In { path, query, header, body, form_data };
  std::string name;
  In in = In::query;
  std::string type;  // string, integer, number, boolean, array, file; "" of a body
  bool required = false;
  bool double_encoded = false;    // x-ms-url-encoding: double
  bool notification_url = false;  // x-ms-notification-url
  char separator = ',';           // of arrays; '&' repeats the parameter (collectionFormat: multi)
  std::optional<json::value> default_value;
  BodyShape shape;  // of a body
};

enum class TriggerKind { none, batch, single };

struct ApiOperation {
  std::string id, method, path;  // method in upper case; path as in the document, with {parameters}
  std::string summary;
  std::vector<ApiParameter> parameters;
  std::vector<std::string> consumes, produces;
  // One of these is enough, each names what it needs together; nullopt: whatever the document
  // defines.
  std::optional<std::vector<std::vector<std::string>>> security;
  TriggerKind trigger = TriggerKind::none;
  bool webhook = false;        // some parameter takes the address to call back
  std::string next_link_name;  // x-ms-pageable; "": no pages
  std::string item_name = "value";
};

struct SecurityScheme {
  enum class Kind { basic, api_key, oauth2 };
  std::string name;
  Kind kind = Kind::basic;
  bool in_query = false;  // of api_key; else a header
  std::string key;        // of api_key: the header's or the query parameter's name
  std::string authorization_url, token_url;
  std::vector<std::string> scopes;
};

struct ConnectionParameter {
  std::string name, type;  // type in lower case: string, securestring, oauthsetting, …
  std::optional<std::string> default_value;
};

struct Policy {
  std::string template_id;  // in lower case: setheader
  std::string title;
  json::object parameters;              // without `x-ms-apimTemplateParameter.`, as written
  std::vector<std::string> operations;  // empty: all
  bool on_response = false;
  bool applies_to(std::string_view operation) const;
};

struct ApiDefinition {
  std::string title, scheme, host, base_path;  // base_path without the slash at its end; "" for "/"
  std::vector<ApiOperation> operations;
  std::vector<SecurityScheme> security_schemes;
  std::optional<std::vector<std::vector<std::string>>> security;

  std::vector<ConnectionParameter> connection_parameters;
  // What apiProperties say of OAuth 2.0, with the names that they use (tokenUrl, loginUri, …) in
  // lower case.
  std::map<std::string, std::string, std::less<>> oauth;
  std::vector<Policy> policies;
  // Of C# scripts, which are not run: their operations are refused. `*`: all of them.
  std::vector<std::string> script_operations;

  const ConnectionParameter* connection_parameter(std::string_view name) const;
  bool scripted(std::string_view operation) const;
};

struct ApiDocuments {
  std::string_view definition;  // apiDefinition.swagger.json
  std::string_view properties;  // apiProperties.json; "": there are none
  bool has_script = false;      // script.csx stands beside them
};

// Byte order marks, commas before a closing bracket, comments and wrong UTF-8 are forgiven, as
// designers forgive them. CONNECTOR0501 no JSON; CONNECTOR0502 no OpenAPI 2.0 document;
// CONNECTOR0503 a limit; CONNECTOR0504 a part is not what it must be, or a `$ref` leads nowhere;
// CONNECTOR0505 the same of the apiProperties.
Result<ApiDefinition> read_api_definition(const ApiDocuments& documents);

// ---- for the files beside this one
// A document that is read leniently; `what` stands in messages.
Result<json::value> parse_lenient(std::string_view text, std::string_view what);
Result<void> read_api_properties(std::string_view text, bool has_script, ApiDefinition& definition);

}  // namespace rollcall::connectors
