#include "warehouse/table.hpp"

#include <fmt/format.h>

#include <type_traits>

namespace rollcall::warehouse {

std::size_t Table::find_column(std::string_view wanted) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == wanted) return i;
  }
  return npos;
}

bool is_null(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

std::string to_text(const Cell& cell) {
  return std::visit(
      []<class T>(const T& value) -> std::string {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return "";
        } else if constexpr (std::is_same_v<T, Timestamp>) {
          return format_iso(value);
        } else if constexpr (std::is_same_v<T, Timespan>) {
          return format_timespan(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return value;
        } else {
          return fmt::format("{}", value);
        }
      },
      cell);
}

}  // namespace rollcall::warehouse
