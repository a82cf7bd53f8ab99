// What both versions of the protocol share.
#include "doors/kusto/answers.hpp"

#include "base/text.hpp"

namespace rollcall::doors {

json::object visualization_of(const warehouse::Table& table) {
  json::object shown{{"Visualization", nullptr}};
  for (const auto* name : {"Title", "XColumn", "Series", "YColumns", "AnomalyColumns", "XTitle",
                           "YTitle", "XAxis", "YAxis", "Legend", "YSplit"}) {
    shown[name] = nullptr;
  }
  shown["Accumulate"] = false;
  shown["IsQuerySorted"] = false;
  shown["Kind"] = nullptr;
  shown["Ymin"] = "NaN";
  shown["Ymax"] = "NaN";
  shown["Xmin"] = nullptr;
  shown["Xmax"] = nullptr;
  if (table.visualization.empty()) return shown;
  const auto asked = parse_json(table.visualization);
  if (!asked || !asked->is_object()) return shown;
  // Properties are written in any letter case: `with (title="…")`.
  for (const auto& member : asked->get_object()) {
    const auto known = std::ranges::find_if(
        shown, [&](const auto& one) { return equals_ignoring_case(one.key(), member.key()); });
    (known == shown.end() ? shown[member.key()] : known->value()) = member.value();
  }
  return shown;
}

const Error* failure_of(std::span<const warehouse::Table> results) {
  for (const auto& table : results) {
    if (table.incomplete) return &*table.incomplete;
  }
  return nullptr;
}

warehouse::Table schema_of(const warehouse::Table& table) {
  warehouse::Table schema;
  using enum kql::Type;
  schema.columns = {{"ColumnName", string},
                    {"ColumnOrdinal", integer},
                    {"DataType", string},
                    {"ColumnType", string}};
  std::int64_t ordinal = 0;
  for (const auto& column : table.columns) {
    for (warehouse::Cell cell : {warehouse::Cell{column.name}, warehouse::Cell{ordinal++},
                                 warehouse::Cell{std::string(kql::clr_name_of(column.type))},
                                 warehouse::Cell{std::string(kql::name_of(column.type))}}) {
      schema.cells.push_back(std::move(cell));
    }
  }
  return schema;
}

}  // namespace rollcall::doors
