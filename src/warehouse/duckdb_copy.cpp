// From one database into another: DuckDB's chunks are handed on as they are.
#include "base/check.hpp"
#include "warehouse/duckdb_handles.hpp"

namespace rollcall::warehouse {

Result<std::uint64_t> copy_rows(Connection& from, const sql::Query& query, Connection& to,
                                const std::string& table) {
  const auto rendered = sql::render(query, sql::Dialect::duckdb);
  CHECK(rendered.parameters.empty());
  PreparedHandle prepared;
  if (duckdb_prepare(from.state().handle.get(), rendered.text.c_str(), prepared.out()) !=
      DuckDBSuccess) {
    return std::unexpected(to_error(duckdb_prepare_error(prepared.get())));
  }
  ResultHandle result;
  if (duckdb_execute_prepared_streaming(prepared.get(), &result.result) != DuckDBSuccess)
    return std::unexpected(to_error(duckdb_result_error(&result.result)));
  AppenderHandle appender;
  const auto failed = [&] {
    return std::unexpected(to_error(duckdb_appender_error(appender.get())));
  };
  if (duckdb_appender_create(to.state().handle.get(), nullptr, table.c_str(), appender.out()) !=
      DuckDBSuccess)
    return failed();
  std::uint64_t rows = 0;
  for (;;) {
    const ChunkHandle chunk(duckdb_fetch_chunk(result.result));
    if (chunk.get() == nullptr) break;
    rows += duckdb_data_chunk_get_size(chunk.get());
    if (duckdb_append_data_chunk(appender.get(), chunk.get()) != DuckDBSuccess) return failed();
  }
  // The stream's end and its failure look alike.
  if (const char* error = duckdb_result_error(&result.result); error != nullptr && *error != '\0')
    return std::unexpected(to_error(error));
  if (duckdb_appender_close(appender.get()) != DuckDBSuccess) return failed();
  return rows;
}

}  // namespace rollcall::warehouse
