// A backup of all that Rollcall keeps, made while it serves, and its restoring into a place where nothing is yet. It is
// a folder: the database (SQLite's file, or PostgreSQL's dump), the warehouse, the key of flows, and a manifest that
// names them with their checksums. The database's moment comes before the warehouse's, so that what flows had not yet
// made of the logs they find in them again.
#pragma once
#include <filesystem>
#include <string>

#include "app/backup_manifest.hpp"
#include "app/product.hpp"

namespace rollcall::app {

// To be called by any thread. The folder appears under its name when all of it is there, read again and synced.
// BACKUP0101: it cannot be made there; BACKUP0102: a program that is needed failed.
Result<BackupManifest> make_backup(Product& product, const std::filesystem::path& folder);

struct RestoreOptions {
  std::filesystem::path backup;
  std::filesystem::path data;  // to be made
  std::string database;        // a PostgreSQL connection string, for a backup of one
  bool check_only = false;     // nothing is written
};
// BACKUP0103 no backup there; BACKUP0104 one of its files is damaged; BACKUP0105 a newer Rollcall made it; BACKUP0106
// something is there already; BACKUP0107 what came out is not what went in.
Result<BackupManifest> restore_backup(const RestoreOptions& options);

}  // namespace rollcall::app
