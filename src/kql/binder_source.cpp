#include "kql/operators.hpp"

// Operators that make rows of their own: print, range, datatable; and those that only name or
// check: as, consume, render, getschema, assert-schema, invoke.

namespace rollcall::kql {

Relation bind_operator(Binder& binder, Relation, const ast::Print& print,
                       const EnvironmentPtr& environment) {
  Relation none;
  Scope scope{environment};
  scope.rows = &none;
  scope.columns_hidden = true;
  NameMaker names;
  std::vector<std::pair<std::string, Scalar>> bound;
  std::size_t place = 0;
  for (const auto& expr : print.columns) {
    const NamedExpr named = named_of(*expr);
    Scalar scalar = binder.bind(*named.expr, scope);
    std::vector<Scalar> parts =
        scalar.parts.empty() ? std::vector<Scalar>{std::move(scalar)} : std::move(scalar.parts);
    if (parts.size() == 1 && named.names.size() > 1) {
      const Scalar whole = convert(parts[0], Type::dynamic);
      parts.clear();
      for (std::size_t i = 0; i < named.names.size(); ++i) {
        parts.push_back({native("_element", {whole.sql, big(static_cast<std::int64_t>(i))}),
                         Type::dynamic,
                         true,
                         "",
                         {}});
      }
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::string name = i < named.names.size() ? named.names[i] : fmt::format("print_{}", place);
      if (i >= named.names.size() && parts.size() > 1) name = parts[i].name;
      bound.emplace_back(std::move(name), std::move(parts[i]));
    }
    ++place;
  }
  std::vector<MadeColumn> columns;
  for (auto& [name, scalar] : bound) columns.push_back(binder.made(names.unique(name), scalar));
  return binder.nest(std::move(none), std::move(columns));
}

// range x from a to b step s: b is included; of numbers, datetimes and timespans.
Relation bind_operator(Binder& binder, Relation, const ast::Range& range,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  Scalar from = binder.bind(*range.from, scope), to = binder.bind(*range.to, scope),
         step = binder.bind(*range.step, scope);
  if (from.type == Type::unknown || to.type == Type::unknown || step.type == Type::unknown)
    return binder.broken();
  for (Scalar* side : {&from, &to, &step}) {
    if (side->type == Type::dynamic) *side = convert(*side, Type::long_integer);
  }
  Type type = from.type;
  const bool timed = type == Type::datetime || type == Type::timespan;
  if (timed ? (to.type != type || step.type != Type::timespan)
            : (!is_numeric(from.type) || !is_numeric(to.type) || !is_numeric(step.type))) {
    binder.complain(
        "KQL0106", range.from->span,
        "range goes over numbers, or over datetimes or timespans with a timespan as its step");
    return binder.broken();
  }
  if (!timed) {
    for (Scalar* side : {&from, &to, &step}) {
      if (side->type == Type::decimal) *side = convert(*side, Type::real);
    }
    const bool real = from.type == Type::real || to.type == Type::real || step.type == Type::real;
    type = real                                                     ? Type::real
           : from.type == Type::integer && to.type == Type::integer ? Type::integer
                                                                    : Type::long_integer;
    from = convert(std::move(from), real ? Type::real : Type::long_integer);
    to = convert(std::move(to), real ? Type::real : Type::long_integer);
    step = convert(std::move(step), real ? Type::real : Type::long_integer);
  }
  const std::string id = binder.fresh_id(), place = binder.fresh_id();
  // The steps are counted from 0.
  const auto steps =
      native(type == Type::real ? "_real_steps" : "_steps", {from.sql, to.sql, step.sql});
  auto places = std::make_shared<const sql::TableRef>(sql::TableRef{
      sql::FunctionTable{"range",
                         {sql::cast(sql::literal(std::int64_t{0}), sql::Type::bigint), steps},
                         binder.fresh_alias(),
                         {place}}});
  auto value = add(from.sql, multiply(sql::column(place), step.sql));
  if (type == Type::integer) value = sql::cast(value, sql::Type::integer);
  Relation rows;
  rows.from = std::move(places);
  rows.order = {order_term(sql::column(place), false, "")};
  rows.serialized = true;
  return binder.nest(std::move(rows), {{range.name.text, type, id, value, false}});
}

Relation bind_data_table(Binder& binder, const ast::DataTable& table,
                         const EnvironmentPtr& environment) {
  const std::size_t width = table.schema.columns.size();
  if (width == 0) {
    binder.complain("KQL0106", {}, "a datatable has at least one column");
    return binder.broken();
  }
  if (table.values.size() % width != 0) {
    binder.complain(
        "KQL0106", table.values.back()->span,
        fmt::format("{} values do not fill rows of {} columns", table.values.size(), width));
    return binder.broken();
  }
  Relation rows;
  std::vector<std::string> ids;
  for (const auto& [name, type] : table.schema.columns) {
    const Type t = type_named(type).value_or(Type::string);
    rows.columns.push_back({name.text, t, binder.fresh_id(), t != Type::string});
    ids.push_back(rows.columns.back().id);
  }
  ids.push_back(binder.fresh_id());
  rows.order = {order_term(sql::column(ids.back()), false, "")};
  rows.serialized = true;
  sql::ValuesQuery values;
  Scope scope{environment};
  for (std::size_t i = 0; i < table.values.size(); ++i) {
    if (i % width == 0) values.rows.emplace_back();
    const Type type = rows.columns[i % width].type;
    const auto* literal = std::get_if<ast::Literal>(&table.values[i]->node);
    const bool exact = type == Type::decimal && literal != nullptr && literal->type == Type::real;
    Scalar value = exact ? text_constant(literal->text) : binder.bind(*table.values[i], scope);
    values.rows.back().push_back(type == Type::string && value.type == Type::dynamic
                                     ? to_text(value)
                                     : convert(std::move(value), type).sql);
    if (i % width == width - 1)
      values.rows.back().push_back(big(static_cast<std::int64_t>(i / width)));
  }
  const bool empty = values.rows.empty();
  if (empty) {
    values.rows.emplace_back();
    for (const auto& column : rows.columns) values.rows.back().push_back(null_of(column.type).sql);
    values.rows.back().push_back(big(0));
  }
  sql::Query query;
  query.body = std::move(values);
  rows.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::DerivedTable{
      std::make_shared<const sql::Query>(std::move(query)), binder.fresh_alias(), false, ids}});
  if (empty) rows.where = sql::literal(false);
  return rows;
}

