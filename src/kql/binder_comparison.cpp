#include <algorithm>

#include "base/text.hpp"
#include "kql/binder.hpp"
#include "kql/native_table.hpp"

// Comparisons, string operators, in and has_any. `==` and its like are total: a null on one side
// makes them false (`!=`: true), on both sides null. In a filter null is as good as false, and the
// SQL stays plain.

namespace rollcall::kql {
namespace {

using sql::BinaryOperator;

// A side of another type is read as the other side's.
void meet(Scalar& left, Scalar& right) {
  const auto text_like = [](Type t) { return t == Type::string; };
  if (left.type == right.type) return;
  if (is_numeric(left.type) &&
      is_numeric(right.type)) {  // SQL compares them as they are, but for decimals
    if (left.type == Type::decimal) right = convert(std::move(right), Type::decimal);
    if (right.type == Type::decimal) left = convert(std::move(left), Type::decimal);
    return;
  }
  if (left.type == Type::dynamic) {
    left = convert(std::move(left), right.type);
  } else if (right.type == Type::dynamic) {
    right = convert(std::move(right), left.type);
  } else if (text_like(left.type)) {
    left = convert(std::move(left), right.type);
  } else if (text_like(right.type)) {
    right = convert(std::move(right), left.type);
  } else if (left.type == Type::boolean && is_numeric(right.type)) {
    left = {sql::cast(left.sql, sql::Type::bigint), Type::long_integer, left.nullable, "", {}};
  } else if (right.type == Type::boolean && is_numeric(left.type)) {
    right = {sql::cast(right.sql, sql::Type::bigint), Type::long_integer, right.nullable, "", {}};
  }
}

bool comparable(Type a, Type b) { return a == b || (is_numeric(a) && is_numeric(b)); }

Scalar total_equality(const Scalar& left, const Scalar& right, bool wanted, bool filtering) {
  const auto make = [&](sql::ExprPtr expr, bool nullable) {
    return Scalar{std::move(expr), Type::boolean, nullable, "", {}};
  };
  const auto plain =
      sql::binary(wanted ? BinaryOperator::equal : BinaryOperator::not_equal, left.sql, right.sql);
  if (!left.nullable && !right.nullable) return make(plain, false);
  if (filtering && wanted) return make(plain, true);
  const auto distinct =
      sql::binary(wanted ? BinaryOperator::is_not_distinct_from : BinaryOperator::is_distinct_from,
                  left.sql, right.sql);
  if (!left.nullable || !right.nullable || filtering) return make(distinct, false);
  const auto both_null = sql::binary(BinaryOperator::and_, is_null(left.sql), is_null(right.sql));
  return make(when(both_null, sql::cast(sql::null(), sql::Type::boolean), distinct), true);
}

BinaryOperator order_operator(std::string_view op) {
  if (op == "<") return BinaryOperator::less;
  if (op == "<=") return BinaryOperator::less_equal;
  if (op == ">") return BinaryOperator::greater;
  return BinaryOperator::greater_equal;
}

sql::ExprPtr lower(const sql::ExprPtr& text) {
  if (const auto value = value_of(text)) {
    if (std::holds_alternative<std::string>(*value)) return native("_lower", {text});
  }
  return sql::call("lower", {text});
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct StringOperator {
  std::string_view name;
  std::string_view
      kind;  // equal, has, hasprefix, hassuffix, contains, startswith, endswith, regex, like
  bool negated;
  bool sensitive;
};

std::optional<StringOperator> string_operator(std::string_view op) {
  if (op == "=~") return StringOperator{op, "equal", false, false};
  if (op == "!~") return StringOperator{op, "equal", true, false};
  if (op == ":") return StringOperator{op, "has", false, false};
  if (op == "matches regex") return StringOperator{op, "regex", false, true};
  bool negated = false, sensitive = false;
  std::string_view kind = op;
  if (kind.starts_with("!")) {
    negated = true;
    kind.remove_prefix(1);
  } else if (kind.starts_with("not")) {
    negated = true;
    kind.remove_prefix(3);
  }
  if (kind.ends_with("_cs")) {
    sensitive = true;
    kind.remove_suffix(3);
  } else if (kind == "containscs" || kind == "likecs") {
    sensitive = true;
    kind.remove_suffix(2);
  }
  for (std::string_view known :
       {"has", "hasprefix", "hassuffix", "contains", "startswith", "endswith", "like"}) {
    if (kind == known) return StringOperator{op, known, negated, sensitive};
  }
  return std::nullopt;
}

sql::ExprPtr string_test(Binder& binder, const StringOperator& op, const Scalar& left,
                         const Scalar& right, Span span) {
  if (op.kind == "regex") {
    if (const auto text = text_value_of(right)) {
      Scratch scratch;
      if (pattern(*text, scratch) == nullptr) {
        binder.complain("KQL0108", span, fmt::format("'{}' is no regular expression", *text));
      }
    }
    return native("_matches_regex", {left.sql, right.sql});
  }
  if (op.kind == "like") {
    return native("_like", {left.sql, right.sql, sql::literal(op.sensitive)});
  }
  if (op.kind.starts_with("has")) {
    const char* name = op.kind == "has"         ? "_has"
                       : op.kind == "hasprefix" ? "_hasprefix"
                                                : "_hassuffix";
    const auto test = native(name, {left.sql, right.sql, sql::literal(op.sensitive)});
    // What has a term contains it, and that is found several times faster.
    const auto text = text_value_of(right);
    if (!text || text->empty() || !is_ascii(*text)) return test;
    const auto contains = op.sensitive ? sql::call("contains", {left.sql, right.sql})
                                       : sql::call("contains", {lower(left.sql), lower(right.sql)});
    return sql::make(sql::Case{{{contains, test}}, sql::literal(false)});
  }
  const auto a = op.sensitive ? left.sql : lower(left.sql);
  const auto b = op.sensitive ? right.sql : lower(right.sql);
  if (op.kind == "equal") return equal(a, b);
  if (op.kind == "contains") return sql::call("contains", {a, b});
  if (op.kind == "startswith") return sql::call("starts_with", {a, b});
  return sql::call("suffix", {a, b});
}

// `* has 'x'`: any column, as text.
Scalar any_column(Binder& binder, const ast::Binary& binary, Span span, Scope& scope) {
  if (scope.rows == nullptr)
    return binder.mistake("KQL0106", span, "'*' has no columns to stand for here");
  std::vector<sql::ExprPtr> tests;
  const Scalar right = binder.bind(*binary.right, scope);
  for (const auto& column : scope.rows->columns) {
    Scalar test = unknown_scalar();
    if (binary.op == "==") {
      if (column.type != right.type && column.type != Type::string && column.type != Type::dynamic)
        continue;
      test = binder.compare("==", column.scalar(), right, span, false);
    } else if (const auto op = string_operator(binary.op)) {
      const Scalar left = convert(column.scalar(), Type::string);
      auto found = string_test(binder, *op, left, convert(right, Type::string), span);
      test = {
          op->negated ? negated(std::move(found)) : std::move(found), Type::boolean, false, "", {}};
    }
    if (test.type != Type::unknown) tests.push_back(coalesce(test.sql, sql::literal(false)));
  }
  if (tests.empty()) return bool_constant(false);
  return {balanced(BinaryOperator::or_, std::move(tests)), Type::boolean, false, "", {}};
}

}  // namespace

Scalar Binder::compare(std::string_view op, Scalar left, Scalar right, Span span, bool filtering) {
  if (left.type == Type::unknown || right.type == Type::unknown) return unknown_scalar();
  const bool ordering = op != "==" && op != "!=";
  if (ordering && left.type == Type::dynamic && right.type == Type::dynamic) {
    left = convert(std::move(left), Type::real);
    right = convert(std::move(right), Type::real);
  }
  if (ordering && (left.type == Type::string || right.type == Type::string) &&
      left.type == right.type) {
    return mistake("KQL0106", span, fmt::format("'{}' does not order strings; strcmp() does", op));
  }
  meet(left, right);
  if (!comparable(left.type, right.type)) {
    return mistake("KQL0106", span,
                   fmt::format("'{}' does not compare a {} with a {}", op, name_of(left.type),
                               name_of(right.type)));
  }
  if (!ordering) return total_equality(left, right, op == "==", filtering);
  return {sql::binary(order_operator(op), left.sql, right.sql),
          Type::boolean,
          left.nullable || right.nullable,
          "",
          {}};
}

Scalar Binder::bind_string_operator(const ast::Binary& binary, Span span, Scope& scope) {
  const bool filtering = std::exchange(scope.filtering, false);
  const auto restore = [&](Scalar scalar) {
    scope.filtering = filtering;
    return scalar;
  };
  if (std::holds_alternative<ast::Star>(binary.left->node))
    return restore(any_column(*this, binary, span, scope));
  Scalar left = bind(*binary.left, scope);
  Scalar right = bind(*binary.right, scope);
  if (left.type == Type::unknown || right.type == Type::unknown) return restore(unknown_scalar());
  const auto op = string_operator(binary.op);
  if (!op) {
    if (binary.op == "+" || binary.op == "-" || binary.op == "*" || binary.op == "/" ||
        binary.op == "%") {
      return restore(arithmetic(binary.op, std::move(left), std::move(right), span));
    }
    return restore(compare(binary.op, std::move(left), std::move(right), span, filtering));
  }
  if (op->kind == "equal" && left.type != Type::string && left.type != Type::dynamic &&
      left.type != Type::guid) {
    return restore(
        compare(op->negated ? "!=" : "==", std::move(left), std::move(right), span, filtering));
  }
  for (const Scalar* side : {&left, &right}) {
    if (side->type != Type::string && side->type != Type::dynamic && side->type != Type::guid &&
        op->name != ":") {
      return restore(
          mistake("KQL0106", span,
                  fmt::format("'{}' takes strings, not a {}", op->name, name_of(side->type))));
    }
  }
  left = convert(std::move(left), Type::string);
  right = convert(std::move(right), Type::string);
  auto test = string_test(*this, *op, left, right, span);
  return restore(
      {op->negated ? negated(std::move(test)) : std::move(test), Type::boolean, false, "", {}});
}

namespace {

// The list's values as one JSON array: of a dynamic, of a table's first column, or of the listed
// values.
sql::ExprPtr list_as_json(Binder& binder, const ast::InList& in, Scope& scope) {
  if (in.list.size() == 1 && binder.is_tabular(*in.list[0], scope.environment)) {
    Relation rows = binder.bind_table(*in.list[0], scope.environment);
    if (rows.columns.empty()) return text_constant("[]").sql;
    rows = binder.nest(std::move(rows));
    const auto json = to_json(rows.columns[0].scalar());
    auto joined = sql::call("string_agg", {json, sql::literal(std::string(","))});
    auto array =
        concat({sql::literal(std::string("[")), coalesce(joined, sql::literal(std::string())),
                sql::literal(std::string("]"))});
    return sql::make(sql::ScalarQuery{binder.select_of(rows, {{array, binder.fresh_id()}})});
  }
  std::vector<sql::ExprPtr> values;
  for (const auto& item : in.list) {
    Scalar value = binder.bind(*item, scope);
    if (value.type == Type::unknown) continue;
    values.push_back(to_json(value));
  }
  if (values.size() == 1) return native("_as_array", {values[0]});
  return native("_flat_array", std::move(values));
}

Scalar bind_in_query(Binder& binder, const ast::InList& in, const Scalar& left, bool folds,
                     bool wanted, Span span, Scope& scope) {
  Relation rows = binder.bind_table(*in.list[0], scope.environment);
  if (rows.open) return unknown_scalar();
  if (rows.columns.empty())
    return binder.mistake("KQL0106", span, "the table has no column to look in");
  Scalar column = rows.columns[0].scalar();
  if (column.type == Type::dynamic && left.type != Type::dynamic)
    column = convert(std::move(column), left.type);
  Scalar value = left;
  meet(value, column);
  if (!comparable(value.type, column.type)) {
    return binder.mistake("KQL0106", span,
                          fmt::format("'{}' does not compare a {} with a {}", in.op,
                                      name_of(value.type), name_of(column.type)));
  }
  rows.where = sql::and_also(rows.where, not_null(column.sql));
  auto query = binder.select_of(
      rows, {{folds ? sql::call("lower", {column.sql}) : column.sql, binder.fresh_id()}});
  auto test = coalesce(
      sql::make(sql::InQuery{folds ? sql::call("lower", {value.sql}) : value.sql, query, false}),
      sql::literal(false));
  if (wanted && !value.nullable) {
    test =
        sql::make(sql::InQuery{folds ? sql::call("lower", {value.sql}) : value.sql, query, false});
  }
  return {wanted ? test : negated(test), Type::boolean, false, "", {}};
}

}  // namespace

Scalar Binder::bind_in(const ast::InList& in, Span span, Scope& scope) {
  const bool filtering = std::exchange(scope.filtering, false);
  struct Restore {
    Scope& scope;
    bool filtering;
    ~Restore() { scope.filtering = filtering; }
  } restore_at_end{scope, filtering};
  const bool wanted = !in.op.starts_with("!");
  const bool folds = in.op.ends_with("~");
  if (in.op == "has_any" || in.op == "has_all") {
    if (std::holds_alternative<ast::Star>(in.left->node))
      return mistake("KQL0106", span, "'*' has no meaning here");
    const Scalar left = bind(*in.left, scope);
    if (left.type == Type::unknown) return left;
    if (left.type != Type::string && left.type != Type::dynamic) {
      return mistake("KQL0106", span,
                     fmt::format("'{}' takes strings, not a {}", in.op, name_of(left.type)));
    }
    return {native("_" + in.op, {to_text(left), list_as_json(*this, in, scope)}),
            Type::boolean,
            false,
            "",
            {}};
  }
  Scalar left = bind(*in.left, scope);
  if (left.type == Type::unknown) return left;
  if (folds) left = convert(std::move(left), Type::string);
  if (in.list.size() == 1 && is_tabular(*in.list[0], scope.environment)) {
    return bind_in_query(*this, in, left, folds, wanted, span, scope);
  }
  std::vector<Scalar> values;
  bool any_dynamic = left.type == Type::dynamic;
  for (const auto& item : in.list) {
    values.push_back(bind(*item, scope));
    if (values.back().type == Type::unknown) return unknown_scalar();
    any_dynamic = any_dynamic || values.back().type == Type::dynamic;
  }
  if (any_dynamic) {
    std::vector<sql::ExprPtr> items;
    for (const auto& value : values) items.push_back(to_json(value));
    auto array = native("_flat_array", std::move(items));
    auto test = native(folds ? "_contains_folded" : "_contains_value", {to_json(left), array});
    return {wanted ? test : negated(test), Type::boolean, false, "", {}};
  }
  std::vector<sql::ExprPtr> list;
  for (auto& value : values) {
    Scalar one = value, other = left;
    meet(other, one);
    if (!comparable(left.type, one.type)) {
      return mistake("KQL0106", span,
                     fmt::format("'{}' does not compare a {} with a {}", in.op, name_of(left.type),
                                 name_of(value.type)));
    }
    if (one.nullable && value_of(one)) continue;  // null is in no list
    list.push_back(folds ? lower(one.sql) : one.sql);
  }
  if (list.empty()) return bool_constant(!wanted);
  auto test = sql::make(sql::InList{folds ? lower(left.sql) : left.sql, std::move(list), false});
  if (left.nullable && !(filtering && wanted)) test = coalesce(test, sql::literal(false));
  return {wanted ? test : negated(test), Type::boolean, filtering && left.nullable, "", {}};
}

}  // namespace rollcall::kql
