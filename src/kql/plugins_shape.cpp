#include <algorithm>

#include "base/json.hpp"
#include "kql/aggregates.hpp"
#include "kql/operators.hpp"
#include "kql/plugins.hpp"

// Plugins that turn values into columns and back: bag_unpack, pivot, narrow. The first two ask the
// data which columns there are.

namespace rollcall::kql {
namespace {

constexpr std::size_t max_columns = 500;

std::string text_argument(Binder& binder, const ast::Expr* expr, const EnvironmentPtr& environment,
                          std::string otherwise) {
  if (expr == nullptr) return otherwise;
  Scope scope{environment};
  return text_value_of(binder.bind(*expr, scope)).value_or(std::move(otherwise));
}

struct Property {
  std::string name;
  Type type;
};

// The properties that the column's bags have, by name.
std::optional<std::vector<Property>> properties_of(Binder& binder, const Relation& rows,
                                                   const Scalar& bag, Span span) {
  auto joined = sql::call("string_agg", {bag.sql, sql::literal(std::string(","))});
  const auto all =
      concat({sql::literal(std::string("[")), coalesce(joined, sql::literal(std::string())),
              sql::literal(std::string("]"))});
  auto query = binder.select_of(rows, {{native("_properties", {all}), binder.fresh_id()}});
  const auto found = binder.probe(query, 1, span);
  if (!found || found->empty() || found->front().empty() || !found->front()[0]) return std::nullopt;
  std::vector<Property> properties;
  if (const auto object = parse_json(*found->front()[0]); object && object->is_object()) {
    for (const auto& member : object->get_object()) {
      properties.push_back(
          {std::string(member.key()),
           type_named(std::string(member.value().get_string())).value_or(Type::dynamic)});
    }
  }
  return properties;
}

Relation bag_unpack(Binder& binder, Relation rows, const PluginSite& site) {
  Scope scope{site.environment};
  scope.rows = &rows;
  const auto* ref = std::get_if<ast::NameRef>(&site.argument(0).node);
  Scalar bag = binder.bind(site.argument(0), scope);
  if (bag.type == Type::unknown) return binder.broken();
  if (bag.type != Type::dynamic || ref == nullptr) {
    binder.complain("KQL0106", site.argument(0).span, "bag_unpack takes a column of type dynamic");
    return binder.broken();
  }
  const std::string prefix =
      text_argument(binder, site.find("OutputColumnPrefix", 1), site.environment, "");
  const std::string conflict =
      text_argument(binder, site.find("columnsConflict", 2), site.environment, "error");
  const auto ignored =
      text_argument(binder, site.find("ignoredProperties", 3), site.environment, "[]");
  std::vector<Property> properties;
  if (site.schema) {
    for (const auto& [name, type] : site.schema->columns) {
      const auto* existing = rows.find(name.text);
      if (existing == nullptr || name.text == ref->name || !site.schema->star)
        properties.push_back({name.text, type_named(type).value_or(Type::dynamic)});
    }
  } else {
    auto found = properties_of(binder, rows, bag, site.span);
    if (!found) return binder.broken();
    properties = *std::move(found);
  }
  if (properties.size() > max_columns) {
    binder.complain("KQL0003", site.span,
                    fmt::format("the bags have more than {} properties", max_columns));
    return binder.broken();
  }
  std::vector<MadeColumn> columns;
  std::vector<MadeColumn> before;
  NameMaker names;
  for (const auto& column : rows.columns) {
    if (column.name == ref->name) continue;
    columns.push_back(
        {column.name, column.type, column.id, sql::column(column.id), column.nullable});
  }
  const auto skip = parse_json(ignored);
  for (const auto& property : properties) {
    const bool is_ignored =
        skip && skip->is_array() && std::ranges::any_of(skip->get_array(), [&](const auto& v) {
          return v.is_string() &&
                 v.get_string() == json::string_view(property.name.data(), property.name.size());
        });
    if (is_ignored) continue;
    const std::string name = prefix + property.name;
    const std::string key = site.schema && !prefix.empty() && property.name.starts_with(prefix)
                                ? property.name.substr(prefix.size())
                                : property.name;
    const std::string shown = site.schema ? property.name : name;
    const Scalar value =
        convert({native("_member", {bag.sql, text_constant(key).sql}), Type::dynamic, true, "", {}},
                property.type);
    const auto existing = std::ranges::find(columns, shown, &MadeColumn::name);
    if (existing != columns.end()) {
      if (site.schema) continue;  // the schema repeats the columns that are there
      if (conflict == "keep_source") continue;
      if (conflict == "replace_source") {
        *existing = binder.made(shown, value);
        continue;
      }
      binder.complain("KQL0106", site.span,
                      fmt::format("the property '{}' has a column's name; "
                                  "columnsConflict='keep_source' or 'replace_source' decides",
                                  property.name));
      return binder.broken();
    }
    before.push_back(binder.made(shown, value));
  }
  std::move(before.begin(), before.end(), std::back_inserter(columns));
  return binder.nest(std::move(rows), std::move(columns));
}

// pivot(column [, aggregate [, by …]]): a column for each value, with what is aggregated of its
// rows.
Relation pivot(Binder& binder, Relation rows, const PluginSite& site) {
  Scope scope{site.environment};
  scope.rows = &rows;
  Scalar key = binder.bind(site.argument(0), scope);
  if (key.type == Type::unknown) return binder.broken();
  const std::string key_name = path_name(site.argument(0));
  const ast::Call* aggregate =
      site.size() > 1 ? std::get_if<ast::Call>(&site.argument(1).node) : nullptr;
  std::vector<std::string> used;  // columns that the aggregate reads are no keys
  if (aggregate != nullptr)
    for (const auto& argument : aggregate->arguments) used.push_back(path_name(*argument));
  key = binder.hoist(rows, convert(std::move(key), Type::string));
  std::vector<Scalar> keys;
  if (site.size() > 2) {
    for (std::size_t i = 2; i < site.size(); ++i)
      keys.push_back(binder.bind(site.argument(i), scope));
  } else {
    for (const auto& column : rows.columns) {
      if (column.name != key_name && std::ranges::find(used, column.name) == used.end())
        keys.push_back(column.scalar());
    }
  }
  std::vector<std::string> values;
  if (site.schema) {
    for (const auto& [name, type] : site.schema->columns) values.push_back(name.text);
  } else {
    sql::Select distinct;
    distinct.distinct = true;
    distinct.items = {{key.sql, binder.fresh_id()}};
    distinct.from = rows.from;
    distinct.where = rows.where;
    const auto found = binder.probe(sql::query(std::move(distinct)), max_columns + 1, site.span);
    if (!found) return binder.broken();
    for (const auto& row : *found) values.push_back(row[0].value_or(""));
    std::ranges::sort(values);
  }
  if (values.size() > max_columns) {
    binder.complain("KQL0003", site.span,
                    fmt::format("pivot would make more than {} columns", max_columns));
    return binder.broken();
  }
  NameMaker names;
  std::vector<MadeColumn> key_columns, value_columns;
  for (const auto& scalar : keys)
    key_columns.push_back(binder.made(names.unique(scalar.name), scalar));
  scope.aggregating = true;
  for (const auto& value : values) {
    scope.aggregate_filter = equal(key.sql, text_constant(value).sql);
    Scalar cell;
    if (aggregate == nullptr) {
      sql::Call count;
      count.function = "count";
      count.arguments = {sql::make(sql::Star{})};
      count.filter = scope.aggregate_filter;
      cell = {sql::make(std::move(count)), Type::long_integer, false, "", {}};
    } else {
      auto bound = bind_aggregate(binder, *aggregate, site.argument(1).span, scope);
      if (bound.empty()) return binder.broken();
      cell = std::move(bound.front());
    }
    value_columns.push_back(binder.made(names.unique(value), cell));
  }
  return aggregate_rows(binder, std::move(rows), std::move(key_columns), std::move(value_columns));
}

// narrow(): a row for each cell.
Relation narrow(Binder& binder, Relation rows, const PluginSite&) {
  const Scalar number = binder.hoist(
      rows,
      {subtract(binder.window(rows, "row_number", {}), big(1)), Type::long_integer, false, "", {}});
  std::vector<sql::ExprPtr> cells;
  for (const auto& column : rows.columns) {
    cells.push_back(
        native("_array", {to_json(text_constant(column.name)),
                          to_json({to_text(column.scalar()), Type::string, false, "", {}})}));
  }
  const std::string id = binder.fresh_id(), row = binder.fresh_id();
  auto query = binder.select_of(
      rows,
      {{number.sql, row},
       {sql::call("unnest", {native("_elements", {native("_array", std::move(cells))})}), id}});
  Relation found = binder.from_query(query, {});
  found.weight = rows.weight + 1;
  const auto element = [&](std::int64_t i) {
    return convert({native("_element", {sql::column(id), big(i)}), Type::dynamic, true, "", {}},
                   Type::string);
  };
  std::vector<MadeColumn> columns;
  columns.push_back(binder.made("Row", {sql::column(row), Type::long_integer, false, "", {}}));
  columns.push_back(binder.made("Column", element(0)));
  columns.push_back(binder.made("Value", element(1)));
  return binder.nest(std::move(found), std::move(columns));
}

}  // namespace

std::span<const Plugin> shape_plugins() {
  static const Plugin table[] = {
      {"bag_unpack", 1, 4, bag_unpack}, {"pivot", 1, 60, pivot}, {"narrow", 0, 0, narrow}};
  return table;
}

}  // namespace rollcall::kql
