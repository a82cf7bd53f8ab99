// Kusto's management commands, as far as a warehouse of one database has a use for them. The first words choose the
// command; one that is not in the table below is refused by name (WAREHOUSE0401).
#include <fmt/format.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "telemetry/reader.hpp"
#include "warehouse/rows.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;

// Reads a command from left to right: words, names (perhaps quoted), punctuation.
class CommandText {
 public:
  explicit CommandText(std::string_view text) : rest_(text) {}

  bool take(std::string_view word) {
    skip_space();
    if (!equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
    const bool is_word = is_name_char(word.back());
    if (is_word && rest_.size() > word.size() && (is_name_char(rest_[word.size()]) || rest_[word.size()] == '-')) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  // name = 1*( ALPHA / DIGIT / "_" ) / "['" *CHAR "']" / "[" DQUOTE *CHAR DQUOTE "]"
  Result<std::string> name(std::string_view what) {
    skip_space();
    for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"['", "']"}, {"[\"", "\"]"}}) {
      if (!rest_.starts_with(open)) continue;
      const auto end = rest_.find(close);
      if (end == std::string_view::npos) break;
      std::string quoted(rest_.substr(2, end - 2));
      rest_.remove_prefix(end + 2);
      return quoted;
    }
    std::size_t length = 0;
    while (length < rest_.size() && is_name_char(rest_[length])) ++length;
    if (length == 0) return fail("WAREHOUSE0402", fmt::format("the command lacks {}", what));
    std::string plain(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return plain;
  }

  // `with ( … )`: passed over.
  void skip_properties() {
    if (!take("with")) return;
    skip_space();
    const auto end = rest_.find(')');
    if (rest_.starts_with('(') && end != std::string_view::npos) rest_.remove_prefix(end + 1);
  }

  Result<void> end() {
    skip_space();
    if (rest_.empty() || rest_ == ";") return {};
    return fail("WAREHOUSE0402", fmt::format("the command was expected to end before '{}'", rest_.substr(0, 40)));
  }
  std::string_view rest() {
    skip_space();
    return rest_;
  }

 private:
  static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  void skip_space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

struct Command {
  Warehouse& warehouse;
  CommandText text;
  const QueryOptions& options;
  std::string_view whole;
};

Table text_table(const std::vector<std::string>& names) {
  Table table;
  for (const auto& name : names) table.columns.push_back({name, Type::string});
  return table;
}
void add_row(Table& table, std::vector<Cell> cells) {
  table.cells.insert(table.cells.end(), std::make_move_iterator(cells.begin()), std::make_move_iterator(cells.end()));
}

constexpr const char* database = "Rollcall";

std::string schema_text(const std::vector<Column>& columns) {
  std::string text;
  for (const auto& one : columns) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", one.name, kql::name_of(one.type));
  return text;
}

json::array ordered_columns(const std::vector<Column>& columns) {
  json::array all;
  for (const auto& one : columns) {
    all.push_back({{"Name", one.name}, {"Type", kql::clr_name_of(one.type)}, {"CslType", kql::name_of(one.type)}});
  }
  return all;
}

Result<TableSchema> find_table(Warehouse& warehouse, const std::string& name) {
  TRY(const auto all, warehouse.tables());
  for (const auto& table : all) {
    if (table.name == name) return table;
  }
  return fail("WAREHOUSE0302", fmt::format("there is no table named {}", name));
}

Result<Table> show_version(Command&) {
  Table table = text_table({"BuildVersion"});
  table.columns.push_back({"BuildTime", Type::datetime});
  table.columns.push_back({"ServiceType", Type::string});
  table.columns.push_back({"ProductVersion", Type::string});
  add_row(table, {std::string("1.0.0"), *parse_iso("2026-11-30"), std::string("Engine"), std::string("Rollcall")});
  return table;
}

Result<Table> show_databases(Command&) {
  Table table = text_table({"DatabaseName", "PersistentStorage", "Version"});
  table.columns.push_back({"IsCurrent", Type::boolean});
  for (const char* name : {"DatabaseAccessMode", "PrettyName"}) table.columns.push_back({name, Type::string});
  add_row(table, {std::string(database), std::string(), std::string("v1.0"), true, std::string("ReadWrite"), std::string()});
  return table;
}

Result<Table> show_tables(Command& command) {
  TRY(const auto all, command.warehouse.tables());
  Table table = text_table({"TableName", "DatabaseName", "Folder", "DocString"});
  for (const auto& one : all) {
    add_row(table, {one.name, std::string(database), std::string(one.built_in ? "Rollcall" : ""), std::string()});
  }
  return table;
}

// .show table T (cslschema | schema as json | details)
Result<Table> show_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  TRY(const auto found, find_table(command.warehouse, name));
  const bool as_json = command.text.take("schema") && command.text.take("as") && command.text.take("json");
  if (!as_json) command.text.take("cslschema");
  TRY_DO(command.text.end());
  const json::value document{{"Name", found.name}, {"OrderedColumns", ordered_columns(found.columns)}};
  Table table = text_table({"TableName", "Schema", "DatabaseName", "Folder", "DocString"});
  add_row(table, {found.name, as_json ? json::serialize(document) : schema_text(found.columns), std::string(database),
                  std::string(found.built_in ? "Rollcall" : ""), std::string()});
  return table;
}

