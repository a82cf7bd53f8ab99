#include <algorithm>

#include "kql/operators.hpp"

// mv-expand and mv-apply: rows from the elements of dynamics. Several columns are walked together,
// the shorter ones padded with null. mv-apply runs a pipeline over the rows of each row.

namespace rollcall::kql {
namespace {

struct Expanded {
  std::string name;
  Scalar list;  // a dynamic
  Type type;    // of the elements
  bool pairs = false;
};

std::vector<Expanded> bind_lists(Binder& binder, const std::vector<ast::MvColumn>& columns,
                                 Relation& rows, const EnvironmentPtr& environment) {
  std::vector<Expanded> lists;
  for (const auto& column : columns) {
    if (!column.expr) continue;
    Scope scope{environment};
    scope.rows = &rows;
    const NamedExpr named = named_of(*column.expr);
    Scalar list = binder.bind(*named.expr, scope);
    if (list.type == Type::unknown) continue;
    if (list.type != Type::dynamic) {
      binder.complain("KQL0106", column.expr->span,
                      fmt::format("a dynamic is wanted here, not a {}", name_of(list.type)));
      continue;
    }
    Type type = Type::dynamic;
    if (column.type) type = type_named(column.type->name).value_or(Type::dynamic);
    std::string name = named.names.empty() ? list.name : named.names[0];
    lists.push_back({std::move(name), std::move(list), type, false});
  }
  return lists;
}

sql::ExprPtr unnested(sql::ExprPtr list) { return sql::call("unnest", {std::move(list)}); }

// The rows with each list replaced by its elements; `place` gets the element's number when it is
// not empty.
Relation expand(Binder& binder, Relation rows, std::vector<Expanded> lists,
                const std::string& place_name, bool pairs) {
  const auto order = rows.order;
  const std::string place = binder.fresh_id();
  auto columns = binder.keep_all(rows);
  NameMaker names;
  for (const auto& column : rows.columns) names.reserve(column.name);
  struct Raw {
    std::string id;
    std::string name;
    Type type;
    std::string target;  // the id of the column that it replaces, or empty
  };
  std::vector<Raw> raws;
  sql::ExprPtr longest;
  for (const auto& list : lists) {
    const std::string id = binder.fresh_id();
    columns.push_back({"$element", Type::dynamic, id,
                       unnested(native(pairs ? "_element_pairs" : "_elements", {list.list.sql})),
                       true});
    const auto count = native("_element_count", {list.list.sql});
    longest = longest ? sql::call("greatest", {longest, count}) : count;
    raws.push_back({id, list.name, list.type, ""});
  }
  columns.push_back(
      {"$place", Type::long_integer, place,
       unnested(sql::call("range",
                          {sql::cast(sql::literal(std::int64_t{0}), sql::Type::bigint), longest})),
       false});
  const std::size_t visible = rows.columns.size();
  const bool had_order = !rows.order.empty();
  rows = binder.nest(std::move(rows), std::move(columns));
  // Then the elements take their types and their places among the columns.
  std::vector<MadeColumn> shown;
  std::vector<bool> used(raws.size(), false);
  const auto element = [&](const Raw& raw) {
    const Scalar value = convert({sql::column(raw.id), Type::dynamic, true, "", {}}, raw.type);
    return binder.made(raw.name, value);
  };
  for (std::size_t i = 0; i < visible; ++i) {
    const auto& column = rows.columns[i];
    const auto raw = std::ranges::find(raws, column.name, &Raw::name);
    if (raw != raws.end()) {
      used[static_cast<std::size_t>(raw - raws.begin())] = true;
      shown.push_back(element(*raw));
    } else {
      shown.push_back(
          {column.name, column.type, column.id, sql::column(column.id), column.nullable});
    }
  }
  for (std::size_t i = 0; i < raws.size(); ++i) {
    if (used[i]) continue;
    raws[i].name = names.unique(raws[i].name);
    shown.push_back(element(raws[i]));
  }
  if (!place_name.empty())
    shown.push_back({names.unique(place_name), Type::long_integer, binder.fresh_id(),
                     sql::column(place), false});
  if (had_order) rows.order.push_back(order_term(sql::column(place), false, ""));
  rows.columns.resize(visible);
  return binder.nest(std::move(rows), std::move(shown));
}

std::string item_index(const ast::Options& options) {
  return option_text(options, "with_itemindex");
}

bool expands_pairs(const ast::Options& options) {
  return option_text(options, "bagexpansion") == "array" || option_text(options, "kind") == "array";
}

}  // namespace

Relation bind_operator(Binder& binder, Relation rows, const ast::MvExpand& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  auto lists = bind_lists(binder, node.columns, rows, environment);
  if (lists.empty()) return binder.broken();
  sql::ExprPtr limit;
  if (node.limit) {
    const auto value =
        binder.bind_constant(*node.limit, environment, Type::long_integer, "the limit");
    if (value) limit = sql::literal(std::get<std::int64_t>(*value));
  }
  const std::string place = item_index(node.options);
  const std::string limit_place = limit && place.empty() ? "$limit" : place;
  rows = expand(binder, std::move(rows), std::move(lists), limit ? limit_place : place,
                expands_pairs(node.options));
  if (limit) {
    const auto* column = rows.find(limit_place);
    rows.where = sql::and_also(
        rows.where, sql::binary(sql::BinaryOperator::less, sql::column(column->id), limit));
    if (place.empty()) rows.columns.pop_back();
  }
  return rows;
}

// Each row is numbered; the elements carry the number, and all that the pipeline does is done
// within it. What comes out is joined to the row it came from.
Relation bind_operator(Binder& binder, Relation rows, const ast::MvApply& node,
                       const EnvironmentPtr& environment) {
  if (rows.open) return rows;
  auto lists = bind_lists(binder, node.columns, rows, environment);
  const std::size_t before = binder.complaints();
  const Scalar number = binder.hoist(
      rows, {binder.window(rows, "row_number", {}), Type::long_integer, false, "", {}});
  const std::string id = std::get<sql::Column>(number.sql->node).name;
  Relation outer = rows;
  outer.columns.push_back({"$row", Type::long_integer, id, false});
  const auto outer_partition = rows.partition;
  outer = binder.materialize(std::move(outer));
  Relation source = binder.fresh(outer);
  const std::string inner_id = source.columns.back().id;
  source.columns.pop_back();
  source.partition.push_back(inner_id);
  source.serialized = true;
  // The lists were bound over the rows; bound again over their copy.
  auto again = bind_lists(binder, node.columns, source, environment);
  Relation inner = again.empty() ? source
                                 : expand(binder, source, std::move(again),
                                          item_index(node.options), expands_pairs(node.options));
  if (node.limit) {
    const auto value =
        binder.bind_constant(*node.limit, environment, Type::long_integer, "the limit");
    if (value)
      inner = take_rows(binder, std::move(inner), sql::literal(std::get<std::int64_t>(*value)));
  }
  inner.serialized = true;
  const auto* pipeline = node.query ? std::get_if<ast::Pipeline>(&node.query->node) : nullptr;
  if (pipeline == nullptr || binder.complaints() > before) return binder.broken();
  inner = binder.apply_all(pipeline->operators, std::move(inner), environment);
  if (inner.open || inner.partition.empty()) return binder.broken();
  // The row's own columns, then what the pipeline made; of the same name the pipeline's.
  inner = binder.nest(std::move(inner));
  Relation left = binder.fresh(outer);
  const std::string left_id = left.columns.back().id;
  left.columns.pop_back();
  left = [&] {
    Relation with_id = left;
    with_id.hidden.push_back(left_id);
    return binder.nest(std::move(with_id), binder.keep_all(left), true);
  }();
  Relation joined;
  joined.weight = left.weight + inner.weight + 1;
  joined.order = left.order;
  if (!inner.order.empty() || !left.order.empty()) {
    joined.order.insert(joined.order.end(), inner.order.begin(), inner.order.end());
  }
  joined.partition = left.partition;
  joined.from = std::make_shared<const sql::TableRef>(sql::TableRef{
      sql::Join{sql::JoinKind::inner, left.from, inner.from,
                equal(sql::column(left_id), sql::column(inner.partition.back())), false}});
  NameMaker names;
  std::vector<MadeColumn> columns;
  std::vector<std::string> expanded_names;
  for (const auto& list : lists) expanded_names.push_back(list.name);
  for (const auto& column : left.columns) {
    const auto* made = inner.find(column.name);
    const bool replaced = made != nullptr;
    names.reserve(column.name);
    if (replaced)
      columns.push_back(
          {column.name, made->type, binder.fresh_id(), sql::column(made->id), made->nullable});
    else if (std::ranges::find(expanded_names, column.name) != expanded_names.end())
      columns.push_back(
          {column.name, column.type, binder.fresh_id(), sql::column(column.id), column.nullable});
    else
      columns.push_back(
          {column.name, column.type, binder.fresh_id(), sql::column(column.id), column.nullable});
  }
  for (const auto& column : inner.columns) {
    if (left.find(column.name) != nullptr) continue;
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                       sql::column(column.id), column.nullable});
  }
  Relation result = binder.nest(std::move(joined), std::move(columns));
  result.partition = outer_partition.empty() ? std::vector<std::string>{} : left.partition;
  result.serialized = true;
  return result;
}

}  // namespace rollcall::kql
