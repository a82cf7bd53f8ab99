#include "warehouse/schema.hpp"

#include <algorithm>
#include <functional>

namespace rollcall::warehouse::schema {
namespace {

using kql::Type;
using sql::column;
using sql::literal;
using sql::parameter;

constexpr const char* format_table = "$format";
constexpr const char* columns_table = "$columns";
constexpr const char* functions_table = "$functions";
const std::vector<std::string> identity{"Environment", "Role",     "Region",
                                        "Host",        "Instance", "Version"};
const std::vector<std::string> numbers{"Cell", "Process", "Clock"};

sql::ExprPtr equals(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::equal, std::move(a), std::move(b));
}

sql::ColumnDefinition definition(const AppendColumn& column) {
  sql::ColumnDefinition result;
  result.name = column.name;
  result.type = column.type;
  return result;
}

sql::CreateTable create_table(std::string name, const std::vector<AppendColumn>& columns) {
  sql::CreateTable create;
  create.name = std::move(name);
  for (const auto& one : columns) create.columns.push_back(definition(one));
  return create;
}

sql::Insert insert_row(std::string table, std::vector<std::string> columns,
                       std::vector<sql::ExprPtr> values) {
  sql::Insert insert;
  insert.table = std::move(table);
  insert.columns = std::move(columns);
  insert.rows.push_back(std::move(values));
  return insert;
}

sql::Select select_columns(const std::string& table, const std::vector<std::string>& names) {
  sql::Select select;
  for (const auto& name : names) select.items.push_back({column(name), ""});
  select.from = sql::table(table);
  return select;
}

// Observations: each bin with the names of its key.
sql::QueryPtr observations_view() {
  sql::Select select;
  for (const auto& name : identity) select.items.push_back({column("k", name), name});
  for (const char* name : {"Bin", "First", "Last", "Lines", "LeastLag", "EarliestIngested",
                           "LatestIngested", "Requests"}) {
    select.items.push_back({column("b", name), name});
  }
  for (const auto& name : numbers) select.items.push_back({column("k", name), name});
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::Join{sql::JoinKind::inner, sql::table(bins, "b"), sql::table(keys, "k"),
                              equals(column("b", "Id"), column("k", "Id"))}});
  return sql::query(std::move(select));
}

sql::QueryPtr sightings_view() {
  auto names = identity;
  for (const char* name : {"First", "Last", "Lines", "EarliestIngested", "LatestIngested"})
    names.emplace_back(name);
  names.insert(names.end(), numbers.begin(), numbers.end());
  return sql::query(select_columns(keys, names));
}

Result<void> create_all(Connection& connection) {
  using sql::Type::bigint;
  using sql::Type::text;
  TRY_DO(connection.run(create_table(logs, storage_of(built_in()[0].columns, true))));
  std::vector<AppendColumn> key_columns{{"Id", bigint}};
  for (const auto& name : identity) key_columns.push_back({name, text});
  for (const char* name : {"First", "Last", "Lines", "EarliestIngested", "LatestIngested"})
    key_columns.push_back({name, bigint});
  for (const auto& name : numbers) key_columns.push_back({name, bigint});
  TRY_DO(connection.run(create_table(keys, key_columns)));
  std::vector<AppendColumn> bin_columns;
  for (const char* name : {"Id", "Bin", "First", "Last", "Lines", "LeastLag", "EarliestIngested",
                           "LatestIngested", "Requests"}) {
    bin_columns.push_back({name, bigint});
  }
  TRY_DO(connection.run(create_table(bins, bin_columns)));
  TRY_DO(create_views(connection));
  TRY_DO(connection.run(create_table(columns_table, {{"Table", text},
                                                     {"Position", bigint},
                                                     {"Name", text},
                                                     {"Type", text},
                                                     {"Principal", text}})));
  TRY_DO(connection.run(create_table(functions_table, {{"Name", text},
                                                       {"Parameters", text},
                                                       {"Body", text},
                                                       {"Folder", text},
                                                       {"Docstring", text},
                                                       {"Principal", text}})));
  TRY_DO(connection.run(create_table(format_table, {{"Version", bigint}})));
  return connection.run(insert_row(format_table, {"Version"}, {literal(format_version)}));
}

