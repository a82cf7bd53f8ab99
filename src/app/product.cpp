#include "app/product.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "app/connections.hpp"
#include "app/embedded.hpp"
#include "connectors/deployments.hpp"
#include "connectors/http.hpp"
#include "connectors/kusto.hpp"
#include "connectors/sharepointonline.hpp"
#include "fleet/well_known_lists.hpp"
#include "kql/catalog.hpp"

namespace rollcall::app {
namespace {

// What is shipped is installed in this name, so that it is never mistaken for somebody's own.
const Principal shipped{Principal::Kind::person, "rollcall"};

std::string name_of(const doors::File& file) {
  return std::string(file.name.substr(0, file.name.rfind('.')));
}

// What seals and signs for the flows lies beside the database, readable by its owner alone, so that a copy of the
// database tells nothing that is hidden.
Result<std::string> flow_key(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::exists(file, error) || error) {
    std::ifstream stream(file, std::ios::binary);
    std::string key((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (stream && key.size() == flow::seal_key_bytes) return key;
    return fail("APP0102", fmt::format("the key file {} cannot be read, or has not {} bytes: put "
                                       "back the one that the flows' secrets were sealed with",
                                       file.string(), flow::seal_key_bytes));
  }
  auto key = flow::new_seal_key();
  if (!write_secret(file, key))
    return fail("APP0101", fmt::format("the key file {} cannot be written", file.string()));
  return key;
}

Result<void> install_function(warehouse::Warehouse& warehouse, const doors::File& file) {
  TRY(const auto function, kql::parse_function(file.content));
  return warehouse.create_or_alter_function(function, shipped);
}

}  // namespace

Product::Product(const Clock& clock, ProductOptions options)
    : clock_(clock), options_(std::move(options)) {}
Product::~Product() {
  // Fails only with the database; then the others wait for the lease to run out.
  if (driver_) static_cast<void>(driver_->leave());
}

Result<std::unique_ptr<Product>> Product::open(const Clock& clock, ProductOptions options) {
  auto product = std::unique_ptr<Product>(new Product(clock, std::move(options)));
  TRY_DO(product->open_stores());
  TRY_DO(product->install());
  return product;
}

Result<std::unique_ptr<warehouse::Warehouse>> Product::open_warehouse() {
  if (options_.kusto) return warehouse::open_cluster(*options_.kusto, *client_, clock_);
  warehouse::EmbeddedOptions warehouse;
  if (!options_.data.empty()) warehouse.file = options_.data / "warehouse.duckdb";
  warehouse.durability = options_.durability == Durability::power ? warehouse::Durability::power
                                                                  : warehouse::Durability::process;
  warehouse.keep_logs = options_.keep_logs;
  warehouse.threads = options_.warehouse_threads;
  warehouse.ingest_folder = options_.ingest_folder;
  warehouse.export_folder = options_.export_folder;
  warehouse.size_limits = options_.size_limits;
  if (options_.warehouse_memory_bytes)
    warehouse.memory_limit_bytes = *options_.warehouse_memory_bytes;
  return warehouse::open_embedded(warehouse);
}

Result<void> Product::open_stores() {
  const auto& data = options_.data;
  if (!data.empty()) {
    std::error_code error;
    std::filesystem::create_directories(data, error);
    if (error)
      return fail("APP0101", fmt::format("the data folder {} cannot be made: {}", data.string(),
                                         error.message()));
  }
  if (!data.empty() && options_.driver.key.empty()) {
    TRY(options_.driver.key, flow_key(data / "flow.key"));
  }
  const bool power = options_.durability == Durability::power;
  const auto durability = power ? store::Durability::power : store::Durability::process;
  if (!options_.database.empty()) {
    TRY(database_, store::open_postgresql(options_.database, durability));
    using Claim = store::Database::Claim;
    TRY_DO(database_->claim("flows", options_.driver.lease ? Claim::shared : Claim::alone));
  } else {
    if (options_.driver.lease)
      return fail("APP0103",
                  "flows can be shared in a PostgreSQL database only: set `database`, or take "
                  "`shared` away");
    TRY(database_, store::open_sqlite(data.empty() ? ":memory:" : (data / "rollcall.db").string(),
                                      durability));
  }
  TRY(lists_, lists::ListStore::open(*database_));
  client_ = http::make_client();
  TRY(warehouse_, open_warehouse());
  if (options_.around_warehouse) warehouse_ = options_.around_warehouse(std::move(warehouse_));
  runs_ = std::make_unique<flow::RunStore>(*database_);
  TRY_DO(runs_->open());
  connectors_.add(connectors::make_kusto(*warehouse_));
  connectors_.add(connectors::make_sharepointonline(*lists_));
  connectors_.add(connectors::make_deployments(*lists_, *runs_, options_.cells));
  connectors_.add(connectors::make_http(*client_, clock_));
  mailer_ = http::make_mailer();
  TRY_DO(add_connections(options_.connectors, options_.connections,
                         {*client_, *mailer_, clock_, clusters_}, connectors_));
  return {};
}

Result<void> Product::install() {
  const lists::Write write{shipped, clock_.now(), std::nullopt, true};
  const auto made = database_->write([&](store::Transaction& transaction) -> Result<void> {
    for (const auto& definition : fleet::well_known_lists())
      TRY_DO(lists_->ensure_list(transaction, definition, write));
    return {};
  });
  if (!made) return made;
  // What a cluster has is its owner's affair.
  if (!options_.kusto) {
    for (const auto& file : embedded_functions()) TRY_DO(install_function(*warehouse_, file));
  }
  TRY(driver_, flow::Driver::open(*database_, connectors_, clock_, options_.driver));
  for (const auto& file : embedded_flows()) {
    const auto name = name_of(file);
    TRY(const auto present, driver_->runs().flow(name));
    if (present && present->deployed_by != to_string(shipped)) continue;
    TRY(const auto document, parse_json(file.content));
    flow::DeployOptions deploy;
    deploy.enabled =
        present ? present->enabled
                : std::ranges::find(options_.enabled_flows, name) != options_.enabled_flows.end();
    TRY_DO(driver_->deploy(name, document, shipped, deploy));
  }
  return {};
}

Result<void> Product::restart_driver() {
  driver_.reset();
  TRY(driver_, flow::Driver::open(*database_, connectors_, clock_, options_.driver));
  return {};
}

}  // namespace rollcall::app
