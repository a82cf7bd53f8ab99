// Bulk appends: rows gather in a chunk of DuckDB's own columns, which is handed over when it is full.
#include <array>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "warehouse/duckdb_handles.hpp"

namespace rollcall::warehouse {

TypeHandle logical_type(sql::Type type) {
  switch (type) {
    case sql::Type::boolean:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
    case sql::Type::integer:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_INTEGER));
    case sql::Type::bigint:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
    case sql::Type::hugeint:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_HUGEINT));
    case sql::Type::real:
    case sql::Type::decimal:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
    case sql::Type::blob:
      return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_BLOB));
    case sql::Type::text:
    case sql::Type::json:
      break;
    case sql::Type::variant_list: {
      const TypeHandle text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
      return TypeHandle(duckdb_create_list_type(text.get()));
    }
  }
  return TypeHandle(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
}

struct Appender::State {
  struct Target {
    duckdb_vector vector;
    void* data;
    std::uint64_t* validity = nullptr;  // only once a null was written
  };

  std::vector<TypeHandle> types;
  AppenderHandle appender;
  ChunkHandle chunk;
  std::vector<Target> targets;
  idx_t row = 0;

  void open_chunk() {
    std::vector<duckdb_logical_type> raw;
    for (const auto& type : types) raw.push_back(type.get());
    chunk = ChunkHandle(duckdb_create_data_chunk(raw.data(), raw.size()));
    find_targets();
  }
  // A reset chunk has new buffers.
  void find_targets() {
    targets.clear();
    for (idx_t i = 0; i < types.size(); ++i) {
      const auto vector = duckdb_data_chunk_get_vector(chunk.get(), i);
      targets.push_back({vector, duckdb_vector_get_data(vector)});
    }
    row = 0;
  }
  Result<void> hand_over() {
    if (row == 0) return {};
    duckdb_data_chunk_set_size(chunk.get(), row);
    if (duckdb_append_data_chunk(appender.get(), chunk.get()) != DuckDBSuccess) return failed();
    duckdb_data_chunk_reset(chunk.get());
    find_targets();
    return {};
  }
  std::unexpected<Error> failed() const {
    return std::unexpected(to_error(duckdb_appender_error(appender.get())));
  }
  template <class T>
  void put(std::size_t column, T value) {
    static_cast<T*>(targets[column].data)[row] = value;
  }
};

Appender::Appender(std::unique_ptr<State> state) : state_(std::move(state)) {}
Appender::Appender(Appender&&) noexcept = default;
Appender::~Appender() = default;

Result<Appender> Appender::into_table(Connection& connection, const std::string& table,
                                      std::vector<AppendColumn> columns) {
  auto state = std::make_unique<State>();
  const auto created = duckdb_appender_create(connection.state().handle.get(), nullptr,
                                              table.c_str(), state->appender.out());
  if (created != DuckDBSuccess) return state->failed();
  for (const auto& column : columns) {
    state->types.push_back(logical_type(column.type));
    if (duckdb_appender_add_column(state->appender.get(), column.name.c_str()) != DuckDBSuccess)
      return state->failed();
  }
  state->open_chunk();
  return Appender(std::move(state));
}

Result<Appender> Appender::into_statement(Connection& connection, const sql::Statement& statement,
                                          std::vector<AppendColumn> columns) {
  auto state = std::make_unique<State>();
  const auto rendered = sql::render(statement, sql::Dialect::duckdb);
  CHECK(rendered.parameters.empty());  // there is nobody to bind them
  std::vector<const char*> names;
  std::vector<duckdb_logical_type> types;
  for (const auto& column : columns) {
    state->types.push_back(logical_type(column.type));
    types.push_back(state->types.back().get());
    names.push_back(column.name.c_str());
  }
  const auto created = duckdb_appender_create_query(
      connection.state().handle.get(), rendered.text.c_str(), types.size(), types.data(),
      "appended", names.data(), state->appender.out());
  if (created != DuckDBSuccess) return state->failed();
  state->open_chunk();
  return Appender(std::move(state));
}

void Appender::boolean(std::size_t column, bool value) { state_->put(column, value); }
void Appender::integer(std::size_t column, std::int32_t value) { state_->put(column, value); }
void Appender::bigint(std::size_t column, std::int64_t value) { state_->put(column, value); }
void Appender::real(std::size_t column, double value) { state_->put(column, value); }

void Appender::text(std::size_t column, std::string_view value) {
  const auto put = [&](std::string_view valid) {
    duckdb_vector_assign_string_element_len(state_->targets[column].vector, state_->row,
                                            valid.data(), valid.size());
  };
  if (is_utf8(value)) return put(value);
  put(repaired_utf8(value));
}

void Appender::null(std::size_t column) {
  auto& target = state_->targets[column];
  if (target.validity == nullptr) {
    duckdb_vector_ensure_validity_writable(target.vector);
    target.validity = duckdb_vector_get_validity(target.vector);
  }
  duckdb_validity_set_row_invalid(target.validity, state_->row);
}

Result<void> Appender::end_row() {
  if (++state_->row < duckdb_vector_size()) return {};
  return state_->hand_over();
}

Result<void> Appender::finish() {
  TRY_DO(state_->hand_over());
  if (duckdb_appender_close(state_->appender.get()) != DuckDBSuccess) return state_->failed();
  return {};
}

}  // namespace rollcall::warehouse
