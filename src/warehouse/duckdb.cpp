// Opening, statements and results; see duckdb.hpp.
#include "warehouse/duckdb.hpp"

#include <thread>

#include "base/check.hpp"
#include "sql/limit.hpp"
#include "warehouse/watchdog.hpp"

// DuckDB's own allocator (jemalloc's mallctl under a prefix); null in a DuckDB that was built without it.
extern "C" __attribute__((weak)) int duckdb_je_mallctl(const char* name, void* old,
                                                       std::size_t* old_size, void* value,
                                                       std::size_t value_size);

namespace rollcall::warehouse {
namespace {

class OpenDuckDb final : public DuckDb {
 public:
  explicit OpenDuckDb(DatabaseHandle database) : database_(std::move(database)) {}

  Result<Connection> connect() override {
    auto state = std::make_unique<Connection::State>();
    state->watchdog = &watchdog_;
    if (duckdb_connect(database_.get(), state->handle.out()) != DuckDBSuccess) {
      return fail("WAREHOUSE0109", "DuckDB gave no connection");
    }
    return Connection(std::move(state));
  }

 private:
  DatabaseHandle database_;
  Watchdog watchdog_;
};

Result<void> configure(duckdb_config config, const DuckDbOptions& options) {
  const std::string memory = fmt::format("{}B", options.memory_limit_bytes);
  const std::string threads = std::to_string(
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency()));
  const std::string spill = options.file.empty() ? "" : options.file.string() + ".spill";
  const std::pair<const char*, std::string> settings[] = {
      {"memory_limit", memory},
      {"threads", threads},
      {"temp_directory", spill},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"checkpoint_threshold", fmt::format("{}B", options.checkpoint_bytes)},
      {"preserve_insertion_order", "true"},
      {"enable_external_access", options.export_folder.empty() ? "false" : "true"},
  };
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config, name, value.c_str()) != DuckDBSuccess) {
      return fail("WAREHOUSE0109",
                  fmt::format("DuckDB does not know the setting {} = {}", name, value));
    }
  }
  return {};
}

// What one query frees the next one asks for. Given back to the kernel after a second, as DuckDB has it, a seventh of a
// small query's time goes into getting it again. Not where many ingest and ask at once: that keeps hundreds of megabytes.
void keep_freed_memory_a_while() {
  if (duckdb_je_mallctl == nullptr) return;
  ssize_t milliseconds = 10'000;
  unsigned arenas = 0;
  std::size_t size = sizeof arenas;
  duckdb_je_mallctl("arenas.narenas", &arenas, &size, nullptr, 0);
  const auto set = [&](const std::string& scope) {
    for (const char* kind : {"dirty_decay_ms", "muzzy_decay_ms"})
      duckdb_je_mallctl((scope + kind).c_str(), nullptr, nullptr, &milliseconds,
                        sizeof milliseconds);
  };
  set("arenas.");  // of those to come
  for (unsigned arena = 0; arena < arenas; ++arena) set(fmt::format("arena.{}.", arena));
}

struct Binder {
  duckdb_prepared_statement statement;
  idx_t index;
  duckdb_state operator()(std::monostate) const { return duckdb_bind_null(statement, index); }
  duckdb_state operator()(bool value) const { return duckdb_bind_boolean(statement, index, value); }
  duckdb_state operator()(std::int64_t value) const {
    return duckdb_bind_int64(statement, index, value);
  }
  duckdb_state operator()(double value) const {
    return duckdb_bind_double(statement, index, value);
  }
  duckdb_state operator()(const std::string& value) const {
    return duckdb_bind_varchar_length(statement, index, value.data(), value.size());
  }
  duckdb_state operator()(const sql::Blob& value) const {
    return duckdb_bind_blob(statement, index, value.data(), value.size());
  }
};

