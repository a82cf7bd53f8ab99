// Reads zip archives, as flows and solutions are exported in: stored and deflated entries, whole in memory.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rollcall::app {

struct ZipEntry {
  std::string name;  // with `/` between folders
  std::string content;
};
bool is_zip(std::string_view bytes);
// Entries whose names end with one of these. APP0301: it is no archive, is damaged, encrypted, or unpacks to more
// than 64 MB. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
Result<std::vector<ZipEntry>> read_zip(std::string_view bytes,
                                       const std::vector<std::string>& endings);

}  // namespace rollcall::app
