// The columns of a query's inner selects that nothing reads.
#pragma once
#include <string_view>
#include <unordered_set>

#include "sql/tree.hpp"

namespace rollcall::sql {

// Aliases, as views into the query. Only items of selects with `by_name` can be among them, and every
// item with such an alias may be left out together: whatever reads the name in any place, but for an
// item that hands itself on under the same name, keeps all of them.
using Names = std::unordered_set<std::string_view>;
Names unused_columns(const Query& query);

}  // namespace rollcall::sql