Table function_table() { return text_table({"Name", "Parameters", "Body", "Folder", "DocString"}); }
void add_function(Table& table, const kql::Function& one) {
  add_row(table, {one.name, one.parameters, "{" + one.body + "}", one.folder, one.docstring});
}

Result<Table> show_functions(Command& command) {
  TRY(const auto all, command.warehouse.functions());
  Table table = function_table();
  for (const auto& one : all) add_function(table, one);
  return table;
}

Result<kql::Function> find_function(Warehouse& warehouse, const std::string& name) {
  TRY(const auto all, warehouse.functions());
  for (const auto& one : all) {
    if (one.name == name) return one;
  }
  return fail("WAREHOUSE0306", fmt::format("there is no function named {}", name));
}

Result<Table> show_function(Command& command) {
  TRY(const auto name, command.text.name("a function's name"));
  TRY_DO(command.text.end());
  TRY(const auto found, find_function(command.warehouse, name));
  Table table = function_table();
  add_function(table, found);
  return table;
}

// .show [database [X]] schema [as json]
Result<Table> show_schema(Command& command) {
  TRY(const auto tables, command.warehouse.tables());
  TRY(const auto functions, command.warehouse.functions());
  if (command.text.take("as")) {
    if (!command.text.take("json")) return fail("WAREHOUSE0402", "the schema is shown as a table, or `as json`");
    json::object all_tables, all_functions;
    for (const auto& one : tables) {
      all_tables[one.name] = {{"Name", one.name}, {"EntityType", "Table"}, {"OrderedColumns", ordered_columns(one.columns)}};
    }
    for (const auto& one : functions) {
      all_functions[one.name] = {{"Name", one.name}, {"InputParameters", one.parameters}, {"Body", "{" + one.body + "}"},
                                 {"Folder", one.folder}, {"DocString", one.docstring}};
    }
    const json::value document{{"Databases", {{database, {{"Name", database}, {"Tables", all_tables}, {"Functions", all_functions}}}}}};
    Table table = text_table({"DatabaseSchema"});
    add_row(table, {json::serialize(document)});
    return table;
  }
  TRY_DO(command.text.end());
  Table table = text_table({"DatabaseName", "TableName", "ColumnName", "ColumnType"});
  for (const auto& one : tables) {
    for (const auto& column : one.columns) {
      add_row(table, {std::string(database), one.name, column.name, std::string(kql::clr_name_of(column.type))});
    }
  }
  return table;
}

Result<Table> show_database(Command& command) {
  if (!command.text.take("schema")) {
    TRY(const auto name, command.text.name("`schema`"));
    if (name != database) return fail("WAREHOUSE0403", fmt::format("there is no database {}; the only one is {}", name, database));
    if (!command.text.take("schema")) return fail("WAREHOUSE0402", "the command lacks `schema`");
  }
  return show_schema(command);
}

// columns = "(" name ":" type *( "," name ":" type ) ")"
Result<Table> create_table(Command& command) {
  TableSchema schema;
  TRY(schema.name, command.text.name("a table's name"));
  if (!command.text.take("(")) return fail("WAREHOUSE0402", "the command lacks the columns: (name:type, …)");
  do {
    TRY(auto name, command.text.name("a column's name"));
    if (!command.text.take(":")) return fail("WAREHOUSE0402", fmt::format("column {} lacks its type", name));
    TRY(const auto type_name, command.text.name("a type"));
    const auto type = kql::type_named(type_name);
    if (!type) return fail("WAREHOUSE0402", fmt::format("column {}: there is no type {}", name, type_name));
    schema.columns.push_back({std::move(name), *type});
  } while (command.text.take(","));
  if (!command.text.take(")")) return fail("WAREHOUSE0402", "the list of columns is not closed");
  command.text.skip_properties();
  TRY_DO(command.text.end());
  TRY_DO(command.warehouse.create_table(schema, command.options.principal));
  TRY(const auto created, find_table(command.warehouse, schema.name));
  Table table = text_table({"TableName", "Schema", "DatabaseName"});
  add_row(table, {created.name, schema_text(created.columns), std::string(database)});
  return table;
}

template <class Drop>
Result<Table> drop(Command& command, std::string_view absent_code, Drop do_drop) {
  TRY(const auto name, command.text.name("a name"));
  const bool if_exists = command.text.take("ifexists");
  TRY_DO(command.text.end());
  auto dropped = do_drop(name);
  if (!dropped && !(if_exists && dropped.error().code == absent_code)) return std::unexpected(dropped.error());
  Table table = text_table({"Name"});
  add_row(table, {name});
  return table;
}
Result<Table> drop_table(Command& command) {
  return drop(command, "WAREHOUSE0302", [&](const auto& name) { return command.warehouse.drop_table(name, command.options.principal); });
}
Result<Table> drop_function(Command& command) {
  return drop(command, "WAREHOUSE0306", [&](const auto& name) { return command.warehouse.drop_function(name, command.options.principal); });
}

