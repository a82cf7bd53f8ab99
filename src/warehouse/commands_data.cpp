// What fills and empties tables: `.set`, `.append` and their kin, `.ingest inline`, `.ingest into`, `.clear`, `.delete … records`.
#include <fmt/format.h>

#include "base/text.hpp"
#include "warehouse/commands.hpp"
#include "warehouse/local_file.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using std::string;

std::unexpected<Error> not_offered(std::string_view what) {
  return fail("WAREHOUSE0401",
              fmt::format("'{}' is not offered here: the command answers when it is done", what));
}

// Rows stand in no extents here: sizes are unknown, and the identifier is nobody's.
Table appended(std::size_t rows) {
  auto table = table_of({{"ExtentId", Type::guid},
                         {"OriginalSize", Type::real},
                         {"ExtentSize", Type::real},
                         {"CompressedSize", Type::real},
                         {"IndexSize", Type::real},
                         {"RowCount", Type::long_integer}});
  const Cell unknown;
  add_row(table,
          {string(no_guid), unknown, unknown, unknown, unknown, static_cast<std::int64_t>(rows)});
  return table;
}

Table ingested(const string& item) {
  auto table = table_of({{"ExtentId", Type::guid},
                         {"ItemLoaded", Type::string},
                         {"Duration", Type::timespan},
                         {"HasErrors", Type::boolean},
                         {"OperationId", Type::guid}});
  add_row(table, {string(no_guid), item, Cell{}, false, string(no_guid)});
  return table;
}

// The rows of the query or `.show` command behind `<|`.
Result<Table> source_rows(Command& command) {
  TRY_DO(command.text.expect("<|"));
  const auto text = command.text.rest();
  auto options = command.options;
  options.limits = {10'000'000, std::uint64_t{1} << 30U, options.limits.timeout};
  options.partial = false;
  if (!text.starts_with('.')) {
    auto rows = command.warehouse.query(text, options);
    if (!rows) return command.placed(rows.error(), text);
    return rows;
  }
  if (kind_of_command(text) != CommandKind::show)
    return fail("WAREHOUSE0402", "rows come from a query, or from a .show command");
  return command.warehouse.execute(text, options);
}

// Columns are matched by their place and type, as Kusto does; those beyond the table's are new ones, if the schema may grow.
Result<TableSchema> matched(Table& rows, TableSchema target, bool extend) {
  bool same = rows.columns.size() == target.columns.size() ||
              (extend && rows.columns.size() > target.columns.size());
  for (std::size_t i = 0; same && i < target.columns.size(); ++i)
    same = rows.columns[i].type == target.columns[i].type;
  if (!same) {
    return fail("WAREHOUSE0304",
                fmt::format("the query's schema ({}) does not match the table's ({})",
                            schema_text(rows.columns), schema_text(target.columns)));
  }
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    if (i < target.columns.size()) {
      rows.columns[i].name = target.columns[i].name;
    } else {
      target.columns.push_back(rows.columns[i]);
    }
  }
  return target;
}

enum class Put { set, append, set_or_append, set_or_replace };

struct PutOptions {
  bool extend = false, recreate = false;
  std::map<string, string> notes;  // folder, docstring
};

Result<PutOptions> put_options(Command& command) {
  TRY(const auto properties, command.text.properties());
  PutOptions options;
  for (const auto& [key, value] : properties) {
    const bool yes = equals_ignoring_case(value, "true");
    if (key == "extend_schema")
      options.extend = yes;
    else if (key == "recreate_schema")
      options.recreate = yes;
    else if (key == "folder" || key == "docstring")
      options.notes[key] = value;
    // How the work is spread changes nothing of what is done.
    else if (key != "distributed" && key != "policy_ingestiontime")
      return fail("WAREHOUSE0401", fmt::format("the property {} is not offered here", key));
  }
  return options;
}

Result<Table> put_rows(Command& command, Put put) {
  if (command.text.take("async")) return not_offered("async");
  TRY(const auto name, command.text.name("a table's name"));
  TRY(const auto asked, put_options(command));
  TRY(const auto all, command.warehouse.tables());
  const bool there =
      std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  if (there && put == Put::set)
    return fail("WAREHOUSE0303",
                fmt::format("there is a table {} already; use .set-or-append", name));
  if (!there && put == Put::append)
    return fail("WAREHOUSE0302", fmt::format("there is no table named {}", name));
  if (there) TRY_DO(command.warehouse.stored_table(name));
  TRY(auto rows, source_rows(command));
  TableSchema schema{name, rows.columns, false};
  const bool recreate = put == Put::set_or_replace && asked.recreate;
  if (there && !recreate) {
    TRY(auto target, find_table(command.warehouse, name));
    TRY(schema, matched(rows, std::move(target), asked.extend));
  }
  if (there && put == Put::set_or_replace) {
    TRY_DO(command.warehouse.replace_rows(schema, rows, command.options));
  } else {
    if (!there || asked.extend)
      TRY_DO(command.warehouse.create_table(schema, command.options.principal));
    TRY_DO(command.warehouse.ingest(name, rows, command.now()));
  }
  for (const auto& [note, value] : asked.notes)
    TRY_DO(command.warehouse.put_note(name, note, value, command.options.principal));
  return appended(rows.row_count());
}
Result<Table> set(Command& command) { return put_rows(command, Put::set); }
Result<Table> append(Command& command) { return put_rows(command, Put::append); }
Result<Table> set_or_append(Command& command) { return put_rows(command, Put::set_or_append); }
Result<Table> set_or_replace(Command& command) { return put_rows(command, Put::set_or_replace); }

