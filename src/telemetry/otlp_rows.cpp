#include "telemetry/otlp_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_text.hpp"

namespace rollcall::telemetry {
namespace {

struct Rule {
  std::string_view key;
  Names::Column column;
  std::uint8_t rank;  // from 1, the best
};

constexpr Rule attribute_rules[] = {
    {"deployment.environment.name", Names::environment, 1},
    {"deployment.environment", Names::environment, 2},
    {"service.name", Names::role, 1},
    {"cloud.region", Names::region, 1},
    {"service.version", Names::version, 1},
    {"service.instance.id", Names::instance, 1},
    {"k8s.pod.name", Names::instance, 2},
    {"container.id", Names::instance, 3},
    {"host.name", Names::host, 1},
    {"k8s.node.name", Names::host, 2},
};

constexpr Rule label_rules[] = {
    {"deployment_environment_name", Names::environment, 1},
    {"deployment_environment", Names::environment, 2},
    {"environment", Names::environment, 3},
    {"env", Names::environment, 4},
    {"service_name", Names::role, 1},
    {"role", Names::role, 2},
    {"service", Names::role, 3},
    {"job", Names::role, 4},
    {"cloud_region", Names::region, 1},
    {"region", Names::region, 2},
    {"service_version", Names::version, 1},
    {"version", Names::version, 2},
    {"service_instance_id", Names::instance, 1},
    {"instance", Names::instance, 2},
    {"pod", Names::instance, 3},
    {"host_name", Names::host, 1},
    {"host", Names::host, 2},
    {"node", Names::host, 3},
};

// ns since 1970 as a time; nullopt beyond the year 2262, which no clock says that is right.
std::optional<Timestamp> time_of(std::uint64_t nanoseconds) {
  if (nanoseconds > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  return from_unix_nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

std::string_view better(std::string_view first, std::string_view second) {
  return first.empty() ? second : first;
}

void put_names(LogRow& row, const Names& resource, const Names& own) {
  row.environment = better(resource[Names::environment], own[Names::environment]);
  row.role = better(resource[Names::role], own[Names::role]);
  row.region = better(resource[Names::region], own[Names::region]);
  row.version = better(resource[Names::version], own[Names::version]);
  row.instance = better(resource[Names::instance], own[Names::instance]);
  row.host = better(resource[Names::host], own[Names::host]);
}

std::size_t bytes_of(const LogRow& row) {
  std::size_t sum = 0;
  for (const auto text : {row.environment, row.role, row.region, row.version, row.instance,
                          row.host, row.severity_text, row.body, row.trace_id, row.span_id,
                          row.resource_attributes, row.log_attributes}) {
    sum += text.size();
  }
  return sum;
}

}  // namespace

bool OtlpLimit::take(const LogRow& row) {
  if (!is_passed()) bytes_ += bytes_of(row) + sizeof(Timestamp) * 2;
  return !is_passed();
}

Result<void> OtlpLimit::check() const {
  if (!is_passed()) return {};
  return fail(
      "INGEST0105",
      fmt::format("the rows of this request, each with the attributes of its resource, have "
                  "more than {} bytes; send it in several parts",
                  most_bytes));
}

Result<OtlpReport> read_otlp_logs(std::string_view body, OtlpEncoding encoding, Timestamp received,
                                  LogBatch& batch) {
  return encoding == OtlpEncoding::json ? read_otlp_logs_json(body, received, batch)
                                        : read_otlp_logs_protobuf(body, received, batch);
}

Result<OtlpReport> read_otlp_metrics(std::string_view body, OtlpEncoding encoding,
                                     Timestamp received, LogBatch& batch) {
  return encoding == OtlpEncoding::json ? read_otlp_metrics_json(body, received, batch)
                                        : read_otlp_metrics_protobuf(body, received, batch);
}

void Names::clear() {
  if (!any()) return;
  for (auto& value : values_) value.clear();
  ranks_ = {};
}

void Names::put(Column column, std::uint8_t rank, std::string_view value) {
  auto& given = ranks_[column];
  if (value.empty() || (given != 0 && given <= rank)) return;
  given = rank;
  values_[column].assign(value);
}

void Names::take_attribute(std::string_view key, std::string_view value) {
  for (const auto& rule : attribute_rules) {
    if (rule.key == key) return put(rule.column, rule.rank, value);
  }
}

void Names::take_label(std::string_view key, std::string_view value) {
  for (const auto& rule : label_rules) {
    if (rule.key == key) return put(rule.column, rule.rank, value);
  }
  take_attribute(key, value);
}

std::string& Attributes::next(std::string_view key) {
  text_ += text_.empty() ? '{' : ',';
  append_json(text_, key);
  text_ += ':';
  return text_;
}

std::string_view Attributes::finish() {
  if (!text_.empty()) text_ += '}';
  return text_;
}

void OtlpRecord::clear() {
  time = observed_time = severity_number = 0;
  severity_text = {};
  body.clear();
  trace_id.clear();
  span_id.clear();
  event_name.clear();
  names.clear();
  attributes.clear();
  wrong = nullptr;
}

void OtlpRows::append(const OtlpContext& context, OtlpRecord& record) {
  ++report_.records;
  if (limit_.is_passed()) return;
  if (context.deep) record.wrong = "the values of its resource are nested deeper than 64 levels";
  LogRow row;
  put_names(row, context.names, record.names);
  row.severity_text = record.severity_text;
  row.body = record.body;
  row.trace_id = record.trace_id;
  row.span_id = record.span_id;
  row.resource_attributes = context.resource_attributes;
  const bool large_scope =
      context.scope_name.size() + context.scope_version.size() > max_otlp_record_bytes;
  const auto time = time_of(record.time != 0 ? record.time : record.observed_time);
  const auto observed = time_of(record.observed_time != 0 ? record.observed_time : record.time);
  if (!time || !observed) record.wrong = "its time is beyond the year 2262";
  if (!large_scope && !context.scope_name.empty())
    append_json(record.attributes.next("otel.scope.name"), context.scope_name);
  if (!large_scope && !context.scope_version.empty())
    append_json(record.attributes.next("otel.scope.version"), context.scope_version);
  if (!record.event_name.empty())
    append_json(record.attributes.next("event.name"), record.event_name);
  row.log_attributes = record.attributes.finish();
  if (large_scope || bytes_of(row) > max_otlp_record_bytes)
    record.wrong = "it is larger than 4 MiB";
  if (record.wrong != nullptr) {
    if (report_.rejected++ == 0)
      report_.reason = fmt::format("log record {} is not kept: {}", report_.records, record.wrong);
    return;
  }
  const bool timeless = record.time == 0 && record.observed_time == 0;
  row.timestamp = timeless ? received_ : *time;
  row.observed_timestamp = timeless ? received_ : *observed;
  if (record.severity_number > 0 && record.severity_number <= 24)
    row.severity_number = static_cast<std::int32_t>(record.severity_number);
  if (!limit_.take(row)) return;
  batch_.append(row);
  ++report_.rows;
}

void OtlpPoint::clear() {
  time = 0;
  names.clear();
  attributes.clear();
}

void OtlpPoints::begin_resource() { heard_ = false; }

void OtlpPoints::append(const OtlpContext& context, std::string_view metric, bool gauge,
                        OtlpPoint& point) {
  ++report_.records;
  const bool build_info = is_build_info(metric);
  LogRow row;
  put_names(row, context.names, point.names);
  if (row.version.empty() || !(build_info || (gauge && !heard_))) return;
  const auto time = point.time == 0 ? std::optional(received_) : time_of(point.time);
  if (!time) {
    if (report_.rejected++ == 0)
      report_.reason =
          fmt::format("a data point of {} is not kept: its time is beyond the year 2262", metric);
    return;
  }
  if (!build_info) heard_ = true;
  row.timestamp = row.observed_timestamp = *time;
  row.body = metric;
  row.resource_attributes = context.resource_attributes;
  row.log_attributes = point.attributes.finish();
  if (!limit_.take(row)) return;
  batch_.append(row);
  ++report_.rows;
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

void append_base64_json(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return k < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[k])) : 0U;
    };
    const unsigned three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += digits[three >> 18];
    out += digits[(three >> 12) & 63];
    out += i + 1 < bytes.size() ? digits[(three >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? digits[three & 63] : '=';
  }
  out += '"';
}

void append_real_json(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

}  // namespace rollcall::telemetry
