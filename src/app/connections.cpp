#include "app/connections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "app/cluster_settings.hpp"
#include "base/text.hpp"
#include "connectors/custom/custom.hpp"
#include "connectors/kusto.hpp"
#include "connectors/mail.hpp"
#include "connectors/notifications.hpp"
#include "connectors/sharepoint_site.hpp"
#include "warehouse/cluster.hpp"

namespace rollcall::app {
namespace {

using connectors::ApiDefinition;
using connectors::OAuthSettings;
using Definitions = std::map<std::string, std::shared_ptr<const ApiDefinition>>;

constexpr std::uintmax_t max_document_bytes = std::uintmax_t{16} << 20;

std::unexpected<Error> wrong(std::string code, const ConnectionSettings& connection,
                             std::string_view what) {
  return fail(std::move(code),
              fmt::format("{}: connection '{}': {}", connection.place, connection.name, what));
}

// A connector's settings. Those that end with ! are secrets, and may only be named; * any name
// behind.
struct Known {
  std::string_view connector;
  std::vector<std::string_view> settings;
};

constexpr std::array<std::string_view, 12> oauth_settings{"oauth.grant",
                                                          "oauth.client_id",
                                                          "oauth.client_secret!",
                                                          "oauth.refresh_token!",
                                                          "oauth.token!",
                                                          "oauth.token_url",
                                                          "oauth.authorization_url",
                                                          "oauth.redirect_url",
                                                          "oauth.scope",
                                                          "oauth.resource",
                                                          "oauth.basic",
                                                          "oauth.tenant"};

const std::vector<Known>& built_in() {
  static const std::vector<Known> all{
      {"shared_kusto",
       {"cluster", "database", "token!", "tenant", "client_id", "client_secret!", "login_endpoint",
        "managed_identity"}},
      {"shared_sharepointonline", {"site", "token!"}},
      {"shared_teams", {"url!"}},
      {"shared_slack", {"url!", "token!"}},
      {"webhook", {"url", "token!", "secret!"}},
      {"cdevents", {"url", "token!", "source"}},
      {"shared_smtp", {"server", "username", "password!", "from", "plain"}},
      {"shared_office365", {"server", "username", "password!", "from", "plain"}},
  };
  return all;
}

class Opening {
 public:
  Opening(const ConnectionSettings& connection, const ApiDefinition* definition)
      : connection_(connection), definition_(definition) {}

  // Every setting is known, and no secret stands there itself.
  Result<void> check() const {
    for (const auto& [name, setting] : connection_.settings) {
      TRY(const bool secret, is_secret(name));
      if (secret && setting.from == Setting::From::text && !setting.text.empty()) {
        return wrong(
            "CONNECTION0103", connection_,
            fmt::format(
                "{} is a secret: say where it is, {{ env = \"NAME\" }} or {{ file = \"PATH\" }}",
                name));
      }
    }
    return {};
  }

  Result<std::string> text(std::string_view name) const {
    const auto found = connection_.settings.find(std::string(name));
    return found == connection_.settings.end() ? Result<std::string>(std::string())
                                               : value_of(found->second);
  }
  Result<std::string> needed(std::string_view name) const {
    TRY(auto value, text(name));
    if (value.empty())
      return wrong("CONNECTION0104", connection_, fmt::format("{} is missing", name));
    return value;
  }
  Result<bool> flag(std::string_view name) const {
    TRY(const auto value, text(name));
    if (!value.empty() && value != "true" && value != "false")
      return wrong("CONNECTION0104", connection_, fmt::format("{} is true or false", name));
    return value == "true";
  }
  std::unexpected<Error> expected(std::string_view what) const {
    return wrong("CONNECTION0104", connection_, fmt::format("{} was expected", what));
  }
  bool has_oauth() const {
    return std::ranges::any_of(connection_.settings,
                               [](const auto& one) { return one.first.starts_with("oauth."); });
  }

