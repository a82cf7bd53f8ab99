// Files that the configuration lets a warehouse write: new ones below one folder (`export_folder`).
#pragma once
#include <filesystem>
#include <string>

#include "base/error.hpp"

namespace rollcall::warehouse {

// Makes the folder when it is not there, and answers its one true name. WAREHOUSE0414: it cannot be.
Result<std::filesystem::path> make_export_folder(const std::filesystem::path& folder);

// A file that is either there whole or not at all: it is written beside its place, and takes its name at the end.
class ExportFile {
 public:
  // The name is relative to the folder, whose folders are made; `.parquet` is added where it does not say so.
  // WAREHOUSE0414: no folder is configured, the name leads out of it, or there is such a file.
  static Result<ExportFile> begin(const std::filesystem::path& folder, const std::string& name);
  ExportFile(const ExportFile&) = delete;
  ExportFile(ExportFile&& other) noexcept = default;
  ~ExportFile();

  std::string partial() const { return partial_.string(); }  // what is to be written
  const std::filesystem::path& path() const { return path_; }
  // Synced and named; answers its size. WAREHOUSE0414: meanwhile somebody made such a file.
  Result<std::uint64_t> finish();

 private:
  ExportFile(std::filesystem::path path, std::filesystem::path partial)
      : path_(std::move(path)), partial_(std::move(partial)) {}
  std::filesystem::path path_, partial_;
};

}  // namespace rollcall::warehouse
