// Text in Kusto's ingestion formats (csv and its kin, json, multijson, txt, raw) becomes rows of a table, by position, by
// name or by an ingestion mapping. All of it or nothing: the first record that cannot be taken is the error.
// https://learn.microsoft.com/azure/data-explorer/ingestion-supported-formats
#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "telemetry/batch.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

// `csv` for formats of fields in a row, `json` for objects; WAREHOUSE0409: a format that is not read here.
Result<std::string> mapping_kind_of(std::string_view format);
// How a mapping is called among the notes of its table.
std::string mapping_note(std::string_view kind, std::string_view name);

// Appends to `rows`, which has the table's columns. `mapping` is its JSON, or "". WAREHOUSE0404: a record that does not fit;
// WAREHOUSE0410: the mapping does not.
Result<void> read_records(Table& rows, const RecordText& text, std::string_view mapping);
// Whether a mapping names columns of the table and paths that are understood.
Result<void> check_mapping(const std::vector<Column>& columns, std::string_view kind,
                           std::string_view mapping);

// Rows that have the columns of OTelLogs. WAREHOUSE0404: one without Timestamp.
Result<telemetry::LogBatch> to_log_batch(const Table& rows);

}  // namespace rollcall::warehouse
