// One renderer for each dialect: a statement becomes text with `?` (SQLite) or `$n` (PostgreSQL, DuckDB)
// and the values to bind in order. The only place where SQL text is made.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "sql/tree.hpp"

namespace rollcall::sql {

enum class Dialect { duckdb, sqlite, postgresql };

struct Rendered {
  std::string text;
  std::vector<std::variant<Value, Slot>> parameters;  // in the order of the marks in the text
};

Rendered render(const Statement& statement, Dialect dialect);
Rendered render(const Query& query, Dialect dialect);

}  // namespace rollcall::sql
