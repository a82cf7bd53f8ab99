#include "base/time.hpp"
#include "kql/functions.hpp"

// now, ago and what makes times of parts. One request sees one now.

namespace rollcall::kql {
namespace {

Scalar bind_now(Binder& binder, CallSite& site) {
  const Scalar now = constant_of(Type::datetime, binder.options().now.ticks);
  if (site.arguments.empty()) return now;
  return binder.arithmetic(
      "+", now, binder.coerce(site.arguments[0], Type::timespan, site.span_of(0)), site.span);
}

Scalar bind_ago(Binder& binder, CallSite& site) {
  const Scalar span = binder.coerce(site.arguments[0], Type::timespan, site.span_of(0));
  if (span.type == Type::unknown) return span;
  return binder.arithmetic("-", constant_of(Type::datetime, binder.options().now.ticks), span,
                           site.span);
}

Scalar bind_make_datetime(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  if (a.size() == 1) return a[0].type == Type::datetime ? a[0] : convert(a[0], Type::datetime);
  if (a.size() == 2)
    return binder.mistake("KQL0106", site.span,
                          "'make_datetime' takes a year, a month and a day at least");
  std::vector<sql::ExprPtr> parts;
  for (std::size_t i = 0; i < 6; ++i) {
    const Type type = i == 5 ? Type::real : Type::long_integer;
    parts.push_back(i < a.size() ? binder.coerce(a[i], type, site.span_of(i)).sql
                                 : sql::cast(sql::null(), storage_of(type)));
  }
  return {native("_make_datetime", std::move(parts)), Type::datetime, true, "", {}};
}

// make_timespan([day,] hour, minute [, second])
Scalar bind_make_timespan(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  if (a.size() == 1) return a[0].type == Type::timespan ? a[0] : convert(a[0], Type::timespan);
  const bool has_day = a.size() == 4;
  const std::size_t first = has_day ? 1 : 0;
  Scalar total = constant_of(Type::timespan, std::int64_t{0});
  const auto add_part = [&](std::size_t i, std::int64_t unit) {
    if (i >= a.size()) return;
    const Scalar part = binder.arithmetic("*", a[i], constant_of(Type::timespan, unit), site.span);
    total = binder.arithmetic("+", total, part, site.span);
  };
  if (has_day) add_part(0, ticks_per_day);
  add_part(first, ticks_per_hour);
  add_part(first + 1, ticks_per_minute);
  add_part(first + 2, ticks_per_second);
  return total;
}

// Weeks come as a real, all else as a long.
Scalar bind_difference(Binder& binder, CallSite& site) {
  const Scalar part = convert(site.arguments[0], Type::string);
  const auto to_time = [&](std::size_t i) {
    const Scalar& time = site.arguments[i];
    return time.type == Type::string ? convert(time, Type::datetime)
                                     : binder.coerce(time, Type::datetime, site.span_of(i));
  };
  const Scalar a = to_time(1), b = to_time(2);
  if (a.type == Type::unknown || b.type == Type::unknown) return unknown_scalar();
  Scalar result{
      native("_datetime_diff", {part.sql, a.sql, b.sql}), Type::long_integer, true, "", {}};
  return text_value_of(part) == "week" ? convert(std::move(result), Type::real) : result;
}

}  // namespace

std::span<const Builtin> time_builtins() {
  static const Builtin table[] = {
      {"now", 0, 1, bind_now},
      {"ago", 1, 1, bind_ago},
      {"make_datetime", 1, 7, bind_make_datetime},
      {"make_timespan", 1, 4, bind_make_timespan},
      {"datetime_diff", 3, 3, bind_difference},
  };
  return table;
}

}  // namespace rollcall::kql
