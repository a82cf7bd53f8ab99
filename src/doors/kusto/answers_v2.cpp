// https://learn.microsoft.com/azure/data-explorer/kusto/api/rest/response-v2
#include <fmt/format.h>

#include "doors/kusto/answers.hpp"
#include "doors/kusto/errors.hpp"
#include "doors/table_json.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t rows_in_a_fragment = 10'000;

json::array columns_of(const warehouse::Table& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    columns.push_back({{"ColumnName", column.name}, {"ColumnType", kql::name_of(column.type)}});
  }
  return columns;
}

json::array columns_of(std::initializer_list<std::pair<std::string_view, std::string_view>> named) {
  json::array columns;
  for (const auto& [name, type] : named)
    columns.push_back({{"ColumnName", name}, {"ColumnType", type}});
  return columns;
}

json::object properties_frame(std::span<const warehouse::Table> results) {
  json::array rows;
  for (std::size_t i = 0; i < results.size(); ++i) {
    rows.push_back(
        json::array{i + 1, "Visualization", json::serialize(visualization_of(results[i]))});
  }
  return {{"FrameType", "DataTable"},
          {"TableId", 0},
          {"TableKind", "QueryProperties"},
          {"TableName", "@ExtendedProperties"},
          {"Columns", columns_of({{"TableId", "int"}, {"Key", "string"}, {"Value", "dynamic"}})},
          {"Rows", std::move(rows)}};
}

json::object completion_frame(std::span<const warehouse::Table> results,
                              const KustoRequest& request, Timestamp now) {
  struct Event {
    int level;
    std::string_view level_name;
    std::int64_t status;
    std::string_view status_name;
    int event;
    std::string_view event_name;
  };
  const auto row = [&](const Event& event, const json::object& payload) {
    return json::array{format_iso(now),
                       request.client_request_id,
                       request.activity_id,
                       no_guid,
                       no_guid,
                       event.level,
                       event.level_name,
                       event.status,
                       event.status_name,
                       event.event,
                       event.event_name,
                       json::serialize(payload)};
  };
  json::array rows;
  if (const auto* failure = failure_of(results); failure != nullptr && request.defer_failures) {
    rows.push_back(row(
        {2, "Error", result_too_large, "E_QUERY_RESULT_SET_TOO_LARGE (80DA0003)", 4, "QueryInfo"},
        {{"Count", 1}, {"Text", kusto_message(*failure, request)}}));
  } else {
    rows.push_back(row({4, "Info", 0, "S_OK (0)", 4, "QueryInfo"},
                       {{"Count", 1}, {"Text", "Query completed successfully"}}));
  }
  json::array counts;
  for (const auto& table : results)
    counts.push_back(json::object{{"table_row_count", table.row_count()}});
  rows.push_back(row({6, "Stats", 0, "S_OK (0)", 0, "QueryResourceConsumption"},
                     {{"dataset_statistics", std::move(counts)}}));
  return {{"FrameType", "DataTable"},
          {"TableId", results.size() + 1},
          {"TableKind", "QueryCompletionInformation"},
          {"TableName", "QueryCompletionInformation"},
          {"Columns", columns_of({{"Timestamp", "datetime"},
                                  {"ClientRequestId", "string"},
                                  {"ActivityId", "guid"},
                                  {"SubActivityId", "guid"},
                                  {"ParentActivityId", "guid"},
                                  {"Level", "int"},
                                  {"LevelName", "string"},
                                  {"StatusCode", "int"},
                                  {"StatusCodeName", "string"},
                                  {"EventType", "int"},
                                  {"EventTypeName", "string"},
                                  {"Payload", "string"}})},
          {"Rows", std::move(rows)}};
}

class Frames {
 public:
  Frames(const KustoRequest& request, Timestamp now) : request_(request), now_(now) {}

  void add(std::string frame) { text_ += (text_.empty() ? "[" : ",\n") + std::move(frame); }
  void add(const json::object& frame) { add(json::serialize(frame)); }

  void add_result(const warehouse::Table& table, std::size_t id) {
    request_.progressive || request_.fragmented ? add_fragments(table, id) : add_whole(table, id);
  }

