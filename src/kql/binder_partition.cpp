#include <algorithm>

#include "kql/aggregates.hpp"
#include "kql/operators.hpp"
#include "kql/plugins.hpp"
#include "kql/values.hpp"

// partition, fork, facet, top-nested, reduce: pipelines over parts of the rows.

namespace rollcall::kql {

namespace {

constexpr std::size_t max_parts = 64;  // as in Kusto

// partition by key { query }: the query once for each key, which it sees as a value; the data is
// asked which keys there are.
Relation partition_query(Binder& binder, Relation rows, const ast::Partition& node,
                         const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  const Scalar key = binder.bind(*node.by, scope);
  if (key.type == Type::unknown) return binder.broken();
  sql::Select distinct;
  distinct.distinct = true;
  distinct.items = {{to_text(key), binder.fresh_id()}};
  distinct.from = rows.from;
  distinct.where = rows.where;
  const auto found = binder.probe(sql::query(std::move(distinct)), max_parts + 1, node.by->span);
  if (!found) return binder.broken();
  if (found->size() > max_parts) {
    binder.complain("KQL0003", node.by->span,
                    fmt::format("partition with {{ … }} takes at most {} keys", max_parts));
    return binder.broken();
  }
  std::vector<UnionInput> parts;
  for (const auto& row : *found) {
    auto inner = std::make_shared<Environment>();
    inner->parent = environment;
    Scalar value = convert(text_constant(row[0].value_or("")), key.type);
    value.name = key.name;
    inner->symbols.insert_or_assign(key.name, std::move(value));
    parts.push_back({binder.bind_table(*node.query, inner), ""});
    if (parts.back().rows.open) return binder.broken();
  }
  if (!parts.empty()) return unite(binder, std::move(parts), true, "");
  rows.where = sql::literal(false);
  return rows;
}

}  // namespace

// All that the pipeline does is done within rows of one key.
Relation bind_operator(Binder& binder, Relation rows, const ast::Partition& node,
                       const EnvironmentPtr& environment) {
  if (node.whole_query) return partition_query(binder, std::move(rows), node, environment);
  Scope scope{environment};
  scope.rows = &rows;
  const Scalar key = binder.hoist(rows, binder.bind(*node.by, scope));
  if (key.type == Type::unknown) return binder.broken();
  const auto* pipeline = node.query ? std::get_if<ast::Pipeline>(&node.query->node) : nullptr;
  if (pipeline == nullptr || pipeline->source) {
    binder.complain("KQL0109", node.by->span,
                    "partition takes a pipeline of operators over its rows");
    return binder.broken();
  }
  const std::size_t outer = rows.partition.size();
  rows.partition.push_back(std::get<sql::Column>(key.sql->node).name);
  rows = binder.apply_all(pipeline->operators, std::move(rows), environment);
  rows = binder.nest(std::move(rows));
  if (rows.partition.size() > outer) rows.partition.resize(outer);
  return rows;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Fork& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  const Relation shared = binder.materialize(std::move(rows));
  Relation first;
  std::size_t number = 0;
  for (const auto& [name, query] : node.branches) {
    ++number;
    Relation branch = binder.fresh(shared);
    branch.serialized = true;
    const auto* pipeline = std::get_if<ast::Pipeline>(&query->node);
    if (pipeline != nullptr && !pipeline->source)
      branch = binder.apply_all(pipeline->operators, std::move(branch), environment);
    else
      branch = binder.bind_table(*query, environment);
    branch.name = name.empty() ? fmt::format("Fork_{}", number) : name;
    if (number == 1)
      first = std::move(branch);
    else
      binder.side_results.emplace_back(branch.name, std::move(branch));
  }
  return first;
}

Relation bind_operator(Binder& binder, Relation rows, const ast::Facet& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  const Relation shared = binder.materialize(std::move(rows));
  Relation first;
  bool is_first = true;
  const auto add_result = [&](Relation result) {
    if (std::exchange(is_first, false))
      first = std::move(result);
    else
      binder.side_results.emplace_back(result.name, std::move(result));
  };
  for (const auto& expr : node.columns) {
    Relation part = binder.fresh(shared);
    Scope scope{environment};
    scope.rows = &part;
    const Scalar key = binder.hoist(part, binder.bind(*expr, scope));
    std::vector<MadeColumn> keys, counts;
    keys.push_back(binder.made(key.name, key));
    counts.push_back(binder.made(
        "count_" + key.name,
        {sql::call("count", {sql::make(sql::Star{})}), Type::long_integer, false, "", {}}));
    Relation result = aggregate_rows(binder, std::move(part), std::move(keys), std::move(counts));
    result.name = key.name;
    add_result(std::move(result));
  }
  if (!node.with.empty()) {
    Relation part = binder.fresh(shared);
    add_result(binder.apply_all(node.with, std::move(part), environment));
  }
  return first;
}

// --- top-nested
// -------------------------------------------------------------------------------------

namespace {

struct Level {
  std::string key_name, value_name;
  Type key_type, value_type;
  std::string key_id;  // in the rows
};

sql::ExprPtr same(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  sql::ExprPtr all;
  for (std::size_t i = 0; i < a.size(); ++i) {
    all = sql::and_also(all, sql::binary(sql::BinaryOperator::is_not_distinct_from,
                                         sql::column(a[i]), sql::column(b[i])));
  }
  return all ? all : sql::literal(true);
}

// The groups of a level under the groups above, and their aggregate.
Relation groups_of(Binder& binder, Relation rows, const ast::TopNestedClause& clause,
                   const std::vector<std::string>& keys, const EnvironmentPtr& environment,
                   Scalar& value) {
  Scope scope{environment};
  scope.rows = &rows;
  scope.aggregating = true;
  const auto* ordered = std::get_if<ast::Ordered>(&clause.by->node);
  const NamedExpr named = named_of(ordered != nullptr ? *ordered->expr : *clause.by);
  value = binder.bind(*named.expr, scope);
  std::vector<MadeColumn> key_columns, values;
  for (const auto& id : keys) {
    Scalar key{sql::column(id), Type::string, true, "", {}};
    key_columns.push_back(binder.made(id, key));
  }
  values.push_back(binder.made("$value", value));
  return aggregate_rows(binder, std::move(rows), std::move(key_columns), std::move(values));
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::TopNested& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  rows = binder.materialize(std::move(rows));
  std::vector<Level> levels;
  std::vector<std::string> keys;  // ids in the rows, as the levels so far have made them
  Relation result;
  for (const auto& clause : node.clauses) {
    Scope scope{environment};
    scope.rows = &rows;
    const NamedExpr of = named_of(*clause.of);
    Scalar key = binder.hoist(rows, binder.bind(*of.expr, scope));
    if (key.type == Type::unknown) return binder.broken();
    std::string key_id = std::get<sql::Column>(key.sql->node).name;
    const std::string name = of.names.empty() ? key.name : of.names[0];
    const auto* ordered = std::get_if<ast::Ordered>(&clause.by->node);
    const NamedExpr by = named_of(ordered != nullptr ? *ordered->expr : *clause.by);
    const bool descending = ordered == nullptr || ordered->direction != "asc";
    Scalar value;
    auto all_keys = keys;
    all_keys.push_back(key_id);
    Relation groups = groups_of(binder, rows, clause, all_keys, environment, value);
    if (binder.complaints() > 0) return binder.broken();
    const std::string value_id = groups.columns.back().id;
    if (clause.count) {
      const auto most = binder.bind_constant(*clause.count, environment, Type::long_integer,
                                             "the number of groups");
      Relation ranked = groups;
      ranked.partition.clear();
      for (std::size_t i = 0; i + 1 < all_keys.size(); ++i)
        ranked.partition.push_back(groups.columns[i].id);
      ranked.order = {order_term(sql::column(value_id), descending, "last")};
      const Scalar place = binder.hoist(
          groups, {binder.window(ranked, "row_number", {}), Type::long_integer, false, "", {}});
      groups.where = sql::and_also(
          groups.where, sql::binary(sql::BinaryOperator::less_equal, place.sql,
                                    sql::literal(most ? std::get<std::int64_t>(*most) : 0)));
    }
    groups = binder.nest(std::move(groups));
    // The rows of the groups that stay; with `others` the rest under that name.
    std::vector<std::string> group_ids;
    for (std::size_t i = 0; i < all_keys.size(); ++i) group_ids.push_back(groups.columns[i].id);
    auto rows_columns = binder.keep_all(rows);
    rows = binder.nest(std::move(rows), std::move(rows_columns), true);
    Relation joined = rows;
    joined.from = std::make_shared<const sql::TableRef>(
        sql::TableRef{sql::Join{clause.others ? sql::JoinKind::left : sql::JoinKind::inner,
                                rows.from, groups.from, same(all_keys, group_ids), false}});
    joined.hidden = rows.hidden;
    for (const auto& id : all_keys)
      if (std::ranges::find(joined.hidden, id) == joined.hidden.end()) joined.hidden.push_back(id);
    if (clause.others) {
      Scope bare{environment};
      const Scalar others = convert(binder.bind(*clause.others, bare), key.type);
      key = {when(is_null(sql::column(value_id)), others.sql, sql::column(key_id)),
             key.type,
             true,
             "",
             {}};
      key = binder.hoist(joined, std::move(key));
      key_id = std::get<sql::Column>(key.sql->node).name;
    }
    rows = binder.nest(std::move(joined), binder.keep_all(rows), true);
    rows.hidden.push_back(key_id);
    keys.push_back(key_id);
    // The level's aggregate over what its keys have become.
    Relation totals = groups_of(binder, rows, clause, keys, environment, value);
    totals = binder.nest(std::move(totals));
    const std::string total_id = totals.columns.back().id;
    const std::string value_name = by.names.empty() ? "aggregated_" + name : by.names[0];
    if (levels.empty()) {
      std::vector<MadeColumn> columns;
      columns.push_back(
          {name, key.type, binder.fresh_id(), sql::column(totals.columns[0].id), true});
      columns.push_back({value_name, value.type, binder.fresh_id(), sql::column(total_id), true});
      result = binder.nest(std::move(totals), std::move(columns));
    } else {
      std::vector<std::string> left_keys, right_keys;
      for (std::size_t i = 0; i < levels.size(); ++i) {
        left_keys.push_back(result.columns[2 * i].id);
        right_keys.push_back(totals.columns[i].id);
      }
      Relation both;
      both.weight = result.weight + totals.weight;
      both.from = std::make_shared<const sql::TableRef>(sql::TableRef{sql::Join{
          sql::JoinKind::inner, result.from, totals.from, same(left_keys, right_keys), false}});
      auto columns = binder.keep_all(result);
      for (auto& column : columns) column.id = binder.fresh_id();
      columns.push_back(
          {name, key.type, binder.fresh_id(), sql::column(totals.columns[levels.size()].id), true});
      columns.push_back({value_name, value.type, binder.fresh_id(), sql::column(total_id), true});
      result = binder.nest(std::move(both), std::move(columns));
    }
    levels.push_back({name, value_name, key.type, value.type, key_id});
  }
  return result;
}

// reduce by: texts of one shape, as one native pass over all of them; with kind=source each row with its shape.
Relation bind_operator(Binder& binder, Relation rows, const ast::Reduce& node,
                       const EnvironmentPtr& environment) {
  Scope scope{environment};
  scope.rows = &rows;
  Scalar text = binder.bind(*named_of(*node.by).expr, scope);
  if (text.type == Type::unknown) return binder.broken();
  const bool keeps_rows = option_text(node.with, "kind") == "source";
  std::vector<Scalar> inputs{binder.hoist(rows, convert(std::move(text), Type::string))};
  std::vector<Column> columns;
  NameMaker names;
  if (keeps_rows) {
    for (const auto& column : rows.columns) {
      columns.push_back({names.unique(column.name), column.type});
      inputs.push_back(column.scalar());
    }
  }
  for (const auto& [name, type] : {std::pair{"Pattern", Type::string},
                                   {"Count", Type::long_integer},
                                   {"Representative", Type::string}}) {
    columns.push_back({names.unique(name), type});
  }
  const double threshold = parse_real(option_text(node.with, "threshold")).value_or(0.1);
  return through_native(
      binder, std::move(rows), inputs, "_reduced",
      {constant_of(Type::real, threshold).sql,
       text_constant(option_text(node.with, "characters")).sql, sql::literal(keeps_rows)},
      columns);
}

}  // namespace rollcall::kql
