// KQL text in, SQL queries out. The whole way: lexer → parser (parser.hpp) → binder (binder.hpp),
// which lowers operator by operator to a SQL tree for DuckDB. Plans can only read. Pure but for
// Options::probe.
#pragma once
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "kql/catalog.hpp"
#include "sql/tree.hpp"

namespace rollcall::kql {

struct Diagnostic {
  std::string code;  // KQL0103
  Span span;
  std::string message;
  std::string suggestion;  // the name that was probably meant; may be empty
  bool operator==(const Diagnostic&) const = default;
};
// The message with its suggestion: `unknown column 'Lvel'; did you mean 'Level'?`.
Error to_error(const Diagnostic& diagnostic);

// Runs a query while compiling and gives its rows, every value as text (NULL: nullopt). Needed by
// what takes its columns from data: pivot, bag_unpack and their like. At most `limit` rows are
// read.
using ProbeRows = std::vector<std::vector<std::optional<std::string>>>;
using Probe = std::function<Result<ProbeRows>(const sql::Query& query, std::size_t limit)>;

// What `externaldata` asks for: the records of files, field by field of these columns.
struct ExternalRecords {
  std::vector<std::string> sources;
  std::vector<std::string> columns;
  std::string format;  // empty: as the file's name ends
  bool skips_first = false;
};
// All records as one JSON array, each an array of its fields' texts.
using External = std::function<Result<std::string>(const ExternalRecords& records)>;

struct Options {
  Timestamp now;  // what now() and ago() see, for the whole request
  // For `declare query_parameters`: KQL literals, or bare text for a string.
  std::map<std::string, std::string, std::less<>> parameters;
  Probe probe;             // empty: what needs it is refused (KQL0110)
  External external = {};  // empty: externaldata is refused (KQL0109)
  std::string bin_auto_size = {},
              bin_auto_at = {};  // of bin_auto(): the texts of a number, a timespan or a datetime
};

// One tabular result. The query's columns stand in the order of `columns`, stored as type.hpp says.
struct Output {
  sql::QueryPtr query;
  std::vector<Column> columns;
  std::string name;           // `as` name, or empty
  std::string visualization;  // `render` kind and its properties as a JSON object, or empty
  bool ordered = false;       // the rows' order was asked for
};
// A request may hold several tabular statements, and `fork` gives several results: at least one.
using Compiled = std::vector<Output>;
using Diagnostics = std::vector<Diagnostic>;

std::expected<Compiled, Diagnostics> compile(std::string_view text, const Catalog& catalog,
                                             const Options& options);
// Syntax alone; empty when the text parses.
Diagnostics check_syntax(std::string_view text);

}  // namespace rollcall::kql
