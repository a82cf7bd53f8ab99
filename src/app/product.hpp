// The whole product without its doors, on one data folder and one clock: warehouse, lists, runs, connectors and
// the driver of flows, opened in this order and closed in the other. The server puts doors and a thread around
// it; a replay and the tests step it by hand on a virtual clock.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/connection_settings.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "fleet/cell_rules.hpp"
#include "flow/connector.hpp"
#include "flow/driver.hpp"
#include "flow/run_store.hpp"
#include "http/client.hpp"
#include "http/mail.hpp"
#include "lists/list_store.hpp"
#include "store/database.hpp"
#include "warehouse/cluster.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::app {

enum class Durability { power, process };

struct ProductOptions {
  std::filesystem::path
      data;  // made when it is not there; empty: everything is in memory and gone at the end
  Durability durability = Durability::power;
  bool keep_logs = true;  // false: only Observations are kept of what is ingested
  std::string database =
      {};  // a PostgreSQL connection string: lists and runs are there, and not in the data folder
  std::optional<warehouse::ClusterOptions> kusto =
      {};  // the logs are there, and not in the data folder
  std::filesystem::path ingest_folder =
      {};  // from which `.ingest into` may read; empty: from nowhere
  std::filesystem::path export_folder = {};  // to which `.export` may write; empty: nowhere
  warehouse::SizeLimits size_limits = {};
  std::optional<std::uint64_t> warehouse_memory_bytes = {};  // absent: EmbeddedOptions's own
  unsigned warehouse_threads = 0;                            // 0: as many as the machine has
  std::vector<ConnectorSettings> connectors = {};            // custom ones
  std::vector<ConnectionSettings> connections = {};  // what flows call by these names goes there
  fleet::CellRules cells = {};                       // which are recorded
  // Which of the shipped flows are enabled at first; the others are there, disabled.
  std::vector<std::string> enabled_flows = {"track-deployments"};
  flow::DriverOptions driver;
  // Puts something around the warehouse that was opened, such as one that fails when a simulation says so.
  std::function<std::unique_ptr<warehouse::Warehouse>(std::unique_ptr<warehouse::Warehouse>)>
      around_warehouse = {};
};

class Product {
 public:
  // Makes the well-known lists, installs the shipped functions and deploys the shipped flows, unless somebody put a
  // flow of his own under the name. APP0101 the folder cannot be made or written; APP0102 its key file is none;
  // STORE0103 another process has it; STORE0104, WAREHOUSE0201 it was written by a newer Rollcall.
  static Result<std::unique_ptr<Product>> open(const Clock& clock, ProductOptions options);
  ~Product();

  const Clock& clock() const { return clock_; }
  const ProductOptions& options() const { return options_; }
  warehouse::Warehouse& warehouse() { return *warehouse_; }
  store::Database& database() { return *database_; }
  lists::ListStore& lists() { return *lists_; }
  // Not for several threads: whoever shares it locks.
  flow::Driver& driver() { return *driver_; }

  // Drops the driver, as kill -9 would, and opens it again on what is durable.
  Result<void> restart_driver();

 private:
  Product(const Clock& clock, ProductOptions options);
  Result<void> open_stores();
  Result<std::unique_ptr<warehouse::Warehouse>> open_warehouse();
  Result<void> install();

  const Clock& clock_;
  ProductOptions options_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<lists::ListStore> lists_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Mailer> mailer_;
  std::vector<std::unique_ptr<warehouse::Warehouse>> clusters_;  // that connections ask
  std::unique_ptr<flow::RunStore> runs_;
  flow::Connectors connectors_;
  std::unique_ptr<flow::Driver> driver_;
};

}  // namespace rollcall::app
