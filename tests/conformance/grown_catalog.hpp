// A catalog for a query that was written for somebody else's tables: the tables, columns and functions that it names
// and does not make, found by compiling until nothing is unknown. Columns are strings; names that speak of a time are
// datetimes. What compiles then is judged against the same catalog by other tools.
#pragma once
#include <expected>
#include <string_view>

#include "kql/compile.hpp"

namespace rollcall::conformance {

struct Grown {
  kql::Catalog catalog;
  kql::Compiled compiled;
};
// Else why it does not compile, for another reason.
std::expected<Grown, kql::Diagnostic> grow_catalog(std::string_view query,
                                                   const kql::Options& options);

}  // namespace rollcall::conformance
