// `rollcall serve`: runs until it is told to stop.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/server.hpp"

namespace rollcall::app {

int serve(const Configuration& configuration, const Console& console, const Clock& clock) {
  const StopSignal stop;
  ProductOptions options;
  options.data = configuration.data;
  options.database = configuration.database;
  options.durability = configuration.durability;
  options.ingest_folder = configuration.ingest_folder;
  options.export_folder = configuration.export_folder;
  options.size_limits = configuration.size_limits;
  options.warehouse_memory_bytes = configuration.warehouse_memory_bytes;
  options.kusto = configuration.kusto;
  options.connectors = configuration.connectors;
  options.connections = configuration.connections;
  options.cells = configuration.cells;
  options.driver.outside_threads = 4;
  options.driver.listens = true;
  options.driver.keep_runs = days(configuration.flows.keep_days);
  if (configuration.flows.keep_runs > 0) options.driver.keep_count = configuration.flows.keep_runs;
  options.driver.limits.actions = static_cast<std::uint64_t>(configuration.flows.most_actions);
  options.driver.limits.run_duration = days(configuration.flows.longest_run_days);
  options.driver.public_url = configuration.flows.public_url;
  if (configuration.flows.shared) options.driver.lease = seconds(configuration.flows.lease_seconds);
  auto serving =
      Serving::open(clock, std::move(options), configuration.regions, configuration.webhooks);
  if (!serving) return report(console, serving.error());
  if (const auto pulled = (*serving)->pull(configuration.sources); !pulled)
    return report(console, pulled.error());
  (*serving)->keep_house(console.err);
  (*serving)->beat(configuration.heartbeat, console.err);
  const auto server = Server::start(*std::move(serving), configuration.data, configuration.address,
                                    configuration.port, console);
  if (!server) return report(console, server.error());
  console.err(fmt::format("Rollcall is at {}/ (data in {}); Ctrl-C stops it\n", (*server)->url(),
                          configuration.data.string()));
  if (configuration.otlp_port) {
    const auto port = (*server)->listen_for_otlp(*configuration.otlp_port);
    if (!port) return report(console, port.error());
    console.err(fmt::format("OTLP is taken on port {} too\n", *port));
  }
  stop.wait();
  console.err("stopping\n");
  return done;
}

}  // namespace rollcall::app
