#include "warehouse/table_notes.hpp"

namespace rollcall::warehouse {
namespace {

constexpr const char* notes = "$notes";

sql::ExprPtr is(const char* column, const std::string& value) {
  return sql::binary(sql::BinaryOperator::equal, sql::column(column), sql::parameter(value));
}

}  // namespace

Result<TableNotes> TableNotes::load(Connection& connection) {
  const std::vector<std::string> parts{"Table", "Kind", "Value", "Principal"};
  sql::CreateTable create;
  create.name = notes;
  create.if_not_exists = true;
  sql::Select select;
  std::vector<Column> columns;
  for (const auto& part : parts) {
    create.columns.push_back({part, sql::Type::text, false, false, nullptr});
    select.items.push_back({sql::column(part), ""});
    columns.push_back({part, kql::Type::string});
  }
  TRY_DO(connection.run(create));
  select.from = sql::table(notes);
  TRY(const auto found, connection.select(*sql::query(std::move(select)), std::move(columns)));
  TableNotes all;
  for (std::size_t i = 0; i < found.row_count(); ++i) {
    const auto text = [&](std::size_t at) { return std::get<std::string>(found.at(i, at)); };
    all.tables_[text(0)][text(1)] = text(2);
  }
  return all;
}

const TableNotes::OfTable& TableNotes::of(std::string_view table) const {
  static const OfTable nothing;
  const auto found = tables_.find(table);
  return found == tables_.end() ? nothing : found->second;
}

std::string_view TableNotes::find(std::string_view table, std::string_view kind) const {
  const auto& said = of(table);
  const auto found = said.find(kind);
  return found == said.end() ? std::string_view() : std::string_view(found->second);
}

Result<void> TableNotes::put(Connection& connection, const std::string& table,
                             const std::string& kind, const std::string& value,
                             const Principal& principal) {
  TRY_DO(connection.run(sql::Delete{notes, sql::and_also(is("Table", table), is("Kind", kind))}));
  if (value.empty()) {
    tables_[table].erase(kind);
    return {};
  }
  tables_[table][kind] = value;
  sql::Insert insert;
  insert.table = notes;
  insert.columns = {"Table", "Kind", "Value", "Principal"};
  insert.rows.push_back({sql::parameter(table), sql::parameter(kind), sql::parameter(value),
                         sql::parameter(to_string(principal))});
  return connection.run(insert);
}

Result<void> TableNotes::forget(Connection& connection, const std::string& table) {
  tables_.erase(table);
  return connection.run(sql::Delete{notes, is("Table", table)});
}

Result<void> TableNotes::move(Connection& connection, const std::string& from,
                              const std::string& to) {
  auto moved = tables_.extract(from);
  if (moved.empty()) return {};
  moved.key() = to;
  tables_.insert(std::move(moved));
  sql::Update update;
  update.table = notes;
  update.set = {{"Table", sql::parameter(to)}};
  update.where = is("Table", from);
  return connection.run(update);
}

}  // namespace rollcall::warehouse