sql::ExprPtr joined(std::initializer_list<const char*> names) {
  sql::ExprPtr text;
  for (const char* name : names) {
    text = text ? sql::binary(sql::BinaryOperator::concat,
                              sql::binary(sql::BinaryOperator::concat, std::move(text),
                                          literal(std::string("\n"))),
                              column(name))
                : column(name);
  }
  return text;
}

// Format 1 had no numbers beside the names (see Numbers).
Result<void> upgrade_from_1(Connection& connection) {
  const auto hash = [](sql::ExprPtr text) {
    return sql::call("kql__hash_text", {std::move(text), literal(std::int64_t{0})});
  };
  const auto is_empty = [](const char* name) {
    return equals(column(name), literal(std::string()));
  };
  const auto when = [](sql::ExprPtr test, sql::ExprPtr yes, sql::ExprPtr no) {
    return sql::make(sql::Case{{{std::move(test), std::move(yes)}}, std::move(no)});
  };
  for (const auto& name : numbers)
    TRY_DO(connection.run(sql::AddColumn{keys, definition({name, sql::Type::bigint})}));
  TRY_DO(connection.run(sql::Update{
      keys,
      {{"Cell", hash(joined({"Environment", "Role", "Region"}))},
       {"Process",
        hash(when(sql::and_also(is_empty("Host"), is_empty("Instance")),
                  joined({"Environment", "Role", "Region", "Host", "Instance", "Version"}),
                  joined({"Environment", "Role", "Region", "Host", "Instance"})))},
       {"Clock", hash(when(is_empty("Host"), column("Instance"), column("Host")))}},
      nullptr,
      {}}));
  return {};
}

// All rows of one table into a new one of these columns.
Result<void> copy_rows(Connection& connection, const std::string& from, const std::string& to,
                       const std::vector<AppendColumn>& columns,
                       std::vector<sql::SelectItem> items) {
  TRY_DO(connection.run(create_table(to, columns)));
  sql::Select select;
  select.items = std::move(items);
  select.from = sql::table(from);
  sql::Insert insert;
  insert.table = to;
  for (const auto& one : columns) insert.columns.push_back(one.name);
  insert.query = sql::query(std::move(select));
  TRY_DO(connection.run(insert));
  return connection.run(sql::DropTable{from});
}

// Format 2 kept decimals as doubles. DuckDB changes a table but once in a transaction, so the rows move.
Result<void> upgrade_from_2(Connection& connection) {
  TRY(const auto catalog, load_catalog(connection));
  for (const auto& [name, table] : catalog.tables) {
    if (std::ranges::find(table.columns, Type::decimal, &Column::type) == table.columns.end())
      continue;
    const auto columns = storage_of(table.columns, true);
    std::vector<sql::SelectItem> changed, same;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool is_decimal = i < table.columns.size() && table.columns[i].type == Type::decimal;
      changed.push_back({is_decimal ? sql::call("kql__real_decimal", {column(columns[i].name)})
                                    : column(columns[i].name),
                         ""});
      same.push_back({column(columns[i].name), ""});
    }
    const std::string meanwhile = "$upgraded";
    TRY_DO(copy_rows(connection, name, meanwhile, columns, std::move(changed)));
    TRY_DO(copy_rows(connection, meanwhile, name, columns, std::move(same)));
  }
  return {};
}

// Format 3 did not count requests.
Result<void> upgrade_from_3(Connection& connection) {
  TRY_DO(connection.run(sql::AddColumn{bins, definition({"Requests", sql::Type::bigint})}));
  return connection.run(sql::Update{bins, {{"Requests", literal(std::int64_t{0})}}, nullptr, {}});
}

