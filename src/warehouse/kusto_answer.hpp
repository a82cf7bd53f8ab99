// Answers of a Kusto cluster, or of our own door, read back into tables and errors.
#pragma once
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

// Version 2: whole tables or fragments. A failure that the answer reports is an error, as below.
Result<std::vector<Table>> read_kusto_frames(std::string_view body);
// Version 1: the first table, which is all that a management command answers.
Result<Table> read_kusto_table(std::string_view body);
// What an answer of another status than 200 says. WAREHOUSE0101 the result is too large, WAREHOUSE0103 it took too long,
// WAREHOUSE0104 it is throttled (these two may be better the next time), KUSTO0201 refused, KUSTO0202 not allowed, KUSTO0203 broken.
Error read_kusto_error(int status, std::string_view body);

}  // namespace rollcall::warehouse
