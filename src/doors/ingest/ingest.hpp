// POST /ingest/{table}: NDJSON or CSV, plain, gzip or zstd, into OTelLogs or a table that people made. A line
// that cannot be read is reported with its number and counted; the others are taken.
#pragma once
#include <functional>
#include <string_view>

#include "base/error.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"
#include "telemetry/reader.hpp"

namespace rollcall::doors {

void add_ingest(http::Router& router, Services& services);

// What is fed is taken as it comes; an error leaves in what was taken before it. `bytes` is called until it
// answers "". For the door one piece, for files read from disk many.
using Source = std::function<Result<std::string_view>()>;
Result<telemetry::ReadReport> ingest(warehouse::Warehouse& warehouse, const Clock& clock, std::string_view table,
                                     const telemetry::ReaderOptions& options, const Source& bytes);

// {"lines", "rows", "bad", "badLines": [{"line", "reason"}]}
json::object to_json(const telemetry::ReadReport& report);

}  // namespace rollcall::doors
