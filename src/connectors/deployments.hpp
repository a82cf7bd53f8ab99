// The deployments connector: what a flow needs to keep Deployment history and Current snapshot.
// Reconcile reads the lists' items of the cells that the query's rows mention, decides
// (fleet/reconcile.hpp), and answers the changes for the flow to make. GetLastSuccess says since
// when a poll must look back.
#pragma once
#include <memory>

#include "fleet/cell_rules.hpp"
#include "flow/connector.hpp"

namespace rollcall::lists {
class ListStore;
}
namespace rollcall::flow {
class RunStore;
}

namespace rollcall::connectors {

// Lists and runs must outlive the connector. Of cells that `cells` does not expect nothing is
// recorded.
std::unique_ptr<flow::Connector> make_deployments(lists::ListStore& lists, flow::RunStore& runs,
                                                  fleet::CellRules cells = {});

}  // namespace rollcall::connectors
