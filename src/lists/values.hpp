// Values of columns: as JSON outside, as SQL values inside.
#pragma once
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "lists/list_store.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

inline constexpr std::size_t max_text_characters = 255;
inline constexpr std::size_t max_note_bytes = std::size_t{1} << 20;

// Error LIST0104, or LIST0107 where a required column would be empty. Texts of numbers, truth
// values and times are taken for them, as flows write them; an empty text is no value but in text
// columns.
Result<sql::Value> to_sql(const Column& column, const json::value& value);
json::value to_json(ColumnType type, const store::Argument& value);
// The row's value as it is kept: to look at until the next row, and on its own.
store::Argument look_at(ColumnType type, const store::Row& row, std::size_t index);
sql::Value read_value(ColumnType type, const store::Row& row, std::size_t index);
sql::Type storage(ColumnType type);

}  // namespace rollcall::lists
