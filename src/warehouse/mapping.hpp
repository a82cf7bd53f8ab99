// Ingestion mappings: which field of a record, or which path of a JSON document, fills which column.
// https://learn.microsoft.com/azure/data-explorer/kusto/management/mappings
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "telemetry/reader.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

struct MappedColumn {
  std::size_t column = 0;                                    // of the table
  std::size_t ordinal = 0;                                   // csv: the field
  std::vector<std::variant<std::string, std::size_t>> path;  // json: members and elements
  std::optional<std::string> constant;
  std::int64_t unix_ticks =
      0;  // a Unix time in units of so many ticks becomes a datetime; 0: taken as it is
};

// WAREHOUSE0410 says what is wrong. Columns that the mapping does not name stay empty.
Result<std::vector<MappedColumn>> read_mapping(const std::vector<Column>& columns,
                                               std::string_view kind, std::string_view mapping);

// What the path leads to, as a field to be converted; null when there is nothing.
telemetry::Field field_at(const MappedColumn& mapped, const json::value& document);

}  // namespace rollcall::warehouse
