#include "kql/scalar.hpp"

#include <cmath>

#include "base/utf8.hpp"
#include "kql/native_table.hpp"

// Bound scalars: constants, folding, conversions.

namespace rollcall::kql {

// --- constants
// --------------------------------------------------------------------------------------

Scalar null_of(Type type) {
  if (type == Type::string) return text_constant("");
  return {sql::cast(sql::null(), storage_of(type)), type, true, "", {}};
}

Scalar constant_of(Type type, sql::Value value) {
  if (std::holds_alternative<std::monostate>(value)) return null_of(type);
  const auto storage = storage_of(type);
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    return {sql::cast(sql::literal(*number), storage), type, false, "", {}};
  }
  if (const auto* number = std::get_if<double>(&value);
      number != nullptr && std::isfinite(*number)) {
    return {sql::cast(sql::literal(*number), storage), type, false, "", {}};
  }
  if (const auto* truth = std::get_if<bool>(&value)) {
    return {sql::literal(*truth), type, false, "", {}};
  }
  return {sql::cast(sql::parameter(std::move(value)), storage), type, false, "", {}};
}

Scalar text_constant(std::string text) { return constant_of(Type::string, std::move(text)); }
Scalar long_constant(std::int64_t value) { return constant_of(Type::long_integer, value); }
Scalar bool_constant(bool value) { return constant_of(Type::boolean, value); }
Scalar unknown_scalar() { return {sql::null(), Type::unknown, true, "", {}}; }

std::optional<sql::Value> value_of(const sql::ExprPtr& expr) {
  if (const auto* parameter = std::get_if<sql::Parameter>(&expr->node)) return parameter->value;
  if (const auto* literal = std::get_if<sql::Literal>(&expr->node)) {
    return std::visit([](const auto& value) { return sql::Value(value); }, literal->value);
  }
  if (const auto* cast = std::get_if<sql::Cast>(&expr->node)) return value_of(cast->operand);
  return std::nullopt;
}

std::optional<std::int64_t> whole_value_of(const Scalar& scalar) {
  const auto value = value_of(scalar);
  if (!value) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(&*value)) return *number;
  if (const auto* number = std::get_if<double>(&*value)) return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

std::optional<std::string> text_value_of(const Scalar& scalar) {
  const auto value = value_of(scalar);
  if (!value) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&*value)) return *text;
  return std::nullopt;
}

// --- making SQL
// -------------------------------------------------------------------------------------

namespace {

Type type_of_letter(char letter) {
  switch (letter) {
    case 'l':
      return Type::long_integer;
    case 'i':
      return Type::integer;
    case 'r':
      return Type::real;
    case 'm':
      return Type::decimal;
    case 'b':
      return Type::boolean;
    case 'd':
      return Type::datetime;
    case 't':
      return Type::timespan;
    case 'j':
      return Type::dynamic;
    case 'g':
      return Type::guid;
    default:
      return Type::string;
  }
}

std::optional<Argument> argument_of(const sql::Value& value, char letter) {
  return std::visit(
      [&](const auto& v) -> std::optional<Argument> {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return Argument(std::string_view(v));
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          if (letter == 'r') return Argument(static_cast<double>(v));
          return Argument(v);
        } else if constexpr (std::is_same_v<T, sql::Blob>) {
          return std::nullopt;
        } else {
          return Argument(v);
        }
      },
      value);
}

// The call's value when all its arguments are constant.
std::optional<sql::ExprPtr> folded(const Native& function,
                                   const std::vector<sql::ExprPtr>& arguments) {
  const Signature signature = signature_of(function);
  if (signature.result == 'L') return std::nullopt;
  std::vector<sql::Value> values;
  std::vector<Argument> cells;
  values.reserve(arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto value = value_of(arguments[i]);
    if (!value) return std::nullopt;
    values.push_back(*std::move(value));
    const auto cell = argument_of(values.back(), signature.letter(i));
    if (!cell) return std::nullopt;
    cells.push_back(*cell);
  }
  Scratch scratch;
  const Cell cell = function.evaluate(cells, scratch);
  sql::Value value;
  if (const auto* b = std::get_if<bool>(&cell)) value = *b;
  if (const auto* n = std::get_if<std::int64_t>(&cell)) value = *n;
  if (const auto* r = std::get_if<double>(&cell)) value = *r;
  if (const auto* s = std::get_if<std::string>(&cell)) value = is_utf8(*s) ? *s : repaired_utf8(*s);
  return constant_of(type_of_letter(signature.result), std::move(value)).sql;
}

}  // namespace

