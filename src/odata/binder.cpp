#include "odata/binder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/check.hpp"
#include "odata/literal.hpp"

namespace rollcall::odata {
namespace {

using sql::ExprPtr;
using Op = sql::BinaryOperator;
using A = ast::BinaryOperator;

// Pairs of pairs, so that a thousand conditions nest ten deep and not a thousand.
ExprPtr balanced(Op op, std::vector<ExprPtr>& parts, std::size_t begin, std::size_t end) {
  if (end - begin == 1) return parts[begin];
  const auto middle = begin + (end - begin) / 2;
  return sql::binary(op, balanced(op, parts, begin, middle), balanced(op, parts, middle, end));
}

ExprPtr null_is_false(ExprPtr expr) {
  return sql::call("coalesce", {std::move(expr), sql::literal(false)});
}
ExprPtr is_null(ExprPtr expr) { return sql::unary(sql::UnaryOperator::is_null, std::move(expr)); }
ExprPtr is_not_null(ExprPtr expr) {
  return sql::unary(sql::UnaryOperator::is_not_null, std::move(expr));
}

Op comparison_operator(A op) {
  switch (op) {
    case A::gt:
      return Op::greater;
    case A::ge:
      return Op::greater_equal;
    case A::lt:
      return Op::less;
    case A::le:
      return Op::less_equal;
    default:
      CHECK(false);
  }
}

bool is_time(Type type) { return type == Type::datetime || type == Type::date; }

Bound truth(ExprPtr expr, bool nullable) { return {std::move(expr), Type::boolean, nullable}; }

}  // namespace

bool is_number(Type type) { return type == Type::integer || type == Type::real; }

Result<ExprPtr> Binder::filter(const ast::Expr& expr) {
  TRY(auto bound, condition(expr, Nulls::as_false));
  return bound.sql;
}

Result<Bound> Binder::condition(const ast::Expr& expr, Nulls nulls) {
  Bound bound;
  if (const auto* binary = std::get_if<ast::Binary>(&expr.node)) {
    if (binary->op == A::and_ || binary->op == A::or_) return chain(*binary, nulls);
    if (binary->op >= A::eq && binary->op <= A::le) return comparison(*binary, expr.span, nulls);
    TRY(bound, arithmetic(*binary, expr.span));
  } else if (const auto* unary = std::get_if<ast::Unary>(&expr.node);
             unary != nullptr && unary->op == ast::UnaryOperator::not_) {
    TRY(auto operand, condition(*unary->operand, Nulls::exact));
    return truth(sql::unary(sql::UnaryOperator::not_, std::move(operand.sql)), operand.nullable);
  } else if (const auto* in = std::get_if<ast::In>(&expr.node)) {
    return membership(*in, nulls);
  } else {
    TRY(bound, value(expr));
  }
  if (bound.type == Type::boolean || bound.type == Type::null) return bound;
  return fail("ODATA0110",
              fmt::format("this is {}, where a condition is expected", describe(bound.type)),
              expr.span);
}

Result<Bound> Binder::chain(const ast::Binary& node, Nulls nulls) {
  std::vector<const ast::Expr*> operands;
  const std::function<void(const ast::Expr&)> collect = [&](const ast::Expr& expr) {
    const auto* binary = std::get_if<ast::Binary>(&expr.node);
    if (binary == nullptr || binary->op != node.op) return operands.push_back(&expr);
    collect(*binary->left);
    collect(*binary->right);
  };
  collect(*node.left);
  collect(*node.right);
  std::vector<ExprPtr> parts;
  bool nullable = false;
  for (const auto* operand : operands) {
    TRY(auto bound, condition(*operand, nulls));
    nullable = nullable || bound.nullable;
    parts.push_back(std::move(bound.sql));
  }
  return truth(balanced(node.op == A::and_ ? Op::and_ : Op::or_, parts, 0, parts.size()), nullable);
}

// Makes both sides comparable, or says why they are not.
Result<void> Binder::unify(Bound& left, Bound& right, Span span) {
  if (left.type == right.type || left.type == Type::null || right.type == Type::null) {
    if (left.type != Type::json && right.type != Type::json) return {};
  }
  if (is_number(left.type) && is_number(right.type)) return {};
  if (is_time(left.type) && is_time(right.type)) return {};
  for (auto [one, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
    if (!one->literal) continue;
    if (one->type == Type::text && is_time(other->type))
      return convert(*one, Conversion::text_to_datetime, Type::datetime);
    if (one->type == Type::integer && other->type == Type::boolean) {
      return convert(*one, Conversion::number_to_boolean, Type::boolean);
    }
  }
  if (left.type == Type::json || right.type == Type::json) {
    return fail("ODATA0106", "a JSON value cannot be compared", span);
  }
  return fail(
      "ODATA0106",
      fmt::format("{} cannot be compared with {}", describe(left.type), describe(right.type)),
      span);
}

Result<void> Binder::convert(Bound& bound, Conversion conversion, Type type) {
  CHECK(bound.literal.has_value());
  bound.type = type;
  TRY(auto converted, value_of(*bound.literal, conversion));
  if (as_slots_) {
    conversions_.at(bound.slot) = conversion;
  } else {
    bound.sql = sql::parameter(std::move(converted));
  }
  return {};
}

Result<Bound> Binder::comparison(const ast::Binary& node, Span span, Nulls nulls) {
  TRY(auto left, value(*node.left));
  TRY(auto right, value(*node.right));
  if (left.many && right.type != Type::null)
    return among(std::move(left), std::move(right), node.op, span);
  if (right.many && left.type != Type::null)
    return among(std::move(right), std::move(left), node.op, span);
  if (!left.many && !right.many) TRY_DO(unify(left, right, span));
  const bool left_null = left.type == Type::null, right_null = right.type == Type::null;
  const bool equality = node.op == A::eq || node.op == A::ne;
  if (left_null || right_null) {
    const bool true_of_nulls = node.op == A::eq || node.op == A::ge || node.op == A::le;
    if (left_null && right_null) return truth(sql::literal(true_of_nulls), false);
    auto& other = left_null ? right : left;
    // PostgreSQL wants to know of what type a mark is, and this would not tell it.
    if (other.literal) return truth(sql::literal(node.op == A::ne), false);
    if (node.op == A::ne) return truth(is_not_null(std::move(other.sql)), false);
    return truth(true_of_nulls ? is_null(std::move(other.sql)) : sql::literal(false), false);
  }
  const bool either_nullable = left.nullable || right.nullable;
  const bool both_nullable = left.nullable && right.nullable;
  const bool plain = !either_nullable || (nulls == Nulls::as_false && !both_nullable);
  if (equality) {
    const bool equals = node.op == A::eq;
    if (!either_nullable || (plain && equals)) {
      return truth(sql::binary(equals ? Op::equal : Op::not_equal, left.sql, right.sql),
                   either_nullable);
    }
    return truth(
        sql::binary(equals ? Op::is_not_distinct_from : Op::is_distinct_from, left.sql, right.sql),
        false);
  }
  if (left.type == Type::text) right.sql = sql::call("as_bytes", {right.sql});
  auto compared = sql::binary(comparison_operator(node.op), left.sql, right.sql);
  if (both_nullable && (node.op == A::ge || node.op == A::le)) {
    auto both = sql::binary(Op::and_, is_null(left.sql), is_null(right.sql));
    return truth(sql::binary(Op::or_, null_is_false(std::move(compared)), std::move(both)), false);
  }
  if (!either_nullable || nulls == Nulls::as_false)
    return truth(std::move(compared), either_nullable);
  return truth(null_is_false(std::move(compared)), false);
}

// One choice among several, as SharePoint's lists are asked: the JSON text of it stands in the
// array's.
Result<Bound> Binder::among(Bound many, Bound one, ast::BinaryOperator op, Span span) {
  if (!one.literal || one.type != Type::text || (op != A::eq && op != A::ne)) {
    return fail("ODATA0106",
                "several choices are compared with one, as in Tags eq 'a' or Tags ne 'a'", span);
  }
  TRY_DO(convert(one, Conversion::text_to_json, Type::text));
  auto found = null_is_false(sql::binary(Op::greater, sql::call("instr", {many.sql, one.sql}),
                                         sql::literal(std::int64_t{0})));
  return truth(op == A::eq ? found : sql::unary(sql::UnaryOperator::not_, std::move(found)), false);
}

Result<Bound> Binder::membership(const ast::In& node, Nulls nulls) {
  if (!node.is_list) {
    return fail("ODATA0106", "what stands behind 'in' is no list; write in ('a','b')",
                node.list.front()->span);
  }
  TRY(auto operand, value(*node.operand));
  std::vector<ExprPtr> items;
  bool holds_null = false;
  for (const auto& one : node.list) {
    TRY(auto item, value(*one));
    TRY_DO(unify(operand, item, one->span));
    if (item.type == Type::null) {
      holds_null = true;
    } else {
      items.push_back(std::move(item.sql));
    }
  }
  auto test = sql::make(sql::InList{operand.sql, std::move(items)});
  const bool nullable = operand.nullable;
  if (nullable && (nulls == Nulls::exact || holds_null)) test = null_is_false(std::move(test));
  if (holds_null && nullable) test = sql::binary(Op::or_, std::move(test), is_null(operand.sql));
  return truth(std::move(test), nullable && nulls == Nulls::as_false && !holds_null);
}

Result<Bound> Binder::value(const ast::Expr& expr) {
  struct Visitor {
    Binder& binder;
    const ast::Expr& expr;
    Result<Bound> operator()(const ast::Null&) const { return Bound{sql::null(), Type::null}; }
    Result<Bound> operator()(const ast::Boolean& node) const {
      return truth(sql::literal(node.value), false);
    }
    Result<Bound> operator()(const ast::Literal& node) const { return binder.literal(node); }
    Result<Bound> operator()(const ast::Path& node) const {
      return binder.property(node, expr.span);
    }
    Result<Bound> operator()(const ast::Call& node) const {
      return binder.function(node, expr.span);
    }
    Result<Bound> operator()(const ast::Unary& node) const {
      if (node.op == ast::UnaryOperator::not_) return binder.condition(expr, Nulls::exact);
      return binder.negation(node);
    }
    Result<Bound> operator()(const ast::Binary& node) const {
      if (node.op <= A::le) return binder.condition(expr, Nulls::exact);
      return binder.arithmetic(node, expr.span);
    }
    Result<Bound> operator()(const ast::In&) const { return binder.condition(expr, Nulls::exact); }
    Result<Bound> operator()(const ast::Json&) const {
      return fail("ODATA0109", "lists have no arrays and objects to compare with", expr.span);
    }
  };
  return std::visit(Visitor{*this, expr}, expr.node);
}

Result<Bound> Binder::literal(const ast::Literal& node) {
  Bound bound;
  bound.type = type_of(node.token);
  bound.nullable = node.token.content == "NaN" && node.token.kind == TokenKind::real;
  bound.literal = node.token;
  bound.slot = node.index;
  TRY(auto value, value_of(node.token, Conversion::as_it_is));
  bound.sql = as_slots_ ? sql::make(sql::Slot{node.index}) : sql::parameter(std::move(value));
  return bound;
}

Result<Bound> Binder::property(const ast::Path& path, Span span) {
  std::string name;
  for (const auto& segment : path.segments) {
    if (&segment == &path.segments.front() && (segment.name == "$it" || segment.name == "$this"))
      continue;
    if (segment.has_arguments || segment.name.starts_with('$') || segment.name.starts_with('@')) {
      const bool lambda =
          segment.predicate != nullptr || segment.name == "any" || segment.name == "all";
      if (lambda && !name.empty() && schema_.find(name) == nullptr) break;
      return fail("ODATA0109",
                  fmt::format("lists have nothing like '{}'",
                              segment.name.empty() ? "a key" : segment.name),
                  segment.span);
    }
    if (!name.empty()) name += '/';
    name += segment.name;
  }
  if (const auto* found = schema_.find(name)) {
    Bound bound{value_of(*found), found->type, found->nullable};
    bound.many = found->many;
    return bound;
  }
  const auto nearest = schema_.nearest(name);
  return fail("ODATA0103",
              nearest.empty()
                  ? fmt::format("unknown property '{}'", name)
                  : fmt::format("unknown property '{}'; did you mean '{}'?", name, nearest),
              span);
}

Result<Bound> Binder::function(const ast::Call& node, Span) {
  std::vector<Bound> arguments;
  for (const auto& argument : node.arguments) {
    TRY(auto bound, value(*argument));
    arguments.push_back(std::move(bound));
  }
  return bind_function(*this, node, std::move(arguments));
}

Result<Bound> Binder::negation(const ast::Unary& node) {
  TRY(auto operand, value(*node.operand));
  if (!is_number(operand.type) && operand.type != Type::duration && operand.type != Type::null) {
    return fail("ODATA0106", fmt::format("{} has no negative", describe(operand.type)),
                node.operand->span);
  }
  return Bound{sql::unary(sql::UnaryOperator::negate, operand.sql), operand.type, operand.nullable};
}

Result<Bound> Binder::arithmetic(const ast::Binary& node, Span span) {
  if (node.op == A::has)
    return fail("ODATA0109", "lists have no flags, so 'has' has no meaning", span);
  TRY(auto left, value(*node.left));
  TRY(auto right, value(*node.right));
  const bool null = left.type == Type::null || right.type == Type::null;
  if (null) return Bound{sql::null(), Type::null};
  Bound result{nullptr, Type::real, left.nullable || right.nullable};
  const bool numbers = is_number(left.type) && is_number(right.type);
  const bool integers = left.type == Type::integer && right.type == Type::integer;
  if (integers) result.type = Type::integer;
  if (!numbers) {  // datetime ± duration, datetime - datetime, duration ± duration
    const bool span_right = right.type == Type::duration;
    const bool adds = node.op == A::add || node.op == A::sub;
    if (adds && span_right && (is_time(left.type) || left.type == Type::duration)) {
      result.type = left.type == Type::duration ? Type::duration : Type::datetime;
    } else if (node.op == A::sub && is_time(left.type) && is_time(right.type)) {
      result.type = Type::duration;
    } else if (node.op == A::add && left.type == Type::duration && is_time(right.type)) {
      result.type = Type::datetime;
    } else {
      return fail("ODATA0106",
                  fmt::format("{} and {} cannot be calculated with so", describe(left.type),
                              describe(right.type)),
                  span);
    }
  }
  switch (node.op) {
    case A::add:
      result.sql = sql::binary(Op::add, left.sql, right.sql);
      break;
    case A::sub:
      result.sql = sql::binary(Op::subtract, left.sql, right.sql);
      break;
    case A::mul:
      result.sql = sql::binary(Op::multiply, left.sql, right.sql);
      break;
    case A::div:
    case A::divby:
      result.nullable = true;  // by zero
      if (node.op == A::divby) result.type = Type::real;
      result.sql = sql::binary(integers && node.op == A::div ? Op::integer_divide : Op::divide,
                               left.sql, right.sql);
      break;
    case A::mod:
      result.nullable = true;
      result.sql = integers ? sql::binary(Op::modulo, left.sql, right.sql)
                            : sql::call("mod", {left.sql, right.sql});
      break;
    default:
      CHECK(false);
  }
  return result;
}

}  // namespace rollcall::odata
