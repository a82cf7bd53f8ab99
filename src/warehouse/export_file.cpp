#include "warehouse/export_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

namespace rollcall::warehouse {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> refused(std::string_view name, std::string_view why) {
  return fail("WAREHOUSE0414", fmt::format("{}: {}", name, why));
}

bool leads_out(const fs::path& relative) { return relative.empty() || *relative.begin() == ".."; }

Result<void> synced(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  return done ? Result<void>{} : refused(path.string(), "cannot be synced to disk");
}

}  // namespace

Result<fs::path> make_export_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const auto root = error ? fs::path() : fs::canonical(folder, error);
  if (error)
    return refused(folder.string(), "the export folder cannot be made: " + error.message());
  return root;
}

Result<ExportFile> ExportFile::begin(const fs::path& folder, const std::string& name) {
  if (folder.empty())
    return refused(name, "no folder is configured to which exports go: set export_folder");
  if (name.contains("://") || name.contains('\0'))
    return refused(name, "exports go to files of this machine, below export_folder");
  auto path = (folder / name).lexically_normal();
  if (path.extension() != ".parquet") path += ".parquet";
  const auto outside = [&] { return refused(name, "exports go below the export folder only"); };
  if (leads_out(path.lexically_relative(folder)) || path.stem().empty()) return outside();
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  // A link in the folder may lead out of it.
  const auto parent = error ? fs::path() : fs::canonical(path.parent_path(), error);
  if (error) return refused(name, "its folder cannot be made: " + error.message());
  if (leads_out(parent.lexically_relative(folder))) return outside();
  path = parent / path.filename();
  if (fs::exists(fs::symlink_status(path, error)))
    return refused(name, "there is such a file already, and exports never write over one");
  static std::atomic<unsigned> next = 0;
  auto partial = parent / fmt::format(".{}.{}-{}.partial", path.filename().string(), ::getpid(),
                                      next.fetch_add(1));
  return ExportFile(std::move(path), std::move(partial));
}

ExportFile::~ExportFile() {
  std::error_code ignored;
  if (!partial_.empty()) fs::remove(partial_, ignored);
}

Result<std::uint64_t> ExportFile::finish() {
  TRY_DO(synced(partial_));
  std::error_code error;
  const auto size = fs::file_size(partial_, error);
  if (!error) fs::create_hard_link(partial_, path_, error);  // fails when the name is taken
  if (error) return refused(path_.string(), "the export cannot take its name: " + error.message());
  TRY_DO(synced(path_.parent_path()));
  return size;
}

}  // namespace rollcall::warehouse
