// How the text cases show rows of logs.
#pragma once
#include <string>

#include "support/golden.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::telemetry {

std::string show(const LogBatch& batch);
// `otlp logs|metrics`: the body is OTLP's JSON; it is read as that, and as the protobuf that says the same.
std::string read_otlp(const test::GoldenCase& one);

}  // namespace rollcall::telemetry
