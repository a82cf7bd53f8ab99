// `.show` of what there is: databases, tables, their schemas, functions.
#include <fmt/format.h>

#include "base/text.hpp"
#include "warehouse/commands.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using std::string;

string folder_of(const TableNotes& notes, const TableSchema& table) {
  return table.built_in ? "Rollcall" : string(notes.find(table.name, "folder"));
}
string docstring_of(const TableNotes& notes, const TableSchema& table) {
  return string(notes.find(table.name, "docstring"));
}

Result<Table> show_version(Command&) {
  auto table = table_of({{"BuildVersion", Type::string},
                         {"BuildTime", Type::datetime},
                         {"ServiceType", Type::string},
                         {"ProductVersion", Type::string}});
  add_row(table, {string("1.0.0"), *parse_iso("2026-11-30"), string("Engine"), string("Rollcall")});
  return table;
}

Result<Table> show_databases(Command& command) {
  command.text.take("details");
  TRY_DO(command.text.end());
  auto table = table_of({{"DatabaseName", Type::string},
                         {"PersistentStorage", Type::string},
                         {"Version", Type::string},
                         {"IsCurrent", Type::boolean},
                         {"DatabaseAccessMode", Type::string},
                         {"PrettyName", Type::string},
                         {"ReservedSlot1", Type::boolean},
                         {"DatabaseId", Type::guid}});
  add_row(table, {string(database_name), string(), string("v1.0"), true, string("ReadWrite"),
                  string(), Cell{}, string(no_guid)});
  return table;
}

Table details_table() {
  return table_of({{"TableName", Type::string},
                   {"DatabaseName", Type::string},
                   {"Folder", Type::string},
                   {"DocString", Type::string},
                   {"TotalExtents", Type::long_integer},
                   {"TotalExtentSize", Type::real},
                   {"TotalOriginalSize", Type::real},
                   {"TotalRowCount", Type::long_integer},
                   {"HotExtents", Type::long_integer},
                   {"HotExtentSize", Type::real},
                   {"HotOriginalSize", Type::real},
                   {"HotRowCount", Type::long_integer},
                   {"RetentionPolicy", Type::string},
                   {"CachingPolicy", Type::string}});
}

Result<void> add_details(Command& command, Table& table, const TableSchema& one) {
  string counting = "['";
  for (const char c : one.name)
    counting += c == '\'' || c == '\\' ? string("\\") + c : string(1, c);
  QueryOptions whole =
      command.options;  // the one number must come, however little the caller wants
  whole.partial = false;
  whole.limits = {.timeout = command.options.limits.timeout};
  whole.take_records.reset();
  TRY(const auto counted, command.warehouse.query(counting + "'] | count", whole));
  const auto notes = command.warehouse.notes();
  const Cell rows = counted.at(0, 0), unknown;
  add_row(table, {one.name, string(database_name), folder_of(notes, one), docstring_of(notes, one),
                  unknown, unknown, unknown, rows, unknown, unknown, unknown, rows,
                  string(notes.find(one.name, "policy retention")),
                  string(notes.find(one.name, "policy caching"))});
  return {};
}

// .show tables [(A, B)] [details]
Result<Table> show_tables(Command& command) {
  TRY(auto all, command.warehouse.tables());
  if (command.text.at("(")) {
    TRY(const auto wanted, command.text.names("a table's name"));
    std::erase_if(all, [&](const auto& one) {
      return std::find(wanted.begin(), wanted.end(), one.name) == wanted.end();
    });
  }
  const bool details = command.text.take("details");
  TRY_DO(command.text.end());
  auto table =
      details ? details_table() : text_table({"TableName", "DatabaseName", "Folder", "DocString"});
  const auto notes = command.warehouse.notes();
  for (const auto& one : all) {
    if (details) {
      TRY_DO(add_details(command, table, one));
    } else {
      add_row(table,
              {one.name, string(database_name), folder_of(notes, one), docstring_of(notes, one)});
    }
  }
  return table;
}

// .show removals; .show table T removals: what retention removed in the last ninety days
Result<Table> show_removals(Command& command) {
  TRY_DO(command.text.end());
  return command.warehouse.removals("", command.options);
}

