#include "app/configuration.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <fstream>
#include <map>
#include <sstream>

#include "app/cluster_settings.hpp"
#include "app/connection_reader.hpp"
#include "base/text.hpp"

namespace rollcall::app {
namespace {

constexpr std::uint64_t least_memory_bytes = 250'000'000;  // below it queries spill all the time

std::string place(std::string_view name, const toml::source_region& source) {
  return fmt::format("{}:{}:{}", name, source.begin.line, source.begin.column);
}

std::unexpected<Error> wrong(std::string_view name, const toml::node& node, std::string_view key,
                             std::string_view wanted) {
  return fail("CONFIG0104",
              fmt::format("{}: {}: {} was expected", place(name, node.source()), key, wanted));
}

Result<std::string> text_of(std::string_view name, std::string_view key, const toml::node& node) {
  const auto text = node.value_exact<std::string>();
  if (!text || text->empty()) return wrong(name, node, key, "a text");
  return *text;
}

std::unexpected<Error> unknown(std::string_view name, const toml::node& node, std::string_view key,
                               const std::vector<std::string>& keys) {
  const auto near = nearest_name(key, keys);
  std::string all;
  for (const auto& one : keys) all += (all.empty() ? "" : ", ") + one;
  return fail(
      "CONFIG0103",
      fmt::format("{}: unknown setting '{}'{}", place(name, node.source()), key,
                  near.empty() ? "; there are " + all : fmt::format("; did you mean '{}'?", near)));
}

// [kusto]: the cluster, its database, and one way to be known there.
Result<warehouse::ClusterOptions> cluster_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "kusto", "a table: [kusto]");
  ClusterSettings settings;
  const std::map<std::string, std::string*> texts{{"cluster", &settings.cluster},
                                                  {"database", &settings.database},
                                                  {"token", &settings.token},
                                                  {"tenant", &settings.tenant},
                                                  {"client_id", &settings.client_id},
                                                  {"client_secret", &settings.client_secret},
                                                  {"login_endpoint", &settings.login_endpoint}};
  for (const auto& [key, value] : *table) {
    if (key.str() == "managed_identity") {
      const auto given = value.value_exact<bool>();
      if (!given) return wrong(name, value, key.str(), "true or false");
      settings.managed_identity = *given;
    } else if (const auto found = texts.find(std::string(key.str())); found != texts.end()) {
      TRY(const auto setting,
          read_setting(name, std::filesystem::path(name).parent_path(), key.str(), value));
      TRY(*found->second, value_of(setting));
      if (found->second->empty()) return wrong(name, value, key.str(), "a text");
    } else {
      std::vector<std::string> keys{"managed_identity"};
      for (const auto& [known, unused] : texts) keys.push_back(known);
      return unknown(name, value, key.str(), keys);
    }
  }
  auto options = cluster_options(std::move(settings));
  if (!options) return wrong(name, node, "kusto", options.error());
  return *std::move(options);
}

// A table of texts, each put where its name says.
Result<void> texts_of(std::string_view name, const toml::table& table,
                      const std::map<std::string, std::string*>& places) {
  for (const auto& [key, value] : table) {
    const auto found = places.find(std::string(key.str()));
    if (found == places.end()) {
      std::vector<std::string> keys;
      for (const auto& [known, unused] : places) keys.push_back(known);
      return unknown(name, value, key.str(), keys);
    }
    if (found->second == nullptr) continue;  // read elsewhere
    TRY(*found->second, text_of(name, key.str(), value));
  }
  return {};
}

// [webhooks]: how declared events are known and read.
Result<doors::WebhookOptions> webhooks_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "webhooks", "a table: [webhooks]");
  doors::WebhookOptions options;
  std::string pattern;
  TRY_DO(texts_of(name, *table,
                  {{"github_secret", &options.github_secret},
                   {"cdevents_secret", &options.cdevents_secret},
                   {"environment_pattern", &pattern}}));
  if (!pattern.empty()) {
    auto compiled = doors::environment_pattern(pattern);
    if (!compiled) {
      return fail("CONFIG0104",
                  fmt::format("{}: environment_pattern: {}",
                              place(name, table->get("environment_pattern")->source()),
                              compiled.error().message));
    }
    options.environment_pattern = *std::move(compiled);
  }
  return options;
}

// [[sources]]: one that is pulled.
Result<sources::SourceOptions> source_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "sources", "tables: [[sources]]");
  sources::SourceOptions options;
  TRY_DO(texts_of(name, *table,
                  {{"name", &options.name},
                   {"kind", &options.kind},
                   {"url", &options.url},
                   {"path", &options.path},
                   {"query", &options.query},
                   {"index", &options.index},
                   {"database", &options.database},
                   {"folder", &options.folder},
                   {"token", &options.token},
                   {"environment", &options.names.environment},
                   {"role", &options.names.role},
                   {"region", &options.names.region},
                   {"instance", &options.names.instance},
                   {"every_seconds", nullptr},
                   {"lag_seconds", nullptr}}));
  for (const auto& [key, span] :
       {std::pair{"every_seconds", &options.every}, {"lag_seconds", &options.lag}}) {
    const auto* value = table->get(key);
    if (value == nullptr) continue;
    const auto given = value->value_exact<std::int64_t>();
    if (!given || *given < 1 || *given > 86'400)
      return wrong(name, *value, key, "a number of seconds from 1 to 86400");
    *span = seconds(*given);
  }
  if (const auto bad = sources::check(options); !bad)
    return wrong(name, node, "sources", bad.error().message);
  return options;
}

