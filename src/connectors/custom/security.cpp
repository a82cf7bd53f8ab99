#include "connectors/custom/security.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "base/url.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

using Kind = SecurityScheme::Kind;

// "API Key" and "api_key" are the same to those who write them.
std::string squeezed(std::string_view name) {
  auto text = to_lower(name);
  std::erase_if(text, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); });
  return text;
}

const std::string* value_named(const CustomConnection& connection, std::string_view name) {
  for (const auto& [key, value] : connection.values) {
    if (squeezed(key) == squeezed(name)) return &value;
  }
  return nullptr;
}

// The key is in the parameter of the scheme's name, of the header's name, in `api_key`, or in the
// only secret there is.
const std::string* key_of(const ApiDefinition& definition, const SecurityScheme& scheme,
                          const CustomConnection& connection) {
  for (const std::string_view name :
       {std::string_view(scheme.name), std::string_view(scheme.key), std::string_view("api_key")}) {
    if (const auto* value = value_named(connection, name)) return value;
  }
  const auto secret = [](const ConnectionParameter& one) { return one.type == "securestring"; };
  if (std::ranges::count_if(definition.connection_parameters, secret) != 1) return nullptr;
  return value_named(connection,
                     std::ranges::find_if(definition.connection_parameters, secret)->name);
}

bool is_possible(const ApiDefinition& definition, const SecurityScheme& scheme,
                 const CustomConnection& connection) {
  switch (scheme.kind) {
    case Kind::basic:
      return value_named(connection, "username") != nullptr ||
             value_named(connection, "password") != nullptr;
    case Kind::api_key:
      return key_of(definition, scheme, connection) != nullptr;
    case Kind::oauth2:
      return connection.tokens != nullptr;
  }
  return false;
}

std::string lacks(const SecurityScheme& scheme) {
  switch (scheme.kind) {
    case Kind::basic:
      return "username and password";
    case Kind::api_key:
      return fmt::format("the key '{}' (parameter api_key)", scheme.name);
    case Kind::oauth2:
      return "an OAuth 2.0 client (oauth)";
  }
  return {};
}

void set_query(Draft& draft, const std::string& name, const std::string& value) {
  std::erase_if(draft.queries, [&](const auto& one) { return one.first == name; });
  draft.queries.emplace_back(name, value);
}

Result<void> apply(const ApiDefinition& definition, const SecurityScheme& scheme,
                   const CustomConnection& connection, Draft& draft) {
  if (scheme.kind == Kind::basic) {
    const auto* user = value_named(connection, "username");
    const auto* password = value_named(connection, "password");
    draft.headers.set("Authorization",
                      "Basic " + expr::base64_encode((user == nullptr ? "" : *user) + ":" +
                                                     (password == nullptr ? "" : *password)));
  } else if (scheme.kind == Kind::api_key) {
    const auto& key = *key_of(definition, scheme, connection);
    if (scheme.in_query)
      set_query(draft, scheme.key, key);
    else
      draft.headers.set(scheme.key, key);
  } else {
    TRY(const auto token, connection.tokens->token());
    draft.headers.set("Authorization", "Bearer " + token);
  }
  return {};
}

const SecurityScheme* scheme_named(const ApiDefinition& definition, std::string_view name) {
  const auto found = std::ranges::find_if(definition.security_schemes,
                                          [&](const auto& one) { return one.name == name; });
  return found == definition.security_schemes.end() ? nullptr : &*found;
}

