#include "warehouse/kusto_answer.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/json.hpp"
#include "kql/decimal.hpp"
#include "kql/values.hpp"

namespace rollcall::warehouse {
namespace {

constexpr std::size_t most_depth = 1'000;

std::unexpected<Error> unreadable(std::string_view what) {
  return fail("KUSTO0203", fmt::format("the cluster's answer cannot be read: {}", what));
}

template <class Value, class Parsed>
std::optional<Cell> cell_as(const std::optional<Parsed>& value) {
  return value ? std::optional<Cell>(Cell{Value{*value}}) : std::nullopt;
}

std::optional<Cell> read_cell(const json::value& value, kql::Type type) {
  const auto text = value.is_string() ? std::string_view(value.get_string()) : std::string_view();
  if (type == kql::Type::dynamic) return value.is_null() ? Cell{} : Cell{kql::json_text(value)};
  if (value.is_null()) return type == kql::Type::string ? Cell{std::string()} : Cell{};
  switch (type) {
    case kql::Type::boolean:
      if (value.is_bool()) return Cell{value.get_bool()};
      return value.is_int64() ? std::optional(Cell{value.get_int64() != 0}) : std::nullopt;
    case kql::Type::integer:
    case kql::Type::long_integer:
      return value.is_int64() ? std::optional(Cell{value.get_int64()}) : std::nullopt;
    case kql::Type::decimal: {
      const auto kept =
          kql::parse_decimal(value.is_string() ? std::string(text) : kql::json_text(value));
      return kept ? std::optional(Cell{kql::decimal_text(*kept)}) : std::nullopt;
    }
    case kql::Type::real:
      if (value.is_number()) return Cell{value.to_number<double>()};
      if (text == "NaN") return Cell{std::numeric_limits<double>::quiet_NaN()};
      if (text == "Infinity" || text == "-Infinity")
        return Cell{(text[0] == '-' ? -1 : 1) * std::numeric_limits<double>::infinity()};
      return cell_as<double>(kql::parse_real(text));
    case kql::Type::datetime:
      return cell_as<Timestamp>(kql::parse_datetime(text));
    case kql::Type::timespan:
      return cell_as<Timespan>(kql::parse_timespan(text));
    case kql::Type::string:
    case kql::Type::guid:
    case kql::Type::unknown:
      return value.is_string() ? std::optional(Cell{std::string(text)}) : std::nullopt;
    case kql::Type::dynamic:
      break;
  }
  return std::nullopt;
}

Error read_one_api(const json::value& document, int status) {
  const auto* found = find(document, "error");
  const json::value& error = found == nullptr ? document : *found;
  auto message = text_or(error, "@message", text_or(error, "message", "no reason was given"));
  if (message.contains("80DA0003")) return {"WAREHOUSE0101", std::string(message)};
  if (status == 504 || message.contains("timed out") || message.contains("timed-out"))
    return {"WAREHOUSE0103", std::string(message)};
  if (status == 429 || message.contains("throttled"))
    return {"WAREHOUSE0104", std::string(message)};
  const bool denied = status == 401 || status == 403;
  return {denied ? "KUSTO0202" : status >= 500 ? "KUSTO0203" : "KUSTO0201", std::string(message)};
}

Result<std::vector<Column>> read_columns(const json::value& frame) {
  std::vector<Column> columns;
  const auto* listed = find(frame, "Columns");
  if (listed == nullptr || !listed->is_array()) return unreadable("a table has no columns");
  for (const auto& one : listed->get_array()) {
    const auto name = text_or(one, "ColumnType", text_or(one, "DataType"));
    const auto type = kql::type_named(name);
    if (!type) return unreadable(fmt::format("there is no type {}", name));
    columns.push_back({std::string(text_or(one, "ColumnName")), *type});
  }
  return columns;
}

Result<void> read_rows(Table& table, const json::value& frame) {
  const auto* rows = find(frame, "Rows");
  if (rows == nullptr || !rows->is_array()) return unreadable("a table has no rows");
  for (const auto& row : rows->get_array()) {
    if (const auto* errors = find(row, "OneApiErrors");
        errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
      return std::unexpected(read_one_api(errors->get_array()[0], 200));
    }
    if (!row.is_array() || row.get_array().size() != table.columns.size())
      return unreadable("a row has another width than its table");
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      auto cell = read_cell(row.get_array()[i], table.columns[i].type);
      if (!cell)
        return unreadable(fmt::format("column {} holds what is no {}", table.columns[i].name,
                                      kql::name_of(table.columns[i].type)));
      table.cells.push_back(*std::move(cell));
    }
  }
  return {};
}

std::int64_t id_of(const json::value& frame) {
  const auto* id = find(frame, "TableId");
  return id != nullptr && id->is_int64() ? id->get_int64() : -1;
}

}  // namespace

Result<std::vector<Table>> read_kusto_frames(std::string_view body) {
  const auto document = parse_json(body, most_depth);
  if (!document) return unreadable(document.error().message);
  if (!document->is_array()) return unreadable("it is no array of frames");
  std::vector<Table> tables;
  std::vector<std::int64_t> ids;  // of the tables
  for (const auto& frame : document->get_array()) {
    const auto kind = text_or(frame, "FrameType");
    if ((kind == "DataTable" || kind == "TableHeader") &&
        text_or(frame, "TableKind") == "PrimaryResult") {
      Table table;
      table.name = text_or(frame, "TableName");
      TRY(table.columns, read_columns(frame));
      if (kind == "DataTable") TRY_DO(read_rows(table, frame));
      tables.push_back(std::move(table));
      ids.push_back(id_of(frame));
    } else if (kind == "TableFragment") {
      const auto found = std::find(ids.begin(), ids.end(), id_of(frame));
      if (found == ids.end()) continue;
      auto& table = tables[static_cast<std::size_t>(found - ids.begin())];
      if (text_or(frame, "TableFragmentType") == "DataReplace") table.cells.clear();
      TRY_DO(read_rows(table, frame));
    } else if (const auto* errors = find(frame, "OneApiErrors");
               errors != nullptr && errors->is_array() && !errors->get_array().empty()) {
      return std::unexpected(read_one_api(errors->get_array()[0], 200));
    }
  }
  if (tables.empty()) return unreadable("it has no table");
  return tables;
}

Result<Table> read_kusto_table(std::string_view body) {
  const auto document = parse_json(body, most_depth);
  if (!document) return unreadable(document.error().message);
  const auto* tables = find(*document, "Tables");
  if (tables == nullptr || !tables->is_array() || tables->get_array().empty())
    return unreadable("it has no table");
  Table table;
  TRY(table.columns, read_columns(tables->get_array()[0]));
  TRY_DO(read_rows(table, tables->get_array()[0]));
  return table;
}

Error read_kusto_error(int status, std::string_view body) {
  const auto document = parse_json(body, most_depth);
  if (document && document->is_object()) return read_one_api(*document, status);
  return read_one_api(json::object{{"message", fmt::format("the cluster answered {}", status)}},
                      status);
}

}  // namespace rollcall::warehouse
