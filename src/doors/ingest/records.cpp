#include "doors/ingest/records.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"
#include "kql/values.hpp"

namespace rollcall::doors {
namespace {

using telemetry::Field;
using warehouse::Cell;

std::string wrong(const Field& field, kql::Type type) {
  return fmt::format("{}: '{}' is no {}", field.name, field.text.substr(0, 60), kql::name_of(type));
}

std::expected<Cell, std::string> number_cell(const Field& field, kql::Type type) {
  const auto text = trim(field.text);
  const auto* end = text.data() + text.size();
  if (kql::is_integral(type)) {
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end) return value;
  } else {
    double value = 0;
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end) return value;
  }
  return std::unexpected(wrong(field, type));
}

std::expected<Cell, std::string> cell_of(const Field& field, kql::Type type) {
  if (field.kind == Field::Kind::null || (field.text.empty() && type != kql::Type::string)) return Cell{};
  switch (type) {
    case kql::Type::string:
    case kql::Type::guid:
    case kql::Type::decimal: return Cell{field.text};
    case kql::Type::dynamic:
      if (field.kind == Field::Kind::text) return Cell{json::serialize(json::string_view(field.text))};
      return Cell{field.text};
    case kql::Type::boolean:
      if (equals_ignoring_case(field.text, "true") || field.text == "1") return Cell{true};
      if (equals_ignoring_case(field.text, "false") || field.text == "0") return Cell{false};
      return std::unexpected(wrong(field, type));
    case kql::Type::integer:
    case kql::Type::long_integer:
    case kql::Type::real: return number_cell(field, type);
    case kql::Type::datetime:
      if (const auto time = parse_iso(field.text)) return Cell{*time};
      return std::unexpected(wrong(field, type));
    case kql::Type::timespan:
      if (const auto ticks = kql::parse_timespan(field.text)) return Cell{Timespan{*ticks}};
      return std::unexpected(wrong(field, type));
    case kql::Type::unknown: break;
  }
  return std::unexpected(wrong(field, type));
}

}  // namespace

std::optional<std::string> append_record(const telemetry::Record& record, warehouse::Table& rows) {
  std::vector<Cell> row(rows.columns.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (rows.columns[i].type == kql::Type::string) row[i] = std::string();
  }
  for (const auto& field : record.fields) {
    const auto at = std::ranges::find_if(
        rows.columns, [&](const warehouse::Column& column) { return equals_ignoring_case(column.name, field.name); });
    if (at == rows.columns.end()) {
      std::vector<std::string> names;
      for (const auto& column : rows.columns) names.push_back(column.name);
      const auto near = nearest_name(field.name, names);
      return fmt::format("the table has no column '{}'{}", field.name,
                         near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
    }
    auto cell = cell_of(field, at->type);
    if (!cell) return std::move(cell).error();
    row[static_cast<std::size_t>(at - rows.columns.begin())] = *std::move(cell);
  }
  rows.cells.insert(rows.cells.end(), std::make_move_iterator(row.begin()), std::make_move_iterator(row.end()));
  return std::nullopt;
}

}  // namespace rollcall::doors
