#include "kql/functions.hpp"

// Functions over the rows' order: prev, next, row_number, row_cumsum, row_rank, row_window_session.
// Their results become hidden columns, so that one may stand inside another.

namespace rollcall::kql {
namespace {

bool ready(Binder& binder, CallSite& site) {
  if (site.scope.rows == nullptr) {
    binder.complain("KQL0106", site.span,
                    fmt::format("'{}' needs rows in an order", site.call.function.text));
    return false;
  }
  if (!site.scope.rows->serialized && !site.scope.rows->open) {
    binder.complain(
        "KQL0106", site.span,
        fmt::format("'{}' needs rows in an order: put 'serialize' or 'sort by' before it",
                    site.call.function.text));
    return false;
  }
  return true;
}

Scalar placed(Binder& binder, CallSite& site, Scalar scalar) {
  return binder.hoist(*site.scope.rows, std::move(scalar));
}

constexpr sql::Frame so_far{sql::FrameUnit::rows, std::nullopt, 0};

Scalar bind_neighbour(Binder& binder, CallSite& site, const char* function) {
  if (!ready(binder, site)) return unknown_scalar();
  Scalar value = site.arguments[0];
  const std::string name = "";
  sql::ExprPtr distance = sql::literal(std::int64_t{1});
  if (site.arguments.size() > 1) {
    const auto constant = whole_value_of(site.arguments[1]);
    if (!constant)
      return binder.mistake("KQL0105", site.span_of(1),
                            "the distance must be known before the query runs");
    distance = sql::literal(*constant);
  }
  Scalar otherwise = null_of(value.type);
  if (site.arguments.size() > 2) otherwise = convert(site.arguments[2], value.type);
  Scalar result{binder.window(*site.scope.rows, function, {value.sql, distance, otherwise.sql}),
                value.type,
                value.nullable || otherwise.nullable,
                name,
                {}};
  return placed(binder, site, std::move(result));
}

// The number of restarts so far: rows between two restarts share it.
std::string restart_group(Binder& binder, CallSite& site, const Scalar& restart) {
  auto flag = when(restart.sql, sql::literal(std::int64_t{1}), sql::literal(std::int64_t{0}));
  const Scalar group = placed(
      binder, site,
      {binder.window(*site.scope.rows, "sum", {flag}, so_far), Type::long_integer, false, "", {}});
  return std::get<sql::Column>(group.sql->node).name;
}

// The window function within the restart's groups.
Scalar within(Binder& binder, CallSite& site, std::size_t restart, const char* function,
              std::vector<sql::ExprPtr> arguments, std::optional<sql::Frame> frame, Type type) {
  Relation& rows = *site.scope.rows;
  if (site.arguments.size() <= restart) {
    return {binder.window(rows, function, std::move(arguments), frame), type, false, "", {}};
  }
  const Scalar condition =
      binder.coerce(site.arguments[restart], Type::boolean, site.span_of(restart));
  const std::string group = restart_group(binder, site, condition);
  Relation grouped = rows;
  grouped.partition.push_back(group);
  return {binder.window(grouped, function, std::move(arguments), frame), type, false, "", {}};
}

Scalar bind_row_number(Binder& binder, CallSite& site) {
  if (!ready(binder, site)) return unknown_scalar();
  Scalar number = within(binder, site, 1, "row_number", {}, std::nullopt, Type::long_integer);
  const Scalar start = site.arguments.empty()
                           ? long_constant(1)
                           : binder.coerce(site.arguments[0], Type::long_integer, site.span_of(0));
  number.sql = add(number.sql, subtract(start.sql, big(1)));
  return placed(binder, site, std::move(number));
}

Scalar bind_row_cumsum(Binder& binder, CallSite& site) {
  if (!ready(binder, site)) return unknown_scalar();
  Scalar value = site.arguments[0];
  if (!is_numeric(value.type) && value.type != Type::timespan)
    value = binder.coerce(value, Type::real, site.span_of(0));
  const bool narrow = value.type == Type::integer;
  if (narrow) value = convert(value, Type::long_integer);
  const Type type = value.type;
  const auto zero = convert(long_constant(0), type).sql;
  if (type == Type::decimal) {
    Scalar decimals = within(binder, site, 1, "string_agg",
                             {value.sql, sql::literal(std::string(","))}, so_far, Type::decimal);
    decimals.sql = native("_decimal_sum", {coalesce(decimals.sql, sql::literal(std::string()))});
    return placed(binder, site, std::move(decimals));
  }
  Scalar sum = within(binder, site, 1, "sum", {value.sql}, so_far, type);
  sum.sql = sql::cast(coalesce(sum.sql, zero), storage_of(type));
  return placed(binder, site, narrow ? convert(std::move(sum), Type::integer) : std::move(sum));
}

// The rank of a value among the changes of the value so far: dense counts the changes, min the rows
// before.
Scalar bind_rank(Binder& binder, CallSite& site, bool dense) {
  if (!ready(binder, site)) return unknown_scalar();
  const Scalar value = placed(binder, site, site.arguments[0]);
  const bool restarts = site.arguments.size() > 1;
  Relation grouped = *site.scope.rows;
  if (restarts) {
    const Scalar condition = binder.coerce(site.arguments[1], Type::boolean, site.span_of(1));
    const std::string group = restart_group(binder, site, condition);
    grouped = *site.scope.rows;
    grouped.partition.push_back(group);
  }
  const auto before = binder.window(grouped, "lag", {value.sql});
  const auto first = equal(binder.window(grouped, "row_number", {}), sql::literal(std::int64_t{1}));
  const auto changed =
      sql::binary(sql::BinaryOperator::or_, first,
                  sql::binary(sql::BinaryOperator::is_distinct_from, before, value.sql));
  const auto number = binder.window(grouped, "row_number", {});
  const auto mark =
      dense ? when(changed, sql::literal(std::int64_t{1}), sql::literal(std::int64_t{0}))
            : when(changed, number, sql::null());
  const Scalar marked = placed(binder, site, {mark, Type::long_integer, true, "", {}});
  Relation again = *site.scope.rows;
  again.partition = grouped.partition;
  const auto rank = sql::cast(binder.window(again, dense ? "sum" : "max", {marked.sql}, so_far),
                              sql::Type::bigint);
  return placed(binder, site, {rank, Type::long_integer, false, "", {}});
}

// row_window_session(time, longest, gap [, restart]): the first time of the session the row belongs
// to. A session ends behind a gap, at a restart, and when it has lasted too long; the last is
// judged by one native pass over the times.
Scalar bind_session(Binder& binder, CallSite& site) {
  if (!ready(binder, site)) return unknown_scalar();
  const Scalar time =
      placed(binder, site, binder.coerce(site.arguments[0], Type::datetime, site.span_of(0)));
  const Scalar longest = binder.coerce(site.arguments[1], Type::timespan, site.span_of(1));
  const Scalar gap = binder.coerce(site.arguments[2], Type::timespan, site.span_of(2));
  sql::ExprPtr restart = sql::literal(false);
  if (site.arguments.size() > 3) {
    restart = coalesce(binder.coerce(site.arguments[3], Type::boolean, site.span_of(3)).sql,
                       sql::literal(false));
  }
  const auto mark =
      concat({sql::cast(time.sql, sql::Type::text),
              when(restart, sql::literal(std::string("!")), sql::literal(std::string()))});
  const Scalar marked = placed(binder, site, {mark, Type::string, false, "", {}});
  const auto times = binder.window(*site.scope.rows, "string_agg",
                                   {marked.sql, sql::literal(std::string(","))}, so_far);
  Scalar start{
      native("_session_start", {times, longest.sql, gap.sql}), Type::datetime, true, "", {}};
  return placed(binder, site, std::move(start));
}

}  // namespace

std::span<const Builtin> window_builtins() {
  static const Builtin table[] = {
      {"prev", 1, 3, [](Binder& b, CallSite& s) { return bind_neighbour(b, s, "lag"); }},
      {"next", 1, 3, [](Binder& b, CallSite& s) { return bind_neighbour(b, s, "lead"); }},
      {"row_number", 0, 2, bind_row_number},
      {"row_cumsum", 1, 2, bind_row_cumsum},
      {"row_rank_dense", 1, 2, [](Binder& b, CallSite& s) { return bind_rank(b, s, true); }},
      {"row_rank_min", 1, 2, [](Binder& b, CallSite& s) { return bind_rank(b, s, false); }},
      {"row_window_session", 3, 4, bind_session},
  };
  return table;
}

}  // namespace rollcall::kql
