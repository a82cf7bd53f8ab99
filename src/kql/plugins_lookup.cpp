#include <algorithm>

#include "kql/operators.hpp"
#include "kql/plugins.hpp"

// Plugins that look rows up in a table of address ranges, and small ones over what is there.

namespace rollcall::kql {
namespace {

// ipv4_lookup(table, address, range [, key …] [, return_unmatched]): the columns of both, of the
// longest range first.
Relation address_lookup(Binder& binder, Relation rows, const PluginSite& site, const char* test,
                        const char* width) {
  Relation table = binder.bind_table(site.argument(0), site.environment);
  if (table.open) return table;
  Scope scope{site.environment};
  scope.rows = &rows;
  Scalar address = convert(binder.bind(site.argument(1), scope), Type::string);
  address = binder.hoist(rows, std::move(address));
  Scope there{site.environment};
  there.rows = &table;
  Scalar range = convert(binder.bind(site.argument(2), there), Type::string);
  if (address.type == Type::unknown || range.type == Type::unknown) return binder.broken();
  range = binder.hoist(table, std::move(range));
  bool unmatched = false;
  std::vector<std::string> keys;
  for (std::size_t i = 3; i < site.size(); ++i) {
    if (const auto* literal = std::get_if<ast::Literal>(&site.argument(i).node);
        literal != nullptr && literal->type == Type::boolean) {
      unmatched = literal->text == "true";
    } else if (const auto* ref = std::get_if<ast::NameRef>(&site.argument(i).node)) {
      keys.push_back(ref->name);
    }
  }
  const Scalar number = binder.hoist(
      rows, {binder.window(rows, "row_number", {}), Type::long_integer, false, "", {}});
  sql::ExprPtr on = coalesce(native(test, {address.sql, range.sql}), sql::literal(false));
  for (const auto& key : keys) {
    const auto* a = rows.find(key);
    const auto* b = table.find(key);
    if (a != nullptr && b != nullptr)
      on = sql::and_also(on, equal(sql::column(a->id), sql::column(b->id)));
  }
  auto rows_columns = binder.keep_all(rows);
  rows = binder.nest(std::move(rows), std::move(rows_columns), true);
  auto table_columns = binder.keep_all(table);
  table = binder.nest(std::move(table), std::move(table_columns), true);
  Relation both;
  both.weight = rows.weight + table.weight + 1;
  both.order = rows.order;
  both.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::Join{
      unmatched ? sql::JoinKind::left : sql::JoinKind::inner, rows.from, table.from, on, false}});
  NameMaker names;
  std::vector<MadeColumn> columns;
  for (const auto& column : rows.columns)
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                       sql::column(column.id), column.nullable});
  for (const auto& column : table.columns) {
    if (std::ranges::find(keys, column.name) != keys.end()) continue;
    auto value = sql::column(column.id);
    if (unmatched && column.type == Type::string) value = coalesce(value, text_constant("").sql);
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(), value,
                       column.nullable || column.type != Type::string});
  }
  // One match for each row: the narrowest range.
  Relation ranked = both;
  ranked.partition = {std::get<sql::Column>(number.sql->node).name};
  ranked.order = {order_term(native(width, {range.sql}), true, "last")};
  const std::string place = binder.fresh_id();
  columns.push_back(
      {"$place", Type::long_integer, place, binder.window(ranked, "row_number", {}), false});
  Relation result = binder.nest(std::move(both), std::move(columns));
  result.columns.pop_back();
  result.where = equal(sql::column(place), sql::literal(std::int64_t{1}));
  return result;
}

Relation ipv4_lookup(Binder& binder, Relation rows, const PluginSite& site) {
  return address_lookup(binder, std::move(rows), site, "ipv4_is_in_range", "ipv4_netmask_suffix");
}

// The table's columns stand first here.
Relation ipv6_lookup(Binder& binder, Relation rows, const PluginSite& site) {
  const std::size_t own = rows.columns.size();
  Relation result =
      address_lookup(binder, std::move(rows), site, "ipv6_is_in_range", "_ipv6_suffix");
  if (result.columns.size() > own)
    std::ranges::rotate(result.columns, result.columns.begin() + static_cast<std::ptrdiff_t>(own));
  return result;
}