Result<PreparedHandle> prepare(duckdb_connection connection, const sql::Rendered& rendered) {
  PreparedHandle prepared;
  if (duckdb_prepare(connection, rendered.text.c_str(), prepared.out()) != DuckDBSuccess) {
    return std::unexpected(to_error(duckdb_prepare_error(prepared.get())));
  }
  for (std::size_t i = 0; i < rendered.parameters.size(); ++i) {
    const auto* value = std::get_if<sql::Value>(&rendered.parameters[i]);
    CHECK(value != nullptr);  // slots are for statements that are prepared once; here none are
    if (std::visit(Binder{prepared.get(), i + 1}, *value) != DuckDBSuccess) {
      return std::unexpected(to_error(duckdb_prepare_error(prepared.get())));
    }
  }
  return prepared;
}

bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

Error stopped(const Stop& stop) {
  if (is_set(stop.killed)) return {"WAREHOUSE0110", "the query was cancelled by a command"};
  if (is_set(stop.cancelled)) return {"WAREHOUSE0110", "the query was cancelled"};
  if (is_set(stop.displaced))
    return {
        "WAREHOUSE0104",
        "the query was stopped because the search for deployments needed its memory; ask again, "
        "or ask for less at once"};
  return {"WAREHOUSE0103",
          "the query ran longer than its time limit; narrow its time range, or raise the limit"};
}

// Runs the statement, on the caller's thread too, so that a query goes on even when all of DuckDB's own are busy with
// others. The watchdog looks at `stop` meanwhile. What has no parameters is not prepared first: that costs a short
// query a thirtieth of its time.
Result<void> execute(Connection::State& state, const sql::Rendered& rendered, const Stop& stop,
                     ResultHandle& result) {
  const auto connection = state.handle.get();
  PreparedHandle prepared;
  if (!rendered.parameters.empty()) {
    TRY(prepared, prepare(connection, rendered));
  }
  const Watchdog::Watch watch(*state.watchdog, connection, stop);
  if (must_stop(stop)) return std::unexpected(stopped(stop));
  const auto done = rendered.parameters.empty()
                        ? duckdb_query(connection, rendered.text.c_str(), &result.result)
                        : duckdb_execute_prepared(prepared.get(), &result.result);
  if (done == DuckDBSuccess) return {};
  return std::unexpected(must_stop(stop) ? stopped(stop)
                                         : to_error(duckdb_result_error(&result.result)));
}

// The query, cut one row behind the limit: enough to see that there are too many.
sql::Query limited(const sql::Query& query, std::uint64_t rows) {
  return rows >= INT64_MAX ? query : sql::at_most(query, rows + 1);
}

}  // namespace

Error to_error(const char* message) {
  std::string text = message == nullptr ? "DuckDB gave no reason" : message;
  if (const auto end = text.find("\n\nLINE "); end != std::string::npos) text.resize(end);
  if (text.starts_with("Out of Memory Error")) {
    return {"WAREHOUSE0105",
            "the query needs more memory than the warehouse has left for it; narrow it, or ask "
            "again when others have ended: " +
                text};
  }
  if (text.starts_with("INTERRUPT")) return {"WAREHOUSE0103", "the query was stopped"};
  if (text.starts_with("IO Error")) {
    return {"WAREHOUSE0106",
            "the warehouse's file could not be read or written; is the disk full? " + text};
  }
  return {"WAREHOUSE0107", "the warehouse could not run this: " + text};
}

Result<std::unique_ptr<DuckDb>> DuckDb::open(const DuckDbOptions& options) {
  ConfigHandle config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess)
    return fail("WAREHOUSE0109", "DuckDB gave no configuration");
  TRY_DO(configure(config.get(), options));
  DatabaseHandle database;
  char* message = nullptr;
  const std::string file = options.file.string();
  if (duckdb_open_ext(file.empty() ? nullptr : file.c_str(), database.out(), config.get(),
                      &message) != DuckDBSuccess) {
    const std::string reason = message == nullptr ? "no reason given" : message;
    duckdb_free(message);
    return fail("WAREHOUSE0201",
                fmt::format("{} cannot be opened as a warehouse: {}", file, reason));
  }
  if (options.threads == 1) keep_freed_memory_a_while();
  auto opened = std::make_unique<OpenDuckDb>(std::move(database));
  TRY(auto connection, opened->connect());
  TRY_DO(connection.lock_down(options.export_folder));
  TRY_DO(register_native_functions(connection.state().handle.get()));
  return opened;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<void> Connection::run(const sql::Statement& statement) {
  const auto rendered = sql::render(statement, sql::Dialect::duckdb);
  TRY(auto prepared, prepare(state_->handle.get(), rendered));
  ResultHandle result;
  if (duckdb_execute_prepared(prepared.get(), &result.result) != DuckDBSuccess) {
    return std::unexpected(to_error(duckdb_result_error(&result.result)));
  }
  return {};
}