Result<void> upgrade(Connection& connection, std::int64_t version) {
  if (version < 2) TRY_DO(upgrade_from_1(connection));
  if (version < 3) TRY_DO(upgrade_from_2(connection));
  if (version < 4) TRY_DO(upgrade_from_3(connection));
  TRY_DO(create_views(connection));
  return connection.run(
      sql::Update{format_table, {{"Version", literal(format_version)}}, nullptr, {}});
}

Result<void> in_transaction(Connection& connection,
                            const std::function<Result<void>(Connection&)>& change) {
  TRY_DO(connection.begin());
  if (auto changed = change(connection); !changed) {
    connection.roll_back();
    return changed;
  }
  return connection.commit();
}

}  // namespace

const std::vector<TableSchema>& built_in() {
  static const std::vector<TableSchema> all = [] {
    TableSchema log{logs,
                    {{"Timestamp", Type::datetime},
                     {"ObservedTimestamp", Type::datetime},
                     {"Environment", Type::string},
                     {"Role", Type::string},
                     {"Region", Type::string},
                     {"Version", Type::string},
                     {"Instance", Type::string},
                     {"Host", Type::string},
                     {"SeverityNumber", Type::integer},
                     {"SeverityText", Type::string},
                     {"Body", Type::string},
                     {"TraceId", Type::string},
                     {"SpanId", Type::string},
                     {"ResourceAttributes", Type::dynamic},
                     {"LogAttributes", Type::dynamic}},
                    true};
    TableSchema observations{"Observations", {}, true};
    TableSchema sightings{"Sightings", {}, true};
    for (const auto& name : identity) {
      observations.columns.push_back({name, Type::string});
      sightings.columns.push_back({name, Type::string});
    }
    const std::vector<Column> seen{
        {"First", Type::datetime}, {"Last", Type::datetime}, {"Lines", Type::long_integer}};
    const std::vector<Column> ingested{{"EarliestIngested", Type::datetime},
                                       {"LatestIngested", Type::datetime}};
    const auto add = [](TableSchema& table, const std::vector<Column>& more) {
      table.columns.insert(table.columns.end(), more.begin(), more.end());
    };
    add(observations, {{"Bin", Type::datetime}});
    add(observations, seen);
    add(observations, {{"LeastLag", Type::timespan}});
    add(observations, ingested);
    add(observations, {{"Requests", Type::long_integer}});
    add(sightings, seen);
    add(sightings, ingested);
    for (const auto& name : numbers) {
      add(observations, {{name, Type::long_integer}});
      add(sightings, {{name, Type::long_integer}});
    }
    return std::vector<TableSchema>{log, observations, sightings};
  }();
  return all;
}

std::vector<AppendColumn> storage_of(const std::vector<Column>& columns, bool with_ingestion) {
  std::vector<AppendColumn> storage;
  for (const auto& one : columns) storage.push_back({one.name, kql::storage_of(one.type)});
  if (with_ingestion) storage.push_back({std::string(kql::ingestion_column), sql::Type::bigint});
  return storage;
}

Result<void> create_views(Connection& connection) {
  TRY_DO(connection.run(sql::CreateView{"Observations", observations_view()}));
  return connection.run(sql::CreateView{"Sightings", sightings_view()});
}

Result<std::vector<std::string>> table_names(Connection& connection) {
  sql::Select select;
  select.items.push_back({column("table_name"), ""});
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::FunctionTable{"duckdb_tables", {}, "t", {}}});
  TRY(auto found, connection.select(*sql::query(std::move(select)), {{"name", Type::string}}));
  std::vector<std::string> names;
  for (const auto& cell : found.cells) names.push_back(std::get<std::string>(cell));
  return names;
}

Result<std::int64_t> stored_format(Connection& connection, const std::vector<std::string>& tables) {
  if (std::ranges::find(tables, format_table) == tables.end()) {
    return fail(
        "WAREHOUSE0201",
        "the file is a DuckDB database, but no warehouse of Rollcall; give another data folder");
  }
  TRY(const auto found, connection.select(*sql::query(select_columns(format_table, {"Version"})),
                                          {{"Version", Type::long_integer}}));
  return found.cells.empty() ? 0 : std::get<std::int64_t>(found.cells[0]);
}

