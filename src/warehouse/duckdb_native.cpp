// KQL's native scalar functions (kql/native.hpp), made known to DuckDB: each call reads a chunk's columns row by row and
// hands the cells to the pure function.
#include <exception>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "kql/native.hpp"
#include "warehouse/duckdb_handles.hpp"

namespace rollcall::warehouse {
namespace {

sql::Type storage_type(kql::Storage storage) {
  switch (storage) {
    case kql::Storage::boolean:
      return sql::Type::boolean;
    case kql::Storage::integer:
      return sql::Type::integer;
    case kql::Storage::bigint:
      return sql::Type::bigint;
    case kql::Storage::real:
      return sql::Type::real;
    case kql::Storage::text:
      return sql::Type::text;
    case kql::Storage::text_list:
      return sql::Type::variant_list;
  }
  return sql::Type::text;
}

struct Input {
  kql::Storage storage;
  void* data;
  std::uint64_t* validity;

  kql::Argument at(idx_t row) const {
    if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) return {};
    switch (storage) {
      case kql::Storage::boolean:
        return static_cast<const bool*>(data)[row];
      case kql::Storage::integer:
        return std::int64_t{static_cast<const std::int32_t*>(data)[row]};
      case kql::Storage::bigint:
        return static_cast<const std::int64_t*>(data)[row];
      case kql::Storage::real:
        return static_cast<const double*>(data)[row];
      case kql::Storage::text:
      case kql::Storage::text_list:
        break;  // no function takes a list
    }
    auto* text = static_cast<duckdb_string_t*>(data) + row;
    return std::string_view(duckdb_string_t_data(text), duckdb_string_t_length(*text));
  }
};

class Output {
 public:
  Output(kql::Storage storage, duckdb_vector vector)
      : storage_(storage), vector_(vector), data_(duckdb_vector_get_data(vector)) {}

  void put(idx_t row, const kql::Cell& cell) {
    if (std::holds_alternative<std::monostate>(cell)) return null(row);
    switch (storage_) {
      case kql::Storage::boolean:
        at<bool>(row) = std::get<bool>(cell);
        return;
      case kql::Storage::integer:
        at<std::int32_t>(row) = static_cast<std::int32_t>(std::get<std::int64_t>(cell));
        return;
      case kql::Storage::bigint:
        at<std::int64_t>(row) = std::get<std::int64_t>(cell);
        return;
      case kql::Storage::real:
        at<double>(row) = std::get<double>(cell);
        return;
      case kql::Storage::text:
        text(vector_, row, std::get<std::string>(cell));
        return;
      case kql::Storage::text_list:
        list(row, std::get<kql::TextList>(cell));
        return;
    }
  }

 private:
  template <class T>
  T& at(idx_t row) {
    return static_cast<T*>(data_)[row];
  }
  static void set_null(duckdb_vector vector, idx_t row) {
    duckdb_vector_ensure_validity_writable(vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
  }
  static void text(duckdb_vector vector, idx_t row, const std::string& value) {
    if (!is_utf8(value)) return text(vector, row, repaired_utf8(value));  // url_decode('%A4')
    duckdb_vector_assign_string_element_len(vector, row, value.data(), value.size());
  }
  void null(idx_t row) {
    set_null(vector_, row);
    if (storage_ == kql::Storage::text_list)
      at<duckdb_list_entry>(row) = {duckdb_list_vector_get_size(vector_), 0};
  }
  void list(idx_t row, const kql::TextList& values) {
    const idx_t first = duckdb_list_vector_get_size(vector_);
    CHECK(duckdb_list_vector_reserve(vector_, first + values.size()) == DuckDBSuccess);
    CHECK(duckdb_list_vector_set_size(vector_, first + values.size()) == DuckDBSuccess);
    const auto child = duckdb_list_vector_get_child(vector_);
    for (idx_t i = 0; i < values.size(); ++i) {
      if (values[i]) {
        text(child, first + i, *values[i]);
      } else {
        set_null(child, first + i);
      }
    }
    at<duckdb_list_entry>(row) = {first, values.size()};
  }

  kql::Storage storage_;
  duckdb_vector vector_;
  void* data_;
};

void call_rows(const kql::NativeFunction& function, duckdb_data_chunk chunk, duckdb_vector result) {
  const idx_t rows = duckdb_data_chunk_get_size(chunk);
  const idx_t width = duckdb_data_chunk_get_column_count(chunk);
  std::vector<Input> inputs;
  for (idx_t i = 0; i < width; ++i) {
    const auto vector = duckdb_data_chunk_get_vector(chunk, i);
    const auto storage = i < function.arguments.size() ? function.arguments[i]
                                                       : function.more.value_or(kql::Storage::text);
    inputs.push_back({storage, duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
  }
  Output output(function.result, result);
  kql::Scratch scratch;
  std::vector<kql::Argument> arguments(width);
  for (idx_t row = 0; row < rows; ++row) {
    for (idx_t i = 0; i < width; ++i) arguments[i] = inputs[i].at(row);
    output.put(row, function.evaluate(arguments, scratch));
  }
}

// DuckDB calls this; nothing may be thrown through its C frames.
void call(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector result) {
  const auto& function =
      *static_cast<const kql::NativeFunction*>(duckdb_scalar_function_get_extra_info(info));
  try {
    call_rows(function, chunk, result);
  } catch (const std::exception& error) {
    duckdb_scalar_function_set_error(info,
                                     fmt::format("{}: {}", function.name, error.what()).c_str());
  }
}

void destroy_function(void* function) { delete static_cast<kql::NativeFunction*>(function); }

using FunctionHandle = Handle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

}  // namespace

Result<void> register_native_functions(duckdb_connection connection) {
  for (auto& native : kql::native_functions()) {
    const FunctionHandle function(duckdb_create_scalar_function());
    const std::string name(native.name);
    duckdb_scalar_function_set_name(function.get(), name.c_str());
    for (const auto argument : native.arguments) {
      duckdb_scalar_function_add_parameter(function.get(),
                                           logical_type(storage_type(argument)).get());
    }
    if (native.more)
      duckdb_scalar_function_set_varargs(function.get(),
                                         logical_type(storage_type(*native.more)).get());
    duckdb_scalar_function_set_return_type(function.get(),
                                           logical_type(storage_type(native.result)).get());
    duckdb_scalar_function_set_special_handling(
        function.get());  // NULLs are passed to the function
    duckdb_scalar_function_set_extra_info(
        function.get(), new kql::NativeFunction(std::move(native)), destroy_function);
    duckdb_scalar_function_set_function(function.get(), call);
    if (duckdb_register_scalar_function(connection, function.get()) != DuckDBSuccess) {
      return fail("WAREHOUSE0109", fmt::format("DuckDB refuses the native function {}", name));
    }
  }
  return {};
}

}  // namespace rollcall::warehouse