Result<std::uint64_t> bytes_of(std::string_view name, std::string_view key,
                               const toml::node& node) {
  const auto gigabytes = node.value<double>();
  if (!gigabytes || !(*gigabytes > 0) || *gigabytes > 1e6)
    return wrong(name, node, key, "a number of gigabytes");
  return static_cast<std::uint64_t>(*gigabytes * 1e9);
}

// [retention]: how much is kept at most; how long is a policy of each table.
Result<warehouse::SizeLimits> size_limits_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "retention", "a table: [retention]");
  warehouse::SizeLimits limits;
  for (const auto& [key, value] : *table) {
    const auto* tables = value.as_table();
    if (key.str() == "gigabytes") {
      TRY(limits.warehouse_bytes, bytes_of(name, key.str(), value));
    } else if (key.str() == "tables" && tables != nullptr) {
      for (const auto& [of, most] : *tables) {
        TRY(limits.table_bytes[std::string(of.str())], bytes_of(name, of.str(), most));
      }
    } else if (key.str() == "tables") {
      return wrong(name, value, key.str(), "tables and their gigabytes");
    } else {
      return unknown(name, value, key.str(), {"gigabytes", "tables"});
    }
  }
  return limits;
}

// [warehouse]: how much of the machine's memory it may take, for pages that it keeps and for queries.
Result<std::uint64_t> warehouse_memory_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "warehouse", "a table: [warehouse]");
  std::uint64_t bytes = warehouse::EmbeddedOptions{}.memory_limit_bytes;
  for (const auto& [key, value] : *table) {
    if (key.str() != "memory_gigabytes")
      return unknown(name, value, key.str(), {"memory_gigabytes"});
    TRY(bytes, bytes_of(name, key.str(), value));
    if (bytes < least_memory_bytes)
      return wrong(name, value, key.str(), "a number of gigabytes, 0.25 at least");
  }
  return bytes;
}

// [heartbeat]: what an outside monitor hears while all is well.
Result<HeartbeatOptions> heartbeat_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "heartbeat", "a table: [heartbeat]");
  HeartbeatOptions options;
  for (const auto& [key, value] : *table) {
    if (key.str() == "url") {
      TRY(options.url, text_of(name, key.str(), value));
      continue;
    }
    const bool every = key.str() == "every_seconds";
    if (!every && key.str() != "quiet_minutes")
      return unknown(name, value, key.str(), {"url", "every_seconds", "quiet_minutes"});
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > 86'400)
      return wrong(name, value, key.str(), "a number from 1 to 86400");
    (every ? options.every : options.patience) = every ? seconds(*number) : minutes(*number);
  }
  return options;
}

Result<FlowConfiguration> flows_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "flows", "a table: [flows]");
  FlowConfiguration flows;
  const std::map<std::string, std::int64_t*> numbers{{"keep_days", &flows.keep_days},
                                                     {"keep_runs", &flows.keep_runs},
                                                     {"lease_seconds", &flows.lease_seconds},
                                                     {"longest_run_days", &flows.longest_run_days},
                                                     {"most_actions", &flows.most_actions}};
  for (const auto& [key, value] : *table) {
    if (key.str() == "public_url") {
      TRY(flows.public_url, text_of(name, key.str(), value));
      while (flows.public_url.ends_with('/')) flows.public_url.pop_back();
    } else if (key.str() == "shared") {
      const auto shared = value.value_exact<bool>();
      if (!shared) return wrong(name, value, key.str(), "true or false");
      flows.shared = *shared;
    } else if (const auto found = numbers.find(std::string(key.str())); found != numbers.end()) {
      const auto number = value.value_exact<std::int64_t>();
      if (!number || *number < (found->first == "keep_runs" ? 0 : 1) || *number > 1'000'000'000)
        return wrong(name, value, key.str(), "a positive number");
      *found->second = *number;
    } else {
      std::vector<std::string> keys{"public_url", "shared"};
      for (const auto& [known, unused] : numbers) keys.push_back(known);
      return unknown(name, value, key.str(), keys);
    }
  }
  return flows;
}

