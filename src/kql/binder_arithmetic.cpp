#include "kql/binder.hpp"

// + - * / % over numbers, datetimes and timespans. Two integers of any width give a long.

namespace rollcall::kql {
namespace {

using sql::BinaryOperator;

struct Operands {
  std::string_view op;
  Scalar left, right;
  bool nullable() const { return left.nullable || right.nullable; }
};

std::optional<std::int64_t> whole_of(const sql::ExprPtr& expr) {
  const auto value = value_of(expr);
  if (!value) return std::nullopt;
  if (const auto* n = std::get_if<std::int64_t>(&*value)) return *n;
  return std::nullopt;
}

bool is_simple(const sql::ExprPtr& expr) {
  if (const auto* cast = std::get_if<sql::Cast>(&expr->node)) return is_simple(cast->operand);
  return std::holds_alternative<sql::Column>(expr->node) || value_of(expr).has_value();
}

// Whether the operand is no farther from 0 than this: now, or a test of it.
sql::ExprPtr is_within(const sql::ExprPtr& expr, std::int64_t limit) {
  if (const auto value = whole_of(expr)) return sql::literal(*value >= -limit && *value <= limit);
  return sql::binary(BinaryOperator::and_,
                     sql::binary(BinaryOperator::greater_equal, expr, big(-limit)),
                     sql::binary(BinaryOperator::less_equal, expr, big(limit)));
}

// Beyond 64 bits a long goes round, where DuckDB has an error; near numbers go DuckDB's fast way.
sql::ExprPtr going_round(const sql::ExprPtr& a, const sql::ExprPtr& b, std::string_view op,
                         const sql::ExprPtr& plain) {
  const auto wrapped = native("_wrapped", {a, b, sql::literal(std::string(op))});
  if (!is_simple(a) || !is_simple(b)) return wrapped;
  const std::int64_t limit = op == "*" ? std::int64_t{1} << 31 : std::int64_t{1} << 62;
  return when(sql::binary(BinaryOperator::and_, is_within(a, limit), is_within(b, limit)), plain,
              wrapped);
}

// Whole numbers and ticks. Constants are folded; a division by zero is null; the rest of a division
// is never negative.
Scalar whole_arithmetic(const Operands& in, Type type) {
  const auto a = whole_of(in.left.sql), b = whole_of(in.right.sql);
  if (a && b) {
    std::int64_t value = 0;
    if (in.op == "+") __builtin_add_overflow(*a, *b, &value);
    if (in.op == "-") __builtin_sub_overflow(*a, *b, &value);
    if (in.op == "*") __builtin_mul_overflow(*a, *b, &value);
    if ((in.op == "/" || in.op == "%") && (*b == 0 || (*a == INT64_MIN && *b == -1)))
      return null_of(type);
    if (in.op == "/") value = *a / *b;
    if (in.op == "%") {
      value = *a % *b;
      if (value < 0) value += *b < 0 ? -*b : *b;
    }
    return constant_of(type, value);
  }
  const auto big_left = sql::cast(in.left.sql, sql::Type::bigint),
             big_right = sql::cast(in.right.sql, sql::Type::bigint);
  Scalar result{nullptr, type, in.nullable(), "", {}};
  const auto made = [&](const sql::ExprPtr& plain) {
    return type == Type::long_integer ? going_round(big_left, big_right, in.op, plain) : plain;
  };
  if (in.op == "+") {
    result.sql = made(add(big_left, big_right));
  } else if (in.op == "-") {
    result.sql = a && *a == 0 ? sql::unary(sql::UnaryOperator::negate, big_right)
                              : made(subtract(big_left, big_right));
  } else if (in.op == "*") {
    result.sql = made(multiply(big_left, big_right));
  } else if (in.op == "/") {
    result.sql = sql::binary(BinaryOperator::integer_divide, big_left, big_right);
    result.nullable = result.nullable || !b || *b == 0;
  } else {
    const auto divisor = b ? big(*b < 0 ? -*b : *b) : sql::call("abs", {big_right});
    const auto rest = sql::binary(BinaryOperator::modulo, big_left, divisor);
    result.sql = sql::binary(BinaryOperator::modulo, add(rest, divisor), divisor);
    result.nullable = true;
  }
  return result;
}

Scalar decimal_arithmetic(const Operands& in) {
  const char* function = in.op == "+"   ? "_decimal_add"
                         : in.op == "-" ? "_decimal_subtract"
                         : in.op == "*" ? "_decimal_multiply"
                         : in.op == "/" ? "_decimal_divide"
                                        : "_decimal_modulo";
  return {
      native(function, {convert(in.left, Type::decimal).sql, convert(in.right, Type::decimal).sql}),
      Type::decimal,
      true,
      "",
      {}};
}

Scalar real_arithmetic(const Operands& in, Type type) {
  const Scalar left = convert(in.left, Type::real), right = convert(in.right, Type::real);
  Scalar result{nullptr, type, in.nullable(), "", {}};
  if (in.op == "+") result.sql = add(left.sql, right.sql);
  if (in.op == "-") result.sql = subtract(left.sql, right.sql);
  if (in.op == "*") result.sql = multiply(left.sql, right.sql);
  if (in.op == "/") {
    // DuckDB: 0.0 / 0 is NULL where Kusto has NaN
    result.sql = native("_divide", {left.sql, right.sql});
    if (const auto b = value_of(right);
        b && std::get_if<double>(&*b) != nullptr && *std::get_if<double>(&*b) != 0) {
      result.sql = sql::binary(BinaryOperator::divide, left.sql, right.sql);
    }
  }
  if (in.op == "%") result.sql = native("_modulo", {left.sql, right.sql});
  const auto a = value_of(left), b = value_of(right);
  if (a && b && std::holds_alternative<double>(*a) && std::holds_alternative<double>(*b)) {
    const double x = std::get<double>(*a), y = std::get<double>(*b);
    if (in.op == "+") return constant_of(type, x + y);
    if (in.op == "-") return constant_of(type, x - y);
    if (in.op == "*") return constant_of(type, x * y);
  }
  return result;
}

// timespan × number and timespan ÷ number: whole ticks, cut off
Scalar scaled(const Scalar& span, const Scalar& number, std::string_view op) {
  if (is_integral(number.type)) return whole_arithmetic({op, span, number}, Type::timespan);
  const Scalar real = real_arithmetic({op, span, number}, Type::real);
  Scalar ticks{native("_to_long", {real.sql}), Type::timespan, true, "", {}};
  return ticks;
}

std::optional<Scalar> time_arithmetic(const Operands& in) {
  const Type a = in.left.type, b = in.right.type;
  const bool plus = in.op == "+", minus = in.op == "-";
  if (a == Type::datetime && b == Type::datetime && minus)
    return whole_arithmetic(in, Type::timespan);
  if (a == Type::datetime && b == Type::timespan && (plus || minus))
    return whole_arithmetic(in, Type::datetime);
  if (a == Type::timespan && b == Type::datetime && plus)
    return whole_arithmetic(in, Type::datetime);
  if (a == Type::timespan && b == Type::timespan) {
    if (plus || minus || in.op == "%") return whole_arithmetic(in, Type::timespan);
    if (in.op == "/")
      return real_arithmetic({in.op,
                              {in.left.sql, Type::long_integer, in.left.nullable, "", {}},
                              {in.right.sql, Type::long_integer, in.right.nullable, "", {}}},
                             Type::real);
  }
  if (a == Type::datetime && b == Type::timespan && in.op == "%")
    return whole_arithmetic(in, Type::timespan);
  if (a == Type::timespan && is_numeric(b) && (in.op == "*" || in.op == "/"))
    return scaled(in.left, in.right, in.op);
  if (is_numeric(a) && b == Type::timespan && in.op == "*") return scaled(in.right, in.left, in.op);
  // -1h is 0 - 1h
  if (is_integral(a) && b == Type::timespan && minus && whole_value_of(in.left) == 0)
    return whole_arithmetic(in, Type::timespan);
  return std::nullopt;
}

}  // namespace

Scalar Binder::arithmetic(std::string_view op, Scalar left, Scalar right, Span span) {
  if (left.type == Type::unknown || right.type == Type::unknown) return unknown_scalar();
  // A dynamic takes the other side's type; two of them are reals.
  if (left.type == Type::dynamic && right.type == Type::dynamic) {
    left = convert(std::move(left), Type::real);
    right = convert(std::move(right), Type::real);
  } else if (left.type == Type::dynamic) {
    left = convert(std::move(left),
                   right.type == Type::timespan && op == "+" ? Type::datetime : right.type);
  } else if (right.type == Type::dynamic) {
    right = convert(std::move(right), left.type);
  }
  if (auto time = time_arithmetic({op, left, right})) return *time;
  if (is_numeric(left.type) && is_numeric(right.type)) {
    const auto either = [&](Type t) { return left.type == t || right.type == t; };
    if (either(Type::decimal)) return decimal_arithmetic({op, left, right});
    if (either(Type::real)) return real_arithmetic({op, left, right}, Type::real);
    return whole_arithmetic({op, left, right}, Type::long_integer);
  }
  return mistake(
      "KQL0106", span,
      fmt::format("'{}' takes no {} and {}", op, name_of(left.type), name_of(right.type)));
}

}  // namespace rollcall::kql
