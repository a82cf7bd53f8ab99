// Undoes gzip and zstd in a stream that comes in pieces. Files glued together are read through, as gunzip and zstd do.
#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "base/error.hpp"
#include "telemetry/reader.hpp"

namespace rollcall::telemetry {

using ByteSink = std::function<Result<void>(std::string_view)>;

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // INGEST0104: these bytes are no such stream.
  virtual Result<void> feed(std::string_view bytes, const ByteSink& sink) = 0;
  // Whether the stream ended where it may end.
  virtual bool is_complete() const = 0;
};

// `gzip`, `zstd`: for messages.
std::string_view name_of(Compression compression);
// By the first bytes of a stream: at least four, or all of them.
Compression detect_compression(std::string_view head);
// Null for none.
std::unique_ptr<Decompressor> make_decompressor(Compression compression);

}  // namespace rollcall::telemetry