Result<Table> Connection::select(const sql::Query& query, std::vector<Column> columns,
                                 const Stop& stop, Budget budget) {
  const auto rendered = sql::render(limited(query, budget.rows), sql::Dialect::duckdb);
  ResultHandle result;
  TRY_DO(execute(*state_, rendered, stop, result));
  Table table;
  table.columns = std::move(columns);
  if (duckdb_column_count(&result.result) != table.columns.size()) {
    return fail("WAREHOUSE0108",
                fmt::format("the query has {} columns where {} were expected",
                            duckdb_column_count(&result.result), table.columns.size()));
  }
  for (;;) {
    const ChunkHandle chunk(duckdb_fetch_chunk(result.result));
    if (chunk.get() == nullptr) return table;
    if (must_stop(stop)) return std::unexpected(stopped(stop));
    TRY_DO(append_chunk(chunk.get(), table, budget));
    if (table.incomplete) return table;
  }
}

Result<std::int64_t> Connection::copy(const sql::CopyToParquet& copy, const Stop& stop) {
  ResultHandle result;
  TRY_DO(execute(*state_, sql::render(copy), stop, result));
  const ChunkHandle chunk(duckdb_fetch_chunk(result.result));
  CHECK(chunk.get() != nullptr);  // one row: how many were written
  Table table;
  table.columns = {{"Count", kql::Type::long_integer}};
  Budget budget;
  TRY_DO(append_chunk(chunk.get(), table, budget));
  return std::get<std::int64_t>(table.at(0, 0));
}

Result<void> Connection::prepares(const sql::Query& query) {
  TRY_DO(prepare(state_->handle.get(), sql::render(query, sql::Dialect::duckdb)));
  return {};
}

Result<TextRows> Connection::select_text(const sql::Query& query, std::size_t limit,
                                         const Stop& stop) {
  const auto rendered = sql::render(limited(query, limit), sql::Dialect::duckdb);
  ResultHandle result;
  TRY_DO(execute(*state_, rendered, stop, result));
  TextRows rows;
  for (;;) {
    const ChunkHandle chunk(duckdb_fetch_chunk(result.result));
    if (chunk.get() == nullptr) break;
    append_chunk_text(chunk.get(), rows);
  }
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

Result<void> Connection::control(const char* word) {
  ResultHandle result;
  if (duckdb_query(state_->handle.get(), word, &result.result) != DuckDBSuccess) {
    return std::unexpected(to_error(duckdb_result_error(&result.result)));
  }
  return {};
}

// In this order: DuckDB takes a folder only after it is open and before access is shut, and nothing after the lock.
Result<void> Connection::lock_down(const std::filesystem::path& export_folder) {
  if (!export_folder.empty()) {
    TRY_DO(control(sql::set_texts("allowed_directories", {(export_folder / "").string()}).c_str()));
  }
  TRY_DO(control("SET enable_external_access = false"));
  return control("SET lock_configuration = true");
}

Result<void> Connection::begin() { return control("BEGIN TRANSACTION"); }
Result<void> Connection::commit() { return control("COMMIT"); }
Result<void> Connection::checkpoint() { return control("CHECKPOINT"); }
void Connection::roll_back() {
  // A transaction that failed by itself is over already; then there is nothing to roll back.
  static_cast<void>(control("ROLLBACK"));
}

}  // namespace rollcall::warehouse
