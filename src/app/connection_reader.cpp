#include "app/connection_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::app {
namespace {

namespace fs = std::filesystem;

std::string place_of(std::string_view name, const toml::node& node) {
  return fmt::format("{}:{}:{}", name, node.source().begin.line, node.source().begin.column);
}

std::unexpected<Error> wrong(std::string_view name, const toml::node& node, std::string_view key,
                             std::string_view wanted) {
  return fail("CONFIG0104",
              fmt::format("{}: {}: {} was expected", place_of(name, node), key, wanted));
}

fs::path below(const fs::path& folder, const std::string& path) {
  return fs::path(path).is_absolute() ? fs::path(path) : folder / path;
}

}  // namespace

// "text", 5, true, { env = "NAME" } or { file = "path" }
Result<Setting> read_setting(std::string_view name, const fs::path& folder, std::string_view key,
                             const toml::node& node) {
  Setting setting;
  setting.place = fmt::format("{}: {}", place_of(name, node), key);
  if (const auto text = node.value_exact<std::string>()) {
    setting.text = *text;
    return setting;
  }
  if (const auto number = node.value_exact<std::int64_t>()) {
    setting.text = std::to_string(*number);
    return setting;
  }
  if (const auto flag = node.value_exact<bool>()) {
    setting.text = *flag ? "true" : "false";
    return setting;
  }
  const auto* table = node.as_table();
  if (table == nullptr || table->size() != 1)
    return wrong(name, node, key,
                 "a text, or where it is: { env = \"NAME\" } or { file = \"PATH\" }");
  const auto& [where, what] = *table->begin();
  const auto text = what.value_exact<std::string>().value_or("");
  if (text.empty() || (where.str() != "env" && where.str() != "file"))
    return wrong(name, node, key, "{ env = \"NAME\" } or { file = \"PATH\" }");
  setting.from = where.str() == "env" ? Setting::From::environment : Setting::From::file;
  setting.text = setting.from == Setting::From::file ? below(folder, text).string() : text;
  return setting;
}

namespace {

bool is_group(std::string_view key) { return key == "parameters" || key == "oauth"; }

Result<ConnectionSettings> read_connection(std::string_view name, const fs::path& folder,
                                           std::string_view key, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr)
    return wrong(name, node, key, fmt::format("a table: [connections.{}]", key));
  ConnectionSettings connection;
  connection.name = key;
  connection.place = place_of(name, node);
  for (const auto& [member, value] : *table) {
    const std::string_view setting = member.str();
    if (setting == "connector") {
      connection.connector = value.value_exact<std::string>().value_or("");
    } else if (is_group(setting)) {
      const auto* group = value.as_table();
      if (group == nullptr) return wrong(name, value, setting, "a table");
      for (const auto& [inner, one] : *group) {
        TRY(connection.settings[fmt::format("{}.{}", setting, inner.str())],
            read_setting(name, folder, inner.str(), one));
      }
    } else {
      TRY(connection.settings[std::string(setting)], read_setting(name, folder, setting, value));
    }
  }
  if (connection.connector.empty()) connection.connector = key;  // shared_teams
  return connection;
}

}  // namespace

Result<std::vector<ConnectorSettings>> read_connectors(std::string_view name,
                                                       const fs::path& folder,
                                                       const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "connectors", "a table: [connectors.NAME]");
  std::vector<ConnectorSettings> all;
  for (const auto& [key, value] : *table) {
    const auto* about = value.as_table();
    if (about == nullptr)
      return wrong(name, value, key.str(), fmt::format("a table: [connectors.{}]", key.str()));
    ConnectorSettings connector{std::string(key.str()), {}, {}};
    for (const auto& [member, path] : *about) {
      const auto text = path.value_exact<std::string>().value_or("");
      if (text.empty()) return wrong(name, path, member.str(), "a path");
      if (member.str() == "definition")
        connector.definition = below(folder, text);
      else if (member.str() == "properties")
        connector.properties = below(folder, text);
      else
        return fail("CONFIG0103",
                    fmt::format("{}: unknown setting '{}'; there are definition, properties",
                                place_of(name, path), member.str()));
    }
    if (connector.definition.empty())
      return wrong(name, value, key.str(), "definition = \"…/apiDefinition.swagger.json\"");
    const auto beside = connector.definition.parent_path() / "apiProperties.json";
    if (connector.properties.empty() && fs::exists(beside)) connector.properties = beside;
    all.push_back(std::move(connector));
  }
  return all;
}

Result<std::vector<ConnectionSettings>> read_connections(std::string_view name,
                                                         const fs::path& folder,
                                                         const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "connections", "a table: [connections.NAME]");
  std::vector<ConnectionSettings> all;
  for (const auto& [key, value] : *table) {
    TRY(auto connection, read_connection(name, folder, key.str(), value));
    all.push_back(std::move(connection));
  }
  return all;
}

}  // namespace rollcall::app
