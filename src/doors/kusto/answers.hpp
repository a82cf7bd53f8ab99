// Answers of Kusto's protocol: version 1 (tables) and version 2 (frames).
#pragma once
#include <span>
#include <string>

#include "base/json.hpp"
#include "doors/kusto/request.hpp"
#include "warehouse/table.hpp"

namespace rollcall::doors {

// {"Tables": […]}: the results, and of a query their properties, the status, and a table of contents behind them.
std::string v1_answer(std::span<const warehouse::Table> results, const KustoRequest& request,
                      Timestamp now);
std::string v1_command_answer(const warehouse::Table& result);
// [DataSetHeader, @ExtendedProperties, PrimaryResult…, QueryCompletionInformation, DataSetCompletion]
std::string v2_answer(std::span<const warehouse::Table> results, const KustoRequest& request,
                      Timestamp now);

// What `render` asked for, among the members that clients expect.
json::object visualization_of(const warehouse::Table& table);
// What is wrong with the results, or null: the first that is incomplete.
const Error* failure_of(std::span<const warehouse::Table> results);
// `getschema` of it.
warehouse::Table schema_of(const warehouse::Table& table);

inline constexpr std::string_view no_guid = "00000000-0000-0000-0000-000000000000";
inline constexpr std::int64_t result_too_large = -2133196797;  // 0x80DA0003

}  // namespace rollcall::doors
