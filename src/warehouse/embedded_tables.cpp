// What changes tables: their columns, names, rows and notes; see embedded.hpp.
#include "base/check.hpp"
#include "base/text.hpp"
#include "warehouse/embedded.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

constexpr Timespan forgetting_interval = minutes(10);
constexpr const char* scratch = "$rewrite";
constexpr const char* row_id = "rowid";  // DuckDB's own, of every table

Result<void> check_names(const TableSchema& wanted) {
  const auto bad = [](std::string_view name) {
    return name.empty() || name.front() == '$' || name.size() > 1024 || name.contains('\0');
  };
  if (bad(wanted.name))
    return fail("WAREHOUSE0303",
                "a table's name has 1 to 1024 characters and does not begin with $");
  if (wanted.columns.empty())
    return fail("WAREHOUSE0303", fmt::format("table {} needs a column at least", wanted.name));
  for (std::size_t i = 0; i < wanted.columns.size(); ++i) {
    const auto& name = wanted.columns[i].name;
    if (bad(name))
      return fail(
          "WAREHOUSE0303",
          fmt::format("a column of table {} has no name, or one that begins with $", wanted.name));
    for (std::size_t j = 0; j < i; ++j) {
      if (!equals_ignoring_case(wanted.columns[j].name, name)) continue;
      return fail(
          "WAREHOUSE0303",
          fmt::format(
              "table {} has the columns {} and {}: names must differ by more than letter case",
              wanted.name, wanted.columns[j].name, name));
    }
  }
  return {};
}

// Name of another table that differs only by letter case.
Result<void> check_table_name(const kql::Catalog& catalog, const std::string& wanted) {
  for (const auto& [name, table] : catalog.tables) {
    if (name != wanted && equals_ignoring_case(name, wanted)) {
      return fail(
          "WAREHOUSE0303",
          fmt::format("there is a table {}; names must differ by more than letter case", name));
    }
  }
  if (!catalog.functions.contains(wanted)) return {};
  return fail("WAREHOUSE0305",
              fmt::format("there is a function named {}; a table needs another name", wanted));
}

Result<void> check_same_type(const kql::Table& table, const Column& old, const Column& wanted) {
  if (old.type == wanted.type && old.name == wanted.name) return {};
  return fail("WAREHOUSE0304", fmt::format("table {} has a column {} of type {} already",
                                           table.name, old.name, kql::name_of(old.type)));
}

// The rows of a table into another; `sources` names the column of each, "" for none.
sql::Insert copy(const std::string& from, const std::string& to, const std::vector<Column>& columns,
                 const std::vector<std::string>& sources) {
  sql::Insert insert;
  insert.table = to;
  sql::Select select;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    insert.columns.push_back(columns[i].name);
    // A string is never null.
    const auto absent =
        columns[i].type == kql::Type::string ? sql::literal(std::string()) : sql::null();
    select.items.push_back(
        {sources[i].empty() ? absent : sql::column(sources[i]), columns[i].name});
  }
  insert.columns.emplace_back(kql::ingestion_column);
  select.items.push_back({sql::column(std::string(kql::ingestion_column)), ""});
  select.from = sql::table(from);
  insert.query = sql::query(std::move(select));
  return insert;
}

sql::CreateTable scratch_table(const kql::Table& like) {
  sql::CreateTable create;
  create.name = scratch;
  for (const auto& one : schema::storage_of(like.columns, true)) {
    sql::ColumnDefinition column;
    column.name = one.name;
    column.type = one.type;
    create.columns.push_back(std::move(column));
  }
  return create;
}

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const auto& one : columns) names.push_back(one.name);
  return names;
}

}  // namespace

bool is_built_in(std::string_view name) {
  const auto& all = schema::built_in();
  return std::any_of(all.begin(), all.end(), [&](const auto& table) { return table.name == name; });
}

