// From a record, whose fields are texts, to a row of a table that people made.
#pragma once
#include <optional>
#include <string>

#include "telemetry/reader.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::doors {

// Appends the record's row to `rows`, whose columns are the table's; columns that the record lacks are null. Answers
// why it cannot: a field of no column, or a text that is no value of the column's type.
std::optional<std::string> append_record(const telemetry::Record& record, warehouse::Table& rows);

}  // namespace rollcall::doors