Result<void> prepare(Connection& connection) {
  TRY(const auto names, table_names(connection));
  if (names.empty()) return in_transaction(connection, create_all);
  TRY(const auto version, stored_format(connection, names));
  if (version == format_version) return {};
  if (version >= 1 && version < format_version)
    return in_transaction(connection, [&](Connection& to) { return upgrade(to, version); });
  return fail("WAREHOUSE0201", fmt::format("the warehouse has format {}, this Rollcall reads "
                                           "format {}; use the newer Rollcall that wrote it",
                                           version, format_version));
}

Result<kql::Catalog> load_catalog(Connection& connection) {
  kql::Catalog catalog;
  for (const auto& table : built_in()) {
    catalog.tables.emplace(table.name,
                           kql::Table{table.name, table.columns, table.name == logs, ""});
  }
  auto query = *sql::query(select_columns(columns_table, {"Table", "Name", "Type"}));
  query.order_by = {{column("Table")}, {column("Position")}};
  TRY(const auto found,
      connection.select(query,
                        {{"Table", Type::string}, {"Name", Type::string}, {"Type", Type::string}}));
  for (std::size_t i = 0; i < found.row_count(); ++i) {
    const auto row = found.row(i);
    const auto& name = std::get<std::string>(row[0]);
    auto& table = catalog.tables[name];
    table.name = name;
    table.columns.push_back(
        {std::get<std::string>(row[1]),
         kql::type_named(std::get<std::string>(row[2])).value_or(Type::string)});
  }
  const std::vector<std::string> parts{"Name", "Parameters", "Body", "Folder", "Docstring"};
  std::vector<Column> columns;
  for (const auto& part : parts) columns.push_back({part, Type::string});
  TRY(const auto stored,
      connection.select(*sql::query(select_columns(functions_table, parts)), columns));
  for (std::size_t i = 0; i < stored.row_count(); ++i) {
    const auto text = [&](std::size_t at) { return std::get<std::string>(stored.at(i, at)); };
    catalog.functions.emplace(text(0), kql::Function{text(0), text(1), text(2), text(3), text(4)});
  }
  return catalog;
}

Result<void> store_table(Connection& connection, const kql::Table& table,
                         std::size_t first_new_column, const Principal& principal) {
  const auto storage = storage_of(table.columns, true);
  if (first_new_column == 0) {
    TRY_DO(connection.run(create_table(table.name, storage)));
  }
  for (std::size_t i = first_new_column; i < table.columns.size(); ++i) {
    const auto& one = table.columns[i];
    if (first_new_column > 0) {
      TRY_DO(connection.run(sql::AddColumn{table.name, definition(storage[i])}));
    }
    TRY_DO(connection.run(insert_row(
        columns_table, {"Table", "Position", "Name", "Type", "Principal"},
        {parameter(table.name), parameter(static_cast<std::int64_t>(i)), parameter(one.name),
         parameter(std::string(kql::name_of(one.type))), parameter(to_string(principal))})));
  }
  return {};
}

Result<void> forget_table(Connection& connection, const std::string& name) {
  TRY_DO(connection.run(sql::DropTable{name}));
  return connection.run(sql::Delete{columns_table, equals(column("Table"), parameter(name))});
}

Result<void> store_function(Connection& connection, const kql::Function& function,
                            const Principal& principal) {
  TRY_DO(forget_function(connection, function.name));
  return connection.run(insert_row(
      functions_table, {"Name", "Parameters", "Body", "Folder", "Docstring", "Principal"},
      {parameter(function.name), parameter(function.parameters), parameter(function.body),
       parameter(function.folder), parameter(function.docstring),
       parameter(to_string(principal))}));
}

Result<void> forget_function(Connection& connection, const std::string& name) {
  return connection.run(sql::Delete{functions_table, equals(column("Name"), parameter(name))});
}

}  // namespace rollcall::warehouse::schema
