#include "kql/operators.hpp"

// sort, top, take, sample: order and number of rows. Ascending puts nulls first, descending last.

namespace rollcall::kql {

sql::OrderTerm order_term(sql::ExprPtr expr, bool descending, std::string_view nulls) {
  const bool first = nulls.empty() ? !descending : nulls == "first";
  return {std::move(expr), descending, first ? sql::Nulls::first : sql::Nulls::last};
}

namespace {

// The terms as columns of their own, so that the order survives any nesting.
std::vector<sql::OrderTerm> bind_terms(Binder& binder, Relation& rows, const ast::ExprList& exprs,
                                       const EnvironmentPtr& environment) {
  std::vector<sql::OrderTerm> terms;
  for (const auto& expr : exprs) {
    const auto* ordered = std::get_if<ast::Ordered>(&expr->node);
    Scope scope{environment};
    scope.rows = &rows;
    Scalar key = binder.bind(ordered != nullptr ? *ordered->expr : *expr, scope);
    if (key.type == Type::unknown) continue;
    if (key.type == Type::dynamic) {
      binder.complain("KQL0106", expr->span,
                      "sorting by a dynamic is not possible; tostring() or todouble() makes it so");
      continue;
    }
    key = binder.hoist(rows, std::move(key));
    const std::string direction = ordered != nullptr ? ordered->direction : "";
    const bool descending = !direction.ends_with("asc");
    terms.push_back(order_term(key.sql, descending, ordered != nullptr ? ordered->nulls : ""));
  }
  return terms;
}

sql::ExprPtr bind_count(Binder& binder, const ast::Expr& expr, const EnvironmentPtr& environment) {
  Scope scope{environment};
  const Scalar count = binder.coerce(binder.bind(expr, scope), Type::long_integer, expr.span);
  if (count.type == Type::unknown) return sql::literal(std::int64_t{0});
  if (const auto whole = whole_value_of(count))
    return sql::literal(std::max<std::int64_t>(0, *whole));
  return count.sql;
}

}  // namespace

Relation take_rows(Binder& binder, Relation rows, sql::ExprPtr count) {
  if (!rows.partition.empty()) {
    const auto number = binder.window(rows, "row_number", {});
    const Scalar place = binder.hoist(rows, {number, Type::long_integer, false, "", {}});
    rows.where =
        sql::and_also(rows.where, sql::binary(sql::BinaryOperator::less_equal, place.sql, count));
    return rows;
  }
  auto columns = binder.keep_all(rows);
  const auto order = rows.order;
  rows = binder.nest(std::move(rows), std::move(columns));
  const auto& derived = std::get<sql::DerivedTable>(rows.from->node);
  sql::Query query = *derived.query;
  query.order_by = order;
  query.limit = std::move(count);
  rows.from = sql::derived(std::make_shared<const sql::Query>(std::move(query)), derived.alias);
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Sort& sort,
                       const EnvironmentPtr& environment) {
  auto terms = bind_terms(binder, rows, sort.by, environment);
  // Rows that are equal keep the order they had.
  terms.insert(terms.end(), rows.order.begin(), rows.order.end());
  rows.order = std::move(terms);
  rows.sorted = true;
  rows.serialized = true;
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Top& top,
                       const EnvironmentPtr& environment) {
  auto count = bind_count(binder, *top.count, environment);
  ast::ExprList by;
  Relation sorted = std::move(rows);
  const auto* ordered = std::get_if<ast::Ordered>(&top.by->node);
  Scope scope{environment};
  scope.rows = &sorted;
  Scalar key = binder.bind(ordered != nullptr ? *ordered->expr : *top.by, scope);
  if (key.type == Type::unknown) return sorted;
  if (key.type == Type::dynamic) {
    binder.complain("KQL0106", top.by->span,
                    "sorting by a dynamic is not possible; tostring() or todouble() makes it so");
    return sorted;
  }
  key = binder.hoist(sorted, std::move(key));
  const bool descending = ordered == nullptr || !ordered->direction.ends_with("asc");
  auto term = order_term(key.sql, descending, ordered != nullptr ? ordered->nulls : "");
  sorted.order.insert(sorted.order.begin(), std::move(term));
  sorted.sorted = true;
  sorted.serialized = true;
  return take_rows(binder, std::move(sorted), std::move(count));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Take& take,
                       const EnvironmentPtr& environment) {
  auto count = bind_count(binder, *take.count, environment);
  return take_rows(binder, std::move(rows), std::move(count));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Sample& sample,
                       const EnvironmentPtr& environment) {
  auto count = bind_count(binder, *sample.count, environment);
  const Scalar chance = binder.hoist(rows, {sql::call("random", {}), Type::real, false, "", {}});
  rows.order = {order_term(chance.sql, false, "")};
  rows = take_rows(binder, std::move(rows), std::move(count));
  rows.order.clear();
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::SampleDistinct& sample,
                       const EnvironmentPtr& environment) {
  auto count = bind_count(binder, *sample.count, environment);
  Scope scope{environment};
  scope.rows = &rows;
  const NamedExpr named = named_of(*sample.of);
  Scalar value = binder.bind(*named.expr, scope);
  value = binder.hoist(rows, std::move(value));
  NameMaker names;
  std::vector<MadeColumn> keys;
  keys.push_back(
      binder.made(names.unique(named.names.empty() ? value.name : named.names[0]), value));
  return take_rows(binder, aggregate_rows(binder, std::move(rows), std::move(keys), {}),
                   std::move(count));
}

Relation bind_operator(Binder& binder, Relation rows, const ast::TopHitters& top,
                       const EnvironmentPtr& environment) {
  auto count = bind_count(binder, *top.count, environment);
  Scope scope{environment};
  scope.rows = &rows;
  const NamedExpr named = named_of(*top.of);
  const Scalar value = binder.hoist(rows, binder.bind(*named.expr, scope));
  const std::string name = named.names.empty() ? value.name : named.names[0];
  Scalar total{sql::call("count", {sql::make(sql::Star{})}), Type::long_integer, false, "", {}};
  std::string total_name = "approximate_count_" + name;
  if (top.by) {
    const Scalar weight =
        binder.coerce(binder.bind(*top.by, scope), Type::long_integer, top.by->span);
    total.sql = sql::cast(sql::call("sum", {weight.sql}), sql::Type::bigint);
    total_name = "approximate_sum_" + (weight.name.empty() ? path_name(*top.by) : weight.name);
  }
  NameMaker names;
  std::vector<MadeColumn> keys, totals;
  keys.push_back(binder.made(names.unique(name), value));
  totals.push_back(binder.made(names.unique(total_name), total));
  const std::string id = totals[0].id;
  rows = aggregate_rows(binder, std::move(rows), std::move(keys), std::move(totals));
  rows.order = {order_term(sql::column(id), true, "")};
  rows.sorted = true;
  rows.serialized = true;
  return take_rows(binder, std::move(rows), std::move(count));
}

}  // namespace rollcall::kql
