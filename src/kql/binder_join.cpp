#include <algorithm>

#include "base/text.hpp"
#include "kql/operators.hpp"

// join and lookup. Without a kind the left side is first made unique by the key (innerunique). A
// null key matches nothing; the strings of a side without a match are empty.

namespace rollcall::kql {
namespace {

struct Condition {
  Scalar left, right;
  std::string right_id;  // of the right key column when `on` names it
};

// One condition of `on`: a name on both sides, or `$left.a == $right.b`.
std::optional<Condition> bind_on(Binder& binder, const ast::Expr& expr, const Relation& left,
                                 const Relation& right, const EnvironmentPtr& environment) {
  const auto unknown_column = [&](const Relation& side, const std::string& name, Span span) {
    if (side.open) return;
    std::vector<std::string> names;
    for (const auto& column : side.columns) names.push_back(column.name);
    binder.complain("KQL0103", span, fmt::format("unknown column '{}'", name),
                    nearest_name(name, names));
  };
  if (const auto* ref = std::get_if<ast::NameRef>(&expr.node)) {
    const auto* a = left.find(ref->name);
    const auto* b = right.find(ref->name);
    if (a == nullptr) unknown_column(left, ref->name, expr.span);
    if (b == nullptr && a != nullptr) unknown_column(right, ref->name, expr.span);
    if (a == nullptr || b == nullptr) return std::nullopt;
    return Condition{a->scalar(), b->scalar(), b->id};
  }
  const auto* equality = std::get_if<ast::Binary>(&expr.node);
  if (equality == nullptr || equality->op != "==") {
    binder.complain("KQL0106", expr.span, "join is on column names or on $left.a == $right.b");
    return std::nullopt;
  }
  Scope scope{environment};
  scope.left = &left;
  scope.right = &right;
  const auto side_of = [](const ast::Expr& e) -> std::string {
    if (const auto* member = std::get_if<ast::Member>(&e.node)) {
      if (const auto* side = std::get_if<ast::NameRef>(&member->operand->node)) return side->name;
    }
    return "";
  };
  const bool swapped = side_of(*equality->left) == "$right" || side_of(*equality->right) == "$left";
  Scalar a = binder.bind(swapped ? *equality->right : *equality->left, scope);
  Scalar b = binder.bind(swapped ? *equality->left : *equality->right, scope);
  if (a.type == Type::unknown || b.type == Type::unknown) return std::nullopt;
  std::string id;
  if (const auto* column = std::get_if<sql::Column>(&b.sql->node)) id = column->name;
  return Condition{std::move(a), std::move(b), std::move(id)};
}

sql::ExprPtr matching(Binder& binder, const Condition& condition, Span span) {
  Scalar left = condition.left, right = condition.right;
  if (left.type == Type::dynamic)
    left = convert(std::move(left), right.type == Type::dynamic ? Type::string : right.type);
  if (right.type == Type::dynamic) right = convert(std::move(right), left.type);
  if (left.type == Type::decimal && is_numeric(right.type))
    right = convert(std::move(right), Type::decimal);
  if (right.type == Type::decimal && is_numeric(left.type))
    left = convert(std::move(left), Type::decimal);
  if (left.type != right.type && !(is_numeric(left.type) && is_numeric(right.type))) {
    binder.complain("KQL0106", span,
                    fmt::format("the join's keys are of different types: {} and {}",
                                name_of(left.type), name_of(right.type)));
  }
  return equal(left.sql, right.sql);
}

// `join … where condition`: over the columns of both sides, and over $left and $right.
sql::ExprPtr bind_where(Binder& binder, const ast::Expr& condition, const Relation& left,
                        const Relation& right, const EnvironmentPtr& environment) {
  std::vector<Scalar> names;
  for (const auto* side : {&left, &right}) {
    for (const auto& column : side->columns) names.push_back(column.scalar());
  }
  Scope scope{environment};
  scope.left = &left;
  scope.right = &right;
  scope.extra = &names;
  return binder.bind_condition(condition, scope).sql;
}

// The first row of each key; the keys are columns of the rows, hoisted perhaps.
Relation unique_by(Binder& binder, Relation rows, const std::vector<Condition>& conditions) {
  Relation keyed = rows;
  for (const auto& condition : conditions) {
    if (const auto* column = std::get_if<sql::Column>(&condition.left.sql->node))
      keyed.partition.push_back(column->name);
  }
  const auto number = binder.window(keyed, "row_number", {});
  const Scalar place = binder.hoist(rows, {number, Type::long_integer, false, "", {}});
  rows.where = sql::and_also(rows.where, equal(place.sql, sql::literal(std::int64_t{1})));
  return rows;
}

struct Kind {
  std::string_view name;
  sql::JoinKind join;
  bool left = true, right = true;  // whose columns are kept
  bool left_null = false, right_null = false;
};

std::optional<Kind> kind_named(const std::string& name, bool lookup) {
  using enum sql::JoinKind;
  if (name.empty())
    return lookup ? Kind{"leftouter", left, true, true, false, true} : Kind{"innerunique", inner};
  if (name == "inner" || name == "innerunique") return Kind{name, inner};
  if (name == "leftouter") return Kind{name, left, true, true, false, true};
  if (name == "rightouter") return Kind{name, right, true, true, true, false};
  if (name == "fullouter") return Kind{name, full, true, true, true, true};
  if (name == "leftsemi") return Kind{name, semi, true, false};
  if (name == "leftanti" || name == "anti" || name == "leftantisemi")
    return Kind{name, anti, true, false};
  if (name == "rightsemi") return Kind{name, semi, false, true};
  if (name == "rightanti" || name == "rightantisemi") return Kind{name, anti, false, true};
  if (name == "cross") return Kind{name, cross};
  return std::nullopt;
}

sql::ExprPtr padded(const RelationColumn& column, bool can_be_null) {
  if (can_be_null && column.type == Type::string)
    return coalesce(sql::column(column.id), text_constant("").sql);
  return sql::column(column.id);
}

// The rows of one side that have, or have not, a match on the other.
Relation semi_join(Binder& binder, sql::JoinKind kind, Relation kept, Relation other,
                   const std::vector<sql::ExprPtr>& on) {
  sql::ExprPtr condition;
  for (const auto& term : on) condition = sql::and_also(condition, term);
  if (!condition) condition = sql::literal(true);
  kept = binder.nest(std::move(kept));
  other = binder.nest(std::move(other));
  kept.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::Join{kind, kept.from, other.from, condition, false}});
  kept.weight += other.weight;
  return kept;
}

}  // namespace

