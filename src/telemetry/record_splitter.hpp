// Cuts a stream of bytes into records: lines for NDJSON; for CSV a line, or several when a quoted field holds line ends. Knows
// the number of each record's first line.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rollcall::telemetry {

class RecordSplitter {
 public:
  struct Handler {
    std::function<Result<void>(std::uint64_t line, std::string_view record)> record;
    // Lines that are no record, `count` of them from `line` on.
    std::function<void(std::uint64_t line, std::uint64_t count, std::string reason)> bad;
  };
  RecordSplitter(bool quotes, std::size_t max_bytes, Handler handler)
      : quotes_(quotes), max_bytes_(max_bytes), handler_(std::move(handler)) {}

  Result<void> feed(std::string_view bytes);
  // The last record may lack its line end.
  Result<void> finish();

 private:
  Result<void> end_record(std::string_view tail);

  bool quotes_;
  std::size_t max_bytes_;
  Handler handler_;
  std::string pending_;  // the record so far, of earlier pieces
  bool in_quotes_ = false;
  bool too_long_ = false;         // its bytes are thrown away until it ends
  std::uint64_t line_ = 1;        // of the record's first line
  std::uint64_t more_lines_ = 0;  // line ends inside the record so far
};

}  // namespace rollcall::telemetry
