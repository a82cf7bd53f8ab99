#include "kql/functions.hpp"

// Numbers and bins: what follows its argument's type.

namespace rollcall::kql {
namespace {

// The greatest multiple of the size not above the value, counted from 0 or from 0001-01-01.
Scalar floored(Binder& binder, const Scalar& value, const Scalar& size, Span span) {
  if (value.type == Type::unknown || size.type == Type::unknown) return unknown_scalar();
  Type type = value.type;
  if ((type == Type::datetime || type == Type::timespan) != (size.type == Type::timespan)) {
    return binder.mistake("KQL0106", span,
                          fmt::format("bin takes no {} and {}", name_of(type), name_of(size.type)));
  }
  if (type == Type::real || type == Type::decimal || size.type == Type::real ||
      size.type == Type::decimal) {
    return {native("_bin_real", {convert(value, Type::real).sql, convert(size, Type::real).sql}),
            Type::real,
            true,
            value.name,
            {}};
  }
  if (type == Type::integer && size.type == Type::long_integer) type = Type::integer;
  const auto width = whole_value_of(size);
  if (value.type == Type::datetime && width && *width > 0) {
    // never negative: plain arithmetic, which the database sees through
    return {subtract(value.sql, sql::binary(sql::BinaryOperator::modulo, value.sql, big(*width))),
            type,
            value.nullable,
            value.name,
            {}};
  }
  auto floor = native("_bin_whole", {sql::cast(value.sql, sql::Type::bigint),
                                     sql::cast(size.sql, sql::Type::bigint)});
  if (type == Type::integer) floor = sql::cast(floor, sql::Type::integer);
  return {floor, type, true, value.name, {}};
}

Scalar typed_value(const Scalar& scalar, Type other) {
  if (scalar.type == Type::dynamic)
    return convert(scalar, other == Type::timespan ? Type::datetime : Type::real);
  return scalar;
}

Scalar bind_bin(Binder& binder, CallSite& site) {
  Scalar size = site.size() > 1 ? site.arguments[1] : long_constant(1);
  if (size.type == Type::dynamic)
    size = convert(size, site.arguments[0].type == Type::datetime ? Type::timespan : Type::real);
  return floored(binder, typed_value(site.arguments[0], size.type), size, site.span);
}

// bin counted from a fixed point.
Scalar bind_bin_at(Binder& binder, CallSite& site) {
  const Scalar& value = site.arguments[0];
  const Scalar& size = site.arguments[1];
  const Scalar fixed = value.type == site.arguments[2].type
                           ? site.arguments[2]
                           : convert(site.arguments[2], value.type);
  const Scalar distance = binder.arithmetic("-", value, fixed, site.span);
  const Scalar steps = floored(binder, distance, size, site.span);
  Scalar result = binder.arithmetic("+", fixed, steps, site.span);
  result.type = value.type;
  return result;
}

Scalar bind_abs(Binder& binder, CallSite& site) {
  Scalar value = site.arguments[0];
  if (value.type == Type::dynamic) value = convert(value, Type::real);
  if (value.type == Type::integer) value = convert(value, Type::long_integer);
  if (!is_numeric(value.type) && value.type != Type::timespan)
    return binder.coerce(value, Type::real, site.span_of(0));
  if (const auto whole = whole_value_of(value); whole && is_integral(value.type))
    return long_constant(*whole < 0 ? -*whole : *whole);
  return {sql::call("abs", {value.sql}), value.type, value.nullable, "", {}};
}

Scalar bind_round(Binder& binder, CallSite& site) {
  const Scalar value = binder.coerce(site.arguments[0], Type::real, site.span_of(0));
  const Scalar places = site.size() > 1
                            ? binder.coerce(site.arguments[1], Type::long_integer, site.span_of(1))
                            : long_constant(0);
  if (value.type == Type::unknown || places.type == Type::unknown) return unknown_scalar();
  if (site.size() < 2 && is_integral(site.arguments[0].type))
    return convert(site.arguments[0], Type::long_integer);
  return {native("_round", {value.sql, places.sql}), Type::real, value.nullable, "", {}};
}

Scalar bind_ceiling(Binder& binder, CallSite& site) {
  const Scalar value = binder.coerce(site.arguments[0], Type::real, site.span_of(0));
  if (value.type == Type::unknown) return value;
  return {sql::call("ceil", {value.sql}), Type::real, value.nullable, "", {}};
}

// around(value, center, width): not farther than the width.
Scalar bind_around(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const Scalar low = binder.arithmetic("-", a[1], a[2], site.span),
               high = binder.arithmetic("+", a[1], a[2], site.span);
  const Scalar above = binder.compare(">=", a[0], low, site.span, false),
               below = binder.compare("<=", a[0], high, site.span, false);
  if (above.type == Type::unknown || below.type == Type::unknown) return unknown_scalar();
  return {sql::binary(sql::BinaryOperator::and_, above.sql, below.sql),
          Type::boolean,
          above.nullable || below.nullable,
          "",
          {}};
}

Scalar bind_sign(Binder& binder, CallSite& site) {
  const Scalar value = binder.coerce(site.arguments[0], Type::real, site.span_of(0));
  if (value.type == Type::unknown) return value;
  const Type type = is_integral(site.arguments[0].type) ? Type::long_integer : Type::real;
  return {
      sql::cast(sql::call("sign", {value.sql}), storage_of(type)), type, value.nullable, "", {}};
}

}  // namespace

std::span<const Builtin> math_builtins() {
  static const Builtin table[] = {
      {"bin", 1, 2, bind_bin},       {"bin_at", 3, 3, bind_bin_at},   {"abs", 1, 1, bind_abs},
      {"round", 1, 2, bind_round},   {"ceiling", 1, 1, bind_ceiling}, {"sign", 1, 1, bind_sign},
      {"around", 3, 3, bind_around},
  };
  return table;
}

}  // namespace rollcall::kql
