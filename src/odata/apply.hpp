// $apply for counts: a pipeline of filter(…), groupby((…),aggregate(…)) and aggregate(…), each of what the
// one before answers. Bound to a schema and lowered to derived tables, one in another; what it ends in is
// asked by the other options as items are.
// https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/
#pragma once
#include <cstddef>
#include <string_view>

#include "base/error.hpp"
#include "odata/schema.hpp"
#include "sql/tree.hpp"

namespace rollcall::odata {

struct Applied {
  sql::TableRefPtr from;   // the result as a table
  Schema schema;           // its properties, in their order: the groups, then the aggregates
  std::size_t groups = 0;  // how many of them are groups
};

// Of the rows of `from`, which the schema describes. `now_slot` is what now() answers. Errors as of
// compile(), with `$apply: ` before and spans in its text; ODATA0109 names transformations and methods
// that lists do not have.
Result<Applied> compile_apply(std::string_view text, const Schema& schema, sql::TableRefPtr from,
                              std::size_t now_slot);

}  // namespace rollcall::odata
