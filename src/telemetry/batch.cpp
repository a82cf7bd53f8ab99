#include "telemetry/batch.hpp"

#include <array>

namespace rollcall::telemetry {

void LogBatch::append(const LogRow& row) {
  timestamp.push_back(row.timestamp);
  observed_timestamp.push_back(row.observed_timestamp);
  environment.append(row.environment);
  role.append(row.role);
  region.append(row.region);
  version.append(row.version);
  instance.append(row.instance);
  host.append(row.host);
  severity_number.push_back(row.severity_number);
  severity_text.append(row.severity_text);
  body.append(row.body);
  trace_id.append(row.trace_id);
  span_id.append(row.span_id);
  resource_attributes.append(row.resource_attributes);
  log_attributes.append(row.log_attributes);
}

void LogBatch::append(const LogBatch& other, Timestamp ingested_at) {
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::size_t row = 0; row < other.size(); ++row)
    arrival.push_back(other.ingestion(row, ingested_at));
  add(timestamp, other.timestamp);
  add(observed_timestamp, other.observed_timestamp);
  add(severity_number, other.severity_number);
  const auto of = [](auto& batch) {
    return std::array{&batch.environment,
                      &batch.role,
                      &batch.region,
                      &batch.version,
                      &batch.instance,
                      &batch.host,
                      &batch.severity_text,
                      &batch.body,
                      &batch.trace_id,
                      &batch.span_id,
                      &batch.resource_attributes,
                      &batch.log_attributes};
  };
  const auto to = of(*this);
  const auto from = of(other);
  for (std::size_t i = 0; i < to.size(); ++i) to[i]->append(*from[i]);
}

LogRow LogBatch::row(std::size_t i) const {
  return {.timestamp = timestamp[i],
          .observed_timestamp = observed_timestamp[i],
          .environment = environment[i],
          .role = role[i],
          .region = region[i],
          .version = version[i],
          .instance = instance[i],
          .host = host[i],
          .severity_number = severity_number[i],
          .severity_text = severity_text[i],
          .body = body[i],
          .trace_id = trace_id[i],
          .span_id = span_id[i],
          .resource_attributes = resource_attributes[i],
          .log_attributes = log_attributes[i]};
}

std::size_t LogBatch::bytes() const {
  std::size_t sum = size() * 20;
  for (const auto* column :
       {&environment, &role, &region, &version, &instance, &host, &severity_text, &body, &trace_id,
        &span_id, &resource_attributes, &log_attributes}) {
    sum += column->bytes();
  }
  return sum;
}

void LogBatch::clear() {
  timestamp.clear();
  observed_timestamp.clear();
  severity_number.clear();
  arrival.clear();
  for (auto* column : {&environment, &role, &region, &version, &instance, &host, &severity_text,
                       &body, &trace_id, &span_id, &resource_attributes, &log_attributes}) {
    column->clear();
  }
}

}  // namespace rollcall::telemetry
