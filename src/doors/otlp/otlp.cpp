#include "doors/otlp/otlp.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/errors.hpp"
#include "doors/ingest/intake.hpp"
#include "telemetry/otlp.hpp"

namespace rollcall::doors {
namespace {

using telemetry::OtlpEncoding;
using telemetry::OtlpReport;

struct Signal {
  Result<OtlpReport> (*read)(std::string_view, OtlpEncoding, Timestamp, telemetry::LogBatch&);
  std::string_view rejected_name;  // in the JSON answer
};
constexpr Signal logs{telemetry::read_otlp_logs, "rejectedLogRecords"};
constexpr Signal metrics{telemetry::read_otlp_metrics, "rejectedDataPoints"};

constexpr std::string_view protobuf_type = "application/x-protobuf";
constexpr std::string_view json_type = "application/json";

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(0x80 | (number & 0x7F));
  out += static_cast<char>(number);
}
void append_number_field(std::string& out, unsigned field, std::uint64_t number) {
  append_varint(out, field << 3);
  append_varint(out, number);
}
void append_text_field(std::string& out, unsigned field, std::string_view text) {
  append_varint(out, field << 3 | 2);
  append_varint(out, text.size());
  out += text;
}

http::Response answer(int status, OtlpEncoding encoding, std::string protobuf,
                      const json::value& document) {
  http::Response response;
  response.status = status;
  const bool as_json = encoding == OtlpEncoding::json;
  response.headers.add("Content-Type", std::string(as_json ? json_type : protobuf_type));
  response.body = as_json ? json::serialize(document) : std::move(protobuf);
  add_retry_after(response);
  return response;
}

// message Status { int32 code = 1; string message = 2; }, with the codes of google/rpc/code.proto.
http::Response refuse(const Error& error, OtlpEncoding encoding) {
  const int status = ingest_status(error);
  const std::uint64_t code = status == 429 || status == 413 ? 8 : status >= 500 ? 14 : 3;
  const auto message = fmt::format("{} {}", error.code, error.message);
  std::string protobuf;
  append_number_field(protobuf, 1, code);
  append_text_field(protobuf, 2, message);
  return answer(status, encoding, std::move(protobuf),
                json::object{{"code", code}, {"message", message}});
}

// message ExportLogsServiceResponse { ExportLogsPartialSuccess partial_success = 1; } and its kin.
http::Response accept(const Signal& signal, const OtlpReport& report, OtlpEncoding encoding) {
  if (report.rejected == 0) return answer(200, encoding, "", json::object{});
  std::string partial, protobuf;
  append_number_field(partial, 1, report.rejected);
  append_text_field(partial, 2, report.reason);
  append_text_field(protobuf, 1, partial);
  const json::object document{{signal.rejected_name, fmt::format("{}", report.rejected)},
                              {"errorMessage", report.reason}};
  return answer(200, encoding, std::move(protobuf), json::object{{"partialSuccess", document}});
}

std::optional<OtlpEncoding> encoding_of(const http::Request& request) {
  const auto given = request.headers.value_or("Content-Type");
  const auto type = to_lower(trim(given.substr(0, given.find(';'))));
  if (type == protobuf_type) return OtlpEncoding::protobuf;
  if (type == json_type) return OtlpEncoding::json;
  return std::nullopt;
}

Result<OtlpReport> take(Services& services, const Signal& signal, const http::Request& request,
                        OtlpEncoding encoding, const Principal& principal) {
  TRY(const auto place, services.intake->enter(2 * request.body.size()));
  const auto now = services.clock.now();
  telemetry::LogBatch batch;
  TRY(auto report, signal.read(request.body, encoding, now, batch));
  TRY_DO(services.warehouse.take(batch, {.at = now, .once = key_of(request, principal)}));
  services.metrics.rows_ingested.fetch_add(report.rows, std::memory_order_relaxed);
  if (report.rows > 0)
    services.metrics.last_ingested_ms.store(to_unix_milliseconds(now), std::memory_order_relaxed);
  services.metrics.lines_refused.fetch_add(report.rejected, std::memory_order_relaxed);
  return report;
}

http::Handler handler(Services& services, const Signal& signal) {
  return services.access.guard(Scope::ingest, [&services, signal](const http::Request& request,
                                                                  const Principal& principal) {
    const auto encoding = encoding_of(request);
    if (!encoding) {
      return http::problem(415, "INGEST0303",
                           fmt::format("Content-Type must be {} or {}", protobuf_type, json_type));
    }
    const auto report = take(services, signal, request, *encoding, principal);
    return report ? accept(signal, *report, *encoding) : refuse(report.error(), *encoding);
  });
}

}  // namespace

void add_otlp(http::Router& router, Services& services) {
  router.add("POST", "/v1/logs", handler(services, logs));
  router.add("POST", "/v1/metrics", handler(services, metrics));
}

}  // namespace rollcall::doors
