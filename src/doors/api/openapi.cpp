#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/api/operations.hpp"

namespace rollcall::doors {
namespace {

json::array parameters_of(const Operation& operation) {
  json::array parameters;
  for (const auto part : split(operation.path, '/')) {
    if (!part.starts_with('{')) continue;
    parameters.push_back({{"name", part.substr(1, part.size() - 2)},
                          {"in", "path"},
                          {"required", true},
                          {"schema", {{"type", "string"}}}});
  }
  for (const auto& parameter : operation.query) {
    parameters.push_back({{"name", parameter.name},
                          {"in", "query"},
                          {"description", parameter.description},
                          {"schema", {{"type", parameter.type}}}});
  }
  return parameters;
}

json::object describe(const Operation& operation) {
  json::object described{{"operationId", operation.id}, {"summary", operation.summary}};
  described["description"] = fmt::format("Needs the scope {}.", to_string(operation.scope));
  if (auto parameters = parameters_of(operation); !parameters.empty())
    described["parameters"] = std::move(parameters);
  if (!operation.body.empty()) {
    described["requestBody"] = {
        {"description", operation.body},
        {"required", true},
        {"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}};
  }
  described["responses"] = {
      {"2XX",
       {{"description", "Done."},
        {"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}}},
      {"default", {{"$ref", "#/components/responses/Problem"}}}};
  return described;
}

}  // namespace

json::object openapi_document(const Operations& operations) {
  json::object paths;
  for (const auto& operation : operations) {
    auto& path = paths[operation.path];
    if (!path.is_object()) path.emplace_object();
    path.get_object()[to_lower(operation.method)] = describe(operation);
  }
  const json::object problem{{"type", "object"},
                             {"properties",
                              {{"type", {{"type", "string"}}},
                               {"title", {{"type", "string"}}},
                               {"status", {{"type", "integer"}}},
                               {"detail", {{"type", "string"}}},
                               {"code", {{"type", "string"}}}}}};
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "Rollcall"}, {"version", "1"}}},
          {"security", json::array{json::object{}, json::object{{"token", json::array{}}}}},
          {"paths", std::move(paths)},
          {"components",
           {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}},
            {"schemas", {{"Problem", problem}}},
            {"responses",
             {{"Problem",
               {{"description", "RFC 9457 problem document."},
                {"content",
                 {{"application/problem+json",
                   {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}}}}}}}};
}

}  // namespace rollcall::doors