// The schemes of the first alternative that the connection can meet; empty: none is needed.
Result<std::vector<const SecurityScheme*>> chosen(const ApiDefinition& definition,
                                                  const ApiOperation& operation,
                                                  const CustomConnection& connection) {
  auto alternatives = operation.security
                          ? *operation.security
                          : definition.security.value_or(std::vector<std::vector<std::string>>());
  if (!operation.security && alternatives.empty()) {
    for (const auto& scheme : definition.security_schemes) alternatives.push_back({scheme.name});
    // Several keys without a word on which of them: those that there are values for.
    if (alternatives.size() > 1) {
      std::vector<const SecurityScheme*> possible;
      for (const auto& scheme : definition.security_schemes) {
        if (scheme.kind == Kind::api_key && value_named(connection, scheme.name) != nullptr)
          possible.push_back(&scheme);
      }
      if (possible.size() > 1) return possible;
    }
  }
  std::string missing;
  for (const auto& together : alternatives) {
    std::vector<const SecurityScheme*> schemes;
    bool possible = true;
    for (const auto& name : together) {
      const auto* scheme = scheme_named(definition, name);
      const bool can = scheme != nullptr && is_possible(definition, *scheme, connection);
      if (!can && missing.empty())
        missing = scheme == nullptr ? fmt::format("'{}', which the document does not define", name)
                                    : lacks(*scheme);
      possible = possible && can;
      schemes.push_back(scheme);
    }
    if (possible) return schemes;
  }
  if (alternatives.empty()) return std::vector<const SecurityScheme*>();
  return fail("CONNECTOR0533", fmt::format("operation '{}': connection '{}' lacks {}", operation.id,
                                           connection.name, missing));
}

// https://login.windows.net/common/oauth2/token, as identity provider `aad` has it.
std::string entra_url(const ApiDefinition& definition, const ConnectionValues& values,
                      std::string_view what) {
  const auto about = [&](std::string_view name, std::string_view otherwise) {
    const auto given = values.find("token:" + std::string(name));
    if (given != values.end()) return given->second;
    const auto found = definition.oauth.find(to_lower(name));
    return found == definition.oauth.end() ? std::string(otherwise) : found->second;
  };
  auto login = about("loginUri", "https://login.microsoftonline.com");
  while (login.ends_with('/')) login.pop_back();
  return fmt::format("{}/{}/oauth2/{}", login, about("tenantId", "common"), what);
}

}  // namespace

Result<void> authenticate(const ApiDefinition& definition, const ApiOperation& operation,
                          const CustomConnection& connection, Draft& draft) {
  TRY(const auto schemes, chosen(definition, operation, connection));
  for (const auto* scheme : schemes) TRY_DO(apply(definition, *scheme, connection, draft));
  return {};
}

bool uses_token(const ApiDefinition& definition, const ApiOperation& operation,
                const CustomConnection& connection) {
  const auto schemes = chosen(definition, operation, connection);
  return schemes &&
         std::ranges::any_of(*schemes, [](const auto* one) { return one->kind == Kind::oauth2; });
}

Result<void> complete_oauth(const ApiDefinition& definition, const ConnectionValues& values,
                            OAuthSettings& settings) {
  const auto provider = definition.oauth.find("identityprovider");
  const bool entra =
      provider != definition.oauth.end() && to_lower(provider->second).starts_with("aad");
  const auto scheme = std::ranges::find_if(
      definition.security_schemes, [](const auto& one) { return one.kind == Kind::oauth2; });
  const auto first = [&](std::string& into, std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
      const auto found = definition.oauth.find(name);
      if (into.empty() && found != definition.oauth.end() &&
          found->second.find('{') == std::string::npos)
        into = found->second;
    }
  };
  first(settings.token_url, {"tokenurl", "tokenurltemplate", "refreshurl", "refreshurltemplate"});
  first(settings.authorization_url, {"authorizationurl", "authorizationurltemplate"});
  if (entra && settings.token_url.empty())
    settings.token_url = entra_url(definition, values, "token");
  if (entra && settings.authorization_url.empty())
    settings.authorization_url = entra_url(definition, values, "authorize");
  if (entra) first(settings.resource, {"resourceuri"});
  if (scheme != definition.security_schemes.end()) {
    if (settings.token_url.empty()) settings.token_url = scheme->token_url;
    if (settings.authorization_url.empty()) settings.authorization_url = scheme->authorization_url;
  }
  if (!entra) first(settings.scope, {"scopes"});
  if (settings.grant == OAuthSettings::Grant::given) return {};
  if (origin_of(settings.token_url).empty())
    return fail("CONNECTOR0534",
                "the definition names no address for tokens: give the connection a token_url");
  return {};
}

}  // namespace rollcall::connectors
