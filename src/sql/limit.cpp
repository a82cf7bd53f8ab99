#include "sql/limit.hpp"

#include <algorithm>

namespace rollcall::sql {

Query at_most(Query query, std::uint64_t rows) {
  const auto most = static_cast<std::int64_t>(std::min<std::uint64_t>(rows, INT64_MAX));
  const auto* known = query.limit ? std::get_if<Literal>(&query.limit->node) : nullptr;
  const auto* limit = known == nullptr ? nullptr : std::get_if<std::int64_t>(&known->value);
  if (limit != nullptr) {
    query.limit = literal(std::min(*limit, most));
  } else {
    query.limit = query.limit ? call("least", {query.limit, literal(most)}) : literal(most);
  }
  return query;
}

}  // namespace rollcall::sql
