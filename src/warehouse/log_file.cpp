#include "warehouse/log_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rollcall::warehouse {

LogFile::LogFile(const std::filesystem::path& database, bool sync)
    : log_(database.string() + ".wal"),
      folder_(database.has_parent_path() ? database.parent_path() : "."),
      sync_(sync && !database.empty()) {}

Result<void> LogFile::committed() {
  if (!sync_) return {};
  struct stat status{};
  const bool exists = ::stat(log_.c_str(), &status) == 0;
  // A checkpoint took the log away: the next one is new, even when it gets the same number.
  if (!exists) {
    known_ = 0;
    return {};
  }
  if (status.st_ino == known_) return {};
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  const int reason = errno;
  if (folder >= 0) ::close(folder);
  if (!synced) {
    return fail("WAREHOUSE0106", fmt::format("{} could not be synced to disk: {}", folder_.string(),
                                             std::strerror(reason)));
  }
  known_ = status.st_ino;
  return {};
}

}  // namespace rollcall::warehouse
