// Any bytes are read as OTLP or refused, in both encodings and of both signals, and what is counted is there.
#include "telemetry/otlp.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace rollcall;
  const auto body = fuzz::text_of(data, size);
  for (const auto encoding : {telemetry::OtlpEncoding::protobuf, telemetry::OtlpEncoding::json}) {
    for (const auto read : {telemetry::read_otlp_logs, telemetry::read_otlp_metrics}) {
      telemetry::LogBatch batch;
      const auto report = read(body, encoding, fuzz::now, batch);
      if (report && batch.size() != report->rows)
        fuzz::found("rows are counted that are not there");
      if (report && report->rows + report->rejected > report->records)
        fuzz::found("more rows than records");
    }
  }
  return 0;
}
