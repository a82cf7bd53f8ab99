// Classic ApiConnection actions name an operation by its request. This finds it among the operations of the
// connector: method and path are matched with each operation's template, and the parts of the path, the
// queries, and the body become the call's parameters.
#pragma once
#include "flow/connector.hpp"

namespace rollcall::flow {

struct MatchedRequest {
  BoundOperation operation;
  json::object parameters;
};

// `request` is {"method", "path", "queries", "headers", "body"}. Parts of the path are percent-decoded until
// nothing is left to decode (connectors of Power Automate encode twice), at most twice.
// FLOW0302: no operation has such a path. `usual_method`: of a request that names none.
Result<MatchedRequest> match_request(Connector& connector, json::object request,
                                     std::string_view usual_method);

}  // namespace rollcall::flow
