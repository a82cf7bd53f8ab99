// A typed table: what a query answers, and what is appended to a table that people made. A cell's alternative
// follows its column's type: bool → bool; int, long → int64; real → double; datetime → Timestamp; timespan → Timespan;
// string, guid → their text; decimal → its digits as text; dynamic → JSON text. Null is monostate; a string is never null.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "kql/catalog.hpp"

namespace rollcall::warehouse {

using kql::Column;  // name and kql::Type

using Cell =
    std::variant<std::monostate, bool, std::int64_t, double, Timestamp, Timespan, std::string>;

struct Table {
  std::string name = "PrimaryResult";
  std::vector<Column> columns;
  std::vector<Cell> cells;    // row after row
  std::string visualization;  // what `render` asked for, as JSON; "" without one
  std::optional<Error> incomplete =
      {};  // why rows are missing at its end, where QueryOptions::partial let it be cut

  std::size_t row_count() const { return columns.empty() ? 0 : cells.size() / columns.size(); }
  std::span<const Cell> row(std::size_t index) const {
    return std::span(cells).subspan(index * columns.size(), columns.size());
  }
  const Cell& at(std::size_t row, std::size_t column) const {
    return cells[row * columns.size() + column];
  }
  // The column of that name (letter case counts), or npos.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  std::size_t find_column(std::string_view name) const;
};

bool is_null(const Cell& cell);
// The cell as people read it: times as Kusto writes them, null as "".
std::string to_text(const Cell& cell);

}  // namespace rollcall::warehouse
