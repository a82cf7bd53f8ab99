// What both encodings of OTLP fill: the columns that attributes name, the JSON document of all
// attributes, and the row they become. The texts of a Names and of an Attributes are their own, so
// they outlive the message's pieces.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "telemetry/batch.hpp"
#include "telemetry/otlp.hpp"

namespace rollcall::telemetry {

// The columns that name who speaks. Of two attributes for one column the preferred one counts, in
// whatever order they come.
class Names {
 public:
  enum Column { environment, role, region, version, instance, host };
  void clear();
  void take_attribute(std::string_view key, std::string_view value);
  // A label of Prometheus: `environment`, `cloud_region`, `version`, `job`, … (docs/ingestion.md).
  void take_label(std::string_view key, std::string_view value);
  bool any() const { return ranks_ != std::array<std::uint8_t, 6>{}; }
  std::string_view operator[](Column column) const { return values_[column]; }

 private:
  void put(Column column, std::uint8_t rank, std::string_view value);
  std::array<std::string, 6> values_;
  std::array<std::uint8_t, 6> ranks_{};  // 0: not given; less is better
};

// Writes {"key":value,…}; "" when there is none.
class Attributes {
 public:
  void clear() { text_.clear(); }
  // The place for the next value, which the caller appends as JSON.
  std::string& next(std::string_view key);
  std::string_view finish();

 private:
  std::string text_;
};

// What stands before a record: its resource and its scope.
struct OtlpContext {
  Names names;
  std::string resource_attributes;
  std::string scope_name, scope_version;
  bool deep = false;  // values of the resource are nested too deeply: none of its records is kept
};

struct OtlpRecord {
  std::uint64_t time = 0, observed_time = 0;  // nanoseconds since 1970; 0: not known
  std::uint64_t severity_number = 0;
  std::string_view severity_text;
  std::string body;
  std::string trace_id, span_id;  // in hexadecimal
  std::string event_name;
  Names names;
  Attributes attributes;
  const char* wrong = nullptr;  // why it cannot be kept
  void clear();
};

// What a request becomes is bounded: a resource stands in each row of its records, so that a body
// can hold little and say much.
class OtlpLimit {
 public:
  // Whether the row is still to be kept; no row is after the first that was not.
  bool take(const LogRow& row);
  bool is_passed() const { return bytes_ > most_bytes; }
  // INGEST0105
  Result<void> check() const;

 private:
  static constexpr std::size_t most_bytes = std::size_t{256} << 20;
  std::size_t bytes_ = 0;
};

class OtlpRows {
 public:
  OtlpRows(Timestamp received, LogBatch& batch) : received_(received), batch_(batch) {}
  void append(const OtlpContext& context, OtlpRecord& record);
  const OtlpReport& report() const { return report_; }
  Result<void> check_size() const { return limit_.check(); }

 private:
  Timestamp received_;
  LogBatch& batch_;
  OtlpReport report_;
  OtlpLimit limit_;
};

// A data point, as far as it says which version runs.
struct OtlpPoint {
  std::uint64_t time = 0;
  Names names;
  Attributes attributes;
  void clear();
};

class OtlpPoints {
 public:
  OtlpPoints(Timestamp received, LogBatch& batch) : received_(received), batch_(batch) {}
  // Whether anything of a metric can become a row; only then its points need be read.
  static bool is_build_info(std::string_view metric) { return metric.ends_with("_build_info"); }
  void begin_resource();
  void append(const OtlpContext& context, std::string_view metric, bool gauge, OtlpPoint& point);
  const OtlpReport& report() const { return report_; }
  Result<void> check_size() const { return limit_.check(); }

 private:
  Timestamp received_;
  LogBatch& batch_;
  OtlpReport report_;
  OtlpLimit limit_;
  bool heard_ = false;  // the resource has its row
};

Result<OtlpReport> read_otlp_logs_protobuf(std::string_view body, Timestamp received,
                                           LogBatch& batch);
Result<OtlpReport> read_otlp_logs_json(std::string_view body, Timestamp received, LogBatch& batch);
Result<OtlpReport> read_otlp_metrics_protobuf(std::string_view body, Timestamp received,
                                              LogBatch& batch);
Result<OtlpReport> read_otlp_metrics_json(std::string_view body, Timestamp received,
                                          LogBatch& batch);

inline constexpr int max_otlp_depth = 64;  // of values within values
inline constexpr std::size_t max_otlp_record_bytes = std::size_t{4} << 20;
void append_hex(std::string& out, std::string_view bytes);
void append_base64_json(std::string& out, std::string_view bytes);
// As protobuf's JSON has it: NaN and the infinities are texts.
void append_real_json(std::string& out, double value);

}  // namespace rollcall::telemetry
