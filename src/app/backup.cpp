#include "app/backup.hpp"

#include <fmt/format.h>

#include <fstream>

#include "app/postgresql_dump.hpp"
#include "base/json.hpp"
#include "doors/auth/tokens.hpp"

namespace rollcall::app {
namespace {

namespace fs = std::filesystem;

// Goes with all that is in it, unless it is kept.
class Unfinished {
 public:
  explicit Unfinished(fs::path folder) : folder_(std::move(folder)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  const fs::path& folder() const { return folder_; }
  Result<void> keep_as(const fs::path& name) {
    TRY_DO(sync(folder_));
    std::error_code error;
    fs::rename(folder_, name, error);
    if (error)
      return fail("BACKUP0101",
                  fmt::format("{} cannot be given its name: {}", name.string(), error.message()));
    folder_.clear();
    return sync(name.has_parent_path() ? name.parent_path() : ".");
  }

 private:
  fs::path folder_;
};

// The folder, under a name that says that it is not finished; readable by its owner alone.
Result<std::unique_ptr<Unfinished>> begin(const fs::path& folder, std::string_view mark) {
  std::error_code error;
  const fs::path unfinished = folder.string() + std::string(mark);
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  if (!error && !fs::create_directory(unfinished, error) && !error) {
    return fail("BACKUP0101",
                fmt::format("{} is there already: another one is at work, or was interrupted; "
                            "then remove it",
                            unfinished.string()));
  }
  if (!error) fs::permissions(unfinished, fs::perms::owner_all, error);
  if (error)
    return fail("BACKUP0101",
                fmt::format("{} cannot be made: {}", unfinished.string(), error.message()));
  return std::make_unique<Unfinished>(unfinished);
}

// There, and something is in it.
bool is_taken(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder, ignored) && !fs::is_empty(folder, ignored);
}

fs::path without_slash(const fs::path& folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

// No rest of a log lies beside a database that was closed.
Result<void> is_sound(const fs::path& file) {
  TRY(const auto copy, store::open_sqlite(file.string(), store::Durability::process));
  TRY(const auto broken, copy->verify());
  if (broken.empty()) return {};
  return fail("BACKUP0107", fmt::format("{} is broken: {}", file.string(), broken.front()));
}

Result<void> add_file(BackupManifest& manifest, const fs::path& file) {
  std::error_code ignored;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, ignored);
  TRY_DO(sync(file));
  TRY(auto seen, look_over(file));
  manifest.files.push_back(std::move(seen));
  return {};
}

Result<void> back_up_database(Product& product, const fs::path& folder, BackupManifest& manifest) {
  const auto& connection = product.options().database;
  TRY(manifest.formats, store::stored_formats(product.database()));
  if (connection.empty()) {
    TRY_DO(product.database().backup((folder / sqlite_name).string()));
    TRY_DO(is_sound(folder / sqlite_name));
    return add_file(manifest, folder / sqlite_name);
  }
  manifest.postgresql = true;
  TRY(manifest.schema, dump_postgresql(product.database(), connection, folder / postgresql_name));
  return add_file(manifest, folder / postgresql_name);
}

Result<void> restore_files(const RestoreOptions& options, const BackupManifest& manifest,
                           const fs::path& folder) {
  for (const auto& file : manifest.files) {
    const bool stays = options.check_only || file.name == postgresql_name;
    TRY(const auto seen,
        look_over(options.backup / file.name, stays ? fs::path() : folder / file.name));
    if (seen.bytes == file.bytes && seen.sha256 == file.sha256) continue;
    return fail("BACKUP0104",
                fmt::format("{} is damaged: it has {} bytes with SHA-256 {}, and {} bytes with {} "
                            "were backed up; use another backup",
                            (options.backup / file.name).string(), seen.bytes, seen.sha256,
                            file.bytes, file.sha256));
  }
  return {};
}

// Brings it to this Rollcall's format, as a server's start would.
Result<void> upgrade(store::Database& database) {
  TRY_DO(lists::ListStore::open(database));
  TRY_DO(flow::RunStore(database).open());
  TRY_DO(doors::Tokens::open(database));
  return {};
}

Result<void> restore_warehouse(const BackupManifest& manifest, const fs::path& file) {
  TRY(const auto there, warehouse::inspect(file));
  for (const auto& [table, rows] : manifest.warehouse->rows) {
    const auto found = there.rows.find(table);
    const auto counted = found == there.rows.end() ? 0 : found->second;
    if (counted == rows) continue;
    return fail("BACKUP0107", fmt::format("the table {} has {} rows, and {} were backed up", table,
                                          counted, rows));
  }
  TRY_DO(warehouse::open_embedded({.file = file}));
  return {};
}

Result<void> may_restore(const RestoreOptions& options, const BackupManifest& manifest) {
  if (is_taken(options.data)) {
    return fail("BACKUP0106",
                fmt::format("something is in {} already, and nothing is overwritten: name a folder "
                            "that is not there yet",
                            options.data.string()));
  }
  if (manifest.postgresql && options.database.empty()) {
    return fail("BACKUP0108",
                "the backup is of a PostgreSQL database: say with --database into which it goes");
  }
  if (!manifest.postgresql && !options.database.empty()) {
    return fail("BACKUP0108",
                "the backup is of SQLite: restore it without --database, then take lists into "
                "PostgreSQL with `rollcall list copy`");
  }
  return {};
}

}  // namespace

Result<BackupManifest> make_backup(Product& product, const fs::path& given) {
  const auto folder = without_slash(given);
  if (!folder.is_absolute()) {
    return fail("BACKUP0101",
                fmt::format("a backup goes to an absolute path, not to '{}'", folder.string()));
  }
  if (is_taken(folder)) {
    return fail("BACKUP0101",
                fmt::format("something is in {} already: name a folder that is not there yet",
                            folder.string()));
  }
  TRY(const auto unfinished, begin(folder, ".unfinished"));
  BackupManifest manifest;
  manifest.made = product.clock().now();
  const auto& data = product.options().data;
  if (const auto key = data / key_name; !data.empty() && fs::exists(key)) {
    TRY_DO(look_over(key, unfinished->folder() / key_name));
    TRY_DO(add_file(manifest, unfinished->folder() / key_name));
  }
  TRY_DO(back_up_database(product, unfinished->folder(), manifest));
  TRY(manifest.warehouse, product.warehouse().backup(unfinished->folder() / warehouse_name));
  if (manifest.warehouse) TRY_DO(add_file(manifest, unfinished->folder() / warehouse_name));
  std::ofstream(unfinished->folder() / manifest_name, std::ios::binary)
      << pretty(to_json(manifest));
  TRY_DO(sync(unfinished->folder() / manifest_name));
  TRY_DO(read_manifest(unfinished->folder()));  // also when the disk was full
  TRY_DO(unfinished->keep_as(folder));
  return manifest;
}

Result<BackupManifest> restore_backup(const RestoreOptions& options) {
  TRY(auto manifest, read_manifest(options.backup));
  TRY_DO(check_formats(manifest));
  if (options.check_only) {
    TRY_DO(restore_files(options, manifest, {}));
    return manifest;
  }
  TRY_DO(may_restore(options, manifest));
  const auto data = without_slash(options.data);
  TRY(const auto unfinished, begin(data, ".restoring"));
  TRY_DO(restore_files(options, manifest, unfinished->folder()));
  if (manifest.warehouse)
    TRY_DO(restore_warehouse(manifest, unfinished->folder() / warehouse_name));
  if (manifest.postgresql) {
    TRY_DO(restore_postgresql(options.database, manifest.schema, options.backup / postgresql_name));
    TRY(const auto database, store::open_postgresql(options.database, store::Durability::power));
    TRY_DO(upgrade(*database));
  } else {
    const auto file = unfinished->folder() / sqlite_name;
    TRY_DO(is_sound(file));
    TRY(const auto database, store::open_sqlite(file.string(), store::Durability::power));
    TRY_DO(upgrade(*database));
  }
  TRY_DO(unfinished->keep_as(data));
  return manifest;
}

}  // namespace rollcall::app