Result<const kql::Table*> Embedded::user_table(const kql::Catalog& catalog,
                                               std::string_view name) const {
  if (is_built_in(name)) {
    return fail(
        "WAREHOUSE0301",
        fmt::format("table {} is Rollcall's own; logs are sent to OTelLogs as log rows", name));
  }
  const auto found = catalog.tables.find(name);
  if (found == catalog.tables.end())
    return fail("WAREHOUSE0302", fmt::format("there is no table named {}", name));
  return &found->second;
}

Result<kql::Table> Embedded::stored_table(std::string_view name) const {
  const auto current = state();
  if (name == schema::logs) return current->catalog.tables.at(schema::logs);
  TRY(const auto* table, user_table(current->catalog, name));
  return *table;
}

Result<void> Embedded::create_table(const TableSchema& wanted, const Principal& principal) {
  TRY_DO(check_names(wanted));
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  if (is_built_in(wanted.name))
    return fail("WAREHOUSE0301", fmt::format("table {} is Rollcall's own", wanted.name));
  TRY_DO(check_table_name(next.catalog, wanted.name));
  auto& table = next.catalog.tables[wanted.name];
  table.name = wanted.name;
  const std::size_t old_columns = table.columns.size();
  for (const auto& one : wanted.columns) {
    const auto same =
        std::find_if(table.columns.begin(), table.columns.end(),
                     [&](const auto& old) { return equals_ignoring_case(old.name, one.name); });
    if (same == table.columns.end()) {
      table.columns.push_back(one);
    } else {
      TRY_DO(check_same_type(table, *same, one));
    }
  }
  if (table.columns.size() == old_columns) return {};
  return in_transaction([&] { return schema::store_table(writer_, table, old_columns, principal); },
                        [&] { publish(std::move(next)); });
}

Result<void> Embedded::drop_table(std::string_view name, const Principal&) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  TRY_DO(user_table(next.catalog, name));
  next.catalog.tables.erase(next.catalog.tables.find(name));
  return in_transaction(
      [&]() -> Result<void> {
        TRY_DO(next.notes.forget(writer_, std::string(name)));
        return schema::forget_table(writer_, std::string(name));
      },
      [&] { publish(std::move(next)); });
}

Result<void> Embedded::rewrite(const kql::Table& from, const kql::Table& to,
                               const std::vector<std::string>& sources,
                               const Principal& principal) {
  if (from.name != to.name) {
    TRY_DO(schema::store_table(writer_, to, 0, principal));
    TRY_DO(writer_.run(copy(from.name, to.name, to.columns, sources)));
    return schema::forget_table(writer_, from.name);
  }
  TRY_DO(writer_.run(scratch_table(to)));
  TRY_DO(writer_.run(copy(from.name, scratch, to.columns, sources)));
  TRY_DO(schema::forget_table(writer_, from.name));
  TRY_DO(schema::store_table(writer_, to, 0, principal));
  TRY_DO(writer_.run(copy(scratch, to.name, to.columns, names_of(to.columns))));
  return writer_.run(sql::DropTable{scratch});
}

Result<void> Embedded::alter_table(const TableSchema& wanted, const Principal& principal) {
  TRY_DO(check_names(wanted));
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  TRY(const auto* old, user_table(next.catalog, wanted.name));
  const kql::Table from = *old;
  kql::Table to = from;
  to.columns = wanted.columns;
  std::vector<std::string> sources;
  for (const auto& one : wanted.columns) {
    const auto same = std::find_if(from.columns.begin(), from.columns.end(), [&](const auto& c) {
      return equals_ignoring_case(c.name, one.name);
    });
    if (same != from.columns.end()) TRY_DO(check_same_type(from, *same, one));
    sources.push_back(same == from.columns.end() ? "" : same->name);
  }
  if (from.columns == to.columns) return {};
  next.catalog.tables[wanted.name] = to;
  return in_transaction([&] { return rewrite(from, to, sources, principal); },
                        [&] { publish(std::move(next)); });
}

