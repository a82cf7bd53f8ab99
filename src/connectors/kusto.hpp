// The Kusto connector of Power Automate over our warehouse: “Run KQL query”. Cluster and database are accepted
// as they come: there is one warehouse.
// https://learn.microsoft.com/connectors/kusto/
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::connectors {

// The warehouse must outlive the connector.
std::unique_ptr<flow::Connector> make_kusto(warehouse::Warehouse& warehouse);

// {"value": [{"column": value, …}, …]}
json::object to_connector_rows(const warehouse::Table& table);

}  // namespace rollcall::connectors
