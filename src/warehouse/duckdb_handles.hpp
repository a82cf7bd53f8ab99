// Private to the driver: DuckDB's C handles with owners. The only include of duckdb.h.
#pragma once
#include <duckdb.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "warehouse/duckdb.hpp"

namespace rollcall::warehouse {

// Owns one C handle; `out()` gives its address to the C function that fills it.
template <class Raw, void (*destroy)(Raw*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(Raw raw) : raw_(raw) {}
  Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Handle() {
    if (raw_ != nullptr) destroy(&raw_);
  }
  Raw get() const { return raw_; }
  Raw* out() { return &raw_; }

 private:
  Raw raw_ = nullptr;
};

inline void destroy_appender(duckdb_appender* appender) { duckdb_appender_destroy(appender); }

using DatabaseHandle = Handle<duckdb_database, duckdb_close>;
using ConnectionHandle = Handle<duckdb_connection, duckdb_disconnect>;
using ConfigHandle = Handle<duckdb_config, duckdb_destroy_config>;
using PreparedHandle = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using ChunkHandle = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using TypeHandle = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using AppenderHandle = Handle<duckdb_appender, destroy_appender>;

struct ResultHandle {
  duckdb_result result{};
  ResultHandle() = default;
  ResultHandle(const ResultHandle&) = delete;
  ResultHandle& operator=(const ResultHandle&) = delete;
  ~ResultHandle() { duckdb_destroy_result(&result); }
};

// Named so that the functions of ours that know the C types can reach them.
class Watchdog;
struct Connection::State {
  ConnectionHandle handle;
  Watchdog* watchdog = nullptr;
};

// Our error for a message of DuckDB's: out of memory, a full disk, a wrong query.
Error to_error(const char* message);
// The DuckDB type of a column of ours; LIST(VARCHAR) for variant_list.
TypeHandle logical_type(sql::Type type);
// Adds the chunk's rows to the table, as its columns' types say.
Result<void> append_chunk(duckdb_data_chunk chunk, Table& table, Budget& budget);
// Every value as text; NULL: nullopt.
void append_chunk_text(duckdb_data_chunk chunk,
                       std::vector<std::vector<std::optional<std::string>>>& rows);
Result<void> register_native_functions(duckdb_connection connection);

}  // namespace rollcall::warehouse