Result<void> Embedded::rename_column(std::string_view table, std::string_view from,
                                     const std::string& to, const Principal& principal) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  TRY(const auto* old, user_table(next.catalog, table));
  const kql::Table before = *old;
  kql::Table after = before;
  const auto column = std::find_if(after.columns.begin(), after.columns.end(),
                                   [&](const auto& c) { return c.name == from; });
  if (column == after.columns.end())
    return fail("WAREHOUSE0309", fmt::format("table {} has no column {}", table, from));
  column->name = to;
  TRY_DO(check_names({after.name, after.columns, false}));
  next.catalog.tables[before.name] = after;
  return in_transaction([&] { return rewrite(before, after, names_of(before.columns), principal); },
                        [&] { publish(std::move(next)); });
}

Result<void> Embedded::rename_tables(std::vector<Renaming> renamings, const Principal& principal) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  std::erase_if(renamings, [&](const auto& one) {
    return one.if_exists && !next.catalog.tables.contains(one.from);
  });
  std::vector<kql::Table> tables;
  for (const auto& one : renamings) {
    TRY(const auto* table, user_table(next.catalog, one.from));
    tables.push_back(*table);
    TRY_DO(check_names({one.to, table->columns, false}));
    if (is_built_in(one.to))
      return fail("WAREHOUSE0301", fmt::format("table {} is Rollcall's own", one.to));
  }
  for (const auto& table : tables) next.catalog.tables.erase(table.name);
  if (next.catalog.tables.size() + tables.size() != state()->catalog.tables.size()) {
    return fail("WAREHOUSE0402", "a table is renamed twice");
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    TRY_DO(check_table_name(next.catalog, renamings[i].to));
    kql::Table renamed = tables[i];
    renamed.name = renamings[i].to;
    if (!next.catalog.tables.emplace(renamed.name, renamed).second) {
      return fail("WAREHOUSE0303", fmt::format("there is a table {} already", renamed.name));
    }
  }
  const auto move_all = [&]() -> Result<void> {
    // First out of the way, so that names can be swapped.
    std::vector<kql::Table> aside = tables;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      aside[i].name = fmt::format("$renamed{}", i);
      TRY_DO(rewrite(tables[i], aside[i], names_of(tables[i].columns), principal));
      TRY_DO(next.notes.move(writer_, tables[i].name, aside[i].name));
    }
    for (std::size_t i = 0; i < tables.size(); ++i) {
      TRY_DO(rewrite(aside[i], next.catalog.tables.at(renamings[i].to), names_of(tables[i].columns),
                     principal));
      TRY_DO(next.notes.move(writer_, aside[i].name, renamings[i].to));
    }
    return {};
  };
  return in_transaction(move_all, [&] { publish(std::move(next)); });
}

Result<std::int64_t> Embedded::delete_records(std::string_view table, std::string_view records,
                                              const QueryOptions& options, bool what_if) {
  const std::lock_guard lock(
      write_mutex_);  // no other change between what is compiled and what is deleted
  TRY(const auto stored, stored_table(table));
  if (std::any_of(stored.columns.begin(), stored.columns.end(),
                  [](const auto& c) { return equals_ignoring_case(c.name, row_id); })) {
    return fail("WAREHOUSE0406",
                fmt::format("table {} has a column {}; rename it, and its records can be deleted",
                            table, row_id));
  }
  // The row's identity as one more column, which whatever `where` and `extend` leave must still have.
  kql::Catalog catalog = state()->catalog;
  std::erase_if(catalog.tables, [&](const auto& one) {  // whose own column would be taken for it
    return std::ranges::any_of(one.second.columns,
                               [](const auto& c) { return equals_ignoring_case(c.name, row_id); });
  });
  catalog.tables[stored.name].columns.push_back({row_id, kql::Type::long_integer});
  const auto compiled =
      kql::compile(fmt::format("{}\n| project {}", records, row_id), catalog,
                   {.now = options.now, .parameters = options.parameters, .probe = {}});
  if (!compiled) {
    auto error = kql::to_error(compiled.error().front());
    if (error.message.contains(row_id)) {
      return fail("WAREHOUSE0406",
                  fmt::format("what follows `<|` must be {} with `where` and `extend`: {}", table,
                              error.message));
    }
    return std::unexpected(std::move(error));
  }
  if (compiled->size() != 1) return fail("WAREHOUSE0406", "one query is wanted after `<|`");
  const auto query = compiled->front().query;
  sql::Select select;
  select.items.push_back({sql::call("count", {sql::column(row_id)}), ""});
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::DerivedTable{query, "records", false, {row_id}}});
  TRY(const auto counted, writer_.select(*sql::query(std::move(select)),
                                         {{"n", kql::Type::long_integer}}, stop_of(options)));
  const auto count = std::get<std::int64_t>(counted.at(0, 0));
  if (what_if) return count;
  TRY_DO(in_transaction(
      [&] {
        return writer_.run(
            sql::Delete{stored.name, sql::make(sql::InQuery{sql::column(row_id), query})});
      },
      [] {}));
  return count;
}

