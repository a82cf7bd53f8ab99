#include "kql/aggregates.hpp"
#include "kql/functions.hpp"
#include "kql/operators.hpp"

// make-series: aggregates in bins of an axis, one array a group, the empty bins filled with a
// default. Bins count from `from`, or from the first value's own bin; `to` is not included.

namespace rollcall::kql {
namespace {

struct Axis {
  std::string name;
  Scalar value, from, to, step;  // from and to may be absent (no sql)
  bool timed = false;
};

struct SeriesColumn {
  std::string name;
  Scalar scalar, otherwise;
};

std::optional<Axis> bind_axis(Binder& binder, Relation& rows, const ast::MakeSeries& node,
                              const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  const NamedExpr named = named_of(*node.on);
  Axis axis;
  axis.value = binder.bind(*named.expr, scope);
  axis.name = named.names.empty() ? axis.value.name : named.names[0];
  Scope bare{environment};
  axis.step = binder.bind(*named_of(*node.step).expr, bare);
  if (node.from) axis.from = binder.bind(*named_of(*node.from).expr, bare);
  if (node.to) axis.to = binder.bind(*named_of(*node.to).expr, bare);
  if (axis.value.type == Type::unknown || axis.step.type == Type::unknown) return std::nullopt;
  axis.timed = axis.value.type == Type::datetime || axis.value.type == Type::timespan;
  if (!axis.timed && !is_numeric(axis.value.type)) {
    binder.complain("KQL0106", node.on->span,
                    fmt::format("a series goes over datetimes, timespans or numbers, not a {}",
                                name_of(axis.value.type)));
    return std::nullopt;
  }
  const auto is_real = [](Type t) { return t == Type::real || t == Type::decimal; };
  const bool real = !axis.timed && (is_real(axis.value.type) || is_real(axis.step.type));
  const Type type = axis.timed ? axis.value.type : real ? Type::real : Type::long_integer;
  axis.value = convert(axis.value, type);
  axis.step = binder.coerce(axis.step, axis.timed ? Type::timespan : type, node.step->span);
  if (node.from) axis.from = convert(axis.from, type);
  if (node.to) axis.to = convert(axis.to, type);
  if (axis.step.type == Type::unknown) return std::nullopt;
  axis.value = binder.hoist(rows, axis.value);
  return axis;
}

// Over all rows, whatever group they are in.
sql::ExprPtr over_all(Binder& binder, const Relation& rows, const char* function,
                      sql::ExprPtr value) {
  Relation all = rows;
  all.order.clear();
  return binder.window(all, function, {std::move(value)});
}

sql::ExprPtr joined(const sql::ExprPtr& items, const sql::ExprPtr& order) {
  sql::Call call;
  call.function = "string_agg";
  call.arguments = {items, sql::literal(std::string(","))};
  call.order_by = {{order, false, sql::Nulls::unspecified}};
  return concat({sql::literal(std::string("[")),
                 coalesce(sql::make(std::move(call)), sql::literal(std::string())),
                 sql::literal(std::string("]"))});
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::MakeSeries& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  auto axis = bind_axis(binder, rows, node, environment);
  if (!axis) return binder.broken();
  Scope scope{environment};
  scope.rows = &rows;
  NameMaker names;
  std::vector<MadeColumn> keys;
  for (const auto& expr : node.by) {
    const NamedExpr named = named_of(*expr);
    const Scalar key = binder.hoist(rows, binder.bind(*named.expr, scope));
    keys.push_back(binder.made(names.unique(named.names.empty() ? key.name : named.names[0]), key));
  }
  std::vector<SeriesColumn> columns;
  for (const auto& [expr, otherwise] : node.aggregates) {
    const NamedExpr named = named_of(*expr);
    scope.aggregating = true;
    Scalar value = binder.bind(*named.expr, scope);
    scope.aggregating = false;
    Scalar fill =
        value.type == Type::string ? text_constant("") : convert(long_constant(0), value.type);
    if (otherwise) {
      Scope bare{environment};
      fill = convert(binder.bind(*named_of(*otherwise).expr, bare), value.type);
    }
    columns.push_back({names.unique(named.names.empty() ? value.name : named.names[0]),
                       std::move(value), std::move(fill)});
  }
  if (rows.open) return rows;
  // Where the bins begin, as a column; and each row's bin.
  if (axis->from.sql)
    rows.where = sql::and_also(rows.where, sql::binary(sql::BinaryOperator::greater_equal,
                                                       axis->value.sql, axis->from.sql));
  if (axis->to.sql)
    rows.where = sql::and_also(
        rows.where, sql::binary(sql::BinaryOperator::less, axis->value.sql, axis->to.sql));
  rows.where = sql::and_also(rows.where, not_null(axis->value.sql));
  const bool real = axis->value.type == Type::real;
  const char* floor_name = real ? "_bin_real" : "_bin_whole";
  sql::ExprPtr start = axis->from.sql;
  if (!start) {
    const Scalar least = binder.hoist(
        rows, {over_all(binder, rows, "min", axis->value.sql), axis->value.type, true, "", {}});
    start =
        binder
            .hoist(
                rows,
                {native(floor_name, {least.sql, axis->step.sql}), axis->value.type, true, "", {}})
            .sql;
  }
  const auto distance = native(floor_name, {subtract(axis->value.sql, start), axis->step.sql});
  const auto place =
      real ? sql::cast(sql::call("round", {sql::binary(sql::BinaryOperator::divide, distance,
                                                       axis->step.sql)}),
                       sql::Type::bigint)
           : sql::binary(sql::BinaryOperator::integer_divide, distance, axis->step.sql);
  const Scalar bin = binder.hoist(rows, {place, Type::long_integer, false, "", {}});
  MadeColumn bin_column = binder.made("$bin", bin),
             start_column = binder.made("$start", {start, axis->value.type, true, "", {}});
  start_column.sql = sql::call("max", {start});
  std::vector<MadeColumn> inner_keys = keys, inner_values;
  inner_keys.push_back(bin_column);
  for (const auto& column : columns)
    inner_values.push_back(binder.made(column.name, column.scalar));
  inner_values.push_back(start_column);
  const auto value_columns = inner_values;
  Relation binned =
      aggregate_rows(binder, std::move(rows), std::move(inner_keys), std::move(inner_values));
  // How many bins there are.
  sql::ExprPtr count;
  if (axis->from.sql && axis->to.sql) {
    count = native(real ? "_real_steps_below" : "_steps_below",
                   {axis->from.sql, axis->to.sql, axis->step.sql});
  } else if (axis->to.sql) {
    const auto first = sql::column(start_column.id);
    count =
        native(real ? "_real_steps_below" : "_steps_below", {first, axis->to.sql, axis->step.sql});
  } else {
    count = add(over_all(binder, binned, "max", sql::column(bin_column.id)), big(1));
  }
  const Scalar size = binder.hoist(binned, {count, Type::long_integer, false, "", {}});
  std::vector<MadeColumn> outer_keys, outer_values;
  for (const auto& key : keys)
    outer_keys.push_back(
        {key.name, key.type, binder.fresh_id(), sql::column(key.id), key.nullable});
  const auto bins =
      joined(sql::cast(sql::column(bin_column.id), sql::Type::text), sql::column(bin_column.id));
  auto length = sql::call("max", {size.sql});
  if (axis->from.sql && axis->to.sql) length = count;
  const bool nonempty =
      option_text(node.options, "kind") == "nonempty" && axis->from.sql && axis->to.sql;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Scalar value{sql::column(value_columns[i].id), columns[i].scalar.type, true, "", {}};
    const auto values = joined(to_json(value), sql::column(bin_column.id));
    outer_values.push_back(
        {columns[i].name, Type::dynamic, binder.fresh_id(),
         native("_filled", {bins, values, length, to_json(columns[i].otherwise)}), false});
  }
  auto origin = sql::call("max", {sql::column(start_column.id)});
  if (axis->from.sql) origin = axis->from.sql;
  const char* axis_name = axis->value.type == Type::datetime   ? "_datetime_axis"
                          : axis->value.type == Type::timespan ? "_timespan_axis"
                          : real                               ? "_real_axis"
                                                               : "_axis";
  outer_values.push_back({names.unique(axis->name), Type::dynamic, binder.fresh_id(),
                          native(axis_name, {origin, axis->step.sql, length}), false});
  const bool one_row = keys.empty();
  if (one_row)
    outer_values.push_back({"$rows", Type::long_integer, binder.fresh_id(),
                            sql::call("count", {sql::make(sql::Star{})}), false});
  Relation result =
      aggregate_rows(binder, std::move(binned), std::move(outer_keys), std::move(outer_values));
  if (one_row) {
    // No rows make no series, or with kind=nonempty one of defaults.
    const auto rows_id = result.columns.back().id;
    result.columns.pop_back();
    if (!nonempty)
      result.where = sql::binary(sql::BinaryOperator::greater, sql::column(rows_id),
                                 sql::literal(std::int64_t{0}));
  }
  return result;
}

}  // namespace rollcall::kql
