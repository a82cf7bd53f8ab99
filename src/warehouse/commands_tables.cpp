// What makes, changes and removes tables and their columns.
#include <fmt/format.h>

#include "base/text.hpp"
#include "warehouse/commands.hpp"

namespace rollcall::warehouse {
namespace {

using std::string;

Result<Table> schema_of(Command& command, const string& name) {
  TRY(const auto found, find_table(command.warehouse, name));
  return schema_table(command.warehouse, found, true);
}

// [ with ( folder = "…", docstring = "…" ) ]
Result<void> take_notes(Command& command, const string& name) {
  TRY(const auto properties, command.text.properties());
  TRY_DO(command.text.end());
  for (const auto& [key, value] : properties) {
    if (key != "folder" && key != "docstring")
      return fail("WAREHOUSE0402",
                  fmt::format("a table has no property {}; folder and docstring are", key));
    TRY_DO(command.warehouse.put_note(name, key, value, command.options.principal));
  }
  return {};
}

Result<bool> exists(Command& command, const string& name) {
  TRY(const auto all, command.warehouse.tables());
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
}

// .create table T ( (columns) | based-on U [ifnotexists] ) [with (…)]: a table that is there stays as it is.
Result<Table> create_table(Command& command) {
  TableSchema schema;
  TRY(schema.name, command.text.name("a table's name"));
  if (command.text.take("ingestion"))
    return change_mapping(command, schema.name, MappingChange::create);
  if (command.text.take("based-on")) {
    TRY(const auto like, command.text.name("a table's name"));
    TRY(const auto found, find_table(command.warehouse, like));
    schema.columns = found.columns;
    command.text.take("ifnotexists");
  } else {
    TRY(schema.columns, command.text.columns());
  }
  TRY(const auto there, exists(command, schema.name));
  if (is_built_in(schema.name))
    return fail("WAREHOUSE0301", fmt::format("table {} is Rollcall's own", schema.name));
  if (!there) TRY_DO(command.warehouse.create_table(schema, command.options.principal));
  TRY_DO(take_notes(command, schema.name));
  return schema_of(command, schema.name);
}

// .create-merge table, .alter-merge table T (columns): adds those that are new.
Result<Table> merge_table(Command& command, bool create) {
  TableSchema schema;
  TRY(schema.name, command.text.name("a table's name"));
  if (!create && command.text.take("policy")) return alter_policy(command, schema.name);
  TRY(schema.columns, command.text.columns());
  if (!create) TRY_DO(find_table(command.warehouse, schema.name));
  TRY_DO(command.warehouse.create_table(schema, command.options.principal));
  TRY_DO(take_notes(command, schema.name));
  return schema_of(command, schema.name);
}
Result<Table> create_merge_table(Command& command) { return merge_table(command, true); }
Result<Table> alter_merge_table(Command& command) { return merge_table(command, false); }

// .create[-merge] tables A (columns), B (columns)
Result<Table> create_tables(Command& command, bool merge) {
  auto table = text_table({"TableName", "Schema", "DatabaseName", "Folder", "DocString"});
  std::vector<string> names;
  do {
    TableSchema schema;
    TRY(schema.name, command.text.name("a table's name"));
    TRY(schema.columns, command.text.columns());
    TRY(const auto there, exists(command, schema.name));
    if (merge || !there) TRY_DO(command.warehouse.create_table(schema, command.options.principal));
    names.push_back(schema.name);
  } while (command.text.take(","));
  TRY_DO(command.text.end());
  for (const auto& name : names) {
    TRY(const auto one, schema_of(command, name));
    table.cells.insert(table.cells.end(), one.cells.begin(), one.cells.end());
  }
  return table;
}
Result<Table> create_all_tables(Command& command) { return create_tables(command, false); }
Result<Table> create_merge_tables(Command& command) { return create_tables(command, true); }

// .alter table T ( (columns) | docstring "…" | folder "…" | policy … | ingestion … )
Result<Table> alter_table(Command& command) {
  TableSchema schema;
  TRY(schema.name, command.text.name("a table's name"));
  if (command.text.take("policy")) return alter_policy(command, schema.name);
  if (command.text.take("ingestion"))
    return change_mapping(command, schema.name, MappingChange::alter);
  for (const char* note : {"docstring", "folder"}) {
    if (!command.text.take(note)) continue;
    TRY(const auto value, command.text.text("a string"));
    TRY_DO(command.text.end());
    TRY_DO(command.warehouse.stored_table(schema.name));
    TRY_DO(command.warehouse.put_note(schema.name, note, value, command.options.principal));
    return schema_of(command, schema.name);
  }
  TRY(schema.columns, command.text.columns());
  TRY_DO(command.warehouse.alter_table(schema, command.options.principal));
  TRY_DO(take_notes(command, schema.name));
  return schema_of(command, schema.name);
}

Result<Table> create_or_alter_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  TRY_DO(command.text.expect("ingestion"));
  return change_mapping(command, name, MappingChange::create_or_alter);
}

Result<Table> remaining_tables(Command& command) {
  TRY(const auto all, command.warehouse.tables());
  auto table = text_table({"TableName", "DatabaseName"});
  for (const auto& one : all) add_row(table, {one.name, string(database_name)});
  return table;
}

Result<Table> drop_all(Command& command, const std::vector<string>& names) {
  const bool if_exists = command.text.take("ifexists");
  TRY_DO(command.text.end());
  for (const auto& name : names) {
    const auto dropped = command.warehouse.drop_table(name, command.options.principal);
    if (!dropped && !(if_exists && dropped.error().code == "WAREHOUSE0302"))
      return std::unexpected(dropped.error());
  }
  return remaining_tables(command);
}

Result<Table> drop_columns(Command& command, const string& name, const std::vector<string>& gone) {
  TRY_DO(command.text.end());
  TRY(auto schema, find_table(command.warehouse, name));
  for (const auto& one : gone) {
    const auto count =
        std::erase_if(schema.columns, [&](const auto& column) { return column.name == one; });
    if (count == 0)
      return fail("WAREHOUSE0309", fmt::format("table {} has no column {}", name, one));
  }
  TRY_DO(command.warehouse.alter_table(schema, command.options.principal));
  return schema_of(command, name);
}

// .drop table T [ifexists], .drop table T columns (a, b), .drop table T ingestion json mapping "…"
Result<Table> drop_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  if (command.text.take("ingestion")) return change_mapping(command, name, MappingChange::drop);
  if (!command.text.take("columns")) return drop_all(command, {name});
  TRY(const auto gone, command.text.names("a column's name"));
  return drop_columns(command, name, gone);
}
Result<Table> drop_tables(Command& command) {
  TRY(const auto names, command.text.names("a table's name"));
  return drop_all(command, names);
}

