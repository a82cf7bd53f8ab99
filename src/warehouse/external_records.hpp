// What `externaldata` reads: records of files below the configured folder, in the formats of
// ingestion.
#pragma once
#include <filesystem>

#include "base/error.hpp"
#include "kql/compile.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

// All records as a JSON array of arrays of texts. WAREHOUSE0404, WAREHOUSE0409: as for ingestion;
// WAREHOUSE0411: no such file, or together more than 64 MiB.
Result<std::string> read_external_records(const std::filesystem::path& folder,
                                          const kql::ExternalRecords& wanted);

// The rows as such records, for a query over them.
std::string records_of(const Table& rows);

}  // namespace rollcall::warehouse
