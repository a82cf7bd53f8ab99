// A question in somebody's own SQL to a PostgreSQL server that is not ours: it can only read, and has a time limit.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rollcall::store {

struct QueryAnswer {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // as texts; times in UTC
  std::size_t parameters = 0;                                 // how many of those given it uses
};

// `$1`, `$2`, … in the query stand for the parameters; it may use fewer than there are, and no others. At most `most_rows`:
// STORE0113 when there are more. STORE0101: the server cannot be reached; STORE0102: it refused.
Result<QueryAnswer> ask_postgresql(const std::string& connection, const std::string& query,
                                   const std::vector<std::string>& parameters,
                                   std::size_t most_rows);

}  // namespace rollcall::store