Result<Table> put_function(Command& command, bool replace) {
  TRY(const auto function, kql::parse_function(command.whole));
  Table table = function_table();
  if (const auto old = find_function(command.warehouse, function.name); old && !replace) {
    if (!command.text.take("ifnotexists")) {
      return fail("WAREHOUSE0307", fmt::format("there is a function {} already; use .create-or-alter function", function.name));
    }
    add_function(table, *old);
    return table;
  }
  TRY_DO(command.warehouse.create_or_alter_function(function, command.options.principal));
  add_function(table, function);
  return table;
}
Result<Table> create_function(Command& command) { return put_function(command, false); }
Result<Table> alter_function(Command& command) { return put_function(command, true); }

// .ingest inline into table T [with (…)] <| rows of CSV without a heading
Result<Table> ingest_inline(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  command.text.skip_properties();
  if (!command.text.take("<|")) return fail("WAREHOUSE0402", "the rows follow `<|`");
  TRY(const auto schema, find_table(command.warehouse, name));
  Table rows;
  rows.columns = schema.columns;
  telemetry::RecordReader reader({.format = telemetry::Format::csv},
                                 [&](telemetry::Record& record) { return append_record(rows, record); });
  std::string heading;
  for (const auto& one : schema.columns) heading += (heading.empty() ? "\"" : ",\"") + one.name + "\"";
  TRY_DO(reader.feed(heading + "\n"));
  TRY_DO(reader.feed(command.text.rest()));
  TRY(const auto report, reader.finish());
  if (report.bad > 0) {
    const auto& [line, reason] = report.bad_lines.front();
    return fail("WAREHOUSE0404", fmt::format("row {}: {}; nothing was ingested", line - 1, reason));
  }
  TRY_DO(command.warehouse.ingest(name, rows, command.options.now));
  Table table;
  table.columns = {{"TableName", Type::string}, {"RowCount", Type::long_integer}};
  add_row(table, {name, static_cast<std::int64_t>(rows.row_count())});
  return table;
}

// .append T <| query, .set-or-append T <| query: the latter creates the table.
Result<Table> append_query(Command& command, bool create) {
  TRY(const auto name, command.text.name("a table's name"));
  command.text.skip_properties();
  if (!command.text.take("<|")) return fail("WAREHOUSE0402", "the query follows `<|`");
  TRY(const auto rows, command.warehouse.query(command.text.rest(), command.options));
  if (create) TRY_DO(command.warehouse.create_table({name, rows.columns, false}, command.options.principal));
  TRY_DO(command.warehouse.ingest(name, rows, command.options.now));
  Table table;
  table.columns = {{"TableName", Type::string}, {"RowCount", Type::long_integer}};
  add_row(table, {name, static_cast<std::int64_t>(rows.row_count())});
  return table;
}
Result<Table> append(Command& command) { return append_query(command, false); }
Result<Table> set_or_append(Command& command) { return append_query(command, true); }

struct Entry {
  std::vector<std::string_view> words;
  Result<Table> (*run)(Command&);
};
const Entry entries[] = {
    {{".show", "version"}, show_version},
    {{".show", "databases"}, show_databases},
    {{".show", "database"}, show_database},
    {{".show", "schema"}, show_schema},
    {{".show", "tables"}, show_tables},
    {{".show", "table"}, show_table},
    {{".show", "functions"}, show_functions},
    {{".show", "function"}, show_function},
    {{".create", "table"}, create_table},
    {{".create-merge", "table"}, create_table},
    {{".alter-merge", "table"}, create_table},
    {{".drop", "table"}, drop_table},
    {{".create-or-alter", "function"}, alter_function},
    {{".create", "function"}, create_function},
    {{".alter", "function"}, alter_function},
    {{".drop", "function"}, drop_function},
    {{".ingest", "inline", "into", "table"}, ingest_inline},
    {{".append"}, append},
    {{".set-or-append"}, set_or_append},
};

}  // namespace

Result<Table> execute_command(Warehouse& warehouse, std::string_view text, const QueryOptions& options) {
  const auto whole = trim(text);
  for (const auto& entry : entries) {
    Command command{warehouse, CommandText(whole), options, whole};
    const bool matches = std::all_of(entry.words.begin(), entry.words.end(), [&](auto word) { return command.text.take(word); });
    if (matches) return entry.run(command);
  }
  const auto end = std::min(whole.find_first_of("(<|\n"), std::size_t{60});
  return fail("WAREHOUSE0401", fmt::format("the command '{}' is not known here", trim(whole.substr(0, end))));
}

}  // namespace rollcall::warehouse
