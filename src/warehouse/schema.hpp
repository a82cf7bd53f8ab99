// The warehouse's own tables: what people see of them (the catalog) and how DuckDB stores them. Names that begin
// with `$` are ours and cannot be asked for in KQL.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kql/catalog.hpp"
#include "warehouse/duckdb.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse::schema {

inline constexpr std::int64_t format_version = 4;
inline constexpr const char* logs = "OTelLogs";
inline constexpr const char* bins =
    "$bins";  // an instance and version by its Id in `keys`, and one bin
inline constexpr const char* keys =
    "$keys";  // an instance and version, with what is known of it over all bins

const std::vector<TableSchema>& built_in();
// How the columns of a table are appended and created: its own, then `$ingestion` when it has that.
std::vector<AppendColumn> storage_of(const std::vector<Column>& columns, bool with_ingestion);

// Creates the tables in a new database; checks the format of one that exists (WAREHOUSE0201 when it is newer, or no warehouse).
Result<void> prepare(Connection& connection);
// The views over the tables; a part of prepare().
Result<void> create_views(Connection& connection);
// The names of all tables that are there, ours too, and no views.
Result<std::vector<std::string>> table_names(Connection& connection);
// As `$format` says it. WAREHOUSE0201: the file is no warehouse.
Result<std::int64_t> stored_format(Connection& connection, const std::vector<std::string>& tables);
// Built-in tables, the tables that people made, and their functions.
Result<kql::Catalog> load_catalog(Connection& connection);

// The statements of create, drop and alter; to be run in a transaction of the caller.
Result<void> store_table(Connection& connection, const kql::Table& table,
                         std::size_t first_new_column, const Principal& principal);
Result<void> forget_table(Connection& connection, const std::string& name);
Result<void> store_function(Connection& connection, const kql::Function& function,
                            const Principal& principal);
Result<void> forget_function(Connection& connection, const std::string& name);

}  // namespace rollcall::warehouse::schema
