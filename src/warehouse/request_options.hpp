// Kusto's client request properties, wherever they stand: in a request's properties, or as `set` statements in the query.
// https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/request-properties
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

// `set name = value;` → name, value; `set name;` → name, `true`.
using SetStatements = std::vector<std::pair<std::string, std::string>>;
SetStatements set_statements(std::string_view kql);

// Takes what it knows (limits, query_now, query_take_max_records, request_readonly); others are ignored, as Kusto does.
// WAREHOUSE0407: the value cannot be read.
Result<void> take_option(QueryOptions& options, std::string_view name, std::string_view value);

}  // namespace rollcall::warehouse
