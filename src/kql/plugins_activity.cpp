#include <algorithm>

#include "kql/operators.hpp"
#include "kql/plugins.hpp"
#include "kql/values.hpp"

// Plugins that follow ids over time. All rows of id, time and dimensions go through one native pass
// (native_activity.cpp), times as ticks.

namespace rollcall::kql {

std::optional<Scalar> plugin_column(Binder& binder, Relation& rows, const PluginSite& site,
                                    std::size_t i) {
  Scope scope{site.environment};
  scope.rows = &rows;
  Scalar column = binder.bind(site.argument(i), scope);
  if (column.type == Type::unknown) return std::nullopt;
  return binder.hoist(rows, std::move(column));
}

Scalar ticks_of(Scalar scalar) {
  if (scalar.type == Type::datetime || scalar.type == Type::timespan)
    scalar.type = Type::long_integer;
  return scalar;
}

sql::ExprPtr plugin_number(Binder& binder, const PluginSite& site, std::size_t i) {
  Scope scope{site.environment};
  const Scalar value = ticks_of(binder.bind(site.argument(i), scope));
  if (value.type == Type::unknown) return big(0);
  return sql::cast(convert(value, Type::long_integer).sql, sql::Type::bigint);
}

Relation with_times(Relation rows, const std::vector<std::string>& names, Type type) {
  if (type != Type::datetime && type != Type::timespan) return rows;
  for (auto& column : rows.columns) {
    if (std::ranges::find(names, column.name) != names.end()) column.type = type;
  }
  return rows;
}

namespace {

struct Shape {
  std::string_view function;
  std::size_t constants;     // how many numbers follow id and time
  std::vector<Column> tail;  // the columns behind time and dimensions
};

// plugin(id, time, constants …, dimensions …)
Relation over_time(Binder& binder, Relation rows, const PluginSite& site, const Shape& shape) {
  auto id = plugin_column(binder, rows, site, 0);
  auto time = plugin_column(binder, rows, site, 1);
  if (!id || !time) return binder.broken();
  const std::string time_name = path_name(site.argument(1));
  const Type time_type = time->type;
  std::vector<Scalar> inputs{*id, ticks_of(*time)};
  std::vector<sql::ExprPtr> more;
  std::string numbers;
  std::vector<sql::ExprPtr> constants;
  for (std::size_t i = 0; i < shape.constants; ++i) {
    constants.push_back(i + 2 < site.size()
                            ? native("_json_long", {plugin_number(binder, site, i + 2)})
                            : text_constant("null").sql);
  }
  more.push_back(native("_array", std::move(constants)));
  std::vector<Column> columns{{time_name, Type::long_integer}};
  for (std::size_t i = 2 + shape.constants; i < site.size(); ++i) {
    auto dimension = plugin_column(binder, rows, site, i);
    if (!dimension) return binder.broken();
    columns.push_back({path_name(site.argument(i)), dimension->type});
    inputs.push_back(*std::move(dimension));
  }
  columns.insert(columns.end(), shape.tail.begin(), shape.tail.end());
  Relation result =
      through_native(binder, std::move(rows), inputs, shape.function, std::move(more), columns);
  return with_times(std::move(result), {time_name}, time_type);
}

// The ids of a table, one JSON array; they stand in the column of that name, or in the first.
sql::ExprPtr ids_of(Binder& binder, const ast::Expr& expr, const std::string& name,
                    const EnvironmentPtr& environment) {
  const Relation rows = binder.bind_table(expr, environment);
  if (rows.open || rows.columns.empty()) return text_constant("[]").sql;
  const auto* named = rows.find(name);
  const Scalar id = named != nullptr ? named->scalar() : rows.columns[0].scalar();
  sql::Call all;
  all.function = "string_agg";
  all.arguments = {to_json(id), sql::literal(std::string(","))};
  all.distinct = true;
  const auto query = binder.select_of(rows, {{sql::make(std::move(all)), binder.fresh_id()}});
  return concat({sql::literal(std::string("[")),
                 coalesce(sql::make(sql::ScalarQuery{query}), sql::literal(std::string())),
                 sql::literal(std::string("]"))});
}

// new_activity_metrics(id, time, start, end, window [, cohort] [, dimension …] [, look-back])
Relation new_activity(Binder& binder, Relation rows, const PluginSite& site) {
  auto id = plugin_column(binder, rows, site, 0);
  auto time = plugin_column(binder, rows, site, 1);
  if (!id || !time) return binder.broken();
  const std::string time_name = path_name(site.argument(1));
  const Type time_type = time->type;
  std::vector<Scalar> inputs{*id, ticks_of(*time)};
  std::vector<sql::ExprPtr> constants;
  for (std::size_t i = 2; i < 5; ++i)
    constants.push_back(native("_json_long", {plugin_number(binder, site, i)}));
  std::size_t end = site.size();
  sql::ExprPtr known = text_constant("[]").sql;
  if (end > 5 && binder.is_tabular(site.argument(end - 1), site.environment))
    known = ids_of(binder, site.argument(--end), path_name(site.argument(0)), site.environment);
  const auto is_column = [&](std::size_t i) {
    const auto* ref = std::get_if<ast::NameRef>(&site.argument(i).node);
    return ref != nullptr && rows.find(ref->name) != nullptr;
  };
  const bool has_cohort = end > 5 && !is_column(5);
  constants.push_back(has_cohort ? native("_json_long", {plugin_number(binder, site, 5)})
                                 : text_constant("null").sql);
  const std::vector<std::string> times{"from_" + time_name, "to_" + time_name};
  std::vector<Column> columns{{times[0], Type::long_integer}, {times[1], Type::long_integer}};
  for (std::size_t i = has_cohort ? 6 : 5; i < end; ++i) {
    auto dimension = plugin_column(binder, rows, site, i);
    if (!dimension) return binder.broken();
    columns.push_back({path_name(site.argument(i)), dimension->type});
    inputs.push_back(*std::move(dimension));
  }
  columns.insert(columns.end(), {{"dcount_new_values", Type::long_integer},
                                 {"dcount_retained_values", Type::long_integer},
                                 {"dcount_churn_values", Type::long_integer},
                                 {"retention_rate", Type::real},
                                 {"churn_rate", Type::real}});
  Relation result = through_native(binder, std::move(rows), inputs, "_new_activity",
                                   {native("_array", std::move(constants)), known}, columns);
  return with_times(std::move(result), times, time_type);
}

// rolling_percentile(value, percentile, index, bin, bins, dimension …): of the bins that end with
// each bin
Relation rolling_percentile(Binder& binder, Relation rows, const PluginSite& site) {
  auto value = plugin_column(binder, rows, site, 0);
  auto index = plugin_column(binder, rows, site, 2);
  if (!value || !index) return binder.broken();
  const auto percent =
      binder.bind_constant(site.argument(1), site.environment, Type::real, "the percentile");
  const auto bins = binder.bind_constant(site.argument(4), site.environment, Type::long_integer,
                                         "the number of bins");
  if (!percent || !bins) return binder.broken();
  const std::string index_name = path_name(site.argument(2)),
                    value_name = path_name(site.argument(0));
  std::vector<Scalar> inputs{ticks_of(*value), ticks_of(*index)};
  std::vector<Column> columns{
      {index_name, index->type == Type::datetime ? Type::long_integer : index->type}};
  for (std::size_t i = 5; i < site.size(); ++i) {
    auto dimension = plugin_column(binder, rows, site, i);
    if (!dimension) return binder.broken();
    columns.push_back({path_name(site.argument(i)), dimension->type});
    inputs.push_back(*std::move(dimension));
  }
  std::string shown = real_text(std::get<double>(*percent));
  if (shown.ends_with(".0")) shown.resize(shown.size() - 2);
  columns.push_back(
      {fmt::format("rolling_{}_percentile_{}_{}", std::get<std::int64_t>(*bins), value_name, shown),
       value->type});
  auto numbers =
      native("_array", {constant_of(Type::dynamic, real_text(std::get<double>(*percent))).sql,
                        native("_json_long", {plugin_number(binder, site, 3)}),
                        text_constant(std::to_string(std::get<std::int64_t>(*bins))).sql});
  Relation result =
      through_native(binder, std::move(rows), inputs, "_rolling_percentile", {numbers}, columns);
  return with_times(std::move(result), {index_name}, index->type);
}

}  // namespace

std::span<const Plugin> activity_plugins() {
  static const Plugin table[] = {
      {"activity_counts_metrics", 5, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_activity_counts",
                           3,
                           {{"count", Type::long_integer},
                            {"dcount", Type::long_integer},
                            {"new_dcount", Type::long_integer},
                            {"aggregated_dcount", Type::long_integer}}});
       }},
      {"activity_metrics", 5, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_activity_metrics",
                           3,
                           {{"dcount_values", Type::long_integer},
                            {"dcount_newvalues", Type::long_integer},
                            {"retention_rate", Type::real},
                            {"churn_rate", Type::real}}});
       }},
      {"activity_engagement", 6, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_activity_engagement",
                           4,
                           {{"dcount_activities_inner", Type::long_integer},
                            {"dcount_activities_outer", Type::long_integer},
                            {"activity_ratio", Type::real}}});
       }},
      {"active_users_count", 8, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_active_users", 6, {{"dcount", Type::long_integer}}});
       }},
      {"new_activity_metrics", 5, 16, new_activity},
      {"session_count", 6, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_session_count", 4, {{"count_sessions", Type::long_integer}}});
       }},
      {"rolling_percentile", 5, 16, rolling_percentile},
      {"sliding_window_counts", 6, 16,
       [](Binder& b, Relation r, const PluginSite& s) {
         return over_time(b, std::move(r), s,
                          {"_sliding_counts",
                           4,
                           {{"count", Type::long_integer}, {"dcount", Type::long_integer}}});
       }},
  };
  return table;
}

}  // namespace rollcall::kql
