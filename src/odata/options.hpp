// The query options of one request, as texts that are already percent-decoded. Absent and empty are
// different:
// `$filter=` is an error.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace rollcall::odata {

struct Options {
  std::optional<std::string> filter;
  std::optional<std::string> orderby;
  std::optional<std::string> select;
  std::optional<std::string> expand;
  std::optional<std::int64_t> top;
  std::optional<std::int64_t> skip;
  bool count = false;
  std::optional<std::string> search = std::nullopt;
  std::optional<std::string> apply = std::nullopt;
  std::optional<std::string> skiptoken;
};

// Reads the options out of a URL's query: pairs of name and value, both decoded. Names with or
// without `$`; names that are not OData's and do not begin with `$` are left to the caller. A
// doubled, unknown or malformed option is an error (ODATA0201…).
Result<Options> parse_options(const std::vector<std::pair<std::string, std::string>>& query);
// The same from the text behind `?`, still encoded: `%24filter=Title+eq+%27x%27&$top=5`.
Result<Options> parse_query_text(std::string_view query);
// SharePoint takes a filter with blanks and line ends around it, as people type them into flows.
void trim_filter(Options& options);
// `+` is a space, as in a query.
Result<std::string> percent_decode(std::string_view text);

}  // namespace rollcall::odata
