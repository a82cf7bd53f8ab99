// Skip tokens: where a page ended, as text that a client hands back. `Paged=TRUE&p_ID=5`, as
// SharePoint writes it, and behind it the last item's values of $orderby: `&p_0=sProd&p_1=n`.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "sql/tree.hpp"

namespace rollcall::lists {

struct PageEnd {
  std::int64_t id = 0;
  std::vector<sql::Value> order = {};
};

std::string write_skiptoken(const PageEnd& end);
// Error ODATA0204: no token of ours.
Result<PageEnd> read_skiptoken(std::string_view token);

}  // namespace rollcall::lists
