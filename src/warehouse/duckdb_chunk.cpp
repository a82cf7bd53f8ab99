// Result chunks of DuckDB become rows of a typed table. A value that its column's KQL type cannot hold is an error of the
// lowering (WAREHOUSE0108), never a guess.
#include <algorithm>
#include <cmath>

#include "kql/decimal.hpp"
#include "warehouse/duckdb_handles.hpp"

namespace rollcall::warehouse {
namespace {

// A value as DuckDB has it, texts borrowed.
using Raw = std::variant<std::monostate, bool, std::int64_t, double, std::string_view>;

std::string_view view(const duckdb_string_t& text) {
  auto* mutable_text = const_cast<duckdb_string_t*>(&text);  // the C API asks for no const
  return {duckdb_string_t_data(mutable_text), duckdb_string_t_length(text)};
}

double to_double(duckdb_hugeint value) { return duckdb_hugeint_to_double(value); }

// A vector of a chunk, read row by row.
class VectorReader {
 public:
  explicit VectorReader(duckdb_vector vector)
      : type_(duckdb_vector_get_column_type(vector)),
        id_(duckdb_get_type_id(type_.get())),
        data_(duckdb_vector_get_data(vector)),
        validity_(duckdb_vector_get_validity(vector)) {}

  // nullopt: a type that no lowered query answers.
  std::optional<Raw> operator[](idx_t row) const {
    if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return Raw{};
    switch (id_) {
      case DUCKDB_TYPE_BOOLEAN:
        return Raw{at<bool>(row)};
      case DUCKDB_TYPE_TINYINT:
        return integer(at<std::int8_t>(row));
      case DUCKDB_TYPE_SMALLINT:
        return integer(at<std::int16_t>(row));
      case DUCKDB_TYPE_INTEGER:
        return integer(at<std::int32_t>(row));
      case DUCKDB_TYPE_BIGINT:
        return integer(at<std::int64_t>(row));
      case DUCKDB_TYPE_UTINYINT:
        return integer(at<std::uint8_t>(row));
      case DUCKDB_TYPE_USMALLINT:
        return integer(at<std::uint16_t>(row));
      case DUCKDB_TYPE_UINTEGER:
        return integer(at<std::uint32_t>(row));
      case DUCKDB_TYPE_UBIGINT:
        return integer(static_cast<std::int64_t>(at<std::uint64_t>(row)));
      case DUCKDB_TYPE_HUGEINT:
        return huge(at<duckdb_hugeint>(row));
      case DUCKDB_TYPE_FLOAT:
        return Raw{static_cast<double>(at<float>(row))};
      case DUCKDB_TYPE_DOUBLE:
        return Raw{at<double>(row)};
      case DUCKDB_TYPE_DECIMAL:
        return decimal(row);
      case DUCKDB_TYPE_VARCHAR:
        return Raw{view(static_cast<const duckdb_string_t*>(data_)[row])};
      case DUCKDB_TYPE_SQLNULL:
        return Raw{};
      default:
        return std::nullopt;  // DuckDB has types that we never store
    }
  }

 private:
  template <class T>
  T at(idx_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  static Raw integer(std::int64_t value) { return Raw{value}; }
  // KQL's long wraps around; beyond it DuckDB's sums are hugeints.
  static Raw huge(duckdb_hugeint value) {
    const bool fits = (value.upper == 0 && value.lower <= INT64_MAX) ||
                      (value.upper == -1 && value.lower > static_cast<std::uint64_t>(INT64_MAX));
    if (fits) return Raw{static_cast<std::int64_t>(value.lower)};
    return Raw{to_double(value)};
  }
  Raw decimal(idx_t row) const {
    const double scale = std::pow(10.0, duckdb_decimal_scale(type_.get()));
    switch (duckdb_decimal_internal_type(type_.get())) {
      case DUCKDB_TYPE_SMALLINT:
        return Raw{at<std::int16_t>(row) / scale};
      case DUCKDB_TYPE_INTEGER:
        return Raw{at<std::int32_t>(row) / scale};
      case DUCKDB_TYPE_BIGINT:
        return Raw{static_cast<double>(at<std::int64_t>(row)) / scale};
      default:
        return Raw{to_double(at<duckdb_hugeint>(row)) / scale};
    }
  }

  TypeHandle type_;
  duckdb_type id_;
  void* data_;
  std::uint64_t* validity_;
};

std::optional<Cell> integral_cell(const Raw& raw) {
  if (const auto* integer = std::get_if<std::int64_t>(&raw)) return Cell{*integer};
  if (const auto* flag = std::get_if<bool>(&raw)) return Cell{std::int64_t{*flag}};
  return std::nullopt;
}

std::optional<Cell> real_cell(const Raw& raw) {
  if (const auto* real = std::get_if<double>(&raw)) return Cell{*real};
  if (const auto* integer = std::get_if<std::int64_t>(&raw))
    return Cell{static_cast<double>(*integer)};
  return std::nullopt;
}

std::string text_of(const Raw& raw) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "";
        } else {
          return fmt::format("{}", value);
        }
      },
      raw);
}

