#include "doors/health/metrics.hpp"

#include <fmt/format.h>

namespace rollcall::doors {

std::string Metrics::text() const {
  std::string out;
  const auto counter = [&](std::string_view name, std::string_view help,
                           const std::atomic<std::uint64_t>& value) {
    out += fmt::format("# HELP rollcall_{0} {1}\n# TYPE rollcall_{0} counter\nrollcall_{0} {2}\n",
                       name, help, value.load(std::memory_order_relaxed));
  };
  counter("http_requests_total", "Requests answered.", requests);
  counter("http_requests_refused_total", "Requests answered with 4xx.", requests_refused);
  counter("http_requests_failed_total", "Requests answered with 5xx.", requests_failed);
  counter("ingested_rows_total", "Rows taken into the warehouse.", rows_ingested);
  counter("ingest_refused_lines_total", "Lines that could not be read.", lines_refused);
  out += fmt::format(
      "# HELP rollcall_last_ingested_timestamp_seconds When rows last came in.\n# TYPE "
      "rollcall_last_ingested_timestamp_seconds gauge\n"
      "rollcall_last_ingested_timestamp_seconds {}\n",
      static_cast<double>(last_ingested_ms.load(std::memory_order_relaxed)) / 1000);
  counter("queries_total", "KQL queries asked through the API.", queries);
  counter("flow_steps_total", "Durable steps of flows.", flow_steps);
  counter("flow_errors_total", "Steps that failed and are tried again.", flow_errors);
  return out;
}

}  // namespace rollcall::doors
