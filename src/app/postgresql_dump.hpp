// PostgreSQL's own programs carry its tables into a file and back: pg_dump reads one snapshot while others write, and
// pg_restore does all in one transaction.
#pragma once
#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "store/database.hpp"

namespace rollcall::app {

// Answers the schema that the tables are in. BACKUP0102: the program is not there, or failed.
Result<std::string> dump_postgresql(store::Database& database, const std::string& connection,
                                    const std::filesystem::path& file);
// BACKUP0106: there are tables of Rollcall already; BACKUP0108: the connection's first schema is another.
Result<void> restore_postgresql(const std::string& connection, const std::string& schema,
                                const std::filesystem::path& file);

}  // namespace rollcall::app
