// The kinds of sources, one file each, and what they share.
#pragma once
#include "base/json.hpp"
#include "sources/source.hpp"
#include "telemetry/otlp_rows.hpp"

namespace rollcall::sources {

std::unique_ptr<Source> make_version(const SourceOptions& options, http::Client& client);
std::unique_ptr<Source> make_prometheus(const SourceOptions& options, http::Client& client);
std::unique_ptr<Source> make_prometheus_server(const SourceOptions& options, http::Client& client);
std::unique_ptr<Source> make_kubernetes(const SourceOptions& options, http::Client& client);
std::unique_ptr<Source> make_loki(const SourceOptions& options, http::Client& client);
std::unique_ptr<Source> make_elasticsearch(const SourceOptions& options, http::Client& client);
Result<std::unique_ptr<Source>> make_kusto(const SourceOptions& options, http::Client& client,
                                           const Clock& clock);
std::unique_ptr<Source> make_postgresql(const SourceOptions& options);
std::unique_ptr<Source> make_directory(const SourceOptions& options);

// GET, or POST with a body of JSON. SOURCE0102: no answer of 200, and what came instead.
Result<std::string> ask(http::Client& client, const SourceOptions& options, const std::string& url,
                        const std::string& body = {});
Result<json::value> ask_json(http::Client& client, const SourceOptions& options,
                             const std::string& url, const std::string& body = {});

// The fixed names, where the row's own are empty.
void fill_names(telemetry::LogRow& row, const FixedNames& fixed);
// A row of these names, filled.
void append_row(telemetry::LogBatch& rows, const telemetry::Names& names, const FixedNames& fixed,
                Timestamp at, std::string_view body, std::string_view attributes);
// `build.version`: the text or number at that place; nullopt when there is none.
std::optional<std::string> text_at(const json::value& document, std::string_view dotted);

// The time that a pull covers: from the position (at the first pull an hour ago) to now minus the lag.
struct Slice {
  Timestamp from, to;
};
Slice slice_of(const SourceOptions& options, Timestamp now, std::string_view position);

// One sample of Prometheus' text format, of a metric *_build_info.
struct BuildInfo {
  std::string metric;
  std::vector<std::pair<std::string, std::string>> labels;
};
// https://prometheus.io/docs/instrumenting/exposition_formats/ ; other metrics are passed over.
std::vector<BuildInfo> read_build_info(std::string_view exposition);

// What is asked over HTTP.
class HttpSource : public Source {
 public:
  HttpSource(SourceOptions options, http::Client& client)
      : options_(std::move(options)), client_(client) {}

 protected:
  const SourceOptions options_;
  http::Client& client_;
};

}  // namespace rollcall::sources
