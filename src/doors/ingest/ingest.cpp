#include "doors/ingest/ingest.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/errors.hpp"
#include "warehouse/rows.hpp"

namespace rollcall::doors {
namespace {

constexpr std::string_view log_table = "OTelLogs";
constexpr std::size_t rows_at_once = 16'384;

template <class Reader>
Result<void> feed_all(Reader& reader, const Source& bytes, const std::function<Result<void>()>& after_each) {
  for (;;) {
    TRY(const auto piece, bytes());
    if (piece.empty()) return {};
    TRY_DO(reader.feed(piece));
    TRY_DO(after_each());
  }
}

Result<telemetry::ReadReport> ingest_logs(warehouse::Warehouse& warehouse, const Clock& clock,
                                          const telemetry::ReaderOptions& options, const Source& bytes) {
  telemetry::LogReader reader(options, [&](telemetry::LogBatch& batch) { return warehouse.ingest(batch, clock.now()); });
  TRY_DO(feed_all(reader, bytes, []() -> Result<void> { return {}; }));
  return reader.finish();
}

Result<warehouse::Table> empty_rows(warehouse::Warehouse& warehouse, std::string_view table) {
  TRY(const auto tables, warehouse.tables());
  std::vector<std::string> names;
  for (const auto& schema : tables) {
    if (schema.name == table && !schema.built_in) return warehouse::Table{schema.name, schema.columns, {}, {}};
    if (!schema.built_in || schema.name == log_table) names.push_back(schema.name);
  }
  const auto near = nearest_name(table, names);
  return fail("API0101", fmt::format("there is no table '{}' to ingest into{}; OTelLogs takes logs, `.create table` makes others",
                                     table, near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

Result<telemetry::ReadReport> ingest_records(warehouse::Warehouse& warehouse, const Clock& clock, std::string_view table,
                                             const telemetry::ReaderOptions& options, const Source& bytes) {
  TRY(auto rows, empty_rows(warehouse, table));
  const auto flush = [&]() -> Result<void> {
    if (rows.cells.empty()) return {};
    TRY_DO(warehouse.ingest(table, rows, clock.now()));
    rows.cells.clear();
    return {};
  };
  telemetry::RecordReader reader(options, [&](telemetry::Record& record) { return warehouse::append_record(rows, record); });
  TRY_DO(feed_all(reader, bytes, [&]() -> Result<void> {
    if (rows.row_count() >= rows_at_once) return flush();
    return {};
  }));
  TRY(auto report, reader.finish());
  TRY_DO(flush());
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

http::Response take(Services& services, const http::Request& request) {
  telemetry::ReaderOptions options;
  const auto format = format_of(request);
  if (!format) return refuse(format.error());
  options.format = *format;
  options.max_bytes = std::size_t{1} << 30U;
  bool given = false;
  const Source bytes = [&]() -> Result<std::string_view> {
    return std::exchange(given, true) ? std::string_view() : std::string_view(request.body);
  };
  const auto report = ingest(services.warehouse, services.clock, request.path_value("table"), options, bytes);
  if (!report) return refuse(report.error());
  services.metrics.rows_ingested.fetch_add(report->rows, std::memory_order_relaxed);
  services.metrics.lines_refused.fetch_add(report->bad, std::memory_order_relaxed);
  return http::json_response(report->rows == 0 && report->bad > 0 ? 400 : 200, to_json(*report));
}

}  // namespace

Result<telemetry::ReadReport> ingest(warehouse::Warehouse& warehouse, const Clock& clock, std::string_view table,
                                     const telemetry::ReaderOptions& options, const Source& bytes) {
  if (equals_ignoring_case(table, log_table)) return ingest_logs(warehouse, clock, options, bytes);
  return ingest_records(warehouse, clock, table, options, bytes);
}

json::object to_json(const telemetry::ReadReport& report) {
  json::array bad_lines;
  for (const auto& line : report.bad_lines) bad_lines.push_back({{"line", line.line}, {"reason", line.reason}});
  return {{"lines", report.lines}, {"rows", report.rows}, {"bad", report.bad}, {"badLines", std::move(bad_lines)}};
}

void add_ingest(http::Router& router, Services& services) {
  router.add("POST", "/ingest/{table}",
             services.access.guard(Scope::ingest, [&services](const http::Request& request, const Principal&) {
               return take(services, request);
             }));
}

}  // namespace rollcall::doors
