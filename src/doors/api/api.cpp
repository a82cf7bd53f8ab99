#include "doors/api/api.hpp"

#include <iterator>
#include <utility>

#include "doors/api/operations.hpp"

namespace rollcall::doors {

void add_api(http::Router& router, Services& services) {
  Operations all;
  for (auto* part :
       {snapshot_operations, history_operations, declared_operations, source_operations,
        query_operations, list_operations, list_write_operations, list_import_operations,
        flow_operations, token_operations, backup_operations}) {
    auto operations = part(services);
    std::move(operations.begin(), operations.end(), std::back_inserter(all));
  }
  router.add("GET", "/api/v1/openapi.json",
             [document = openapi_document(all)](const http::Request&) {
               return http::Response{200, {{"Content-Type", "application/json"}}, pretty(document)};
             });
  for (auto& operation : all) {
    router.add(operation.method, operation.path,
               services.access.guard(operation.scope, std::move(operation.handler)));
  }
}

}  // namespace rollcall::doors