Result<void> Embedded::clear_table(std::string_view table) {
  TRY(const auto stored, stored_table(table));
  const std::lock_guard lock(write_mutex_);
  return in_transaction([&] { return writer_.run(sql::Delete{stored.name, nullptr}); }, [] {});
}

Result<void> Embedded::replace_rows(const TableSchema& wanted, const Table& rows,
                                    const QueryOptions& options) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  TRY(const auto* old, user_table(next.catalog, wanted.name));
  const kql::Table before = *old;
  kql::Table after = before;
  after.columns = wanted.columns;
  std::vector<std::size_t> sources;
  for (const auto& one : after.columns) sources.push_back(rows.find_column(one.name));
  const bool same = before.columns == after.columns;
  next.catalog.tables[wanted.name] = after;
  const auto replace = [&]() -> Result<void> {
    if (same) {
      TRY_DO(writer_.run(sql::Delete{before.name, nullptr}));
    } else {
      TRY_DO(schema::forget_table(writer_, before.name));
      TRY_DO(schema::store_table(writer_, after, 0, options.principal));
    }
    return append_rows(after, sources, rows, options.asked_at.value_or(options.now));
  };
  return in_transaction(replace, [&] { publish(std::move(next)); });
}

// What came more than an hour ago is no "before" any more.
Result<void> Embedded::forget_sent_if_due(Timestamp now) {
  if (now - forgotten_at_ < forgetting_interval) return {};
  forgotten_at_ = now;
  return in_transaction([&] { return sent_.forget_old(writer_, now); }, [] {});
}

TableNotes Embedded::notes() const { return state()->notes; }

Result<void> Embedded::put_note(const std::string& table, const std::string& kind,
                                const std::string& value, const Principal& principal) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  if (!next.catalog.tables.contains(table))
    return fail("WAREHOUSE0302", fmt::format("there is no table named {}", table));
  return in_transaction([&] { return next.notes.put(writer_, table, kind, value, principal); },
                        [&] { publish(std::move(next)); });
}

Result<Table> Embedded::memory(const QueryOptions& options) {
  sql::Select select;
  for (const char* name : {"tag", "memory_usage_bytes", "temporary_storage_bytes"})
    select.items.push_back({sql::column(name), ""});
  select.items.push_back(
      {sql::literal(static_cast<std::int64_t>(options_.memory_limit_bytes)), ""});
  select.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::FunctionTable{"duckdb_memory", {}, "m", {}}});
  TRY(auto lease, places_->take(options.lane, stop_of(options)));
  return lease.connection().select(*sql::query(std::move(select)),
                                   {{"Kind", kql::Type::string},
                                    {"Bytes", kql::Type::long_integer},
                                    {"SpilledBytes", kql::Type::long_integer},
                                    {"LimitBytes", kql::Type::long_integer}});
}

}  // namespace rollcall::warehouse
