#include "app/packed_file.hpp"

#include <fmt/format.h>

#include <fstream>

namespace rollcall::app {

Result<Unpacked> read_unpacked(const std::string& file,
                               const std::function<Result<void>(std::string_view)>& feed) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail("INGEST0201", fmt::format("{} cannot be opened", file));
  std::string chunk(1U << 20U, '\0');
  std::unique_ptr<telemetry::Decompressor> decompressor;
  Unpacked unpacked;
  for (;;) {
    stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const auto bytes = std::string_view(chunk).substr(0, static_cast<std::size_t>(stream.gcount()));
    if (bytes.empty()) break;
    if (unpacked.compression == telemetry::Compression::automatic) {
      unpacked.compression = telemetry::detect_compression(bytes);
      decompressor = telemetry::make_decompressor(unpacked.compression);
    }
    if (!decompressor) {
      TRY_DO(feed(bytes));
    } else if (auto fed = decompressor->feed(bytes, feed); !fed) {
      return fail(fed.error().code, fmt::format("{}: {}", file, fed.error().message));
    }
  }
  unpacked.complete = !decompressor || decompressor->is_complete();
  return unpacked;
}

Error cut_off(const std::string& file, const Unpacked& unpacked) {
  return {"INGEST0103", fmt::format("{}: the {} stream ends before its end: the file was cut off",
                                    file, telemetry::name_of(unpacked.compression))};
}

}  // namespace rollcall::app
