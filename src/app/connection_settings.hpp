// What the configuration says of connectors and connections: custom connectors' documents, and for
// each connection that flows name where it goes and what proves who calls. A secret is never there
// itself: the environment or a file holds it, and it is read when the server starts.
//   [connectors.shared_fleet]
//   definition = "fleet/apiDefinition.swagger.json"
//   [connections.shared_fleet]
//   connector = "shared_fleet"
//   parameters = { region = "eu", api_key = { env = "FLEET_KEY" } }
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rollcall::app {

struct Setting {
  enum class From { text, environment, file };
  From from = From::text;
  std::string text;   // the value, the variable's name, or the file's path
  std::string place;  // where it stands, for messages
};

struct ConnectorSettings {
  std::string id;
  std::filesystem::path definition, properties;  // properties: "" when there are none
};

struct ConnectionSettings {
  std::string name, connector;
  std::map<std::string, Setting>
      settings;  // those of tables with their table's name: "oauth.client_id"
  std::string place;
};

// CONNECTION0105: the variable is not set, the file cannot be read, or either is empty. What ends a
// line at the end of a file is not part of the secret.
Result<std::string> value_of(const Setting& setting);
// Puts a file there, for its owner alone, in place of an old one. False: it cannot be written.
bool write_secret(const std::filesystem::path& file, std::string_view bytes);
// Writes a secret into the file that it is read from.
Result<void> keep(const Setting& setting, const std::string& value);

}  // namespace rollcall::app
