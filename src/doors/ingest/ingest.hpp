// POST /ingest/{table}: NDJSON or CSV, plain, gzip or zstd, into OTelLogs or a table that people made. A line
// that cannot be read is reported with its number and counted; the others are taken, all of them or, when the warehouse
// fails, none; and once, when the same body is sent again within an hour.
#pragma once
#include "base/json.hpp"
#include "doors/services.hpp"
#include "http/router.hpp"
#include "telemetry/reader.hpp"

namespace rollcall::doors {

void add_ingest(http::Router& router, Services& services);

// {"lines", "rows", "bad", "badLines": [{"line", "reason"}]}
json::object to_json(const telemetry::ReadReport& report);

}  // namespace rollcall::doors