// .show memory: what the warehouse holds at the moment, by kind, and how much of it all together it may
Result<Table> show_memory(Command& command) {
  TRY_DO(command.text.end());
  return command.warehouse.memory(command.options);
}

// .show table T [cslschema | schema as csl | schema as json | details | policy … | ingestion … | removals]
Result<Table> show_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  TRY(const auto found, find_table(command.warehouse, name));
  if (command.text.take("policy")) return show_policy(command, name);
  if (command.text.take("ingestion")) return show_mappings(command, name);
  if (command.text.take("removals")) {
    TRY_DO(command.text.end());
    return command.warehouse.removals(name, command.options);
  }
  if (command.text.take("details")) {
    TRY_DO(command.text.end());
    auto table = details_table();
    TRY_DO(add_details(command, table, found));
    return table;
  }
  bool as_json = false;
  if (command.text.take("schema")) {
    TRY_DO(command.text.expect("as"));
    as_json = command.text.take("json");
    if (!as_json) TRY_DO(command.text.expect("csl"));
  } else if (!command.text.take("cslschema")) {
    TRY_DO(command.text.end());
    auto table = text_table({"AttributeName", "AttributeType"});
    for (const auto& one : found.columns)
      add_row(table, {one.name, string(kql::clr_name_of(one.type))});
    return table;
  }
  TRY_DO(command.text.end());
  return schema_table(command.warehouse, found, as_json);
}

// The parts of `(x:long=1, T:(a:long, b:string))`, as `.show schema as json` has them.
json::array input_parameters(std::string_view parameters) {
  json::array all;
  auto text = trim(parameters);
  if (text.size() < 2) return all;
  text = text.substr(1, text.size() - 2);
  int depth = 0;
  std::size_t begin = 0;
  const auto add = [&](std::string_view part) {
    const auto colon = part.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = trim(part.substr(0, colon));
    auto type = trim(part.substr(colon + 1));
    json::object one{{"Name", name}};
    if (type.starts_with('(')) {
      one["Columns"] = input_parameters(type);
    } else {
      if (const auto equals = type.find('='); equals != std::string_view::npos) {
        one["CslDefaultValue"] = trim(type.substr(equals + 1));
        type = trim(type.substr(0, equals));
      }
      const auto known = kql::type_named(type);
      one["Type"] = known ? kql::clr_name_of(*known) : std::string_view();
      one["CslType"] = type;
    }
    all.push_back(std::move(one));
  };
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (text[i] == '(' || text[i] == '[' || text[i] == '{')) ++depth;
    if (i < text.size() && (text[i] == ')' || text[i] == ']' || text[i] == '}')) --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    add(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return all;
}

Result<string> schema_document(Command& command) {
  TRY(const auto tables, command.warehouse.tables());
  TRY(const auto functions, command.warehouse.functions());
  const auto notes = command.warehouse.notes();
  json::object all_tables, all_functions;
  for (const auto& one : tables) {
    all_tables[one.name] = {{"Name", one.name},
                            {"Folder", folder_of(notes, one)},
                            {"DocString", docstring_of(notes, one)},
                            {"EntityType", "Table"},
                            {"OrderedColumns", ordered_columns(one.columns)}};
  }
  for (const auto& one : functions) {
    all_functions[one.name] = {{"Name", one.name},
                               {"InputParameters", input_parameters(one.parameters)},
                               {"Body", "{" + one.body + "}"},
                               {"Folder", one.folder},
                               {"DocString", one.docstring},
                               {"FunctionKind", "Unknown"},
                               {"OutputColumns", json::array()}};
  }
  json::object database{{"Name", database_name},
                        {"Tables", std::move(all_tables)},
                        {"ExternalTables", json::object()},
                        {"MaterializedViews", json::object()},
                        {"EntityGroups", json::object()},
                        {"MajorVersion", 1},
                        {"MinorVersion", 0},
                        {"Functions", std::move(all_functions)},
                        {"DatabaseAccessMode", "ReadWrite"}};
  return json::serialize(json::object{{"Plugins", json::array()},
                                      {"Databases", {{database_name, std::move(database)}}}});
}