Relation bind_operator(Binder& binder, Relation left, const ast::Join& join,
                       const EnvironmentPtr& environment) {
  Relation right = binder.bind_table(*join.right, environment);
  const auto* option = find_option(join.options, "kind");
  const std::string kind_name = option_text(join.options, "kind");
  const auto kind = kind_named(kind_name, join.lookup);
  if (!kind ||
      (join.lookup && kind->join != sql::JoinKind::left && kind->join != sql::JoinKind::inner)) {
    const std::vector<std::string> kinds{"inner",      "innerunique", "leftouter",
                                         "rightouter", "fullouter",   "leftsemi",
                                         "leftanti",   "rightsemi",   "rightanti"};
    binder.complain(
        "KQL0106", option->value->span,
        fmt::format("'{}' is no kind of {}", kind_name, join.lookup ? "lookup" : "join"),
        nearest_name(kind_name, kinds));
    return binder.broken();
  }
  if (left.open || right.open) return binder.broken();
  if (!left.partition.empty() && right.partition.empty()) right.partition.clear();
  std::vector<Condition> conditions;
  std::vector<sql::ExprPtr> on;
  std::vector<const ast::Expr*> terms;
  for (const auto& expr : join.on) {
    // `on a == b and c` is as good as two conditions
    if (const auto* both = std::get_if<ast::Logical>(&expr->node);
        both != nullptr && both->is_and) {
      for (const auto& term : both->operands) terms.push_back(term.get());
    } else {
      terms.push_back(expr.get());
    }
  }
  for (const auto* term : terms) {
    auto condition = bind_on(binder, *term, left, right, environment);
    if (!condition) return binder.broken();
    on.push_back(matching(binder, *condition, term->span));
    conditions.push_back(*std::move(condition));
  }
  if (join.where) on.push_back(bind_where(binder, *join.where, left, right, environment));
  if (kind->name == "innerunique" && !conditions.empty()) {
    for (auto& condition : conditions) condition.left = binder.hoist(left, condition.left);
    left = unique_by(binder, std::move(left), conditions);
  }
  for (std::size_t i = 0; i < left.partition.size() && i < right.partition.size(); ++i) {
    on.push_back(equal(sql::column(left.partition[i]), sql::column(right.partition[i])));
  }
  if (kind->join == sql::JoinKind::semi || kind->join == sql::JoinKind::anti) {
    if (!kind->left) std::swap(left, right);
    return semi_join(binder, kind->join, std::move(left), std::move(right), on);
  }
  left = binder.nest(std::move(left));
  right = binder.nest(std::move(right));
  sql::ExprPtr condition;
  for (const auto& term : on) condition = sql::and_also(condition, term);
  Relation result;
  result.weight = left.weight + right.weight + 1;
  result.partition = left.partition;
  result.ingestion = left.ingestion;
  result.order = left.order;
  result.serialized = false;
  const auto join_kind = condition                            ? kind->join
                         : kind->join == sql::JoinKind::inner ? sql::JoinKind::cross
                                                              : kind->join;
  if (!condition && join_kind != sql::JoinKind::cross) condition = sql::literal(true);
  result.from = std::make_shared<const sql::TableRef>(
      sql::TableRef{sql::Join{join_kind, left.from, right.from, condition, false}});
  NameMaker names;
  std::vector<MadeColumn> columns;
  for (const auto& column : left.columns) {
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                       padded(column, kind->left_null),
                       column.nullable || (kind->left_null && column.type != Type::string)});
  }
  for (const auto& column : right.columns) {
    const bool is_key =
        std::ranges::any_of(conditions, [&](const auto& c) { return c.right_id == column.id; });
    if (join.lookup && is_key) continue;
    columns.push_back({names.unique(column.name), column.type, binder.fresh_id(),
                       padded(column, kind->right_null),
                       column.nullable || (kind->right_null && column.type != Type::string)});
  }
  return binder.nest(std::move(result), std::move(columns));
}

}  // namespace rollcall::kql
