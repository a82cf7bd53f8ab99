#include "doors/table_json.hpp"

#include <fmt/format.h>

#include <cmath>

namespace rollcall::doors {
namespace {

void append_real(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    const auto text = fmt::format("{}", value);  // the shortest that reads back
    out += text;
    if (text.find_first_of(".e") == std::string::npos) out += ".0";
  }
}

void append(std::string& out, const warehouse::Cell& cell, kql::Type type) {
  struct Visitor {
    std::string& out;
    kql::Type type;
    void operator()(std::monostate) const { out += "null"; }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(std::int64_t value) const { out += fmt::format("{}", value); }
    void operator()(double value) const { append_real(out, value); }
    void operator()(Timestamp value) const { out += fmt::format("\"{}\"", format_iso(value)); }
    void operator()(Timespan value) const { out += fmt::format("\"{}\"", format_timespan(value)); }
    void operator()(const std::string& value) const {
      if (type == kql::Type::dynamic) {
        out += value.empty() ? "null" : value;
      } else {
        out += json::serialize(json::string_view(value.data(), value.size()));
      }
    }
  };
  std::visit(Visitor{out, type}, cell);
}

}  // namespace

std::string rows_json(const warehouse::Table& table) {
  return rows_json(table, 0, table.row_count());
}

std::string rows_json(const warehouse::Table& table, std::size_t first, std::size_t count) {
  std::string out = "[";
  for (std::size_t row = first; row < first + count; ++row) {
    out += row == first ? "[" : ",[";
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      if (column > 0) out += ',';
      append(out, table.at(row, column), table.columns[column].type);
    }
    out += ']';
  }
  return out + "]";
}

json::array columns_json(const warehouse::Table& table) {
  json::array columns;
  for (const auto& column : table.columns) {
    columns.push_back({{"name", column.name}, {"type", kql::name_of(column.type)}});
  }
  return columns;
}

}  // namespace rollcall::doors
