// OTLP's logs and metrics as rows of OTelLogs, from protobuf and from JSON.
// https://opentelemetry.io/docs/specs/otlp/ , https://github.com/open-telemetry/opentelemetry-proto
// (v1).
//
//   column       | attribute, of the resource or else of the record
//   Environment  | deployment.environment.name, or the older deployment.environment
//   Role         | service.name
//   Region       | cloud.region
//   Version      | service.version
//   Instance     | service.instance.id, or k8s.pod.name, or container.id
//   Host         | host.name, or k8s.node.name
//
// All attributes are kept too: the resource's in ResourceAttributes, the record's in LogAttributes,
// with the scope as otel.scope.name and otel.scope.version and the name of an event as event.name.
// A body that is no text is JSON text.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::telemetry {

enum class OtlpEncoding { protobuf, json };

struct OtlpReport {
  std::uint64_t records = 0;   // log records or data points that were read
  std::uint64_t rows = 0;      // appended to the batch
  std::uint64_t rejected = 0;  // records that cannot be kept
  std::string reason;          // of the first rejected one
};

// An ExportLogsServiceRequest. Appends to the batch; a record without any time gets `received`.
// INGEST0301: the body is no protobuf or no such message; INGEST0302: no JSON, or a field of the
// wrong kind; INGEST0105: the rows together have more than 256 MiB. Then the batch holds rows of no
// meaning.
Result<OtlpReport> read_otlp_logs(std::string_view body, OtlpEncoding encoding, Timestamp received,
                                  LogBatch& batch);

// An ExportMetricsServiceRequest. Of metrics only what says which version runs becomes a row: each
// data point of a gauge or sum named `…_build_info` (its attribute `version`, where the resource
// names none), and one row for a resource with a service.version that reports any other gauge. The
// Body is the metric's name. Errors as above.
Result<OtlpReport> read_otlp_metrics(std::string_view body, OtlpEncoding encoding,
                                     Timestamp received, LogBatch& batch);

}  // namespace rollcall::telemetry
