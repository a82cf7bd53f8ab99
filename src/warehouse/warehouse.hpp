// The warehouse seam: KQL text in, typed table out. Inside it is DuckDB (open_embedded); outside, a Kusto
// cluster. A query can only read. An acknowledged ingestion is durable as its `Durability` says, and both the log
// rows and what they add to Observations are in, or neither. All methods may be called from any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/principal.hpp"
#include "telemetry/batch.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

// Kusto's own defaults; exceeding one is an error that names it, never a shorter answer.
struct Limits {
  std::uint64_t rows = 500'000;
  std::uint64_t bytes = 64U << 20;
  Timespan timeout = minutes(4);
};

struct QueryOptions {
  Timestamp now;  // what now() answers
  // Values of `declare query_parameters(…)`, by name; each is a KQL literal, as Kusto's REST protocol has it.
  std::map<std::string, std::string, std::less<>> parameters;
  Limits limits;
  Principal principal;
  // The poll has a place of its own; everybody else queues for the others, and is refused (WAREHOUSE0104) when the queue is full.
  enum class Lane { people, poll };
  Lane lane = Lane::people;
  // Set by another thread to stop the query (WAREHOUSE0110).
  const std::atomic<bool>* cancelled = nullptr;
  // A result beyond its limits is cut there and says so in Table::incomplete, instead of failing.
  bool partial = false;
  // At most so many rows of each result; the others are not asked for, and that is no error.
  std::optional<std::uint64_t> take_records = {};
  bool readonly = false;     // commands that write are refused (WAREHOUSE0405)
  bool administers = false;  // sees everybody's queries, and may cancel them
  // When it was asked, where `now` was chosen by the client.
  std::optional<Timestamp> asked_at = {};
  // How the client names its request, itself, and what it asks for: `.show queries` shows it, `.cancel query` finds it.
  std::string client_activity_id = {};
  std::string activity_id = {};
  std::string application = {};
  std::string properties = {};  // JSON
};

struct TableSchema {
  std::string name;
  std::vector<Column> columns;
  bool built_in = false;  // OTelLogs, Observations
};

// Text to be ingested, in one of Kusto's formats.
struct RecordText {
  std::string_view text;
  std::string_view format = "csv";
  std::string_view mapping = {};  // the name of an ingestion mapping of the table
  bool ignore_first_record = false;
  std::string_view source = {};  // where it comes from, for `.show ingestion failures`
};

// How rows are taken.
struct Ingestion {
  // Names a batch that may be sent again: one with an equal key within the last hour is not taken twice, not even when
  // the process was killed in between.
  struct Key {
    std::int64_t sender = 0, content = 0;
    bool operator==(const Key&) const = default;
  };
  // How far a source has been read, kept in the transaction of the rows; Warehouse::position answers it.
  struct Position {
    std::string source, text;
  };
  Timestamp at;  // the rows' ingestion time
  std::optional<Key> once = {};
  std::optional<Position> position = {};
};
enum class Taken { now, before };

// What a copy of the warehouse is.
struct WarehouseCopy {
  std::int64_t format = 0;  // newest_format() of the Rollcall that made it
  std::map<std::string, std::uint64_t, std::less<>> rows = {};  // of each table
  bool operator==(const WarehouseCopy&) const = default;
};
std::int64_t newest_format();

// Built-in tables.
//   OTelLogs      the columns of DESIGN §5; ingestion_time() is the hidden column `$ingestion`.
//   Observations  Environment, Role, Region, Host, Instance, Version: string; Bin, First, Last: datetime; Lines: long;
//                 LeastLag: timespan; EarliestIngested, LatestIngested: datetime; Requests: long. One row per instance, version and 5-minute
//                 Bin of Timestamp; only of lines that name Environment, Role, Region and Version.
//                 Rows stand about in order of ingestion, so that `| where LatestIngested >= since` reads only the
//                 recent ones: begin with it (a single comparison, no `or`), and let `since` be the earlier of the last
//                 poll and now - lookback: an event of the last hour was also ingested within it, clocks of hosts aside.
//   Sightings     Observations without Bin and LeastLag: one row per instance and version, ever. Small (instances ×
//                 versions); tells the cells in which anything is new.
//   Both end with Cell, Process, Clock: long, hashes of the names, to group and join by. Process: the host and instance
//   in the cell, or the version where neither has a name. Clock: the host, or the instance that names none.
class Warehouse {
 public:
  virtual ~Warehouse() = default;

