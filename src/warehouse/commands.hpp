// The tables of management commands: commands.cpp finds the entry, one file for each family carries out.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "warehouse/command_text.hpp"
#include "warehouse/embedded.hpp"

namespace rollcall::warehouse {

inline constexpr const char* database_name = "Rollcall";
inline constexpr const char* no_guid = "00000000-0000-0000-0000-000000000000";

struct Command {
  Embedded& warehouse;
  CommandText text;  // behind the words that chose the entry
  const QueryOptions& options;
  std::string_view whole;
  std::string_view given;  // all that was sent

  // The error of a part of the command, its place counted in all of it.
  std::unexpected<Error> placed(Error error, std::string_view part) const {
    if (error.span) error.span->offset += static_cast<std::uint32_t>(part.data() - given.data());
    return std::unexpected(std::move(error));
  }
  Timestamp now() const { return options.asked_at.value_or(options.now); }
};

struct CommandEntry {
  std::vector<std::string_view> words;
  CommandKind kind;
  Result<Table> (*run)(Command&);
};
std::span<const CommandEntry> show_commands();
std::span<const CommandEntry> query_commands();  // queries, cluster, diagnostics
std::span<const CommandEntry> table_commands();
std::span<const CommandEntry> function_commands();
std::span<const CommandEntry> data_commands();  // what fills and empties tables

// `{"Name", Type::string}, …` and rows of cells.
void add_row(Table& table, std::vector<Cell> cells);
Table text_table(const std::vector<std::string>& names);
Table table_of(std::vector<Column> columns);
// `Name:string,Ms:long`
std::string schema_text(const std::vector<Column>& columns);
json::array ordered_columns(const std::vector<Column>& columns);
Result<TableSchema> find_table(Warehouse& warehouse, const std::string& name);
// What stands behind the table's name in commands of several families.
Result<Table> show_policy(Command& command, const std::string& table);  // .show table T policy …
Result<Table> alter_policy(Command& command,
                           const std::string& table);  // .alter[-merge] table T policy …
Result<Table> delete_policy(Command& command,
                            const std::string& table);  // .delete table T policy …
enum class MappingChange { create, alter, create_or_alter, drop };
Result<Table> change_mapping(Command& command, const std::string& table,
                             MappingChange change);  // … table T ingestion json mapping
Result<Table> show_mappings(Command& command,
                            const std::string& table);  // .show table T ingestion …
Result<Table> delete_records(Command& command,
                             const std::string& table);  // .delete table T records …
// As `.show table T schema as json` answers it, and `.create table` too.
Table schema_table(Embedded& warehouse, const TableSchema& table, bool as_json);

}  // namespace rollcall::warehouse