  std::string finish(const Error* failure) {
    json::object completion{
        {"FrameType", "DataSetCompletion"}, {"HasErrors", false}, {"Cancelled", false}};
    if (failure != nullptr && !request_.defer_failures) {
      completion["HasErrors"] = true;
      completion["OneApiErrors"] = json::array{one_api_error(*failure, request_, now_)};
    }
    add(completion);
    return std::move(text_) + "]";
  }

 private:
  // `"Name":…,"Columns":…` of a result.
  std::string opening(const warehouse::Table& table, std::size_t id, std::string_view frame) const {
    return fmt::format(
        "{{\"FrameType\":\"{}\",\"TableId\":{},\"TableKind\":\"PrimaryResult\",\"TableName\":{},"
        "\"Columns\":{}",
        frame, id, json::serialize(json::string_view(table.name)),
        json::serialize(columns_of(table)));
  }
  std::string errors(const warehouse::Table& table) const {
    return fmt::format("\"OneApiErrors\":[{}]",
                       json::serialize(one_api_error(*table.incomplete, request_, now_)));
  }
  bool fails_at(const warehouse::Table& table, KustoRequest::Errors place) const {
    return table.incomplete && !request_.defer_failures && request_.errors == place;
  }
  // The rows; a failure stands in place of those that are missing.
  std::string rows_of(const warehouse::Table& table, std::size_t first, std::size_t count) const {
    auto rows = rows_json(table, first, count);
    if (first + count == table.row_count() && fails_at(table, KustoRequest::Errors::in_data)) {
      rows.back() = count > 0 ? ',' : ' ';
      rows += "{" + errors(table) + "}]";
    }
    return rows;
  }

  void add_whole(const warehouse::Table& table, std::size_t id) {
    auto frame =
        opening(table, id, "DataTable") + ",\"Rows\":" + rows_of(table, 0, table.row_count());
    if (fails_at(table, KustoRequest::Errors::end_of_table)) frame += "," + errors(table);
    add(frame + "}");
  }

  void add_fragments(const warehouse::Table& table, std::size_t id) {
    add(opening(table, id, "TableHeader") + "}");
    const auto total = table.row_count();
    std::size_t first = 0;
    do {
      const auto count = std::min(rows_in_a_fragment, total - first);
      add(
          fmt::format("{{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\","
                      "\"TableId\":{},\"Rows\":{}}}",
                      id, rows_of(table, first, count)));
      first += count;
      if (request_.progressive) {
        const auto percent =
            total == 0 ? 100.0 : 100.0 * static_cast<double>(first) / static_cast<double>(total);
        add(json::object{
            {"FrameType", "TableProgress"}, {"TableId", id}, {"TableProgress", percent}});
      }
    } while (first < total);
    auto frame = fmt::format("{{\"FrameType\":\"TableCompletion\",\"TableId\":{},\"RowCount\":{}",
                             id, total);
    if (fails_at(table, KustoRequest::Errors::end_of_table)) frame += "," + errors(table);
    add(frame + "}");
  }

  const KustoRequest& request_;
  Timestamp now_;
  std::string text_;
};

std::string_view placement(KustoRequest::Errors errors) {
  switch (errors) {
    case KustoRequest::Errors::in_data:
      return "InData";
    case KustoRequest::Errors::end_of_table:
      return "EndOfTable";
    case KustoRequest::Errors::end_of_dataset:
      return "EndOfDataSet";
  }
  return "";
}

}  // namespace

std::string v2_answer(std::span<const warehouse::Table> results, const KustoRequest& request,
                      Timestamp now) {
  Frames frames(request, now);
  frames.add(json::object{{"FrameType", "DataSetHeader"},
                          {"IsProgressive", request.progressive},
                          {"Version", "v2.0"},
                          {"IsFragmented", request.progressive || request.fragmented},
                          {"ErrorReportingPlacement", placement(request.errors)}});
  frames.add(properties_frame(results));
  for (std::size_t i = 0; i < results.size(); ++i) frames.add_result(results[i], i + 1);
  frames.add(completion_frame(results, request, now));
  return frames.finish(failure_of(results));
}

}  // namespace rollcall::doors
