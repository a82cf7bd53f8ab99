// Answers of Kusto's protocol: version 1 (tables), version 2 (frames), and its errors.
#pragma once
#include <span>
#include <string>

#include "base/error.hpp"
#include "doors/kusto/request.hpp"
#include "warehouse/table.hpp"

namespace rollcall::doors {

// {"Tables": […]}: the results; of several, a table of contents behind them.
std::string v1_answer(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now);
// [DataSetHeader, @ExtendedProperties, PrimaryResult…, QueryCompletionInformation, DataSetCompletion]
std::string v2_answer(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now);
// {"error": {…}}: OneApi, with Kusto's words `Syntax error:` and `Semantic error:` that clients look for.
std::string error_answer(const Error& error, const KustoRequest& request, Timestamp now);

}  // namespace rollcall::doors
