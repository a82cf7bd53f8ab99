// apiProperties.json: the connection's parameters, what they say of OAuth 2.0, the policies, and
// the operations that a script is made for.
// https://learn.microsoft.com/connectors/custom-connectors/paconn-cli, “apiProperties.json”
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "connectors/custom/definition.hpp"
#include "connectors/custom/texts.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t max_policies = 2'000;
constexpr std::string_view parameter_prefix = "x-ms-apimTemplateParameter.";

std::unexpected<Error> wrong(std::string_view what) {
  return fail("CONNECTOR0505", fmt::format("the apiProperties: {}", what));
}

// {"tokenUrl": {"value": "https://…"}} or {"tokenUrl": "https://…"}
void read_oauth(const json::value& settings, ApiDefinition& definition) {
  auto& oauth = definition.oauth;
  for (const auto* name : {"identityProvider", "clientId"}) {
    if (const auto text = text_or(settings, name); !text.empty())
      oauth.insert_or_assign(to_lower(name), std::string(text));
  }
  std::string scopes;
  for (const auto& scope : texts(find(settings, "scopes")))
    scopes += (scopes.empty() ? "" : " ") + scope;
  if (!scopes.empty()) oauth.insert_or_assign("scopes", std::move(scopes));
  const auto* custom = find(settings, "customParameters");
  if (custom == nullptr || !custom->is_object()) return;
  for (const auto& [name, value] : custom->get_object()) {
    const auto text =
        value.is_string() ? std::string_view(value.get_string()) : text_or(value, "value");
    if (!text.empty()) oauth.insert_or_assign(to_lower(name), std::string(text));
  }
}

void read_parameter(std::string_view name, const json::value& about, ApiDefinition& definition) {
  if (definition.connection_parameter(name) != nullptr) return;
  ConnectionParameter parameter;
  parameter.name = name;
  parameter.type = to_lower(text_or(about, "type"));
  const auto* hints = find(about, "uiDefinition");
  const auto* constraints = hints == nullptr ? nullptr : find(*hints, "constraints");
  const auto* value = find(about, "defaultValue");
  if (value == nullptr && constraints != nullptr) value = find(*constraints, "default");
  if (value != nullptr && value->is_string())
    parameter.default_value = std::string(value->get_string());
  if (const auto* settings = find(about, "oAuthSettings")) read_oauth(*settings, definition);
  definition.connection_parameters.push_back(std::move(parameter));
}

void read_parameters(const json::value* all, ApiDefinition& definition) {
  if (all == nullptr || !all->is_object()) return;
  for (const auto& [name, about] : all->get_object()) read_parameter(name, about, definition);
}

Result<Policy> read_policy(const json::value& about) {
  Policy policy;
  policy.template_id = to_lower(text_or(about, "templateId"));
  if (policy.template_id.empty()) return wrong("a policy has no templateId");
  policy.title = text_or(about, "title");
  const auto* parameters = find(about, "parameters");
  if (parameters == nullptr) return policy;
  if (!parameters->is_object())
    return wrong(fmt::format("the parameters of policy '{}' are no object", policy.template_id));
  for (const auto& [name, value] : parameters->get_object()) {
    if (name == "x-ms-apimTemplate-operationName")
      policy.operations = texts(&value);
    else if (name == "x-ms-apimTemplate-policySection")
      policy.on_response =
          value.is_string() && equals_ignoring_case(value.get_string(), "Response");
    else if (name.starts_with(parameter_prefix))
      policy.parameters.insert_or_assign(name.substr(parameter_prefix.size()), value);
  }
  return policy;
}

}  // namespace

Result<void> read_api_properties(std::string_view text, bool has_script,
                                 ApiDefinition& definition) {
  json::value document;
  if (!text.empty()) {
    auto parsed = parse_lenient(text, "the apiProperties");
    if (!parsed) return fail("CONNECTOR0505", parsed.error().message);
    document = *std::move(parsed);
  }
  const auto* properties = find(document, "properties");
  if (!text.empty() && (properties == nullptr || !properties->is_object()))
    return wrong("'properties' is missing");
  const json::value nothing;
  const auto& about = properties == nullptr ? nothing : *properties;
  read_parameters(find(about, "connectionParameters"), definition);
  if (const auto* sets = find(about, "connectionParameterSets")) {
    if (const auto* values = find(*sets, "values"); values != nullptr && values->is_array()) {
      for (const auto& set : values->get_array())
        read_parameters(find(set, "parameters"), definition);
    }
  }
  if (const auto* policies = find(about, "policyTemplateInstances");
      policies != nullptr && !policies->is_null()) {
    if (!policies->is_array()) return wrong("'policyTemplateInstances' is no array");
    if (policies->get_array().size() > max_policies)
      return fail("CONNECTOR0503", fmt::format("it has more than {} policies", max_policies));
    for (const auto& one : policies->get_array()) {
      TRY(auto policy, read_policy(one));
      definition.policies.push_back(std::move(policy));
    }
  }
  definition.script_operations = texts(find(about, "scriptOperations"));
  if (has_script && definition.script_operations.empty())
    definition.script_operations.emplace_back("*");
  return {};
}

}  // namespace rollcall::connectors