  // One table for each tabular statement, at least one. A KQL error carries its code and span in `kql`.
  virtual Result<std::vector<Table>> query_all(std::string_view kql,
                                               const QueryOptions& options) = 0;
  // The first of them.
  Result<Table> query(std::string_view kql, const QueryOptions& options);

  // Appends to OTelLogs and merges into Observations, in one transaction.
  virtual Result<void> ingest(const telemetry::LogBatch& batch, Timestamp ingested_at) = 0;
  // The same, once for each key. Batches of several threads share a transaction. A warehouse that keeps no keys takes all.
  virtual Result<Taken> take(const telemetry::LogBatch& batch, const Ingestion& ingestion);
  // "" when nothing was read yet. WAREHOUSE0111: this warehouse keeps no positions.
  virtual Result<std::string> position(std::string_view source);
  // Appends to a table that people made; the columns are found by name, absent ones are null.
  virtual Result<void> ingest(std::string_view table, const Table& rows, Timestamp ingested_at) = 0;
  virtual Result<Taken> take(std::string_view table, const Table& rows, const Ingestion& ingestion);
  // Appends all records of the text or none of them, and answers how many. WAREHOUSE0404 names the first that cannot be taken.
  virtual Result<std::uint64_t> ingest_text(std::string_view table, const RecordText& text,
                                            const QueryOptions& options) = 0;
  // Kusto's management commands: `.create-or-alter function`, `.show tables`, `.create table`, … (commands.cpp).
  virtual Result<Table> execute(std::string_view command, const QueryOptions& options) = 0;

  virtual Result<std::vector<TableSchema>> tables() = 0;
  // Creates the table, or adds the columns it lacks; a column of another type is an error.
  virtual Result<void> create_table(const TableSchema& schema, const Principal& principal) = 0;
  virtual Result<void> drop_table(std::string_view name, const Principal& principal) = 0;

  // Removes a slice of the rows that are older than their table's policy says, or more than may be kept; at the end gives
  // back their space. True: there is more to do at once; else it is to be called again in a minute. A warehouse that
  // keeps house by itself (a cluster) does nothing.
  virtual Result<bool> apply_retention(Timestamp now);

  // Functions in KQL. Its syntax is checked now, its names when it is called.
  virtual Result<void> create_or_alter_function(const kql::Function& function,
                                                const Principal& principal) = 0;
  virtual Result<void> drop_function(std::string_view name, const Principal& principal) = 0;
  virtual Result<std::vector<kql::Function>> functions() = 0;

  // Writes a whole, consistent copy of one moment to a new file, while others read and write; everything that was
  // acknowledged before is in it. nullopt: what is asked here is kept elsewhere, and backed up there.
  virtual Result<std::optional<WarehouseCopy>> backup(const std::filesystem::path& file) {
    static_cast<void>(file);
    return std::nullopt;
  }
};

// What a command asks of its caller: to read, to ingest, or everything.
enum class CommandKind { show, ingest, write };
CommandKind kind_of_command(std::string_view command);

enum class Durability { power, process };

// How much is kept at most, whatever the retention policies say of age: the rows that came first go first. Observations are
// counted, and go by age only.
struct SizeLimits {
  std::optional<std::uint64_t> warehouse_bytes = {};  // of all tables together
  std::map<std::string, std::uint64_t, std::less<>> table_bytes = {};
};

struct EmbeddedOptions {
  std::filesystem::path file;  // empty: in memory
  Durability durability = Durability::power;
  bool keep_logs = true;  // false: only Observations are kept of what is ingested (long replays)
  std::uint64_t memory_limit_bytes = std::uint64_t{2} << 30;
  unsigned threads = 0;             // 0: as many as the machine has
  unsigned concurrent_queries = 4;  // beside the poll's own place
  unsigned queued_queries = 64;     // waiting for a place, at most
  std::filesystem::path ingest_folder =
      {};  // `.ingest into` reads files below it, and no others; empty: none
  std::filesystem::path export_folder = {};  // `.export` writes files below it; empty: none
  SizeLimits size_limits = {};
  std::uint64_t checkpoint_bytes = std::uint64_t{128} << 20;  // of log, that are then put in order
};

// DuckDB in this process. WAREHOUSE0201: the file is of a newer format, or is no warehouse.
Result<std::unique_ptr<Warehouse>> open_embedded(const EmbeddedOptions& options);
// What stands in the file of a warehouse that nobody has open. WAREHOUSE0201, as above.
Result<WarehouseCopy> inspect(const std::filesystem::path& file);

}  // namespace rollcall::warehouse
