#include "doors/ingest/ingest.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/ingest/intake.hpp"
#include "warehouse/rows.hpp"

namespace rollcall::doors {
namespace {

constexpr std::string_view log_table = "OTelLogs";
constexpr std::size_t max_plain_bytes = std::size_t{64} << 20;

Result<telemetry::ReadReport> ingest_logs(warehouse::Warehouse& warehouse,
                                          const warehouse::Ingestion& ingestion,
                                          telemetry::ReaderOptions options, std::string_view body) {
  options.batch_rows = options.batch_bytes =
      SIZE_MAX;  // one transaction: a resend finds all of it or nothing
  telemetry::LogBatch
      rows;  // written only when the whole body could be read: a stream that was cut off leaves nothing
  telemetry::LogReader reader(options, [&](telemetry::LogBatch& batch) -> Result<void> {
    rows = std::move(batch);
    return {};
  });
  TRY_DO(reader.feed(body));
  TRY(auto report, reader.finish());
  if (!rows.empty()) TRY_DO(warehouse.take(rows, ingestion));
  return report;
}

Result<warehouse::Table> empty_rows(warehouse::Warehouse& warehouse, std::string_view table) {
  TRY(const auto tables, warehouse.tables());
  std::vector<std::string> names;
  for (const auto& schema : tables) {
    if (schema.name == table && !schema.built_in)
      return warehouse::Table{schema.name, schema.columns, {}, {}};
    if (!schema.built_in || schema.name == log_table) names.push_back(schema.name);
  }
  const auto near = nearest_name(table, names);
  return fail("API0101",
              fmt::format("there is no table '{}' to ingest into{}; OTelLogs takes logs, `.create "
                          "table` makes others",
                          table, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

Result<telemetry::ReadReport> ingest_records(warehouse::Warehouse& warehouse,
                                             std::string_view table,
                                             const warehouse::Ingestion& ingestion,
                                             const telemetry::ReaderOptions& options,
                                             std::string_view body) {
  TRY(auto rows, empty_rows(warehouse, table));
  telemetry::RecordReader reader(
      options, [&](telemetry::Record& record) { return warehouse::append_record(rows, record); });
  TRY_DO(reader.feed(body));
  TRY(auto report, reader.finish());
  if (!rows.cells.empty()) TRY_DO(warehouse.take(table, rows, ingestion));
  return report;
}

Result<telemetry::Format> format_of(const http::Request& request) {
  if (const auto named = request.query_value("format")) {
    if (*named == "csv") return telemetry::Format::csv;
    if (*named == "ndjson") return telemetry::Format::ndjson;
    return fail("API0103", fmt::format("format={}: ndjson or csv was expected", *named));
  }
  const auto type = to_lower(request.headers.value_or("Content-Type"));
  return type.starts_with("text/csv") ? telemetry::Format::csv : telemetry::Format::ndjson;
}

Result<telemetry::ReadReport> take(Services& services, const http::Request& request,
                                   const Principal& principal) {
  telemetry::ReaderOptions options;
  options.max_bytes = max_plain_bytes;
  TRY(options.format, format_of(request));
  const auto table = request.path_value("table");
  const bool logs = equals_ignoring_case(table, log_table);
  TRY(const auto place, services.intake->enter((logs ? 2 : 8) * request.body.size()));
  const warehouse::Ingestion ingestion{.at = services.clock.now(),
                                       .once = key_of(request, principal)};
  return logs ? ingest_logs(services.warehouse, ingestion, options, request.body)
              : ingest_records(services.warehouse, table, ingestion, options, request.body);
}

http::Response answer(Services& services, const http::Request& request,
                      const Principal& principal) {
  const auto report = take(services, request, principal);
  if (!report) {
    auto refusal =
        http::problem(ingest_status(report.error()), report.error().code, report.error().message);
    add_retry_after(refusal);
    return refusal;
  }
  services.metrics.rows_ingested.fetch_add(report->rows, std::memory_order_relaxed);
  if (report->rows > 0)
    services.metrics.last_ingested_ms.store(to_unix_milliseconds(services.clock.now()),
                                            std::memory_order_relaxed);
  services.metrics.lines_refused.fetch_add(report->bad, std::memory_order_relaxed);
  return http::json_response(report->rows == 0 && report->bad > 0 ? 400 : 200, to_json(*report));
}

}  // namespace

json::object to_json(const telemetry::ReadReport& report) {
  json::array bad_lines;
  for (const auto& line : report.bad_lines)
    bad_lines.push_back({{"line", line.line}, {"reason", line.reason}});
  return {{"lines", report.lines},
          {"rows", report.rows},
          {"bad", report.bad},
          {"badLines", std::move(bad_lines)}};
}

void add_ingest(http::Router& router, Services& services) {
  router.add("POST", "/ingest/{table}",
             services.access.guard(Scope::ingest, [&services](const http::Request& request,
                                                              const Principal& principal) {
               return answer(services, request, principal);
             }));
}

}  // namespace rollcall::doors
