// A batch of log rows on its way to the warehouse: the columns of OTelLogs, each stored in one piece, so that
// millions of rows cost no allocation each. Doors, readers and the simulator append rows; the warehouse
// reads columns. A missing text is "", a missing SeverityNumber is null; the attributes are JSON text, "" for null.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace rollcall::telemetry {

// Texts one after another.
class TextColumn {
 public:
  void append(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  void append(const TextColumn& other) {
    const std::size_t before = bytes_.size();
    bytes_.append(other.bytes_);
    ends_.reserve(ends_.size() + other.ends_.size());
    for (const std::size_t end : other.ends_) ends_.push_back(before + end);
  }
  std::string_view operator[](std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }
  std::size_t size() const { return ends_.size(); }
  std::size_t bytes() const { return bytes_.size(); }
  void clear() {
    bytes_.clear();
    ends_.clear();
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

inline constexpr std::int32_t no_severity = std::numeric_limits<std::int32_t>::min();

// One row of OTelLogs; its texts are borrowed.
struct LogRow {
  Timestamp timestamp;
  Timestamp observed_timestamp;
  std::string_view environment, role, region, version, instance, host;
  std::int32_t severity_number = no_severity;
  std::string_view severity_text, body, trace_id, span_id;
  std::string_view resource_attributes, log_attributes;  // one JSON document each, or ""
};

class LogBatch {
 public:
  void append(const LogRow& row);
  // All rows of another batch, each with the time it arrived; for batches that all have one, or none.
  void append(const LogBatch& other, Timestamp ingested_at);
  LogRow row(std::size_t index) const;  // valid until the batch changes
  std::size_t size() const { return timestamp.size(); }
  bool empty() const { return timestamp.empty(); }
  std::size_t bytes() const;  // of the texts, about
  void clear();

  std::vector<Timestamp> timestamp, observed_timestamp;
  TextColumn environment, role, region, version, instance, host;
  std::vector<std::int32_t> severity_number;
  TextColumn severity_text, body, trace_id, span_id, resource_attributes, log_attributes;
  // When each line reached the door, which is then its ingestion time, for replays on a virtual clock: filled by
  // a simulated fleet, and by a reader that was asked for it (ReaderOptions::arrival); else empty.
  std::vector<Timestamp> arrival;
  Timestamp ingestion(std::size_t row, Timestamp ingested_at) const {
    return arrival.empty() ? ingested_at : arrival[row];
  }
};

}  // namespace rollcall::telemetry
