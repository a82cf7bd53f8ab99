#include "kql/operators.hpp"
#include "kql/plugins.hpp"

// geo_polygon_lookup, geo_line_lookup: each row with the shapes of a table that lie where it is.

namespace rollcall::kql {
namespace {

bool flag(Binder& binder, const PluginSite& site, std::string_view name, std::size_t place) {
  const auto* argument = site.find(name, place);
  if (argument == nullptr) return false;
  const auto value = binder.bind_constant(*argument, site.environment, Type::boolean, name);
  return value && std::get<bool>(*value);
}

Scalar column_of(Binder& binder, Relation& rows, const PluginSite& site, std::size_t i, Type type) {
  Scope scope{site.environment};
  scope.rows = &rows;
  Scalar value = binder.coerce(binder.bind(site.argument(i), scope), type, site.argument(i).span);
  return value.type == Type::unknown ? value : binder.hoist(rows, std::move(value));
}

Relation joined(Binder& binder, Relation rows, Relation table, const sql::ExprPtr& on,
                bool unmatched, std::string_view without) {
  auto rows_columns = binder.keep_all(rows);
  rows = binder.nest(std::move(rows), std::move(rows_columns), true);
  auto table_columns = binder.keep_all(table);
  table = binder.nest(std::move(table), std::move(table_columns), true);
  Relation both;
  both.weight = rows.weight + table.weight + 1;
  both.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::Join{
      unmatched ? sql::JoinKind::left : sql::JoinKind::inner, rows.from, table.from, on, false}});
  NameMaker names;
  std::vector<MadeColumn> columns;
  for (const auto& column : rows.columns)
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                       sql::column(column.id), column.nullable});
  for (const auto& column : table.columns) {
    if (column.name == without) continue;
    auto value = sql::column(column.id);
    if (unmatched && column.type == Type::string) value = coalesce(value, text_constant("").sql);
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(), value,
                       column.nullable || column.type != Type::string});
  }
  return binder.nest(std::move(both), std::move(columns));
}

// (table, shape's column, longitude, latitude [, radius] [, return_unmatched]
//  [, lookup_area_radius] [, return_lookup_key])
Relation geo_lookup(Binder& binder, Relation rows, const PluginSite& site, const char* contains,
                    const char* distance) {
  Relation table = binder.bind_table(site.argument(0), site.environment);
  if (table.open) return table;
  const auto* key = std::get_if<ast::NameRef>(&site.argument(1).node);
  const Scalar shape = column_of(binder, table, site, 1, Type::dynamic);
  const Scalar longitude = column_of(binder, rows, site, 2, Type::real);
  const Scalar latitude = column_of(binder, rows, site, 3, Type::real);
  const bool unmatched = flag(binder, site, "return_unmatched", 5);
  const bool with_key = flag(binder, site, "return_lookup_key", 7);
  const std::vector<sql::ExprPtr> place{longitude.sql, latitude.sql, shape.sql};
  sql::ExprPtr on;
  if (const auto* radius = site.find("radius", 4)) {
    const auto meters = binder.bind_constant(*radius, site.environment, Type::real, "the radius");
    if (!meters) return binder.broken();
    on = sql::binary(sql::BinaryOperator::less_equal, native(distance, place),
                     constant_of(Type::real, *meters).sql);
  } else if (contains != nullptr) {
    on = native(contains, place);
  } else {
    binder.complain("KQL0106", site.span, "a radius in meters is wanted behind the latitude");
  }
  if (!on || shape.type == Type::unknown || longitude.type == Type::unknown ||
      latitude.type == Type::unknown)
    return binder.broken();
  return joined(binder, std::move(rows), std::move(table), coalesce(on, sql::literal(false)),
                unmatched, with_key || key == nullptr ? "" : key->name);
}

}  // namespace

std::span<const Plugin> geo_plugins() {
  static const Plugin table[] = {
      {"geo_polygon_lookup", 4, 8,
       [](Binder& binder, Relation rows, const PluginSite& site) {
         return geo_lookup(binder, std::move(rows), site, "geo_point_in_polygon",
                           "geo_distance_point_to_polygon");
       }},
      {"geo_line_lookup", 5, 8,
       [](Binder& binder, Relation rows, const PluginSite& site) {
         return geo_lookup(binder, std::move(rows), site, nullptr, "geo_distance_point_to_line");
       }},
  };
  return table;
}

}  // namespace rollcall::kql
