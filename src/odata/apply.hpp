// $apply for counts: aggregate(…), groupby((…),aggregate(…)), with filter(…)/ before. Bound to a
// schema and lowered to the parts of one SELECT.
// https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "odata/schema.hpp"
#include "sql/tree.hpp"

namespace rollcall::odata {

struct Aggregation {
  struct Column {
    std::string name;  // of the result
    sql::ExprPtr expr;
    Type type;
  };
  sql::ExprPtr where;  // null: every item
  std::vector<Column> groups;
  std::vector<Column> aggregates;
};

// Errors as of compile(), with `$apply: ` before; ODATA0109 names transformations that lists do not
// have.
Result<Aggregation> compile_apply(std::string_view text, const Schema& schema);

}  // namespace rollcall::odata
