// The API as a table: each operation says what it is, what it takes and what it needs, and the OpenAPI document
// is made from that, so that it is true at every commit.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

struct QueryParameter {
  std::string name;
  std::string description;
  std::string type = "string";  // or integer, boolean
};

struct Operation {
  std::string method;
  std::string path;  // as the router takes it
  Scope scope;
  std::string id;
  std::string summary;
  Access::Handler handler;
  std::vector<QueryParameter> query = {};
  std::string body = {};  // what the body is, in words; empty: none
};

using Operations = std::vector<Operation>;

Operations snapshot_operations(Services& services);
Operations history_operations(Services& services);
Operations declared_operations(Services& services);  // doors/declared
Operations source_operations(Services& services);    // doors/health
Operations query_operations(Services& services);
Operations list_operations(Services& services);
Operations list_write_operations(Services& services);
Operations list_import_operations(Services& services);
Operations flow_operations(Services& services);
Operations token_operations(Services& services);
Operations backup_operations(Services& services);

json::object openapi_document(const Operations& operations);

}  // namespace rollcall::doors
