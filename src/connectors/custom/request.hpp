// From an operation and the inputs of an action to the request that is sent: first a draft, which
// the policies and the connection's credentials change; then the request itself. Pure.
#pragma once
#include <string>
#include <string_view>

#include "connectors/custom/definition.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

struct FormField {
  std::string name, text;
  bool file = false;
  std::string file_name, content_type;  // of a file
};

struct Draft {
  std::string method;
  std::string base;  // scheme, host and base path, without a slash at its end
  std::string path;  // with {parameters}
  std::vector<std::pair<std::string, std::string>> path_values;  // encoded
  http::Parameters queries;
  http::Headers headers;
  std::optional<json::value> body;
  std::optional<std::vector<FormField>> form;
  bool multipart = false;
  std::string content_type;  // what the operation consumes
};

// Inputs are as OpenApiConnection has them (flat: "id", "item/Title", or whole: "item"), or as a
// classic ApiConnection
// ("body"). Defaults stand in for what is not given: of parameters always; of a body's members
// where they are required or internal. CONNECTOR0511 a required parameter is missing; CONNECTOR0512
// the operation has no such parameter; CONNECTOR0513 a value cannot be sent there; CONNECTOR0514 a
// webhook without an address to call.
Result<Draft> draft_request(const ApiDefinition& definition, const ApiOperation& operation,
                            const json::object& inputs, std::string_view callback_url);
// A draft of GET (or another method) of a URL that the other side gave. CONNECTOR0513: it is no
// http or https URL.
Result<Draft> draft_of_url(std::string_view method, std::string_view url);

// `unique` makes the boundary between parts; equal for equal calls. CONNECTOR0513: the base or the
// path is not usable.
Result<http::ClientRequest> finish(const Draft& draft, std::string_view unique);

}  // namespace rollcall::connectors
