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
  if (type == Type::decimal || size.type == Type::decimal) {
    return {native("_decimal_bin",
                   {convert(value, Type::decimal).sql, convert(size, Type::decimal).sql}),
            Type::decimal,
            true,
            value.name,
            {}};
  }
  if (type == Type::real || size.type == Type::real) {
    return {native("_bin_real", {convert(value, Type::real).sql, convert(size, Type::real).sql}),
            Type::real,
            true,
            value.name,
            {}};
  }
  if (type == Type::integer) type = Type::long_integer;
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
  const Scalar value = site.arguments[0].type == Type::integer
                           ? convert(site.arguments[0], Type::long_integer)
                           : site.arguments[0];
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

// bin_at with the size and the fixed point that the request gives.
Scalar bind_bin_auto(Binder& binder, CallSite& site) {
  const auto& options = binder.options();
  const Scalar& value = site.arguments[0];
  const Type size_type = value.type == Type::datetime ? Type::timespan : value.type;
  const Scalar size = convert(text_constant(options.bin_auto_size), size_type);
  if (options.bin_auto_size.empty() ||
      std::holds_alternative<std::monostate>(value_of(size).value_or(std::monostate()))) {
    return binder.mistake(
        "KQL0105", site.span,
        fmt::format("bin_auto takes its size from `set query_bin_auto_size`, here a {}",
                    name_of(size_type)));
  }
  const Scalar at = options.bin_auto_at.empty()
                        ? constant_of(value.type, std::int64_t{0})
                        : convert(text_constant(options.bin_auto_at), value.type);
  const Scalar steps =
      floored(binder, binder.arithmetic("-", value, at, site.span), size, site.span);
  Scalar result = binder.arithmetic("+", at, steps, site.span);
  if (result.type != Type::unknown) result = convert(result, value.type);
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
  if (value.type == Type::decimal)
    return {native("_decimal_abs", {value.sql}), Type::decimal, value.nullable, "", {}};
  return {sql::call("abs", {value.sql}), value.type, value.nullable, "", {}};
}

Scalar bind_round(Binder& binder, CallSite& site) {
  const Scalar value = binder.coerce(site.arguments[0], Type::real, site.span_of(0));
  const Scalar places = site.size() > 1
                            ? binder.coerce(site.arguments[1], Type::long_integer, site.span_of(1))
                            : long_constant(0);
  if (value.type == Type::unknown || places.type == Type::unknown) return unknown_scalar();
  const Scalar rounded{
      native("_round", {value.sql, places.sql}), Type::real, value.nullable, "", {}};
  const Type type = site.arguments[0].type;
  if (type == Type::decimal)
    return {native("_decimal_round", {site.arguments[0].sql, places.sql}), type, true, "", {}};
  if (!is_integral(type)) return rounded;
  const auto digits = whole_value_of(places);  // an integer has no digits behind its point
  return digits && *digits >= 0 ? site.arguments[0] : convert(rounded, type);
}

Scalar bind_ceiling(Binder& binder, CallSite& site) {
  if (const Scalar& decimal = site.arguments[0]; decimal.type == Type::decimal)
    return {native("_decimal_ceiling", {decimal.sql}), Type::decimal, true, "", {}};
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
      {"bin", 1, 2, bind_bin},       {"bin_at", 3, 3, bind_bin_at},     {"abs", 1, 1, bind_abs},
      {"round", 1, 2, bind_round},   {"ceiling", 1, 1, bind_ceiling},   {"sign", 1, 1, bind_sign},
      {"around", 3, 3, bind_around}, {"bin_auto", 1, 1, bind_bin_auto},
  };
  return table;
}

}  // namespace rollcall::kql
