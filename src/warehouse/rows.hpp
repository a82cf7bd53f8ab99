// Records (NDJSON, CSV) for a table that people made: each field becomes a cell of its column's type, or the record is refused
// with the reason. Shared by the ingestion door, the command line and `.ingest inline`.
#pragma once
#include <expected>
#include <string>
#include <vector>

#include "telemetry/reader.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

// The text of a field as a cell. An empty text is null, of a string "". The reason why not, as `'abc' is no long`.
std::expected<Cell, std::string> to_cell(const telemetry::Field& field, kql::Type type);

// Appends the record as a row of the table; or answers why it is refused, and appends nothing. A field of no column is a reason.
std::optional<std::string> append_record(Table& rows, const telemetry::Record& record);

}  // namespace rollcall::warehouse
