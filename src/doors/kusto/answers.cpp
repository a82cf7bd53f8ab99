#include "doors/kusto/answers.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "doors/table_json.hpp"

namespace rollcall::doors {
namespace {

constexpr std::string_view no_guid = "00000000-0000-0000-0000-000000000000";

std::string_view data_type_of(kql::Type type) {
  const auto name = kql::clr_name_of(type);
  return name.substr(name.rfind('.') + 1);
}

json::array columns_v1(const warehouse::Table& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    columns.push_back({{"ColumnName", column.name}, {"DataType", data_type_of(column.type)}, {"ColumnType", kql::name_of(column.type)}});
  }
  return columns;
}

json::array columns_v2(std::initializer_list<std::pair<std::string_view, std::string_view>> named) {
  json::array columns;
  for (const auto& [name, type] : named) columns.push_back({{"ColumnName", name}, {"ColumnType", type}});
  return columns;
}

json::array columns_v2(const warehouse::Table& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    columns.push_back({{"ColumnName", column.name}, {"ColumnType", kql::name_of(column.type)}});
  }
  return columns;
}

// What `render` asked for, among the members that clients expect.
json::object visualization_of(const warehouse::Table& table) {
  json::object shown{{"Visualization", nullptr}};
  for (const auto* name : {"Title", "XColumn", "Series", "YColumns", "AnomalyColumns", "XTitle", "YTitle", "XAxis", "YAxis",
                           "Legend", "YSplit"}) {
    shown[name] = nullptr;
  }
  shown["Accumulate"] = false;
  shown["IsQuerySorted"] = false;
  shown["Kind"] = nullptr;
  shown["Ymin"] = "NaN";
  shown["Ymax"] = "NaN";
  shown["Xmin"] = nullptr;
  shown["Xmax"] = nullptr;
  if (table.visualization.empty()) return shown;
  const auto asked = parse_json(table.visualization);
  if (!asked || !asked->is_object()) return shown;
  for (const auto& member : asked->get_object()) shown[member.key()] = member.value();
  return shown;
}

json::object properties_frame(std::span<const warehouse::Table> results) {
  json::array rows;
  for (std::size_t i = 0; i < results.size(); ++i) {
    rows.push_back(json::array{i + 1, "Visualization", json::serialize(visualization_of(results[i]))});
  }
  return {{"FrameType", "DataTable"},
          {"TableId", 0},
          {"TableKind", "QueryProperties"},
          {"TableName", "@ExtendedProperties"},
          {"Columns", columns_v2({{"TableId", "int"}, {"Key", "string"}, {"Value", "dynamic"}})},
          {"Rows", std::move(rows)}};
}

json::object completion_frame(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now) {
  const auto row = [&](int level, std::string_view level_name, int event, std::string_view event_name, const json::object& payload) {
    return json::array{format_iso(now), request.client_request_id, request.activity_id, no_guid, no_guid, level, level_name, 0,
                       "S_OK (0)", event, event_name, json::serialize(payload)};
  };
  const json::object info{{"Count", 1}, {"Text", "Query completed successfully"}};
  json::array counts;
  for (const auto& table : results) counts.push_back(json::object{{"table_row_count", table.row_count()}});
  const json::object stats{{"dataset_statistics", std::move(counts)}};
  return {{"FrameType", "DataTable"},
          {"TableId", results.size() + 1},
          {"TableKind", "QueryCompletionInformation"},
          {"TableName", "QueryCompletionInformation"},
          {"Columns", columns_v2({{"Timestamp", "datetime"}, {"ClientRequestId", "string"}, {"ActivityId", "guid"},
                                  {"SubActivityId", "guid"}, {"ParentActivityId", "guid"}, {"Level", "int"}, {"LevelName", "string"},
                                  {"StatusCode", "int"}, {"StatusCodeName", "string"}, {"EventType", "int"},
                                  {"EventTypeName", "string"}, {"Payload", "string"}})},
          {"Rows", json::array{row(4, "Info", 4, "QueryInfo", info), row(6, "Stats", 0, "QueryResourceConsumption", stats)}}};
}