// .show [database[s] [X]] schema [as json]
Result<Table> show_schema(Command& command) {
  if (command.text.take("as")) {
    TRY_DO(command.text.expect("json"));
    TRY_DO(command.text.end());
    auto table = text_table({"DatabaseSchema"});
    TRY(auto document, schema_document(command));
    add_row(table, {std::move(document)});
    return table;
  }
  command.text.take("details");
  TRY_DO(command.text.end());
  TRY(const auto tables, command.warehouse.tables());
  auto table = table_of({{"DatabaseName", Type::string},
                         {"TableName", Type::string},
                         {"ColumnName", Type::string},
                         {"ColumnType", Type::string},
                         {"IsDefaultTable", Type::boolean},
                         {"IsDefaultColumn", Type::boolean},
                         {"PrettyName", Type::string},
                         {"Version", Type::string},
                         {"Folder", Type::string},
                         {"DocString", Type::string}});
  const auto notes = command.warehouse.notes();
  add_row(table, {string(database_name), string(), string(), string(), false, false, string(),
                  string("v1.0"), string(), string()});
  for (const auto& one : tables) {
    add_row(table, {string(database_name), one.name, string(), string(), false, false, string(),
                    string(), folder_of(notes, one), docstring_of(notes, one)});
    for (const auto& column : one.columns) {
      add_row(table,
              {string(database_name), one.name, column.name, string(kql::clr_name_of(column.type)),
               false, false, string(), string(), string(), string()});
    }
  }
  return table;
}

// .show database [X] [schema | details]
Result<Table> show_database(Command& command) {
  if (!command.text.at("schema") && !command.text.at("details") && !command.text.rest().empty()) {
    TRY(const auto name, command.text.name("a database's name"));
    if (!equals_ignoring_case(name, database_name) && !equals_ignoring_case(name, "NetDefaultDB")) {
      return fail("WAREHOUSE0403",
                  fmt::format("there is no database {}; the only one is {}", name, database_name));
    }
  }
  return command.text.take("schema") ? show_schema(command) : show_databases(command);
}

Result<Table> show_databases_or_schema(Command& command) {
  return command.text.take("schema") ? show_schema(command) : show_databases(command);
}

// There are none, and clients ask.
Result<Table> show_no_views(Command&) {
  return text_table({"Name", "SourceTable", "Query", "MaterializedTo", "LastRun", "LastRunResult",
                     "IsHealthy", "IsEnabled", "Folder", "DocString"});
}
Result<Table> show_no_external_tables(Command&) {
  return text_table({"TableName", "TableType", "Folder", "DocString", "Properties",
                     "ConnectionStrings", "Partitions", "PathFormat"});
}

}  // namespace

Table schema_table(Embedded& warehouse, const TableSchema& found, bool as_json) {
  const auto notes = warehouse.notes();
  const json::object document{{"Name", found.name},
                              {"OrderedColumns", ordered_columns(found.columns)}};
  auto table = text_table({"TableName", "Schema", "DatabaseName", "Folder", "DocString"});
  add_row(table, {found.name, as_json ? json::serialize(document) : schema_text(found.columns),
                  string(database_name), folder_of(notes, found), docstring_of(notes, found)});
  return table;
}

std::span<const CommandEntry> show_commands() {
  static const CommandEntry entries[] = {
      {{".show", "version"}, CommandKind::show, show_version},
      {{".show", "databases"}, CommandKind::show, show_databases_or_schema},
      {{".show", "cluster", "databases"}, CommandKind::show, show_databases},
      {{".show", "database"}, CommandKind::show, show_database},
      {{".show", "schema"}, CommandKind::show, show_schema},
      {{".show", "tables"}, CommandKind::show, show_tables},
      {{".show", "table"}, CommandKind::show, show_table},
      {{".show", "removals"}, CommandKind::show, show_removals},
      {{".show", "memory"}, CommandKind::show, show_memory},
      {{".show", "materialized-views"}, CommandKind::show, show_no_views},
      {{".show", "external", "tables"}, CommandKind::show, show_no_external_tables},
  };
  return entries;
}

}  // namespace rollcall::warehouse
