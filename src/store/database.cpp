// What all drivers share: arguments, slots of a transaction, and the migrations of a module's
// tables.
#include "store/database.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::store {

Argument::Argument(const sql::Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) {
    emplace<bool>(*truth);
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    emplace<std::int64_t>(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    emplace<double>(*real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    emplace<std::string_view>(*text);
  } else if (const auto* blob = std::get_if<sql::Blob>(&value)) {
    emplace<std::span<const std::byte>>(*blob);
  }
}

std::shared_ptr<const void>& Connection::slot(const void* owner) {
  const auto found = std::find_if(slots_.begin(), slots_.end(),
                                  [&](const auto& one) { return one.first == owner; });
  return found != slots_.end() ? found->second : slots_.emplace_back(owner, nullptr).second;
}

void Database::listen(std::function<void(std::string_view)> hear) {
  const std::scoped_lock lock(listening_);
  hear_ = std::move(hear);
}

Result<void> Database::hear_others(Timespan) { return {}; }

void Database::tell(std::string_view news) {
  const std::scoped_lock lock(listening_);
  if (hear_) hear_(news);
}

namespace {

constexpr const char* format_table = "rollcall_format";

sql::ExprPtr is_module() {
  return sql::binary(sql::BinaryOperator::equal, sql::column("Module"), sql::make(sql::Slot{0}));
}

Result<void> create_format_table(Database& database) {
  return database.write([](Transaction& transaction) -> Result<void> {
    return transaction.execute_once(
        sql::CreateTable{.name = format_table,
                         .columns = {{"Module", sql::Type::text, true, true, nullptr},
                                     {"Version", sql::Type::bigint, true, false, nullptr}},
                         .primary_key = {},
                         .if_not_exists = true});
  });
}

Result<std::int64_t> read_version(Database& database, Connection& connection,
                                  std::string_view module) {
  sql::Select select;
  select.items = {{sql::column("Version"), {}}};
  select.from = sql::table(format_table);
  select.where = is_module();
  TRY(const auto version,
      connection.first(database.prepare(sql::query(std::move(select))), {module},
                       [](const Row& row) { return row.integer(0); }));
  return version.value_or(0);
}

// Whether the first schema of the search path, or the file, has that table.
Result<bool> has_format_table(const Database& database, Connection& connection) {
  const bool is_sqlite = database.dialect() == sql::Dialect::sqlite;
  const auto is = [](const char* name, sql::ExprPtr value) {
    return sql::binary(sql::BinaryOperator::equal, sql::column(name), std::move(value));
  };
  sql::Select select;
  select.items = {{sql::literal(std::int64_t{1}), {}}};
  select.from = sql::table(is_sqlite ? "sqlite_master" : "pg_tables");
  select.where = is(is_sqlite ? "name" : "tablename", sql::slot(0));
  if (!is_sqlite)
    select.where = sql::and_also(select.where, is("schemaname", sql::call("current_schema", {})));
  TRY(const auto found,
      connection.first(database.prepare(sql::query(std::move(select))),
                       {std::string_view(format_table)}, [](const Row&) { return true; }));
  return found.has_value();
}

Result<void> run_step(Database& database, std::string_view module, std::int64_t version,
                      const Migration& step) {
  return database.write([&](Transaction& transaction) -> Result<void> {
    TRY(const auto stored, read_version(database, transaction, module));
    if (stored >= version) return {};  // another process was faster
    for (const auto& statement : step.statements) TRY_DO(transaction.execute_once(statement));
    if (step.then) TRY_DO(step.then(transaction));
    const auto upsert =
        database.prepare(sql::Insert{.table = format_table,
                                     .columns = {"Module", "Version"},
                                     .rows = {{sql::make(sql::Slot{0}), sql::make(sql::Slot{1})}},
                                     .query = nullptr,
                                     .conflict_columns = {"Module"},
                                     .conflict_set = {{"Version", sql::make(sql::Slot{1})}},
                                     .returning = {}});
    TRY_DO(transaction.execute(upsert, {module, version}));
    return {};
  });
}

}  // namespace

Result<void> migrate(Database& database, std::string_view module,
                     std::span<const Migration> migrations) {
  TRY_DO(create_format_table(database));
  TRY(auto version, database.read([&](Connection& connection) {
    return read_version(database, connection, module);
  }));
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (version > newest) {
    return fail(
        "STORE0104",
        fmt::format("the data was written by a newer Rollcall ({} format {}, this one knows {}): "
                    "use that Rollcall, or restore a backup from before",
                    module, version, newest));
  }
  while (version < newest) {
    const auto& step = migrations[static_cast<std::size_t>(version)];
    TRY_DO(run_step(database, module, ++version, step));
  }
  return {};
}

Result<Formats> stored_formats(Database& database) {
  return database.read([&](Connection& connection) -> Result<Formats> {
    TRY(const bool present, has_format_table(database, connection));
    Formats formats;
    if (!present) return formats;
    sql::Select select;
    select.items = {{sql::column("Module"), {}}, {sql::column("Version"), {}}};
    select.from = sql::table(format_table);
    TRY_DO(connection.query(
        database.prepare(sql::query(std::move(select))), {},
        [&](const Row& row) { formats[std::string(row.text(0))] = row.integer(1); }));
    return formats;
  });
}

}  // namespace rollcall::store