  Result<connectors::ConnectionValues> values() const {
    connectors::ConnectionValues values;
    for (const auto& [name, setting] : connection_.settings) {
      if (!name.starts_with("parameters.")) continue;
      TRY(values[name.substr(11)], value_of(setting));
    }
    return values;
  }

  Result<OAuthSettings> oauth() const {
    using Grant = OAuthSettings::Grant;
    OAuthSettings oauth;
    TRY(oauth.token, text("oauth.token"));
    TRY(const auto grant, text("oauth.grant"));
    if (grant == "client_credentials")
      oauth.grant = Grant::client_credentials;
    else if (grant == "authorization_code")
      oauth.grant = Grant::authorization_code;
    else if (!grant.empty() || oauth.token.empty())
      return wrong("CONNECTION0104", connection_,
                   "oauth.grant is client_credentials or authorization_code, or there is a token");
    TRY(oauth.token_url, text("oauth.token_url"));
    TRY(oauth.authorization_url, text("oauth.authorization_url"));
    TRY(oauth.redirect_url, text("oauth.redirect_url"));
    TRY(oauth.client_secret, text("oauth.client_secret"));
    TRY(oauth.scope, text("oauth.scope"));
    TRY(oauth.resource, text("oauth.resource"));
    TRY(oauth.basic, flag("oauth.basic"));
    TRY(const auto tenant, text("oauth.tenant"));
    if (!tenant.empty() && oauth.token_url.empty()) {
      const auto login =
          "https://login.microsoftonline.com/" + http::encode_percent(tenant) + "/oauth2/v2.0/";
      oauth.token_url = login + "token";
      if (oauth.authorization_url.empty()) oauth.authorization_url = login + "authorize";
    }
    if (oauth.grant == Grant::given) return oauth;
    TRY(oauth.client_id, needed("oauth.client_id"));
    if (oauth.grant == Grant::authorization_code) TRY_DO(add_refresh_token(oauth));
    return oauth;
  }

 private:
  // A file may not be there yet: consent writes it.
  Result<void> add_refresh_token(OAuthSettings& oauth) const {
    const auto found = connection_.settings.find("oauth.refresh_token");
    if (found == connection_.settings.end())
      return wrong("CONNECTION0104", connection_,
                   "oauth.refresh_token = { file = \"PATH\" } is missing: consent writes it there");
    const auto setting = found->second;
    if (setting.from == Setting::From::file) {
      oauth.keep = [setting](const std::string& token) { return keep(setting, token); };
      if (!std::filesystem::exists(setting.text)) return {};
    }
    TRY(oauth.refresh_token, value_of(setting));
    return {};
  }

  Result<bool> is_secret(const std::string& name) const {
    std::vector<std::string> names;
    const auto look = [&](std::string_view known) -> std::optional<bool> {
      const bool secret = known.ends_with('!');
      if (secret) known.remove_suffix(1);
      names.emplace_back(known);
      return known == name ? std::optional(secret) : std::nullopt;
    };
    if (definition_ != nullptr && name.starts_with("parameters.")) {
      const auto* parameter = definition_->connection_parameter(std::string_view(name).substr(11));
      return (parameter != nullptr && parameter->type == "securestring") ||
             name == "parameters.password" || name == "parameters.api_key";
    }
    for (const auto& kind : built_in()) {
      if (kind.connector != connection_.connector) continue;
      for (const auto known : kind.settings) {
        if (const auto secret = look(known)) return *secret;
      }
    }
    if (definition_ != nullptr || connection_.connector == "shared_sharepointonline") {
      for (const auto known : oauth_settings) {
        if (const auto secret = look(known)) return *secret;
      }
    }
    const auto near = nearest_name(name, names);
    return wrong("CONNECTION0102", connection_,
                 fmt::format("there is no setting '{}'{}", name,
                             near.empty() ? fmt::format("; there are {}", fmt::join(names, ", "))
                                          : fmt::format("; did you mean '{}'?", near)));
  }

