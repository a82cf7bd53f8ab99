#include "warehouse/removals.hpp"

namespace rollcall::warehouse::removals {
namespace {

constexpr const char* stored = "$removals";
constexpr Timespan kept = days(90);

const std::vector<AppendColumn>& columns() {
  static const std::vector<AppendColumn> all{
      {"Table", sql::Type::text},  {"Reason", sql::Type::text},   {"At", sql::Type::bigint},
      {"Rows", sql::Type::bigint}, {"Oldest", sql::Type::bigint}, {"Newest", sql::Type::bigint}};
  return all;
}

}  // namespace

Result<void> prepare(Connection& connection) {
  sql::CreateTable create;
  create.name = stored;
  create.if_not_exists = true;
  for (const auto& one : columns())
    create.columns.push_back({one.name, one.type, false, false, nullptr});
  return connection.run(create);
}

Result<void> note(Connection& connection, const Removal& removal) {
  TRY_DO(
      connection.run(sql::Delete{stored, sql::binary(sql::BinaryOperator::less, sql::column("At"),
                                                     sql::literal((removal.at - kept).ticks))}));
  sql::Insert insert;
  insert.table = stored;
  for (const auto& one : columns()) insert.columns.push_back(one.name);
  insert.rows.push_back({sql::parameter(removal.table), sql::literal(removal.reason),
                         sql::literal(removal.at.ticks), sql::literal(removal.rows),
                         sql::literal(removal.oldest.ticks), sql::literal(removal.newest.ticks)});
  return connection.run(insert);
}

Result<Table> all(Connection& connection, const std::string& table) {
  sql::Select select;
  for (const char* name : {"Table", "At", "Reason", "Rows", "Oldest", "Newest"})
    select.items.push_back({sql::column(name), ""});
  select.from = sql::table(stored);
  if (!table.empty()) {
    select.where =
        sql::binary(sql::BinaryOperator::equal, sql::column("Table"), sql::parameter(table));
  }
  const sql::Query query{{}, std::move(select), {{sql::column("At")}}, nullptr, nullptr};
  return connection.select(query, {{"TableName", kql::Type::string},
                                   {"RemovedOn", kql::Type::datetime},
                                   {"Reason", kql::Type::string},
                                   {"RowCount", kql::Type::long_integer},
                                   {"OldestIngestion", kql::Type::datetime},
                                   {"NewestIngestion", kql::Type::datetime}});
}

}  // namespace rollcall::warehouse::removals
