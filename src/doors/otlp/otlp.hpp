// OTLP over HTTP: POST /v1/logs and /v1/metrics, protobuf and JSON, with partial success, and errors as google.rpc.Status in
// the encoding of the request. https://opentelemetry.io/docs/specs/otlp/#otlphttp
#pragma once
#include "doors/services.hpp"
#include "http/router.hpp"

namespace rollcall::doors {

void add_otlp(http::Router& router, Services& services);

}  // namespace rollcall::doors