struct TextProperties {
  string format = "csv", mapping;
  bool ignore_first = false;
};

Result<TextProperties> text_properties(Command& command) {
  TRY(const auto properties, command.text.properties());
  TextProperties read;
  for (const auto& [key, value] : properties) {
    if (key == "format")
      read.format = value;
    else if (key == "ingestionmappingreference" || key == "csvmappingreference" ||
             key == "jsonmappingreference")
      read.mapping = value;
    else if (key == "ignorefirstrecord")
      read.ignore_first = equals_ignoring_case(value, "true");
    else
      return fail("WAREHOUSE0401",
                  fmt::format("the ingestion property {} is not offered here", key));
  }
  return read;
}

// .ingest inline into table T [with (…)] <| text
Result<Table> ingest_inline(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  TRY(const auto properties, text_properties(command));
  if (!command.text.take("<|")) return fail("WAREHOUSE0402", "the rows follow `<|`");
  const auto at = command.text.rest();
  TRY_DO(command.warehouse.ingest_text(
      name, {at, properties.format, properties.mapping, properties.ignore_first, "inline"},
      command.options));
  return ingested("inline");
}

// .ingest into table T ('file', …) [with (…)]
Result<Table> ingest_into(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  std::vector<string> sources;
  const bool several = command.text.take("(");
  do {
    TRY(auto source, command.text.text("the file's name"));
    sources.push_back(std::move(source));
  } while (several && command.text.take(","));
  if (several) TRY_DO(command.text.expect(")"));
  TRY(const auto properties, text_properties(command));
  TRY_DO(command.text.end());
  std::vector<std::filesystem::path> paths;  // all must be there before one is read
  for (const auto& source : sources) {
    TRY(auto path, find_file(command.warehouse.options().ingest_folder, source));
    paths.push_back(std::move(path));
  }
  auto table = ingested("");
  table.cells.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto& source = sources[i];
    TRY(const auto text, read_file(paths[i], source));
    TRY_DO(command.warehouse.ingest_text(
        name, {text, properties.format, properties.mapping, properties.ignore_first, source},
        command.options));
    const auto one = ingested(source);
    table.cells.insert(table.cells.end(), one.cells.begin(), one.cells.end());
  }
  return table;
}
Result<Table> ingest_async(Command&) { return not_offered("async"); }

// .export [async] to parquet ("name") [with (…)] <| query
Result<Table> export_rows(Command& command) {
  if (command.text.take("async")) return not_offered("async");
  command.text.take("compressed");  // they always are
  TRY_DO(command.text.expect("to"));
  if (!command.text.take("parquet"))
    return fail("WAREHOUSE0401",
                "exports are to parquet here: .export to parquet (h@\"name\") <| query");
  TRY_DO(command.text.expect("("));
  TRY(const auto name, command.text.text("the file's name"));
  TRY_DO(command.text.expect(")"));
  TRY(const auto properties, command.text.properties());
  for (const auto& [key, value] : properties)
    return fail("WAREHOUSE0401", fmt::format("the export property {} is not offered here", key));
  TRY_DO(command.text.expect("<|"));
  const auto query = command.text.rest();
  auto exported = command.warehouse.export_to_parquet(query, name, command.options);
  if (!exported) return command.placed(exported.error(), query);
  return exported;
}

// .clear table T data
Result<Table> clear_table(Command& command) {
  TRY(const auto name, command.text.name("a table's name"));
  TRY_DO(command.text.expect("data"));
  TRY_DO(command.text.end());
  TRY_DO(command.warehouse.clear_table(name));
  auto table = text_table({"TableName", "Status"});
  add_row(table, {name, string("Completed")});
  return table;
}

Result<Table> delete_async(Command&) { return not_offered("async"); }

}  // namespace

// .delete table T records [with (whatif = true)] <| T | where …
Result<Table> delete_records(Command& command, const string& table) {
  TRY(const auto properties, command.text.properties());
  const auto what_if = properties.find("whatif");
  TRY_DO(command.text.expect("<|"));
  const auto records = command.text.rest();
  const bool only_count =
      what_if != properties.end() && equals_ignoring_case(what_if->second, "true");
  const auto count = command.warehouse.delete_records(table, records, command.options, only_count);
  if (!count) return command.placed(count.error(), records);
  auto result = table_of({{"TableName", Type::string},
                          {"DatabaseName", Type::string},
                          {"RecordsMatchPredicate", Type::long_integer}});
  add_row(result, {table, string(database_name), *count});
  return result;
}

std::span<const CommandEntry> data_commands() {
  using enum CommandKind;
  static const CommandEntry entries[] = {
      {{".set"}, write, set},
      {{".append"}, write, append},
      {{".set-or-append"}, write, set_or_append},
      {{".set-or-replace"}, write, set_or_replace},
      {{".ingest", "inline", "into", "table"}, ingest, ingest_inline},
      {{".ingest", "into", "table"}, write, ingest_into},
      {{".ingest", "async"}, write, ingest_async},
      {{".export"}, write, export_rows},
      {{".clear", "table"}, write, clear_table},
      {{".delete", "async"}, write, delete_async},
  };
  return entries;
}

}  // namespace rollcall::warehouse
