// A copy of the warehouse while it is at work: one transaction reads, whose snapshot holds for all tables, and another
// database takes the rows. Nobody waits for it. The file itself is never copied: what stands in it between two
// checkpoints is not whole without DuckDB's log, and a process that opens and closes a file loses DuckDB's lock of it.
#include <algorithm>

#include "warehouse/embedded.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

constexpr std::uint64_t memory_for_copying = std::uint64_t{512} << 20;

using Columns = std::vector<sql::ColumnDefinition>;

// The five types that a table of the warehouse has.
Result<sql::Type> type_named(const std::string& name) {
  using sql::Type;
  static const std::map<std::string, Type, std::less<>> types{{"BOOLEAN", Type::boolean},
                                                              {"INTEGER", Type::integer},
                                                              {"BIGINT", Type::bigint},
                                                              {"DOUBLE", Type::real},
                                                              {"VARCHAR", Type::text}};
  const auto found = types.find(name);
  if (found != types.end()) return found->second;
  return fail("WAREHOUSE0108",
              fmt::format("a table of the warehouse has a column of type {}", name));
}

Result<std::map<std::string, Columns>> columns_of_tables(Connection& connection) {
  sql::Select select;
  for (const char* name : {"table_name", "column_name", "data_type"})
    select.items.push_back({sql::column(name), ""});
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::FunctionTable{"duckdb_columns", {}, "t", {}}});
  auto query = *sql::query(std::move(select));
  query.order_by = {{sql::column("table_name")}, {sql::column("column_index")}};
  TRY(const auto found, connection.select(query, {{"table", kql::Type::string},
                                                  {"column", kql::Type::string},
                                                  {"type", kql::Type::string}}));
  TRY(const auto tables, schema::table_names(connection));
  std::map<std::string, Columns> columns;
  for (const auto& name : tables) columns[name];
  for (std::size_t i = 0; i < found.row_count(); ++i) {
    const auto text = [&](std::size_t at) { return std::get<std::string>(found.at(i, at)); };
    const auto table = columns.find(text(0));
    if (table == columns.end()) continue;  // a view
    TRY(const auto type, type_named(text(2)));
    table->second.push_back({text(1), type, false, false, nullptr});
  }
  return columns;
}

Result<std::uint64_t> copy_table(Connection& from, const std::string& name, const Columns& columns,
                                 Connection& to) {
  sql::CreateTable create;
  create.name = name;
  create.columns = columns;
  TRY_DO(to.run(create));
  sql::Select select;
  for (const auto& one : columns) select.items.push_back({sql::column(one.name), ""});
  select.from = sql::table(name);
  return copy_rows(from, *sql::query(std::move(select)), to, name);
}

Result<WarehouseCopy> copy_all(Connection& from, Connection& to) {
  WarehouseCopy copy;
  TRY(const auto tables, columns_of_tables(from));
  TRY_DO(to.begin());
  for (const auto& [name, columns] : tables) {
    TRY(copy.rows[name], copy_table(from, name, columns, to));
  }
  TRY_DO(schema::create_views(to));
  TRY_DO(to.commit());
  TRY_DO(to.checkpoint());  // all of it is in the file, and nothing in a log beside it
  copy.format = schema::format_version;
  return copy;
}

Result<WarehouseCopy> copy_into(Connection& from, const std::filesystem::path& file) {
  TRY(const auto target, DuckDb::open({file, memory_for_copying, 1}));
  TRY(auto to, target->connect());
  return copy_all(from, to);
}

}  // namespace

std::int64_t newest_format() { return schema::format_version; }

Result<std::optional<WarehouseCopy>> Embedded::backup(const std::filesystem::path& file) {
  if (std::filesystem::exists(file))
    return fail("WAREHOUSE0202", fmt::format("{} exists already", file.string()));
  TRY(auto from, database_->connect());
  TRY_DO(from.begin());
  auto copied = copy_into(from, file);
  from.roll_back();
  if (!copied) return std::unexpected(std::move(copied).error());
  TRY(const auto written, inspect(file));
  if (written == *copied) return written;
  return fail(
      "WAREHOUSE0203",
      fmt::format("{} does not hold what was written to it: is the disk sound?", file.string()));
}

Result<WarehouseCopy> inspect(const std::filesystem::path& file) {
  TRY(const auto database, DuckDb::open({file, memory_for_copying, 1}));
  TRY(auto connection, database->connect());
  TRY(const auto tables, schema::table_names(connection));
  WarehouseCopy copy;
  TRY(copy.format, schema::stored_format(connection, tables));
  for (const auto& name : tables) {
    sql::Select select;
    select.items.push_back({sql::call("count", {}), ""});
    select.from = sql::table(name);
    TRY(const auto counted,
        connection.select(*sql::query(std::move(select)), {{"rows", kql::Type::long_integer}}));
    copy.rows[name] = static_cast<std::uint64_t>(std::get<std::int64_t>(counted.at(0, 0)));
  }
  return copy;
}

}  // namespace rollcall::warehouse
