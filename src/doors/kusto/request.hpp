// A request of Kusto's protocol: {"db", "csl", "properties"}, in a body or in the URL's query.
#pragma once
#include <string>

#include "base/error.hpp"
#include "http/message.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

struct KustoRequest {
  std::string text;  // csl
  std::string database;
  warehouse::QueryOptions options;
  std::string client_request_id;
  std::string activity_id;  // made here

  // How the answer is to be framed.
  bool progressive = false;     // results_progressive_enabled
  bool fragmented = false;      // results_v2_fragment_primary_tables
  bool defer_failures = false;  // deferpartialqueryfailures
  bool schema_only = false;     // query_results_apply_getschema
  enum class Errors { in_data, end_of_table, end_of_dataset };
  Errors errors = Errors::in_data;  // results_error_reporting_placement
};

// What every request has in its headers.
KustoRequest identified(const http::Request& request, Timestamp now);
// KUSTO0101: no JSON, no csl, or an option whose value cannot be read (WAREHOUSE0407). Unknown options are ignored, as Kusto does.
Result<KustoRequest> read_kusto_request(const http::Request& request, Timestamp now);

}  // namespace rollcall::doors