  const ConnectionSettings& connection_;
  const ApiDefinition* definition_;
};

Result<std::string> read_document(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error)
    return fail("CONNECTION0106",
                fmt::format("{} cannot be read: {}", path.string(), error.message()));
  if (size > max_document_bytes)
    return fail("CONNECTION0106",
                fmt::format("{} is larger than {} bytes", path.string(), max_document_bytes));
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return fail("CONNECTION0106", fmt::format("{} cannot be read", path.string()));
  return std::move(text).str();
}

Result<std::shared_ptr<const ApiDefinition>> read_definition(const ConnectorSettings& connector) {
  TRY(const auto definition, read_document(connector.definition));
  std::string properties;
  if (!connector.properties.empty()) {
    TRY(properties, read_document(connector.properties));
  }
  const bool script = std::filesystem::exists(connector.definition.parent_path() / "script.csx");
  auto read = connectors::read_api_definition({definition, properties, script});
  if (!read)
    return fail("CONNECTION0106", fmt::format("connector '{}': {} {}", connector.id,
                                              read.error().code, read.error().message));
  return std::make_shared<const ApiDefinition>(*std::move(read));
}

Result<std::unique_ptr<connectors::OAuthTokens>> open_tokens(
    const Opening& opening, const ApiDefinition* definition,
    const connectors::ConnectionValues& values, http::Client& client, const Clock& clock) {
  TRY(auto oauth, opening.oauth());
  if (definition != nullptr) TRY_DO(connectors::complete_oauth(*definition, values, oauth));
  return std::make_unique<connectors::OAuthTokens>(std::move(oauth), client, clock);
}

Result<std::unique_ptr<flow::Connector>> open_custom(
    const std::string& id, std::shared_ptr<const ApiDefinition> definition, const std::string& name,
    const Opening& opening, const ConnectionParts& parts) {
  connectors::CustomConnection connection;
  connection.name = name;
  TRY(connection.values, opening.values());
  if (opening.has_oauth()) {
    TRY(connection.tokens,
        open_tokens(opening, definition.get(), connection.values, parts.client, parts.clock));
  }
  return connectors::make_custom(id, std::move(definition), std::move(connection), parts.client);
}

Result<std::unique_ptr<flow::Connector>> open_kusto(const Opening& opening,
                                                    const ConnectionParts& parts) {
  ClusterSettings settings;
  for (const auto& [name, into] : {std::pair{"cluster", &settings.cluster},
                                   {"database", &settings.database},
                                   {"token", &settings.token},
                                   {"tenant", &settings.tenant},
                                   {"client_id", &settings.client_id},
                                   {"client_secret", &settings.client_secret},
                                   {"login_endpoint", &settings.login_endpoint}}) {
    TRY(*into, opening.text(name));
  }
  TRY(settings.managed_identity, opening.flag("managed_identity"));
  auto options = cluster_options(std::move(settings));
  if (!options) return opening.expected(options.error());
  TRY(auto cluster, warehouse::open_cluster(*std::move(options), parts.client, parts.clock));
  parts.clusters.push_back(std::move(cluster));
  return connectors::make_kusto(*parts.clusters.back(), flow::Place::outside);
}

Result<std::unique_ptr<flow::Connector>> open_site(const Opening& opening,
                                                   const ConnectionParts& parts) {
  TRY(auto site, opening.needed("site"));
  std::unique_ptr<connectors::OAuthTokens> tokens;
  if (opening.has_oauth()) {
    TRY(tokens, open_tokens(opening, nullptr, {}, parts.client, parts.clock));
  } else {
    OAuthSettings given;
    TRY(given.token, opening.text("token"));
    tokens = std::make_unique<connectors::OAuthTokens>(std::move(given), parts.client, parts.clock);
  }
  return connectors::make_sharepoint_site(std::move(site), std::move(tokens), parts.client);
}

Result<std::unique_ptr<flow::Connector>> open_post(std::string_view id, const Opening& opening,
                                                   const ConnectionParts& parts) {
  connectors::PostSettings settings;
  TRY(settings.token, opening.text("token"));
  const bool may_lack_url = id == "shared_slack" && !settings.token.empty();
  if (!may_lack_url) {
    TRY(settings.url, opening.needed("url"));
  } else {
    TRY(settings.url, opening.text("url"));
  }
  TRY(settings.secret, opening.text("secret"));
  TRY(settings.source, opening.text("source"));
  return connectors::make_notifications(id, std::move(settings), parts.client);
}

Result<std::unique_ptr<flow::Connector>> open_mail(std::string_view id, const Opening& opening,
                                                   const ConnectionParts& parts) {
  connectors::MailSettings settings;
  TRY(settings.url, opening.needed("server"));
  if (settings.url.find("://") == std::string::npos) settings.url.insert(0, "smtp://");
  TRY(settings.username, opening.text("username"));
  TRY(settings.password, opening.text("password"));
  TRY(settings.from, opening.text("from"));
  TRY(settings.plain, opening.flag("plain"));
  return connectors::make_mail(id, std::move(settings), parts.mailer);
}

Result<std::unique_ptr<flow::Connector>> open(const ConnectionSettings& connection,
                                              const Definitions& definitions,
                                              const ConnectionParts& parts) {
  const auto& id = connection.connector;
  const auto custom = definitions.find(id);
  if (custom != definitions.end()) {
    const Opening opening(connection, custom->second.get());
    TRY_DO(opening.check());
    return open_custom(id, custom->second, connection.name, opening, parts);
  }
  std::vector<std::string> ids;
  for (const auto& [known, unused] : definitions) ids.push_back(known);
  for (const auto& known : built_in()) ids.emplace_back(known.connector);
  if (std::ranges::find(ids, id) == ids.end()) {
    const auto near = nearest_name(id, ids);
    return wrong("CONNECTION0101", connection,
                 fmt::format("there is no connector '{}'{}", id,
                             near.empty() ? fmt::format("; there are {}", fmt::join(ids, ", "))
                                          : fmt::format("; did you mean '{}'?", near)));
  }
  const Opening opening(connection, nullptr);
  TRY_DO(opening.check());
  if (id == "shared_kusto") return open_kusto(opening, parts);
  if (id == "shared_sharepointonline") return open_site(opening, parts);
  if (id == "shared_smtp" || id == "shared_office365") return open_mail(id, opening, parts);
  return open_post(id, opening, parts);
}

}  // namespace

