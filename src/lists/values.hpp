// Values of columns: as JSON outside, as SQL values inside.
#pragma once
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "lists/list.hpp"
#include "sql/tree.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

inline constexpr std::size_t max_text_characters = 255;
inline constexpr std::size_t max_note_bytes = std::size_t{1} << 20;

// Error LIST0104, or LIST0107 where a required column would be empty. Texts of numbers, truth
// values and times are taken for them, as flows write them; an empty text is no value but in text
// columns.
Result<sql::Value> to_sql(const Column& column, const json::value& value);
json::value to_json(ColumnType type, const sql::Value& value);
json::value to_json(ColumnType type, const store::Row& row, std::size_t index);
// The row's value as it is kept.
sql::Value read_value(ColumnType type, const store::Row& row, std::size_t index);
json::string time_to_json(Timestamp time);
sql::Type storage(ColumnType type);

}  // namespace rollcall::lists