// [cells]: which there should be, and when one that falls silent is taken for removed.
Result<fleet::CellRules> cells_of(std::string_view name, const toml::node& node) {
  const auto* table = node.as_table();
  if (table == nullptr) return wrong(name, node, "cells", "a table: [cells]");
  fleet::CellRules rules;
  const std::map<std::string, std::vector<fleet::CellPattern>*> patterns{
      {"expected", &rules.expected}, {"removed", &rules.removed}};
  const std::map<std::string, std::pair<Timespan*, Timespan>> spans{
      {"silent_after_minutes", {&rules.silent_after, minutes(1)}},
      {"removed_after_days", {&rules.removed_after, days(1)}}};
  for (const auto& [key, value] : *table) {
    const std::string setting(key.str());
    if (const auto list = patterns.find(setting); list != patterns.end()) {
      const auto* array = value.as_array();
      if (array == nullptr) return wrong(name, value, setting, "a list of cells");
      for (const auto& element : *array) {
        TRY(const auto text, text_of(name, setting, element));
        auto pattern = fleet::parse_cell_pattern(text);
        if (!pattern) return wrong(name, element, setting, "environment/role/region");
        list->second->push_back(*std::move(pattern));
      }
    } else if (const auto span = spans.find(setting); span != spans.end()) {
      const auto number = value.value_exact<std::int64_t>();
      if (!number || *number < 1 || *number > 100'000)
        return wrong(name, value, setting, "a number from 1 to 100000");
      *span->second.first = span->second.second * *number;
    } else {
      return unknown(name, value, setting,
                     {"expected", "removed", "silent_after_minutes", "removed_after_days"});
    }
  }
  return rules;
}

Result<void> take(Configuration& configuration, std::string_view name, std::string_view key,
                  const toml::node& node) {
  if (key == "data") {
    TRY(configuration.data, text_of(name, key, node));
  } else if (key == "database") {
    TRY(configuration.database, text_of(name, key, node));
  } else if (key == "ingest_folder") {
    TRY(configuration.ingest_folder, text_of(name, key, node));
  } else if (key == "export_folder") {
    TRY(configuration.export_folder, text_of(name, key, node));
  } else if (key == "retention") {
    TRY(configuration.size_limits, size_limits_of(name, node));
  } else if (key == "warehouse") {
    TRY(configuration.warehouse_memory_bytes, warehouse_memory_of(name, node));
  } else if (key == "heartbeat") {
    TRY(configuration.heartbeat, heartbeat_of(name, node));
  } else if (key == "webhooks") {
    TRY(configuration.webhooks, webhooks_of(name, node));
  } else if (key == "cells") {
    TRY(configuration.cells, cells_of(name, node));
  } else if (key == "sources") {
    const auto* array = node.as_array();
    if (array == nullptr) return wrong(name, node, key, "tables: [[sources]]");
    for (const auto& element : *array) {
      TRY(auto source, source_of(name, element));
      configuration.sources.push_back(std::move(source));
    }
  } else if (key == "kusto") {
    TRY(configuration.kusto, cluster_of(name, node));
  } else if (key == "flows") {
    TRY(configuration.flows, flows_of(name, node));
  } else if (key == "connectors") {
    TRY(configuration.connectors,
        read_connectors(name, std::filesystem::path(name).parent_path(), node));
  } else if (key == "connections") {
    TRY(configuration.connections,
        read_connections(name, std::filesystem::path(name).parent_path(), node));
  } else if (key == "address") {
    TRY(configuration.address, text_of(name, key, node));
  } else if (key == "port" || key == "otlp_port") {
    const auto port = node.value_exact<std::int64_t>();
    if (!port || *port < 0 || *port > 65535)
      return wrong(name, node, key, "a number from 0 to 65535");
    (key == "port" ? configuration.port : configuration.otlp_port.emplace()) =
        static_cast<std::uint16_t>(*port);
  } else if (key == "durability") {
    const auto text = node.value_exact<std::string>().value_or("");
    if (text != "power" && text != "process")
      return wrong(name, node, key, "\"power\" or \"process\"");
    configuration.durability = text == "power" ? Durability::power : Durability::process;
  } else if (key == "regions") {
    const auto* array = node.as_array();
    if (array == nullptr) return wrong(name, node, key, "a list of regions");
    for (const auto& element : *array) {
      TRY(auto region, text_of(name, key, element));
      configuration.regions.push_back(std::move(region));
    }
  } else {
    return unknown(
        name, node, key,
        {"data", "database", "flows", "address", "port", "otlp_port", "durability", "ingest_folder",
         "export_folder", "retention", "warehouse", "heartbeat", "kusto", "connectors",
         "connections", "webhooks", "sources", "cells", "regions"});
  }
  return {};
}

}  // namespace

Result<Configuration> parse_configuration(std::string_view text, std::string_view name) {
  Configuration configuration;
  try {
    const toml::table table = toml::parse(text, name);
    for (const auto& [key, node] : table) TRY_DO(take(configuration, name, key.str(), node));
  } catch (const toml::parse_error& error) {
    return fail("CONFIG0102",
                fmt::format("{}: {}", place(name, error.source()), error.description()));
  }
  return configuration;
}

Result<Configuration> read_configuration(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream)
    return fail("CONFIG0101",
                fmt::format("{} cannot be read; --config wants a TOML file", file.string()));
  return parse_configuration(text.str(), file.string());
}

}  // namespace rollcall::app
