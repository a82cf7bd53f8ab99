// The DuckDB driver: a database, its connections, statements made from the SQL tree with bound values,
// results as typed tables, bulk appends. DuckDB's own errors become ours (WAREHOUSE01xx); nothing of its C API shows here.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "sql/copy.hpp"
#include "sql/render.hpp"
#include "warehouse/table.hpp"

namespace rollcall::warehouse {

struct DuckDbOptions {
  std::filesystem::path file;  // empty: in memory
  std::uint64_t memory_limit_bytes = std::uint64_t{2} << 30;
  unsigned threads = 0;  // 0: as many as the machine has
  std::uint64_t checkpoint_bytes = std::uint64_t{128} << 20;
  std::filesystem::path export_folder = {};  // the one that may be written to; empty: none
};

// How far a query may go; the default is no limit.
struct Stop {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* cancelled = nullptr;  // by whoever asked
  const std::atomic<bool>* killed = nullptr;     // by somebody else
  const std::atomic<bool>* displaced = nullptr;  // the poll needs what it holds
};
struct Budget {
  std::uint64_t rows = UINT64_MAX;
  std::uint64_t bytes = UINT64_MAX;
  bool cut = false;  // the table ends there (Table::incomplete), and that is no error
};
using TextRows = std::vector<std::vector<std::optional<std::string>>>;

// One connection: used by one thread at a time.
class Connection {
 public:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  Connection(Connection&&) noexcept;
  ~Connection();

  Result<void> run(const sql::Statement& statement);
  // The rows as the columns' types say. More rows or bytes than the budget: WAREHOUSE0101 or WAREHOUSE0102; stopped: WAREHOUSE0103 or WAREHOUSE0110.
  Result<Table> select(const sql::Query& query, std::vector<Column> columns, const Stop& stop = {},
                       Budget budget = {});
  // The rows into a file of the export folder; answers how many they are.
  Result<std::int64_t> copy(const sql::CopyToParquet& copy, const Stop& stop);
  // Whether DuckDB would run it: every name, type and function in it is there.
  Result<void> prepares(const sql::Query& query);
  // The first `limit` rows, every value as text.
  Result<TextRows> select_text(const sql::Query& query, std::size_t limit, const Stop& stop = {});

  Result<void> begin();
  Result<void> commit();
  void roll_back();
  Result<void> checkpoint();

  // No files any more but those below this folder ("": none at all), and no other settings: to be called once.
  Result<void> lock_down(const std::filesystem::path& export_folder);

  State& state() { return *state_; }

 private:
  Result<void> control(const char* word);
  std::unique_ptr<State> state_;
};

class DuckDb {
 public:
  // Locked down: no files (but those below export_folder) or network from SQL, no extensions, no change of settings.
  static Result<std::unique_ptr<DuckDb>> open(const DuckDbOptions& options);
  virtual ~DuckDb() = default;
  virtual Result<Connection> connect() = 0;
};

struct AppendColumn {
  std::string name;
  sql::Type type;  // boolean, integer, bigint, real or text
};

// Rows on their way into a table, or into a statement that reads them as a table named `appended`. Values of a row
// are given by column, in any order; a text that is no valid UTF-8 has its wrong bytes replaced by U+FFFD.
class Appender {
 public:
  static Result<Appender> into_table(Connection& connection, const std::string& table,
                                     std::vector<AppendColumn> columns);
  static Result<Appender> into_statement(Connection& connection, const sql::Statement& statement,
                                         std::vector<AppendColumn> columns);
  Appender(Appender&&) noexcept;
  ~Appender();

  void boolean(std::size_t column, bool value);
  void integer(std::size_t column, std::int32_t value);
  void bigint(std::size_t column, std::int64_t value);
  void real(std::size_t column, double value);
  void text(std::size_t column, std::string_view value);
  void null(std::size_t column);
  Result<void> end_row();
  Result<void> finish();  // without it nothing is promised

 private:
  struct State;
  explicit Appender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All rows of the query into a table of another database that has its columns, in order and never all in memory.
// Answers how many they were.
Result<std::uint64_t> copy_rows(Connection& from, const sql::Query& query, Connection& to,
                                const std::string& table);

}  // namespace rollcall::warehouse