sql::ExprPtr native(std::string_view name, std::vector<sql::ExprPtr> arguments) {
  std::string full = "kql_" + std::string(name);
  if (const Native* function = find_native(full)) {
    if (auto value = folded(*function, arguments)) return *value;
  }
  return sql::call(std::move(full), std::move(arguments));
}

sql::ExprPtr equal(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::equal, std::move(a), std::move(b));
}
sql::ExprPtr is_null(sql::ExprPtr a) {
  return sql::unary(sql::UnaryOperator::is_null, std::move(a));
}
sql::ExprPtr not_null(sql::ExprPtr a) {
  return sql::unary(sql::UnaryOperator::is_not_null, std::move(a));
}
sql::ExprPtr negated(sql::ExprPtr a) { return sql::unary(sql::UnaryOperator::not_, std::move(a)); }
sql::ExprPtr coalesce(sql::ExprPtr a, sql::ExprPtr otherwise) {
  return sql::call("coalesce", {std::move(a), std::move(otherwise)});
}
sql::ExprPtr when(sql::ExprPtr condition, sql::ExprPtr then, sql::ExprPtr otherwise) {
  return sql::make(sql::Case{{{std::move(condition), std::move(then)}}, std::move(otherwise)});
}
sql::ExprPtr add(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::add, std::move(a), std::move(b));
}
sql::ExprPtr subtract(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::subtract, std::move(a), std::move(b));
}
sql::ExprPtr multiply(sql::ExprPtr a, sql::ExprPtr b) {
  return sql::binary(sql::BinaryOperator::multiply, std::move(a), std::move(b));
}
sql::ExprPtr big(std::int64_t value) { return sql::cast(sql::literal(value), sql::Type::bigint); }

sql::ExprPtr balanced(sql::BinaryOperator op, std::vector<sql::ExprPtr> operands) {
  while (operands.size() > 1) {
    std::vector<sql::ExprPtr> halved;
    for (std::size_t i = 0; i + 1 < operands.size(); i += 2) {
      halved.push_back(sql::binary(op, operands[i], operands[i + 1]));
    }
    if (operands.size() % 2 == 1) halved.push_back(operands.back());
    operands = std::move(halved);
  }
  return operands.empty() ? nullptr : operands.front();
}

sql::ExprPtr concat(std::vector<sql::ExprPtr> parts) {
  if (parts.empty()) return text_constant("").sql;
  return balanced(sql::BinaryOperator::concat, std::move(parts));
}

// --- conversions
// ------------------------------------------------------------------------------------

sql::ExprPtr to_text(const Scalar& s) {
  if (s.type == Type::string) return s.sql;
  if (auto value = value_of(s); value && std::holds_alternative<std::monostate>(*value)) {
    return text_constant("").sql;
  }
  switch (s.type) {
    case Type::string:
      return s.sql;
    case Type::boolean:
      return native("_bool_text", {s.sql});
    case Type::integer:
    case Type::long_integer:
      if (value_of(s)) return native("_long_text", {s.sql});
      return coalesce(sql::cast(s.sql, sql::Type::text), text_constant("").sql);
    case Type::real:
      return native("_real_text", {s.sql});
    case Type::decimal:
      return native("_decimal_text", {s.sql});
    case Type::datetime:
      return native("_datetime_text", {s.sql});
    case Type::timespan:
      return native("_timespan_text", {s.sql});
    case Type::dynamic:
      return native("_dynamic_text", {s.sql});
    case Type::guid:
      return coalesce(s.sql, text_constant("").sql);
    case Type::unknown:
      break;
  }
  return s.sql;
}

sql::ExprPtr to_json(const Scalar& s) {
  switch (s.type) {
    case Type::string:
      return native("_json_string", {s.sql});
    case Type::boolean:
      return native("_json_bool", {s.sql});
    case Type::integer:
    case Type::long_integer:
      return native("_json_long", {s.sql});
    case Type::real:
      return native("_json_real", {s.sql});
    case Type::decimal:
      return native("_json_decimal", {s.sql});
    case Type::datetime:
      return native("_json_datetime", {s.sql});
    case Type::timespan:
      return native("_json_timespan", {s.sql});
    case Type::dynamic:
      return coalesce(s.sql, text_constant("null").sql);
    case Type::guid:
      return native("_json_guid", {s.sql});
    case Type::unknown:
      break;
  }
  return s.sql;
}