// --- naming and checking
// ----------------------------------------------------------------------------

Relation bind_operator(Binder& binder, Relation rows, const ast::As& as,
                       const EnvironmentPtr& environment) {
  rows.name = as.name.text;
  rows = binder.nest(std::move(rows));
  environment->symbols.insert_or_assign(as.name.text, rows);
  return rows;
}

Relation bind_operator(Binder&, Relation rows, const ast::Consume&, const EnvironmentPtr&) {
  return rows;
}
Relation bind_operator(Binder&, Relation rows, const ast::Render&, const EnvironmentPtr&) {
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::AssertSchema& node,
                       const EnvironmentPtr&) {
  for (std::size_t i = 0; i < node.schema.columns.size(); ++i) {
    const auto& [name, type] = node.schema.columns[i];
    const bool fits = i < rows.columns.size() && rows.columns[i].name == name.text &&
                      rows.columns[i].type == type_named(type);
    if (!fits && !rows.open)
      binder.complain(
          "KQL0106", name.span,
          fmt::format("the rows have no column '{}' of type {} in this place", name.text, type));
  }
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::GetSchema&,
                       const EnvironmentPtr&) {
  Relation schema;
  std::vector<std::string> ids;
  for (const auto& [name, type] :
       std::vector<std::pair<std::string, Type>>{{"ColumnName", Type::string},
                                                 {"ColumnOrdinal", Type::integer},
                                                 {"DataType", Type::string},
                                                 {"ColumnType", Type::string}}) {
    schema.columns.push_back({name, type, binder.fresh_id(), false});
    ids.push_back(schema.columns.back().id);
  }
  sql::ValuesQuery values;
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    const auto& column = rows.columns[i];
    values.rows.push_back({text_constant(column.name).sql,
                           constant_of(Type::integer, static_cast<std::int64_t>(i)).sql,
                           text_constant(std::string(clr_name_of(column.type))).sql,
                           text_constant(std::string(name_of(column.type))).sql});
  }
  if (values.rows.empty()) return binder.broken();
  sql::Query query;
  query.body = std::move(values);
  schema.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::DerivedTable{
      std::make_shared<const sql::Query>(std::move(query)), binder.fresh_alias(), false, ids}});
  schema.order = {order_term(sql::column(ids[1]), false, "")};
  schema.serialized = true;
  return schema;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Invoke& invoke,
                       const EnvironmentPtr& environment) {
  const auto* call = std::get_if<ast::Call>(&invoke.call->node);
  if (call == nullptr) {
    binder.complain("KQL0109", invoke.call->span, "invoke takes a function of this database");
    return binder.broken();
  }
  const auto* function = binder.find_function(call->function.text, environment);
  if (function == nullptr) {
    binder.complain("KQL0102", call->function.span,
                    fmt::format("unknown function '{}'", call->function.text));
    return binder.broken();
  }
  Scope scope{environment};
  return binder.call_table_function(*function, *call, invoke.call->span, scope, &rows);
}

}  // namespace rollcall::kql
