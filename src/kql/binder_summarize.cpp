#include <algorithm>

#include "kql/aggregates.hpp"
#include "kql/operators.hpp"

// summarize, distinct, count: groups and what is computed of each.

namespace rollcall::kql {
namespace {

// An aggregate that stands alone may give several columns; within an expression it gives its first.
std::vector<Scalar> bind_aggregates(Binder& binder, const ast::Expr& expr, Scope& scope) {
  if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
    if (is_aggregate(call->function.text) &&
        binder.find_function(call->function.text, scope.environment) == nullptr) {
      return bind_aggregate(binder, *call, expr.span, scope);
    }
  }
  Scalar scalar = binder.bind(expr, scope);
  if (!scalar.parts.empty()) return scalar.parts;
  return {std::move(scalar)};
}

// The column that the expression is: by itself, or through a tostring that changes nothing.
const RelationColumn* plain_column(const ast::Expr& expr, const Relation& rows) {
  if (const auto* name = std::get_if<ast::NameRef>(&expr.node)) return rows.find(name->name);
  const auto* call = std::get_if<ast::Call>(&expr.node);
  if (call == nullptr || call->function.text != "tostring" || call->arguments.size() != 1)
    return nullptr;
  const auto* name = std::get_if<ast::NameRef>(&call->arguments[0]->node);
  const auto* column = name == nullptr ? nullptr : rows.find(name->name);
  return column != nullptr && column->type == Type::string ? column : nullptr;
}

}  // namespace

Relation aggregate_rows(Binder& binder, Relation rows, std::vector<MadeColumn> keys,
                        std::vector<MadeColumn> aggregates) {
  sql::Select select;
  Relation result;
  result.name = rows.name;
  result.open = rows.open;
  result.weight = rows.weight + 1;
  for (const auto& id : rows.partition) {
    select.items.push_back({sql::column(id), id});
    select.group_by.push_back(sql::column(id));
    result.partition.push_back(id);
  }
  for (auto* group : {&keys, &aggregates}) {
    for (auto& column : *group) {
      select.items.push_back({column.sql, column.id});
      if (group == &keys) select.group_by.push_back(column.sql);
      result.columns.push_back({std::move(column.name), column.type, column.id, column.nullable});
    }
  }
  if (select.items.empty())
    select.items.push_back({sql::literal(std::int64_t{1}), binder.fresh_id()});
  select.from = rows.from;
  select.where = rows.where;
  select.by_name = !select.group_by.empty();
  result.from = sql::derived(sql::query(std::move(select)), binder.fresh_alias());
  return result;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Summarize& summarize,
                       const EnvironmentPtr& environment) {
  struct Key {
    std::string name;
    Scalar scalar;
  };
  std::vector<Key> keys;
  Scope scope{environment};
  scope.rows = &rows;
  for (const auto& expr : summarize.by) {
    const NamedExpr named = named_of(*expr);
    Scalar scalar = binder.bind(*named.expr, scope);
    if (scalar.type == Type::dynamic) {
      scalar = binder.mistake("KQL0106", expr->span,
                              "grouping by a dynamic is not possible; tostring() makes it so");
    }
    // As a column of its own the key is the same expression in GROUP BY and SELECT, parameters and
    // all.
    if (scalar.type != Type::unknown) scalar = binder.hoist(rows, std::move(scalar));
    keys.push_back({named.names.empty() ? scalar.name : named.names[0], std::move(scalar)});
  }
  struct Value {
    std::string name;
    bool given;
    Scalar scalar;
  };
  std::vector<Value> values;
  // What `*` leaves out of arg_max(t, *): the columns that are keys as they stand.
  for (const auto& expr : summarize.by) {
    if (const auto* column = plain_column(*named_of(*expr).expr, rows))
      scope.group_names.push_back(column->name);
  }
  scope.aggregating = true;
  for (const auto& expr : summarize.aggregates) {
    const NamedExpr named = named_of(*expr);
    auto columns = bind_aggregates(binder, *named.expr, scope);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool given = i < named.names.size();
      values.push_back({given ? named.names[i] : columns[i].name, given, std::move(columns[i])});
    }
  }
  NameMaker names;
  std::vector<MadeColumn> key_columns, value_columns;
  for (auto& key : keys) key_columns.push_back(binder.made(names.unique(key.name), key.scalar));
  for (auto& value : values)
    value_columns.push_back(binder.made(names.unique(value.name), value.scalar));
  return aggregate_rows(binder, std::move(rows), std::move(key_columns), std::move(value_columns));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Distinct& distinct,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  std::vector<std::pair<std::string, Scalar>> keys;
  for (const auto& expr : distinct.columns) {
    if (std::holds_alternative<ast::Star>(expr->node)) {
      for (const auto& column : rows.columns) keys.emplace_back(column.name, column.scalar());
      continue;
    }
    const NamedExpr named = named_of(*expr);
    Scalar scalar = binder.bind(*named.expr, scope);
    if (scalar.type != Type::unknown) scalar = binder.hoist(rows, std::move(scalar));
    keys.emplace_back(named.names.empty() ? scalar.name : named.names[0], std::move(scalar));
  }
  NameMaker names;
  std::vector<MadeColumn> columns;
  for (auto& [name, scalar] : keys) columns.push_back(binder.made(names.unique(name), scalar));
  return aggregate_rows(binder, std::move(rows), std::move(columns), {});
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Count& count,
                       const EnvironmentPtr&) {
  Scalar number{sql::call("count", {sql::make(sql::Star{})}), Type::long_integer, false, "", {}};
  auto column = binder.made(count.name.empty() ? "Count" : count.name, number);
  std::vector<MadeColumn> columns;
  columns.push_back(std::move(column));
  return aggregate_rows(binder, std::move(rows), {}, std::move(columns));
}

}  // namespace rollcall::kql