namespace {

std::string_view conversion_native(Type from, Type to) {
  if (from == Type::dynamic) {
    switch (to) {
      case Type::boolean:
        return "_dynamic_bool";
      case Type::integer:
        return "_dynamic_int";
      case Type::long_integer:
        return "_dynamic_long";
      case Type::real:
        return "_dynamic_real";
      case Type::decimal:
        return "_dynamic_decimal";
      case Type::datetime:
        return "_dynamic_datetime";
      case Type::timespan:
        return "_dynamic_timespan";
      case Type::guid:
        return "_dynamic_guid";
      case Type::string:
      case Type::dynamic:
      case Type::unknown:
        return "";
    }
  }
  if (from == Type::string || from == Type::guid) {
    switch (to) {
      case Type::boolean:
        return "_text_bool";
      case Type::integer:
        return "_text_int";
      case Type::long_integer:
        return "_text_long";
      case Type::real:
        return "_text_real";
      case Type::decimal:
        return "_text_decimal";
      case Type::datetime:
        return "_text_datetime";
      case Type::timespan:
        return "_text_timespan";
      case Type::guid:
        return "_text_guid";
      case Type::dynamic:
        return "_parse_json";
      case Type::string:
      case Type::unknown:
        return "";
    }
  }
  if (from == Type::decimal) {
    switch (to) {
      case Type::boolean:
        return "_decimal_bool";
      case Type::integer:
        return "_decimal_int";
      case Type::long_integer:
        return "_decimal_long";
      case Type::real:
        return "_decimal_real";
      case Type::decimal:
      case Type::string:
      case Type::datetime:
      case Type::timespan:
      case Type::dynamic:
      case Type::guid:
      case Type::unknown:
        return "";
    }
  }
  return "";
}

}  // namespace

Scalar convert(Scalar s, Type type) {
  if (s.type == type || s.type == Type::unknown || type == Type::unknown) return s;
  if (auto value = value_of(s); value && std::holds_alternative<std::monostate>(*value)) {
    return null_of(type);
  }
  Scalar result{nullptr, type, true, s.name, {}};
  if (const auto name = conversion_native(s.type, type); !name.empty()) {
    result.sql = native(name, {s.sql});
    return result;
  }
  if (type == Type::string) {
    result.sql = to_text(s);
    result.nullable = false;
    return result;
  }
  if (type == Type::dynamic) {
    result.sql =
        s.nullable ? when(is_null(s.sql), null_of(Type::dynamic).sql, to_json(s)) : to_json(s);
    result.nullable = s.nullable;
    return result;
  }
  result.nullable = s.nullable;
  const bool from_real = s.type == Type::real;
  const auto constant = value_of(s);
  switch (type) {
    case Type::integer:
      if (constant)
        return constant_of(type, value_of(native("_to_int", {convert(s, Type::real).sql})).value());
      result.sql =
          from_real ? native("_to_int", {s.sql}) : sql::try_cast(s.sql, sql::Type::integer);
      result.nullable = true;
      return result;
    case Type::long_integer:
      result.sql = from_real ? native("_to_long", {s.sql}) : sql::cast(s.sql, sql::Type::bigint);
      return result;
    case Type::decimal:
      result.sql = from_real ? native("_real_decimal", {s.sql})
                             : native("_long_decimal", {convert(s, Type::long_integer).sql});
      result.nullable = s.nullable || from_real;
      return result;
    case Type::real:
      if (constant && std::holds_alternative<std::int64_t>(*constant)) {
        return constant_of(type, static_cast<double>(std::get<std::int64_t>(*constant)));
      }
      result.sql = sql::cast(s.sql, sql::Type::real);
      return result;
    case Type::boolean:
      result.sql =
          sql::binary(sql::BinaryOperator::not_equal, s.sql, sql::literal(std::int64_t{0}));
      return result;
    case Type::datetime:
    case Type::timespan:
      if (is_numeric(s.type)) {
        // a number of days
        result.sql = type == Type::timespan ? native("_days_timespan", {convert(s, Type::real).sql})
                                            : convert(s, Type::long_integer).sql;
        return result;
      }
      return null_of(type);
    case Type::guid:
    case Type::string:
    case Type::dynamic:
    case Type::unknown:
      break;
  }
  return null_of(type);
}

bool converts_implicitly(Type from, Type to) {
  if (from == to || from == Type::unknown || to == Type::unknown || from == Type::dynamic)
    return true;
  if (is_numeric(from) && is_numeric(to)) return true;
  return false;
}

}  // namespace rollcall::kql
