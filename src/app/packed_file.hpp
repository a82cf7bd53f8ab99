// A file as it is, or unpacked when it begins as gzip or zstd do, in pieces, so that one of any size passes through.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "telemetry/decompress.hpp"

namespace rollcall::app {

struct Unpacked {
  telemetry::Compression compression = telemetry::Compression::automatic;
  bool complete = true;  // false: the compressed stream was cut off
};
// `feed` takes the pieces in order; its errors end the reading. INGEST0201: the file cannot be opened.
Result<Unpacked> read_unpacked(const std::string& file,
                               const std::function<Result<void>(std::string_view)>& feed);
// INGEST0103, of a file that is not complete.
Error cut_off(const std::string& file, const Unpacked& unpacked);

}  // namespace rollcall::app