// dcount_intersect(hll, …): how many values the first, the first two, … have in common.
Relation dcount_intersect(Binder& binder, Relation rows, const PluginSite& site) {
  auto columns = binder.keep_all(rows);
  Scope scope{site.environment};
  scope.rows = &rows;
  sql::ExprPtr common;
  NameMaker names;
  for (const auto& column : rows.columns) names.reserve(column.name);
  for (std::size_t i = 0; i < site.size(); ++i) {
    const Scalar hll =
        binder.coerce(binder.bind(site.argument(i), scope), Type::dynamic, site.argument(i).span);
    if (hll.type == Type::unknown) return binder.broken();
    common = common ? native("set_intersect", {common, hll.sql}) : hll.sql;
    columns.push_back(
        binder.made(names.unique("s" + std::to_string(i)),
                    {native("array_length", {common}), Type::long_integer, true, "", {}}));
  }
  return binder.nest(std::move(rows), std::move(columns));
}

// rows_near(condition, rows [, after]): the rows so near, in their order, to one that fits.
Relation rows_near(Binder& binder, Relation rows, const PluginSite& site) {
  Scope scope{site.environment};
  scope.rows = &rows;
  const Scalar fits = binder.bind_condition(site.argument(0), scope);
  if (fits.type == Type::unknown) return binder.broken();
  const auto count = [&](std::size_t i) {
    const auto value = binder.bind_constant(site.argument(i), site.environment, Type::long_integer,
                                            "the number of rows");
    return value ? std::max<std::int64_t>(0, std::get<std::int64_t>(*value)) : 0;
  };
  const std::int64_t before = count(1), after = site.size() > 2 ? count(2) : before;
  const Scalar fit =
      binder.hoist(rows, {coalesce(fits.sql, sql::literal(false)), Type::boolean, false, "", {}});
  // A row after a fit has the fit before it.
  const Scalar near = binder.hoist(
      rows,
      {binder.window(rows, "bool_or", {fit.sql}, sql::Frame{sql::FrameUnit::rows, -after, before}),
       Type::boolean,
       false,
       "",
       {}});
  rows.where = sql::and_also(rows.where, near.sql);
  return rows;
}

Relation preview(Binder& binder, Relation rows, const PluginSite& site) {
  const auto count = binder.bind_constant(site.argument(0), site.environment, Type::long_integer,
                                          "the number of rows");
  return take_rows(binder, std::move(rows),
                   sql::literal(count ? std::get<std::int64_t>(*count) : 0));
}

// schema_merge([keep_order]): schemas below each other as one.
Relation schema_merge(Binder& binder, Relation rows, const PluginSite& site) {
  std::vector<Scalar> inputs;
  for (const char* name : {"ColumnName", "ColumnOrdinal", "DataType", "ColumnType"}) {
    const auto* column = rows.find(name);
    if (column == nullptr) {
      binder.complain("KQL0103", site.span, fmt::format("schema_merge needs a column '{}'", name));
      return binder.broken();
    }
    inputs.push_back(column->scalar());
  }
  return through_native(binder, std::move(rows), inputs, "_merged_schema", {},
                        {{"ColumnName", Type::string},
                         {"ColumnOrdinal", Type::long_integer},
                         {"DataType", Type::string},
                         {"ColumnType", Type::string}});
}

}  // namespace

std::span<const Plugin> lookup_plugins() {
  static const Plugin table[] = {
      {"ipv4_lookup", 3, 8, ipv4_lookup},
      {"ipv6_lookup", 3, 8, ipv6_lookup},
      {"dcount_intersect", 2, 16, dcount_intersect},
      {"rows_near", 2, 3, rows_near},
      {"preview", 1, 1, preview},
      {"schema_merge", 0, 1, schema_merge},
      {"identity", 0, 0, [](Binder&, Relation rows, const PluginSite&) { return rows; }},
  };
  return table;
}

}  // namespace rollcall::kql
