// What `rollcall serve` may be told in a TOML file; the command line goes over it.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/connection_settings.hpp"
#include "app/product.hpp"
#include "app/serving.hpp"
#include "base/error.hpp"
#include "doors/declared/options.hpp"
#include "fleet/cell_rules.hpp"
#include "sources/source.hpp"
#include "warehouse/cluster.hpp"

namespace rollcall::app {

// [flows]
struct FlowConfiguration {
  std::string public_url;                 // under which others reach this server; "": as it listens
  std::int64_t keep_days = 90;            // that ended runs are kept
  std::int64_t keep_runs = 0;             // of one flow; 0: however many
  std::int64_t most_actions = 5'000'000;  // that one run may begin
  std::int64_t longest_run_days = 90;
  bool shared = false;              // with other processes on the same PostgreSQL database
  std::int64_t lease_seconds = 15;  // after which others take over the runs of one that is silent
};

struct Configuration {
  std::filesystem::path data = "rollcall-data";
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::optional<std::uint16_t>
      otlp_port;  // OTLP alone, where exporters look for it (4318); absent: only on `port`
  Durability durability = Durability::power;
  std::filesystem::path
      ingest_folder;  // from which `.ingest into` may read files; empty: from nowhere
  std::filesystem::path export_folder;  // to which `.export` may write files; empty: to nowhere
  warehouse::SizeLimits size_limits;    // [retention]
  std::optional<std::uint64_t> warehouse_memory_bytes;  // [warehouse]
  HeartbeatOptions heartbeat;
  std::string
      database;  // a PostgreSQL connection string, where lists and runs are; empty: in the data folder
  std::optional<warehouse::ClusterOptions>
      kusto;  // where the logs are asked and sent; absent: in the data folder
  doors::WebhookOptions webhooks;
  std::vector<sources::SourceOptions> sources;  // what is pulled, and from where
  FlowConfiguration flows;
  std::vector<ConnectorSettings> connectors;    // custom ones
  std::vector<ConnectionSettings> connections;  // by the name that flows give them
  fleet::CellRules cells;                       // which there should be
  std::vector<std::string> regions;  // the deployment sequence; empty: as deployments show it
};

// CONFIG0101 the file cannot be read; CONFIG0102 it is no TOML; CONFIG0103 an unknown key; CONFIG0104 a value
// of the wrong kind. Each says line and column.
Result<Configuration> read_configuration(const std::filesystem::path& file);
// The same from text; `name` stands in messages, and is where its paths are relative to.
Result<Configuration> parse_configuration(std::string_view text, std::string_view name);

}  // namespace rollcall::app
