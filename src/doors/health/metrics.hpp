// What operators count: a few numbers, in Prometheus' text format.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

namespace rollcall::doors {

struct Metrics {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> requests_refused{0};  // 4xx
  std::atomic<std::uint64_t> requests_failed{0};   // 5xx
  std::atomic<std::uint64_t> rows_ingested{0};
  std::atomic<std::uint64_t> lines_refused{0};
  std::atomic<std::int64_t> last_ingested_ms{
      0};  // Unix time; 0: nothing came yet. Its standing still is a dead man's signal
  std::atomic<std::uint64_t> queries{0};
  std::atomic<std::uint64_t> flow_steps{0};
  std::atomic<std::uint64_t> flow_errors{0};  // of the driver, not of runs

  std::string text() const;
};

}  // namespace rollcall::doors
