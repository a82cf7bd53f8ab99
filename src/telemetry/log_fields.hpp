// The fields of a line become a row of OTelLogs.
#pragma once
#include <string>
#include <unordered_map>

#include "telemetry/fields.hpp"

namespace rollcall::telemetry {

// ISO 8601, or a number of seconds (perhaps with a fraction), milliseconds, microseconds or nanoseconds since 1970, told
// apart by their size.
std::optional<Timestamp> read_time(std::string_view text);

class LogRowMaker {
 public:
  explicit LogRowMaker(bool with_arrival) : with_arrival_(with_arrival) {}
  // Appends the row; or answers why the line is a bad one, and appends nothing.
  OrReason<void> append(const std::vector<FieldView>& fields, LogBatch& batch);

  enum class Target {
    timestamp,
    observed_timestamp,
    environment,
    role,
    region,
    version,
    instance,
    host,
    severity_number,
    severity_text,
    body,
    trace_id,
    span_id,
    resource_attributes,
    log_attributes,
    arrival,
    other
  };

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  Target target_of(std::string_view name);
  OrReason<void> put(Target target, const FieldView& field, LogRow& row);
  OrReason<void> put_time(const FieldView& field, std::optional<Timestamp>& time) const;
  OrReason<std::string_view> document(const FieldView& field, std::string& kept) const;

  bool with_arrival_;
  std::unordered_map<std::string, Target, NameHash, std::equal_to<>> targets_;  // names seen so far
  std::optional<Timestamp> timestamp_, observed_, arrival_;  // of the row at hand
  std::string resource_attributes_, log_attributes_, others_;
};

}  // namespace rollcall::telemetry
