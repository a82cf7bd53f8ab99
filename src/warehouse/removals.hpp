// What retention removed: a row for each slice, written in its transaction and kept for ninety days. `.show removals`.
#pragma once
#include <string>

#include "warehouse/duckdb.hpp"

namespace rollcall::warehouse::removals {

struct Removal {
  std::string table;
  std::string reason;  // age, size
  Timestamp at;
  std::int64_t rows = 0;
  Timestamp oldest, newest;  // by their ingestion
};

// Makes the table when it is missing.
Result<void> prepare(Connection& connection);
// In a transaction of the caller.
Result<void> note(Connection& connection, const Removal& removal);
// Oldest first; of one table, or of all ("").
Result<Table> all(Connection& connection, const std::string& table);

}  // namespace rollcall::warehouse::removals
