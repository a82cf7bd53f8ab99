#include "connectors/custom/policies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/url.hpp"
#include "connectors/answer.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::array<std::string_view, 9> known{"dynamichosturl",
                                                "routerequesttoendpoint",
                                                "setheader",
                                                "setqueryparameter",
                                                "setproperty",
                                                "convertobjecttoarray",
                                                "convertarraytoobject",
                                                "pollingtrigger",
                                                "updatenextlink"};

std::unexpected<Error> wrong(const Policy& policy, std::string_view what) {
  return fail("CONNECTOR0523",
              fmt::format("policy '{}': {}",
                          policy.title.empty() ? policy.template_id : policy.title, what));
}

std::string_view text_of(const Policy& policy, std::string_view name) {
  return text_or(policy.parameters, name);
}

// What existsAction makes of a value that is there already and the policy's; nullopt: it stays as
// it is.
std::optional<std::string> value_over(const Policy& policy, const std::string* present,
                                      std::string value) {
  if (present == nullptr) return value;
  const auto action = to_lower(text_of(policy, "existsAction"));
  if (action == "skip") return std::nullopt;
  if (action == "append") return *present + "," + value;
  return value;
}

Result<void> set_header(const Policy& policy, const PolicyScope& scope, http::Headers& headers) {
  TRY(const auto name, policy_text(text_of(policy, "name"), scope));
  TRY(auto value, policy_text(text_of(policy, "value"), scope));
  if (name.empty()) return wrong(policy, "it names no header");
  if (name.find_first_not_of(
          "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
      std::string::npos) {
    return {};  // such as the [[Dummy]] that a template is left with
  }
  if (auto set = value_over(policy, headers.find(name), std::move(value)))
    headers.set(name, *std::move(set));
  return {};
}

Result<void> set_query(const Policy& policy, const PolicyScope& scope, http::Parameters& queries) {
  TRY(const auto name, policy_text(text_of(policy, "name"), scope));
  TRY(auto value, policy_text(text_of(policy, "value"), scope));
  if (name.empty()) return wrong(policy, "it names no query parameter");
  const auto found = std::ranges::find_if(
      queries, [&](const auto& one) { return equals_ignoring_case(one.first, name); });
  auto set =
      value_over(policy, found == queries.end() ? nullptr : &found->second, std::move(value));
  if (!set) return {};
  if (found == queries.end())
    queries.emplace_back(name, *std::move(set));
  else
    found->second = *std::move(set);
  return {};
}

// The place below the body, made when it is not there; null: something that is no object is in the
// way.
json::value* place(json::value& body, const std::vector<std::string>& steps) {
  auto* at = &body;
  for (const auto& step : steps) {
    if (at->is_null()) at->emplace_object();
    auto* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = &(*object)[step];
  }
  return at;
}

// The objects that a parent path means: of a path to an array each of its elements.
template <class Do>
Result<void> for_each_parent(const Policy& policy, json::value& body, std::string_view parent,
                             const Do& action) {
  auto* found = place(body, policy_path(parent));
  if (found == nullptr) return wrong(policy, fmt::format("'{}' is not there", parent));
  auto* array = found->if_array();
  if (array == nullptr) return action(*found);
  for (auto& element : *array) TRY_DO(action(element));
  return {};
}

Result<void> set_property(const Policy& policy, PolicyScope scope, json::value& body) {
  const auto steps = policy_path(text_of(policy, "newPropertySubPathTemplate"));
  if (steps.empty()) return wrong(policy, "newPropertySubPathTemplate names no property");
  const auto text = text_of(policy, "propertyValuePathTemplate");
  const json::value before = body;
  scope.body = &before;
  return for_each_parent(policy, body, text_of(policy, "newPropertyParentPathTemplate"),
                         [&](json::value& parent) -> Result<void> {
                           const json::value item = parent;
                           scope.item = &item;
                           TRY(auto value, evaluate_policy(text, scope));
                           auto* target = place(parent, steps);
                           if (target == nullptr)
                             return wrong(policy,
                                          "the property is below a value that is no object");
                           *target = std::move(value);
                           return {};
                         });
}

// {"a": 1} → [{"key": "a", "value": 1}]
Result<void> object_to_array(const Policy& policy, json::value& body) {
  const auto key_name = text_of(policy, "keyName"), value_name = text_of(policy, "valueName");
  if (key_name.empty() || value_name.empty())
    return wrong(policy, "keyName or valueName is missing");
  const auto* parent = place(body, policy_path(text_of(policy, "propertyParentPath")));
  if (parent == nullptr) return {};
  json::value from = *parent;
  const auto* object = place(from, policy_path(text_of(policy, "propertySubPath")));
  if (object == nullptr || !object->is_object()) return {};
  json::array array;
  for (const auto& [name, value] : object->get_object()) {
    json::object element;
    element.emplace(key_name, name);
    element.emplace(value_name, value);
    array.push_back(std::move(element));
  }
  auto* target = place(body, policy_path(text_of(policy, "newPropertyPath")));
  if (target == nullptr) return wrong(policy, "newPropertyPath is below a value that is no object");
  *target = std::move(array);
  return {};
}

// [{"key": "a", "value": 1}] → {"a": {"value": 1}}
Result<void> array_to_object(const Policy& policy, json::value& body) {
  const auto* parent = place(body, policy_path(text_of(policy, "propertyParentPath")));
  if (parent == nullptr) return {};
  json::value from = *parent;
  const auto* array = place(from, policy_path(text_of(policy, "propertySubPath")));
  if (array == nullptr || !array->is_array()) return {};
  auto key_steps = policy_path(text_of(policy, "keyWithinCollectionPath"));
  if (key_steps.empty()) return wrong(policy, "keyWithinCollectionPath names no property");
  const auto key_name = key_steps.back();
  const auto* retain = policy.parameters.if_contains("retainKey");
  const bool keeps = retain != nullptr && equals_ignoring_case(plain_text(*retain), "true");
  json::object object;
  for (const auto& element : array->get_array()) {
    const auto* key = find(element, key_name);
    if (key == nullptr) continue;
    json::object rest = element.get_object();
    const auto name = plain_text(*key);
    if (!keeps) rest.erase(key_name);
    object.insert_or_assign(name, std::move(rest));
  }
  auto* target = place(body, policy_path(text_of(policy, "newPropertyPath")));
  if (target == nullptr) return wrong(policy, "newPropertyPath is below a value that is no object");
  *target = std::move(object);
  return {};
}

Result<void> change_body(const Policy& policy, const PolicyScope& scope, json::value& body) {
  if (policy.template_id == "setproperty") return set_property(policy, scope, body);
  if (policy.template_id == "convertobjecttoarray") return object_to_array(policy, body);
  if (policy.template_id == "convertarraytoobject") return array_to_object(policy, body);
  return {};
}

Result<void> set_host(const Policy& policy, const PolicyScope& scope, Draft& draft) {
  TRY(auto base, policy_text(text_of(policy, "urlTemplate"), scope));
  base = trim(base);
  while (base.ends_with('/')) base.pop_back();
  // People write a host where an address is asked for.
  if (!base.empty() && base.find("://") == std::string::npos) base.insert(0, "https://");
  if (origin_of(base).empty())
    return wrong(policy, fmt::format("'{}' is no http or https address", base));
  draft.base = std::move(base);
  return {};
}

Result<void> route(const Policy& policy, const PolicyScope& scope, Draft& draft) {
  TRY(const auto path, policy_text(text_of(policy, "newPath"), scope));
  if (!path.empty()) draft.path = path;
  TRY(auto method, policy_text(text_of(policy, "httpMethod"), scope));
  if (!method.empty()) {
    std::ranges::transform(method, method.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    draft.method = std::move(method);
  }
  return {};
}

PolicyScope scope_of(const ConnectionValues& connection, const Draft& draft,
                     const std::string& method) {
  return {&connection, &draft.queries, &draft.headers, draft.body ? &*draft.body : nullptr,
          nullptr,     method};
}

}  // namespace

const Policy* find_policy(const ApiDefinition& definition, const ApiOperation& operation,
                          std::string_view template_id) {
  const auto found = std::ranges::find_if(definition.policies, [&](const Policy& one) {
    return one.template_id == template_id && one.applies_to(operation.id);
  });
  return found == definition.policies.end() ? nullptr : &*found;
}

Result<void> check_policies(const ApiDefinition& definition, const ApiOperation& operation) {
  for (const auto& policy : definition.policies) {
    if (!policy.applies_to(operation.id) ||
        std::ranges::find(known, policy.template_id) != known.end())
      continue;
    return fail("CONNECTOR0522",
                fmt::format("operation '{}' needs the policy '{}', which is not supported",
                            operation.id, policy.template_id));
  }
  return {};
}

Result<void> change_request(const ApiDefinition& definition, const ApiOperation& operation,
                            const ConnectionValues& connection, Draft& draft) {
  for (const auto& policy : definition.policies) {
    if (policy.on_response || !policy.applies_to(operation.id)) continue;
    const auto scope = scope_of(connection, draft, operation.method);
    if (policy.template_id == "dynamichosturl") {
      TRY_DO(set_host(policy, scope, draft));
    } else if (policy.template_id == "routerequesttoendpoint") {
      TRY_DO(route(policy, scope, draft));
    } else if (policy.template_id == "setheader") {
      TRY_DO(set_header(policy, scope, draft.headers));
    } else if (policy.template_id == "setqueryparameter") {
      TRY_DO(set_query(policy, scope, draft.queries));
    } else if (policy.template_id != "pollingtrigger" && policy.template_id != "updatenextlink") {
      json::value body = draft.body ? *draft.body : json::value();
      TRY_DO(change_body(policy, scope, body));
      if (!body.is_null()) draft.body = std::move(body);
    }
  }
  return {};
}

Result<void> change_follow_up(const ApiDefinition& definition, const ApiOperation& operation,
                              const ConnectionValues& connection, Draft& draft) {
  for (const auto& policy : definition.policies) {
    if (policy.on_response || !policy.applies_to(operation.id)) continue;
    const auto scope = scope_of(connection, draft, operation.method);
    if (policy.template_id == "setheader") TRY_DO(set_header(policy, scope, draft.headers));
    if (policy.template_id != "setqueryparameter") continue;
    // What the address says is meant: it may count pages.
    auto queries = draft.queries;
    TRY_DO(set_query(policy, scope, queries));
    if (queries.size() > draft.queries.size()) draft.queries.push_back(std::move(queries.back()));
  }
  return {};
}

Result<void> change_answer(const ApiDefinition& definition, const ApiOperation& operation,
                           const ConnectionValues& connection, const Draft& draft,
                           http::Response& response, json::value& body) {
  for (const auto& policy : definition.policies) {
    if (!policy.on_response || !policy.applies_to(operation.id)) continue;
    const json::value before = body;
    const PolicyScope scope{&connection, &draft.queries, &response.headers,
                            &before,     nullptr,        operation.method};
    if (policy.template_id == "setheader")
      TRY_DO(set_header(policy, scope, response.headers));
    else
      TRY_DO(change_body(policy, scope, body));
  }
  return {};
}

}  // namespace rollcall::connectors
