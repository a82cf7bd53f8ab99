// DuckDB syncs its write-ahead log at each commit, but not the folder that names it: after a power cut a log that was just
// created could be missing. So, in power mode, the folder is synced whenever the log is a new file.
#pragma once
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"

namespace rollcall::warehouse {

class LogFile {
 public:
  LogFile(const std::filesystem::path& database, bool sync);
  // To be called after each commit, before it is acknowledged.
  Result<void> committed();

 private:
  std::filesystem::path log_, folder_;
  bool sync_;
  std::uint64_t known_ = 0;  // the log's inode
};

}  // namespace rollcall::warehouse
