#include "warehouse/local_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "telemetry/decompress.hpp"

// The one way to a file of this machine.

namespace rollcall::warehouse {

Result<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                        const std::string& source) {
  if (source.contains("://"))
    return fail(
        "WAREHOUSE0411",
        fmt::format("{}: only files of this machine are read, those below ingest_folder", source));
  if (folder.empty())
    return fail("WAREHOUSE0411",
                "no folder is configured from which files may be read: set ingest_folder");
  std::error_code error;
  const auto root = std::filesystem::canonical(folder, error);
  const auto path =
      error ? std::filesystem::path() : std::filesystem::canonical(root / source, error);
  const auto relative = error ? std::filesystem::path() : path.lexically_relative(root);
  if (error || relative.empty() || *relative.begin() == ".." ||
      !std::filesystem::is_regular_file(path)) {
    return fail("WAREHOUSE0411",
                fmt::format("{}: there is no such file in the folder from which files may be read",
                            source));
  }
  return path;
}

Result<std::string> read_file(const std::filesystem::path& path, const std::string& source,
                              std::size_t most_bytes) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > most_bytes || error) {
    return fail("WAREHOUSE0411", fmt::format("{} cannot be read, or has more than {} MiB", source,
                                             most_bytes >> 20U));
  }
  std::ifstream stream(path, std::ios::binary);
  std::string packed(std::istreambuf_iterator<char>(stream), {});
  if (!stream && !stream.eof())
    return fail("WAREHOUSE0411", fmt::format("{} cannot be read", source));
  const auto compression = telemetry::detect_compression(packed);
  const auto unpacking = telemetry::make_decompressor(compression);
  if (unpacking == nullptr) return packed;
  std::string text;
  TRY_DO(unpacking->feed(packed, [&](std::string_view plain) -> Result<void> {
    if (text.size() + plain.size() > most_bytes)
      return fail("WAREHOUSE0411",
                  fmt::format("{} unpacks to more than {} MiB", source, most_bytes >> 20U));
    text += plain;
    return {};
  }));
  if (!unpacking->is_complete())
    return fail("WAREHOUSE0411", fmt::format("{} ends too early", source));
  return text;
}

}  // namespace rollcall::warehouse