Result<void> add_connections(const std::vector<ConnectorSettings>& connectors,
                             const std::vector<ConnectionSettings>& connections,
                             const ConnectionParts& parts, flow::Connectors& into) {
  Definitions definitions;
  for (const auto& connector : connectors) {
    TRY(definitions[connector.id], read_definition(connector));
  }
  for (const auto& connection : connections) {
    auto opened = open(connection, definitions, parts);
    if (!opened) {
      if (opened.error().code.starts_with("CONNECTION"))
        return std::unexpected(std::move(opened).error());
      return wrong("CONNECTION0104", connection,
                   fmt::format("{} {}", opened.error().code, opened.error().message));
    }
    into.add(*std::move(opened), connection.name);
  }
  // One that nobody configured a connection for may need none.
  for (const auto& [id, definition] : definitions) {
    if (into.find(id) != nullptr || !into.connections(id).empty()) continue;
    into.add(connectors::make_custom(id, definition, {}, parts.client));
  }
  return {};
}

Result<std::unique_ptr<connectors::OAuthTokens>> tokens_of(
    const std::vector<ConnectorSettings>& connectors, const ConnectionSettings& connection,
    http::Client& client, const Clock& clock) {
  std::shared_ptr<const ApiDefinition> definition;
  for (const auto& connector : connectors) {
    if (connector.id != connection.connector) continue;
    TRY(definition, read_definition(connector));
  }
  const Opening opening(connection, definition.get());
  TRY_DO(opening.check());
  TRY(const auto grant, opening.text("oauth.grant"));
  if (grant != "authorization_code")
    return wrong("CONNECTION0108", connection,
                 "it needs nobody's consent: oauth.grant is not authorization_code");
  TRY(const auto values, opening.values());
  return open_tokens(opening, definition.get(), values, client, clock);
}

}  // namespace rollcall::app
