// A request of Kusto's protocol: {"db", "csl", "properties"}, in a body or in the URL's query.
#pragma once
#include <string>

#include "base/error.hpp"
#include "http/message.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

struct KustoRequest {
  std::string text;  // csl
  warehouse::QueryOptions options;
  std::string client_request_id;
  std::string activity_id;  // made here
};

// KUSTO0101: no JSON, no csl, or an option whose value cannot be read. Unknown options are ignored, as Kusto does.
Result<KustoRequest> read_kusto_request(const http::Request& request, Timestamp now);

}  // namespace rollcall::doors
