// Stored functions.
#include <fmt/format.h>

#include "warehouse/commands.hpp"

namespace rollcall::warehouse {
namespace {

using std::string;

Table function_table() { return text_table({"Name", "Parameters", "Body", "Folder", "DocString"}); }
void add_function(Table& table, const kql::Function& one) {
  add_row(table, {one.name, one.parameters, "{" + one.body + "}", one.folder, one.docstring});
}
Table table_with(const kql::Function& one) {
  auto table = function_table();
  add_function(table, one);
  return table;
}

Result<kql::Function> find_function(Warehouse& warehouse, const string& name) {
  TRY(const auto all, warehouse.functions());
  for (const auto& one : all) {
    if (one.name == name) return one;
  }
  return fail("WAREHOUSE0306", fmt::format("there is no function named {}", name));
}

Result<Table> show_functions(Command& command) {
  TRY_DO(command.text.end());
  TRY(const auto all, command.warehouse.functions());
  auto table = function_table();
  for (const auto& one : all) add_function(table, one);
  return table;
}

Result<Table> show_function(Command& command) {
  TRY(const auto name, command.text.name("a function's name"));
  TRY_DO(command.text.end());
  TRY(const auto found, find_function(command.warehouse, name));
  return table_with(found);
}

Result<Table> put_function(Command& command, bool replace) {
  TRY(const auto function, kql::parse_function(command.whole));
  if (const auto old = find_function(command.warehouse, function.name); old && !replace) {
    if (command.text.take("ifnotexists")) return table_with(*old);
    return fail("WAREHOUSE0307",
                fmt::format("there is a function {} already; use .create-or-alter function",
                            function.name));
  }
  TRY_DO(command.warehouse.create_or_alter_function(function, command.options.principal));
  return table_with(function);
}
Result<Table> create_function(Command& command) { return put_function(command, false); }
Result<Table> create_or_alter_function(Command& command) { return put_function(command, true); }

// .alter function F() { … }, .alter function (docstring | folder) F "…"
Result<Table> alter_function(Command& command) {
  for (const auto part : {&kql::Function::docstring, &kql::Function::folder}) {
    if (!command.text.take(part == &kql::Function::docstring ? "docstring" : "folder")) continue;
    TRY(const auto name, command.text.name("a function's name"));
    TRY(auto found, find_function(command.warehouse, name));
    TRY(found.*part, command.text.text("a string"));
    TRY_DO(command.text.end());
    TRY_DO(command.warehouse.create_or_alter_function(found, command.options.principal));
    return table_with(found);
  }
  TRY(const auto function, kql::parse_function(command.whole));
  TRY_DO(find_function(command.warehouse, function.name));
  return put_function(command, true);
}

Result<Table> drop_all(Command& command, const std::vector<string>& names) {
  const bool if_exists = command.text.take("ifexists");
  TRY_DO(command.text.end());
  auto table = text_table({"Name"});
  for (const auto& name : names) {
    const auto dropped = command.warehouse.drop_function(name, command.options.principal);
    if (!dropped && !(if_exists && dropped.error().code == "WAREHOUSE0306"))
      return std::unexpected(dropped.error());
    add_row(table, {name});
  }
  return table;
}
Result<Table> drop_function(Command& command) {
  TRY(const auto name, command.text.name("a function's name"));
  return drop_all(command, {name});
}
Result<Table> drop_functions(Command& command) {
  TRY(const auto names, command.text.names("a function's name"));
  return drop_all(command, names);
}

}  // namespace

std::span<const CommandEntry> function_commands() {
  using enum CommandKind;
  static const CommandEntry entries[] = {
      {{".show", "functions"}, show, show_functions},
      {{".show", "function"}, show, show_function},
      {{".create-or-alter", "function"}, write, create_or_alter_function},
      {{".create", "function"}, write, create_function},
      {{".alter", "function"}, write, alter_function},
      {{".drop", "function"}, write, drop_function},
      {{".drop", "functions"}, write, drop_functions},
  };
  return entries;
}

}  // namespace rollcall::warehouse
