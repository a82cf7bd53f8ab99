// What a backup says of itself: manifest.json in its folder. Every other file in it is named there with its size and
// checksum, and so are the formats of what it holds, so that a restore knows beforehand whether it can be done.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "store/database.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::app {

struct BackupFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct BackupManifest {
  Timestamp made;
  std::vector<BackupFile> files;
  bool postgresql = false;                            // its dump; else SQLite's file
  std::string schema;                                 // of PostgreSQL, that the tables were in
  store::Formats formats;                             // of the database's modules
  std::optional<warehouse::WarehouseCopy> warehouse;  // absent: the logs are in a Kusto cluster

  const BackupFile* file(std::string_view name) const;
};

inline constexpr const char* manifest_name = "manifest.json";
inline constexpr const char* sqlite_name = "rollcall.db";
inline constexpr const char* postgresql_name = "rollcall.pgdump";
inline constexpr const char* warehouse_name = "warehouse.duckdb";
inline constexpr const char* key_name = "flow.key";

json::object to_json(const BackupManifest& manifest);
// BACKUP0103: it is none. BACKUP0105: a newer Rollcall made it.
Result<BackupManifest> parse_manifest(const json::value& value);
// The one in the folder.
Result<BackupManifest> read_manifest(const std::filesystem::path& folder);
// BACKUP0105: something in it is of a newer format than this Rollcall's.
Result<void> check_formats(const BackupManifest& manifest);

// Reads the file to its end; writes what it reads to `copy`, unless that is empty. BACKUP0104: it cannot be read.
Result<BackupFile> look_over(const std::filesystem::path& file,
                             const std::filesystem::path& copy = {});
// What was written to the file, or made in the folder, survives a power cut.
Result<void> sync(const std::filesystem::path& file_or_folder);

}  // namespace rollcall::app