// The cell of a value in a column of that type; nullopt when the type cannot hold it.
std::optional<Cell> cell_of(const Raw& raw, kql::Type type) {
  if (std::holds_alternative<std::monostate>(raw)) {
    return type == kql::Type::string ? Cell{std::string()} : Cell{};
  }
  switch (type) {
    case kql::Type::boolean:
      if (const auto* flag = std::get_if<bool>(&raw)) return Cell{*flag};
      if (const auto* integer = std::get_if<std::int64_t>(&raw)) return Cell{*integer != 0};
      return std::nullopt;
    case kql::Type::integer:
    case kql::Type::long_integer:
      return integral_cell(raw);
    case kql::Type::real:
      return real_cell(raw);
    case kql::Type::decimal:
      if (const auto* kept = std::get_if<std::string_view>(&raw))
        return Cell{kql::decimal_text(*kept)};
      return std::nullopt;
    case kql::Type::datetime:
      if (const auto* ticks = std::get_if<std::int64_t>(&raw)) return Cell{Timestamp{*ticks}};
      return std::nullopt;
    case kql::Type::timespan:
      if (const auto* ticks = std::get_if<std::int64_t>(&raw)) return Cell{Timespan{*ticks}};
      return std::nullopt;
    case kql::Type::string:
    case kql::Type::guid:
    case kql::Type::dynamic:
    case kql::Type::unknown:
      return Cell{text_of(raw)};
  }
  return std::nullopt;
}

std::size_t bytes_of(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? 8 : 8 + text->size();
}

}  // namespace

// The end of the budget: an error, or where the table is cut.
Result<void> end_of_budget(Table& table, const Budget& budget, Error error) {
  if (!budget.cut) return std::unexpected(std::move(error));
  table.incomplete = std::move(error);
  return {};
}

Result<void> append_chunk(duckdb_data_chunk chunk, Table& table, Budget& budget) {
  const idx_t size = duckdb_data_chunk_get_size(chunk);
  if (size > budget.rows) {
    TRY_DO(end_of_budget(
        table, budget,
        {"WAREHOUSE0101",
         "the result has more rows than its limit allows; summarize it, or use take, or "
         "raise the limit"}));
  }
  const idx_t rows = std::min<idx_t>(size, budget.rows);
  budget.rows -= rows;
  const std::size_t width = table.columns.size();
  const std::size_t first = table.cells.size();
  table.cells.resize(first + rows * width);
  for (std::size_t column = 0; column < width; ++column) {
    const VectorReader values(duckdb_data_chunk_get_vector(chunk, column));
    const auto type = table.columns[column].type;
    for (idx_t row = 0; row < rows; ++row) {
      const auto raw = values[row];
      auto cell = raw ? cell_of(*raw, type) : std::nullopt;
      if (!cell) {
        return fail("WAREHOUSE0108", fmt::format("column {} holds a value that is no {}",
                                                 table.columns[column].name, kql::name_of(type)));
      }
      const std::size_t bytes = bytes_of(*cell);
      if (bytes > budget.bytes) {
        table.cells.resize(first);  // whole chunks only
        return end_of_budget(
            table, budget,
            {"WAREHOUSE0102",
             "the result is larger than its limit allows; project fewer columns, summarize "
             "it, or raise the limit"});
      }
      budget.bytes -= bytes;
      table.cells[first + row * width + column] = *std::move(cell);
    }
  }
  return {};
}

void append_chunk_text(duckdb_data_chunk chunk, TextRows& rows) {
  const idx_t count = duckdb_data_chunk_get_size(chunk);
  const idx_t width = duckdb_data_chunk_get_column_count(chunk);
  const std::size_t first = rows.size();
  rows.resize(first + count, std::vector<std::optional<std::string>>(width));
  for (idx_t column = 0; column < width; ++column) {
    const VectorReader values(duckdb_data_chunk_get_vector(chunk, column));
    for (idx_t row = 0; row < count; ++row) {
      const auto raw = values[row];
      if (raw && !std::holds_alternative<std::monostate>(*raw))
        rows[first + row][column] = text_of(*raw);
    }
  }
}

}  // namespace rollcall::warehouse
