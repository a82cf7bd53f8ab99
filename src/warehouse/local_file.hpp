// Files that the configuration lets a warehouse read: those below one folder (`ingest_folder`),
// plain or packed.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace rollcall::warehouse {

inline constexpr std::size_t most_file_bytes = std::size_t{1} << 30U;

// Where the file stands. WAREHOUSE0411: no folder is configured, it is no file's name, or the name
// leads out of the folder, be it through a link.
Result<std::filesystem::path> find_file(const std::filesystem::path& folder,
                                        const std::string& source);
// Its text, unpacked; `source` is its name for whoever asked. WAREHOUSE0411: it cannot be read, or
// is larger than `most_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, const std::string& source,
                              std::size_t most_bytes = most_file_bytes);

}  // namespace rollcall::warehouse