// @ExtendedProperties, QueryStatus, and last the table of contents, by which clients tell results from the rest.
json::array behind_the_results(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now) {
  const auto columns = [](std::initializer_list<std::pair<std::string_view, kql::Type>> named) {
    warehouse::Table table;
    for (const auto& [name, type] : named) table.columns.push_back({std::string(name), type});
    return columns_v1(table);
  };
  using enum kql::Type;
  json::array properties, contents;
  for (std::size_t i = 0; i < results.size(); ++i) {
    properties.push_back(json::array{json::serialize(visualization_of(results[i]))});
    contents.push_back(json::array{i, "QueryResult", results[i].name, request.activity_id, ""});
  }
  contents.push_back(json::array{results.size(), "QueryProperties", "@ExtendedProperties", request.activity_id, ""});
  contents.push_back(json::array{results.size() + 1, "QueryStatus", "QueryStatus", no_guid, ""});
  json::array statuses;
  statuses.push_back(json::array{format_iso(now), 4, "Info", 0, "Query completed successfully", 1, request.activity_id,
                           request.activity_id, no_guid, request.client_request_id});
  const auto table = [&](std::size_t index, json::array names, json::array rows) {
    return json::object{{"TableName", fmt::format("Table_{}", results.size() + index)}, {"Columns", std::move(names)}, {"Rows", std::move(rows)}};
  };
  return {table(0, columns({{"Value", string}}), std::move(properties)),
          table(1, columns({{"Timestamp", datetime}, {"Severity", integer}, {"SeverityName", string}, {"StatusCode", integer},
                            {"StatusDescription", string}, {"Count", integer}, {"RequestId", guid}, {"ActivityId", guid},
                            {"SubActivityId", guid}, {"ClientActivityId", string}}),
                std::move(statuses)),
          table(2, columns({{"Ordinal", long_integer}, {"Kind", string}, {"Name", string}, {"Id", string}, {"PrettyName", string}}),
                std::move(contents))};
}

// Kusto's own words for what kind of error it is: `Syntax error: SYN0002`, `Semantic error: SEM0100`.
std::string in_kusto_words(const Error& error, std::string_view source) {
  const auto line = render(error, source);
  if (error.code.starts_with("KQL00")) return "Request is invalid and cannot be processed: Syntax error: SYN0002: " + line;
  if (error.code.starts_with("KQL")) return "Request is invalid and cannot be processed: Semantic error: SEM0100: " + line;
  return line;
}

}  // namespace

std::string v1_answer(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now) {
  std::string answer = "{\"Tables\":[";
  for (std::size_t i = 0; i < results.size(); ++i) {
    answer += fmt::format("{}{{\"TableName\":\"Table_{}\",\"Columns\":{},\"Rows\":{}}}", i == 0 ? "" : ",", i,
                          json::serialize(columns_v1(results[i])), rows_json(results[i]));
  }
  if (results.size() > 1) {
    for (const auto& table : behind_the_results(results, request, now)) answer += "," + json::serialize(table);
  }
  return answer + "]}";
}

std::string v2_answer(std::span<const warehouse::Table> results, const KustoRequest& request, Timestamp now) {
  const json::object header{{"FrameType", "DataSetHeader"}, {"IsProgressive", false}, {"Version", "v2.0"}};
  const json::object completion{{"FrameType", "DataSetCompletion"}, {"HasErrors", false}, {"Cancelled", false}};
  std::string answer = fmt::format("[{},\n{}", json::serialize(header), json::serialize(properties_frame(results)));
  for (std::size_t i = 0; i < results.size(); ++i) {
    answer += fmt::format(",\n{{\"FrameType\":\"DataTable\",\"TableId\":{},\"TableKind\":\"PrimaryResult\",\"TableName\":{},"
                          "\"Columns\":{},\"Rows\":{}}}",
                          i + 1, json::serialize(json::string_view(results[i].name)), json::serialize(columns_v2(results[i])),
                          rows_json(results[i]));
  }
  return answer + fmt::format(",\n{},\n{}]", json::serialize(completion_frame(results, request, now)), json::serialize(completion));
}

std::string error_answer(const Error& error, const KustoRequest& request, Timestamp now) {
  const bool ours = error.code.starts_with("KQL") || error.code.starts_with("KUSTO") || error.code.starts_with("WAREHOUSE04");
  const bool later = error.code == "WAREHOUSE0103" || error.code == "WAREHOUSE0104";
  const json::object body{{"code", ours ? "General_BadRequest" : "General_InternalServerError"},
                          {"message", ours ? "Request is invalid and cannot be executed." : "The request could not be carried out."},
                          {"@type", ours ? "Kusto.Data.Exceptions.KustoBadRequestException" : "Kusto.Data.Exceptions.KustoServiceException"},
                          {"@message", in_kusto_words(error, request.text)},
                          {"@context", {{"timestamp", format_iso(now)},
                                        {"serviceAlias", "ROLLCALL"},
                                        {"clientRequestId", request.client_request_id},
                                        {"activityId", request.activity_id}}},
                          {"@permanent", !later},
                          {"@text", request.text}};
  return json::serialize(json::object{{"error", body}});
}

}  // namespace rollcall::doors
