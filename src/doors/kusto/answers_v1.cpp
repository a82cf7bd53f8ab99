// https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/response
#include <fmt/format.h>

#include "doors/kusto/answers.hpp"
#include "doors/kusto/errors.hpp"
#include "doors/table_json.hpp"

namespace rollcall::doors {
namespace {

std::string_view data_type_of(kql::Type type) {
  const auto name = kql::clr_name_of(type);
  return name.substr(name.rfind('.') + 1);
}

json::array columns_of(const warehouse::Table& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    columns.push_back({{"ColumnName", column.name},
                       {"DataType", data_type_of(column.type)},
                       {"ColumnType", kql::name_of(column.type)}});
  }
  return columns;
}

using Named = std::initializer_list<std::pair<std::string_view, kql::Type>>;
json::object side_table(std::size_t index, Named named, json::array rows) {
  warehouse::Table table;
  for (const auto& [name, type] : named) table.columns.push_back({std::string(name), type});
  return {{"TableName", fmt::format("Table_{}", index)},
          {"Columns", columns_of(table)},
          {"Rows", std::move(rows)}};
}

json::array status_row(const KustoRequest& request, Timestamp now, const Error* failure) {
  if (failure == nullptr) {
    return {format_iso(now),
            4,
            "Info",
            0,
            "Query completed successfully",
            1,
            request.activity_id,
            request.activity_id,
            no_guid,
            request.client_request_id};
  }
  return {format_iso(now),
          2,
          "Error",
          result_too_large,
          kusto_message(*failure, request),
          1,
          request.activity_id,
          request.activity_id,
          no_guid,
          request.client_request_id};
}

// @ExtendedProperties, QueryStatus, and last the table of contents, by which clients tell results from the rest.
json::array behind_the_results(std::span<const warehouse::Table> results,
                               const KustoRequest& request, Timestamp now) {
  using enum kql::Type;
  json::array properties, contents, statuses;
  for (std::size_t i = 0; i < results.size(); ++i) {
    properties.push_back(json::array{json::serialize(visualization_of(results[i]))});
    contents.push_back(json::array{i, "QueryResult", results[i].name, request.activity_id, ""});
  }
  contents.push_back(json::array{results.size(), "QueryProperties", "@ExtendedProperties",
                                 request.activity_id, ""});
  contents.push_back(json::array{results.size() + 1, "QueryStatus", "QueryStatus", no_guid, ""});
  statuses.push_back(status_row(request, now, failure_of(results)));
  return {side_table(results.size(), {{"Value", string}}, std::move(properties)),
          side_table(results.size() + 1,
                     {{"Timestamp", datetime},
                      {"Severity", integer},
                      {"SeverityName", string},
                      {"StatusCode", integer},
                      {"StatusDescription", string},
                      {"Count", integer},
                      {"RequestId", guid},
                      {"ActivityId", guid},
                      {"SubActivityId", guid},
                      {"ClientActivityId", string}},
                     std::move(statuses)),
          side_table(results.size() + 2,
                     {{"Ordinal", long_integer},
                      {"Kind", string},
                      {"Name", string},
                      {"Id", string},
                      {"PrettyName", string}},
                     std::move(contents))};
}

std::string table_text(const warehouse::Table& table, std::size_t index, const std::string& rows) {
  return fmt::format("{{\"TableName\":\"Table_{}\",\"Columns\":{},\"Rows\":{}}}", index,
                     json::serialize(columns_of(table)), rows);
}

}  // namespace

std::string v1_answer(std::span<const warehouse::Table> results, const KustoRequest& request,
                      Timestamp now) {
  std::string answer = "{\"Tables\":[";
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto rows = rows_json(results[i]);
    // A failure stands in place of the rows that are missing.
    if (results[i].incomplete) {
      rows.back() = results[i].row_count() > 0 ? ',' : ' ';
      rows += json::serialize(json::object{
                  {"Exceptions", json::array{kusto_message(*results[i].incomplete, request)}}}) +
              "]";
    }
    answer += (i == 0 ? "" : ",") + table_text(results[i], i, rows);
  }
  for (const auto& table : behind_the_results(results, request, now))
    answer += "," + json::serialize(table);
  return answer + "]}";
}

std::string v1_command_answer(const warehouse::Table& result) {
  return fmt::format("{{\"Tables\":[{}]}}", table_text(result, 0, rows_json(result)));
}

}  // namespace rollcall::doors
