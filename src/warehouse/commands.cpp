// Kusto's management commands, as far as a warehouse of one database has a use for them. The first words choose the
// command; one that is in no table is refused by name (WAREHOUSE0401). What `.show` answers can be piped into KQL.
#include "warehouse/commands.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "kql/values.hpp"
#include "warehouse/external_records.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;

std::optional<Command> matching(const CommandEntry& entry, Embedded& warehouse,
                                std::string_view whole, std::string_view given,
                                const QueryOptions& options) {
  Command command{warehouse, CommandText(whole), options, whole, given};
  const bool matches = std::all_of(entry.words.begin(), entry.words.end(),
                                   [&](auto word) { return command.text.take(word); });
  return matches ? std::optional(command) : std::nullopt;
}

std::vector<std::span<const CommandEntry>> all_commands() {
  return {show_commands(), query_commands(), table_commands(), function_commands(),
          data_commands()};
}

std::string_view without_comments(std::string_view text) { return CommandText(text).rest(); }

// KQL's strings take JSON's escapes.
constexpr std::string_view rows_name = "$rows";

// What stands for the table's rows in a query; its records are handed over beside it.
std::string source_of(const Table& table) {
  std::string text = "externaldata(";
  for (const auto& one : table.columns)
    text += fmt::format("{}[{}]:{}", text.back() == '(' ? "" : ",", kql::json_string(one.name),
                        kql::name_of(one.type));
  return text + ")['" + std::string(rows_name) + "']\n";
}

// Where a command ends and KQL goes on: the first `|` outside of quotes.
std::size_t pipe_of(std::string_view command) {
  char open = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (open != 0) {
      if (command[i] == open) open = 0;
    } else if (command[i] == '"' || command[i] == '\'') {
      open = command[i];
    } else if (command[i] == '|') {
      return i;
    }
  }
  return std::string_view::npos;
}

Result<Table> first_of(Result<std::vector<Table>> tables) {
  if (!tables) return std::unexpected(std::move(tables.error()));
  return std::move(tables->front());
}

}  // namespace

CommandKind kind_of_command(std::string_view command) {
  const auto whole = without_comments(command);
  for (const auto& family : all_commands()) {
    for (const auto& entry : family) {
      CommandText text(whole);
      if (std::all_of(entry.words.begin(), entry.words.end(),
                      [&](auto word) { return text.take(word); }))
        return entry.kind;
    }
  }
  return CommandText(whole).take(".show") ? CommandKind::show : CommandKind::write;
}

Result<Table> Embedded::execute(std::string_view text, const QueryOptions& options) {
  auto whole = trim(without_comments(text));
  if (options.readonly && kind_of_command(whole) != CommandKind::show) {
    return fail("WAREHOUSE0405", "the request asked to be read only, and its command writes");
  }
  std::string_view piped;
  if (const auto pipe = pipe_of(whole);
      CommandText(whole).take(".show") && pipe != std::string_view::npos) {
    piped = whole.substr(pipe);
    whole = trim(whole.substr(0, pipe));
  }
  for (const auto& family : all_commands()) {
    for (const auto& entry : family) {
      auto command = matching(entry, *this, whole, text, options);
      if (!command) continue;
      TRY(auto table, entry.run(*command));
      if (piped.empty()) return table;
      const auto source = source_of(table);
      const auto records = [&](const kql::ExternalRecords& wanted) -> Result<std::string> {
        if (wanted.sources == std::vector{std::string(rows_name)}) return records_of(table);
        return read_external_records(options_.ingest_folder, wanted);
      };
      auto answer = first_of(run_all(source + std::string(piped), options, records));
      if (answer || !answer.error().span) return answer;
      auto error = answer.error();
      error.span->offset -= std::min(error.span->offset, static_cast<std::uint32_t>(source.size()));
      return command->placed(std::move(error), piped);
    }
  }
  const auto end = std::min(whole.find_first_of("(<|\n"), std::size_t{60});
  return fail("WAREHOUSE0401",
              fmt::format("the command '{}' is not known here", trim(whole.substr(0, end))));
}

void add_row(Table& table, std::vector<Cell> cells) {
  table.cells.insert(table.cells.end(), std::make_move_iterator(cells.begin()),
                     std::make_move_iterator(cells.end()));
}

Table table_of(std::vector<Column> columns) {
  Table table;
  table.columns = std::move(columns);
  return table;
}

Table text_table(const std::vector<std::string>& names) {
  Table table;
  for (const auto& name : names) table.columns.push_back({name, Type::string});
  return table;
}

std::string schema_text(const std::vector<Column>& columns) {
  std::string text;
  for (const auto& one : columns)
    text += fmt::format("{}{}:{}", text.empty() ? "" : ",", one.name, kql::name_of(one.type));
  return text;
}

json::array ordered_columns(const std::vector<Column>& columns) {
  json::array all;
  for (const auto& one : columns) {
    all.push_back({{"Name", one.name},
                   {"Type", kql::clr_name_of(one.type)},
                   {"CslType", kql::name_of(one.type)}});
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

}  // namespace rollcall::warehouse
