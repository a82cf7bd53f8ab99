#include "lists/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "lists/list_store.hpp"
#include "lists/values.hpp"
#include "odata/apply.hpp"

namespace rollcall::lists {
namespace {

using Counted = odata::Aggregation::Column;

ColumnType column_type(odata::Type type) {
  switch (type) {
    case odata::Type::boolean:
      return ColumnType::boolean;
    case odata::Type::real:
      return ColumnType::number;
    case odata::Type::text:
      return ColumnType::text;
    case odata::Type::datetime:
    case odata::Type::date:
      return ColumnType::datetime;
    default:
      return ColumnType::integer;
  }
}

// `Total desc, Region`: names of the result.
Result<std::vector<sql::OrderTerm>> order_of(const std::vector<Counted>& columns,
                                             const odata::Options& options) {
  std::vector<sql::OrderTerm> terms;
  if (!options.orderby) return terms;
  for (const auto part : split(*options.orderby, ',')) {
    auto name = trim(part);
    const auto space = name.rfind(' ');
    const auto last = space == std::string_view::npos ? std::string_view() : name.substr(space + 1);
    const bool descending = last == "desc";
    if (descending || last == "asc") name = trim(name.substr(0, space));
    const auto found =
        std::ranges::find_if(columns, [&](const Counted& one) { return one.name == name; });
    if (found == columns.end())
      return fail("ODATA0103", fmt::format("$orderby: the result of $apply has no '{}'", name));
    terms.push_back({found->expr, descending, descending ? sql::Nulls::last : sql::Nulls::first});
  }
  return terms;
}

// A path is a property of a property: {"Team": {"Title": …}}.
void put(json::object& into, std::string_view name, json::value value) {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos) {
    into[name] = std::move(value);
    return;
  }
  auto& other = into[name.substr(0, slash)];
  if (!other.is_object()) other = json::object{};
  put(other.get_object(), name.substr(slash + 1), std::move(value));
}

}  // namespace

Result<json::array> aggregate_items(const store::Database& database, store::Connection& connection,
                                    const KeptList& kept, const odata::Options& options,
                                    Timestamp now) {
  if (options.filter || options.select || options.expand || options.skiptoken || options.search) {
    return fail("ODATA0203",
                "beside $apply there are only $orderby and $top; a filter stands in it: "
                "filter(…)/groupby(…)");
  }
  TRY(const auto applied, odata::compile_apply(options.apply.value_or(""), kept.schema()));
  std::vector<Counted> columns = applied.groups;
  columns.insert(columns.end(), applied.aggregates.begin(), applied.aggregates.end());
  TRY(auto order, order_of(columns, options));
  sql::Select select;
  for (const auto& column : columns) select.items.push_back({column.expr, {}});
  for (const auto& group : applied.groups) {
    select.group_by.push_back(group.expr);
    order.push_back({group.expr, false, sql::Nulls::first});
  }
  select.from = sql::table(kept.table(), items_alias);
  select.where = applied.where;
  const auto limit = std::min(options.top.value_or(max_page_size), max_page_size);
  const auto statement = database.prepare(std::make_shared<const sql::Query>(
      sql::Query{{}, std::move(select), std::move(order), sql::make(sql::Slot{1}), nullptr}));
  json::array rows;
  TRY_DO(connection.query(statement, {now.ticks, limit}, [&](const store::Row& row) {
    json::object one;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto type = column_type(columns[i].type);
      put(one, columns[i].name, to_json(type, look_at(type, row, i)));
    }
    rows.push_back(std::move(one));
  }));
  return rows;
}

}  // namespace rollcall::lists