struct ColumnPath {
  string table, column;
};
// [Database "."] Table "." Column
Result<ColumnPath> column_path(Command& command) {
  std::vector<string> parts;
  do {
    TRY(auto part, command.text.name("a column: Table.Column"));
    parts.push_back(std::move(part));
  } while (command.text.take("."));
  if (parts.size() < 2 || parts.size() > 3)
    return fail("WAREHOUSE0402", "a column is named Table.Column");
  return ColumnPath{parts[parts.size() - 2], parts.back()};
}

Result<Table> drop_column(Command& command) {
  TRY(const auto path, column_path(command));
  return drop_columns(command, path.table, {path.column});
}

// .rename column Table.Column to Name
Result<Table> rename_column(Command& command) {
  TRY(const auto path, column_path(command));
  TRY_DO(command.text.expect("to"));
  TRY(const auto name, command.text.name("the column's new name"));
  TRY_DO(command.text.end());
  TRY_DO(command.warehouse.rename_column(path.table, path.column, name, command.options.principal));
  return schema_of(command, path.table);
}

Result<Table> renamed(Command& command, const std::vector<Embedded::Renaming>& renamings) {
  TRY_DO(command.text.end());
  TRY_DO(command.warehouse.rename_tables(renamings, command.options.principal));
  return remaining_tables(command);
}
// .rename table A to B
Result<Table> rename_table(Command& command) {
  Embedded::Renaming one;
  TRY(one.from, command.text.name("a table's name"));
  TRY_DO(command.text.expect("to"));
  TRY(one.to, command.text.name("the table's new name"));
  return renamed(command, {one});
}
// .rename tables New = Old [ifexists], …
Result<Table> rename_tables(Command& command) {
  std::vector<Embedded::Renaming> all;
  do {
    Embedded::Renaming one;
    TRY(one.to, command.text.name("the table's new name"));
    TRY_DO(command.text.expect("="));
    TRY(one.from, command.text.name("a table's name"));
    one.if_exists = command.text.take("ifexists");
    all.push_back(std::move(one));
  } while (command.text.take(","));
  return renamed(command, all);
}

// .delete table T records <| …, .delete table T policy …
Result<Table> delete_of_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  if (command.text.take("policy")) return delete_policy(command, name);
  TRY_DO(command.text.expect("records"));
  return delete_records(command, name);
}

}  // namespace

std::span<const CommandEntry> table_commands() {
  using enum CommandKind;
  static const CommandEntry entries[] = {
      {{".create", "table"}, write, create_table},
      {{".create", "tables"}, write, create_all_tables},
      {{".create-merge", "table"}, write, create_merge_table},
      {{".create-merge", "tables"}, write, create_merge_tables},
      {{".create-or-alter", "table"}, write, create_or_alter_table},
      {{".alter-merge", "table"}, write, alter_merge_table},
      {{".alter", "table"}, write, alter_table},
      {{".drop", "table"}, write, drop_table},
      {{".drop", "tables"}, write, drop_tables},
      {{".drop", "column"}, write, drop_column},
      {{".rename", "column"}, write, rename_column},
      {{".rename", "table"}, write, rename_table},
      {{".rename", "tables"}, write, rename_tables},
      {{".delete", "table"}, write, delete_of_table},
  };
  return entries;
}

}  // namespace rollcall::warehouse
