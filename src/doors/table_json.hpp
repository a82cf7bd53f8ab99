// A query's result as JSON, its values encoded as Kusto's REST protocol does: decimals, real NaN and infinities as
// texts, datetime in ISO 8601, timespan `[-][d.]hh:mm:ss[.fffffff]`, dynamic as the JSON it is.
#pragma once
#include <string>

#include "base/json.hpp"
#include "warehouse/table.hpp"

namespace rollcall::doors {

// `[[1,"a"],[2,"b"]]`
std::string rows_json(const warehouse::Table& table);
// Of `count` rows from `first` on.
std::string rows_json(const warehouse::Table& table, std::size_t first, std::size_t count);
// `[{"name":"n","type":"long"}]`
json::array columns_json(const warehouse::Table& table);

}  // namespace rollcall::doors
