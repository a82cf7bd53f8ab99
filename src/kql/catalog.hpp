// What names a query may use: tables with their columns, and stored functions. A value: whoever
// compiles hands it in, so compiling the same text against the same catalog always gives the same
// query.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kql/type.hpp"

namespace rollcall::kql {

// ingestion_time() reads this BIGINT column (ticks) of the table's storage. No query can name it.
inline constexpr std::string_view ingestion_column = "$ingestion";

struct Column {
  std::string name;
  Type type;
  bool operator==(const Column&) const = default;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  bool has_ingestion_time = true;
  std::string storage;  // the SQL table's name; empty: the same
};

// A stored function: `parameters` with their parentheses, `body` without its braces.
struct Function {
  std::string name;
  std::string parameters;
  std::string body;
  std::string folder;
  std::string docstring;
};

struct Catalog {
  std::string database = "Rollcall";
  std::map<std::string, Table, std::less<>> tables;
  std::map<std::string, Function, std::less<>> functions;
};

// Reads `.create-or-alter function [with (folder="…", docstring="…")] Name(parameters) { body }`,
// or the same without the command. Only the outline is checked; compile a call to check the body.
Result<Function> parse_function(std::string_view text);

}  // namespace rollcall::kql
