// The Kusto connector of Power Automate over a warehouse, ours or a cluster: queries and management
// commands. Cluster and database are accepted as they come: which of them is asked is the
// connection's affair. https://learn.microsoft.com/connectors/kusto/
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::connectors {

// The warehouse must outlive the connector. `place`: outside for one that is somewhere else.
std::unique_ptr<flow::Connector> make_kusto(warehouse::Warehouse& warehouse,
                                            flow::Place place = flow::Place::read);

// {"value": [{"column": value, …}, …]}
json::object to_connector_rows(const warehouse::Table& table);

}  // namespace rollcall::connectors
