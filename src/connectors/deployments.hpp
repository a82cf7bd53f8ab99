// The deployments connector: what a flow needs to keep Deployment history and Current snapshot.
// Reconcile reads the lists' items of the cells that the query's rows mention, decides
// (fleet/reconcile.hpp), and answers the changes for the flow to make. GetLastSuccess says since
// when a poll must look back.
#pragma once
#include <memory>

#include "flow/connector.hpp"

namespace rollcall::lists {
class ListStore;
}
namespace rollcall::flow {
class RunStore;
}

namespace rollcall::connectors {

// Both must outlive the connector.
std::unique_ptr<flow::Connector> make_deployments(lists::ListStore& lists, flow::RunStore& runs);

}  // namespace rollcall::connectors
