#include "warehouse/rows.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "kql/decimal.hpp"
#include "kql/values.hpp"
#include "telemetry/fields.hpp"
#include "telemetry/log_fields.hpp"

namespace rollcall::warehouse {
namespace {

using Kind = telemetry::Field::Kind;

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Cell> read_bool(std::string_view text) {
  if (equals_ignoring_case(text, "true") || text == "1") return Cell{true};
  if (equals_ignoring_case(text, "false") || text == "0") return Cell{false};
  return std::nullopt;
}

// timespan = [ "-" ] [ days "." ] hh ":" mm [ ":" ss [ "." 1*7DIGIT ] ]
std::optional<Cell> read_timespan(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::int64_t day_count = 0;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  if (const auto point = text.find('.'); point < colon) {
    const auto read = read_number<std::int64_t>(text.substr(0, point));
    if (!read || *read < 0 || *read > 10'675'198) return std::nullopt;
    day_count = *read;
    text.remove_prefix(point + 1);
  }
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  const auto whole = [](std::string_view part, int most) -> std::optional<std::int64_t> {
    if (part.empty() || part.size() > 2 ||
        part.find_first_not_of("0123456789") != std::string_view::npos)
      return std::nullopt;
    const auto value = read_number<std::int64_t>(part);
    return value && *value <= most ? value : std::nullopt;
  };
  const auto hour = whole(parts[0], 23), minute = whole(parts[1], 59);
  std::optional<std::int64_t> second = 0;
  std::string fraction;
  if (parts.size() == 3) {
    const auto point = parts[2].find('.');
    second = whole(parts[2].substr(0, point), 59);
    if (point != std::string_view::npos) fraction = parts[2].substr(point + 1);
    if (fraction.size() > 7 || fraction.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
  }
  if (!hour || !minute || !second) return std::nullopt;
  fraction.resize(7, '0');
  const std::int64_t ticks = day_count * ticks_per_day + *hour * ticks_per_hour +
                             *minute * ticks_per_minute + *second * ticks_per_second +
                             read_number<std::int64_t>(fraction).value_or(0);
  return Cell{Timespan{negative ? -ticks : ticks}};
}

// A dynamic value: JSON text as it is; another text becomes a JSON string, as in Kusto.
Cell read_dynamic(const telemetry::Field& field) {
  if (field.kind != Kind::text) return field.text;
  if (auto compact = telemetry::compact_json(field.text)) return *std::move(compact);
  std::string quoted;
  telemetry::append_json_string(quoted, field.text);
  return quoted;
}

template <class Value>
std::optional<Cell> as_cell(const std::optional<Value>& value) {
  return value ? std::optional<Cell>(Cell{*value}) : std::nullopt;
}

std::optional<Cell> read_cell(const telemetry::Field& field, kql::Type type) {
  const std::string_view text = field.text;
  switch (type) {
    case kql::Type::boolean:
      return read_bool(text);
    case kql::Type::integer:
      if (const auto value = read_number<std::int32_t>(text)) return Cell{std::int64_t{*value}};
      return std::nullopt;
    case kql::Type::long_integer:
      return as_cell(read_number<std::int64_t>(text));
    case kql::Type::real:
      return as_cell(read_number<double>(text));
    case kql::Type::decimal: {
      const auto kept = kql::parse_decimal(text);
      return kept ? std::optional<Cell>(kql::decimal_text(*kept)) : std::nullopt;
    }
    case kql::Type::datetime:
      return as_cell(telemetry::read_time(text));
    case kql::Type::timespan:
      return read_timespan(text);
    case kql::Type::guid:
      return as_cell(kql::parse_guid(text));
    case kql::Type::dynamic:
      return read_dynamic(field);
    case kql::Type::string:
    case kql::Type::unknown:
      break;
  }
  return Cell{field.text};
}

}  // namespace

std::expected<Cell, std::string> to_cell(const telemetry::Field& field, kql::Type type) {
  const bool is_text = type == kql::Type::string;
  if (field.kind == Kind::null) return is_text ? Cell{std::string()} : Cell{};
  if (field.text.empty() && !is_text) return Cell{};
  if (auto cell = read_cell(field, type)) return *std::move(cell);
  constexpr std::size_t shown = 40;
  return std::unexpected(fmt::format("column {}: '{}' is no {}", field.name,
                                     field.text.substr(0, shown), kql::name_of(type)));
}

// By its exact name, or else whatever its letter case.
static std::size_t column_of(const Table& rows, std::string_view name) {
  if (const auto exact = rows.find_column(name); exact != Table::npos) return exact;
  const auto found = std::find_if(rows.columns.begin(), rows.columns.end(), [&](const auto& one) {
    return equals_ignoring_case(one.name, name);
  });
  return found == rows.columns.end() ? Table::npos
                                     : static_cast<std::size_t>(found - rows.columns.begin());
}

std::optional<std::string> append_record(Table& rows, const telemetry::Record& record) {
  std::vector<Cell> row(rows.columns.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (rows.columns[i].type == kql::Type::string) row[i] = std::string();
  }
  for (const auto& field : record.fields) {
    const std::size_t column = column_of(rows, field.name);
    if (column == Table::npos) {
      std::vector<std::string> names;
      for (const auto& one : rows.columns) names.push_back(one.name);
      const auto near = nearest_name(field.name, names);
      return fmt::format("the table has no column {}{}", field.name,
                         near.empty() ? "" : "; did you mean " + near + "?");
    }
    auto cell = to_cell(field, rows.columns[column].type);
    if (!cell) return cell.error();
    row[column] = *std::move(cell);
  }
  rows.cells.insert(rows.cells.end(), std::make_move_iterator(row.begin()),
                    std::make_move_iterator(row.end()));
  return std::nullopt;
}

}  // namespace rollcall::warehouse
