// Cutting a query's rows.
#pragma once
#include <cstdint>

#include "sql/tree.hpp"

namespace rollcall::sql {

// The query with at most so many rows of those that it gives, its first ones.
Query at_most(Query query, std::uint64_t rows);

}  // namespace rollcall::sql
