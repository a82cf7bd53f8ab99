// A query's rows into a Parquet file: DuckDB streams them, so that an export takes no more memory than a query; see
// embedded.hpp. What a KQL type becomes there is what other programs can read.
#include "warehouse/embedded.hpp"
#include "warehouse/export_file.hpp"
#include "warehouse/request_options.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using sql::literal;

// datetime is a TIMESTAMP of microseconds, a decimal its text; all others are as they are stored: a timespan as its ticks, what is
// dynamic as JSON's text, a guid as text.
sql::ExprPtr exported(sql::ExprPtr value, Type type) {
  if (type == Type::decimal) {
    return sql::call("nullif", {sql::call("kql__decimal_text", {std::move(value)}),
                                literal(std::string())});  // it is empty of none
  }
  if (type != Type::datetime) return value;
  constexpr std::int64_t ticks_per_microsecond = ticks_per_millisecond / 1'000;
  auto microseconds = sql::binary(sql::BinaryOperator::integer_divide, std::move(value),
                                  literal(ticks_per_microsecond));
  return sql::call("make_timestamp",
                   {sql::binary(sql::BinaryOperator::subtract, std::move(microseconds),
                                literal(unix_epoch_ticks / ticks_per_microsecond))});
}

sql::QueryPtr exported(const kql::Output& output) {
  std::vector<std::string> places;
  sql::Select select;
  for (std::size_t i = 0; i < output.columns.size(); ++i) {
    places.push_back(fmt::format("c{}", i));
    select.items.push_back(
        {exported(sql::column(places.back()), output.columns[i].type), output.columns[i].name});
  }
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::DerivedTable{output.query, "rows", false, places}});
  return sql::query(std::move(select));
}

}  // namespace

Result<Table> Embedded::write_parquet(std::string_view text, const std::string& name,
                                      const QueryOptions& options, const Stop& stop) {
  TRY(auto file, ExportFile::begin(options_.export_folder, name));
  TRY(auto lease, places_->take(options.lane, stop));
  auto& connection = lease.connection();
  TRY(const auto compiled, compile_on(connection, text, options, set_statements(text), stop, {}));
  if (compiled.size() != 1) return fail("WAREHOUSE0402", "one query is exported at a time");
  TRY(const auto rows, connection.copy({exported(compiled.front()), file.partial()}, stop));
  TRY(const auto bytes, file.finish());
  Table table;
  table.columns = {{"Path", Type::string},
                   {"NumRecords", Type::long_integer},
                   {"SizeInBytes", Type::long_integer}};
  table.cells = {file.path().lexically_relative(options_.export_folder).string(), rows,
                 static_cast<std::int64_t>(bytes)};
  return table;
}

Result<Table> Embedded::export_to_parquet(std::string_view text, const std::string& name,
                                          const QueryOptions& given) {
  QueryOptions options = given;
  for (const auto& [setting, value] : set_statements(text))
    TRY_DO(take_option(options, setting, value));
  Activity::Query query(activity_, text, options);
  Result<std::vector<Table>> written;
  auto table = write_parquet(text, name, options, stop_of(options, query.killed()));
  if (table)
    written->push_back(*table);
  else
    written = std::unexpected(table.error());
  query.ended(written);
  return table;
}

}  // namespace rollcall::warehouse
