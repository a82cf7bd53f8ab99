// Reads [connectors.…] and [connections.…] of the configuration.
#pragma once
#include <toml++/toml.h>

#include "app/connection_settings.hpp"

namespace rollcall::app {

// `name` stands in messages; paths are relative to `folder`. CONFIG0103 an unknown setting,
// CONFIG0104 a value of the wrong kind.
Result<std::vector<ConnectorSettings>> read_connectors(std::string_view name,
                                                       const std::filesystem::path& folder,
                                                       const toml::node& node);
Result<std::vector<ConnectionSettings>> read_connections(std::string_view name,
                                                         const std::filesystem::path& folder,
                                                         const toml::node& node);

// One value, itself or by reference: "text", { env = "NAME" }, { file = "PATH" }.
Result<Setting> read_setting(std::string_view name, const std::filesystem::path& folder,
                             std::string_view key, const toml::node& node);

}  // namespace rollcall::app
