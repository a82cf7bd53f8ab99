#include "lists/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lists/values.hpp"
#include "odata/apply.hpp"
#include "odata/compile.hpp"

namespace rollcall::lists {
namespace {

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

// Which of the result's properties are shown: all, or those that $select names, in its order.
std::vector<const odata::Property*> shown_of(const odata::Schema& schema,
                                             const std::vector<std::string>& selected) {
  std::vector<const odata::Property*> shown;
  if (selected.empty()) {
    for (const auto& property : schema.properties) shown.push_back(&property);
  }
  for (const auto& name : selected) shown.push_back(schema.find(name));
  return shown;
}

// In the order that is asked for, then in that of the groups.
std::vector<sql::OrderTerm> order_of(const odata::Applied& applied,
                                     const odata::Compiled& compiled) {
  std::vector<sql::OrderTerm> terms;
  for (const auto& term : compiled.order_by) {
    terms.push_back(
        {term.expr, term.descending, term.descending ? sql::Nulls::last : sql::Nulls::first});
  }
  for (std::size_t i = 0; i < applied.groups; ++i)
    terms.push_back({value_of(applied.schema.properties[i]), false, sql::Nulls::first});
  return terms;
}

}  // namespace

Result<Groups> aggregate_items(const store::Database& database, store::Connection& connection,
                               const KeptList& kept, const odata::Options& options, Timestamp now) {
  if (options.expand || options.skiptoken || options.search) {
    return fail(
        "ODATA0203",
        "beside $apply there are $filter, $orderby, $select, $top, $skip and $count, of its "
        "result");
  }
  TRY(const auto shape, odata::shape_of(options));
  const auto now_slot = shape.literals.size();
  TRY(const auto applied, odata::compile_apply(options.apply.value_or(""), kept.schema(),
                                               sql::table(kept.table(), items_alias), now_slot));
  TRY(const auto compiled, odata::compile(options, shape, applied.schema));
  TRY(auto values, odata::bind(compiled, shape, now));
  const auto limit = options.top ? std::min(*options.top, max_page_size) : max_page_size + 1;
  std::vector<store::Argument> arguments(values.begin(), values.end());
  arguments.emplace_back(limit);
  arguments.emplace_back(options.skip.value_or(0));

  const auto shown = shown_of(applied.schema, compiled.select);
  sql::Select select;
  for (const auto* property : shown) select.items.push_back({value_of(*property), {}});
  select.from = applied.from;
  select.where = compiled.where;
  auto counted = select;
  const auto statement = database.prepare(
      std::make_shared<const sql::Query>(sql::Query{{},
                                                    std::move(select),
                                                    order_of(applied, compiled),
                                                    sql::make(sql::Slot{now_slot + 1}),
                                                    sql::make(sql::Slot{now_slot + 2})}));
  Groups groups;
  TRY_DO(connection.query(statement, std::span<const store::Argument>(arguments),
                          [&](const store::Row& row) {
                            json::object one;
                            for (std::size_t i = 0; i < shown.size(); ++i) {
                              const auto type = column_type(shown[i]->type);
                              put(one, shown[i]->name, to_json(type, look_at(type, row, i)));
                            }
                            groups.rows.push_back(std::move(one));
                          }));
  if (std::ssize(groups.rows) > max_page_size) {
    return fail("LIST0111", fmt::format("there are more than {} groups: ask for them by $top and "
                                        "$skip",
                                        max_page_size));
  }
  if (!options.count) return groups;
  counted.items = {{sql::call("count", {sql::make(sql::Star{})}), {}}};
  TRY_DO(connection.query(database.prepare(sql::query(std::move(counted))),
                          std::span<const store::Argument>(arguments),
                          [&](const store::Row& row) { groups.count = row.integer(0); }));
  return groups;
}

}  // namespace rollcall::lists
