#include "kql/functions.hpp"

// Packing and arrays: what follows its arguments' names or types, or gives several results.

namespace rollcall::kql {
namespace {

// pack_all(), pack_all(true): all columns as a bag.
Scalar bind_pack_all(Binder& binder, CallSite& site) {
  if (site.scope.rows == nullptr)
    return binder.mistake("KQL0106", site.span, "'pack_all' needs rows");
  bool skip_empty = false;
  if (!site.call.arguments.empty()) {
    const auto value = value_of(binder.bind(*site.call.arguments[0], site.scope));
    skip_empty = value && std::holds_alternative<bool>(*value) && std::get<bool>(*value);
  }
  std::vector<sql::ExprPtr> parts;
  for (const auto& column : site.scope.rows->columns) {
    parts.push_back(to_json(text_constant(column.name)));
    parts.push_back(to_json(column.scalar()));
  }
  return {native(skip_empty ? "_bag_pack_some" : "bag_pack", std::move(parts)),
          Type::dynamic,
          false,
          "",
          {}};
}

Scalar bind_bag_pack_columns(Binder& binder, CallSite& site) {
  std::vector<sql::ExprPtr> parts;
  for (const auto& argument : site.call.arguments) {
    const Scalar column = binder.bind(*argument, site.scope);
    if (column.type == Type::unknown) return column;
    parts.push_back(to_json(text_constant(column.name)));
    parts.push_back(to_json(column));
  }
  return {native("bag_pack", std::move(parts)), Type::dynamic, false, "", {}};
}

Scalar bind_pack_array(Binder& binder, CallSite& site) {
  std::vector<sql::ExprPtr> parts;
  for (const auto& argument : site.call.arguments) {
    if (std::holds_alternative<ast::Star>(argument->node)) {
      if (site.scope.rows == nullptr)
        return binder.mistake("KQL0106", argument->span, "'*' has no columns to stand for here");
      for (const auto& column : site.scope.rows->columns) parts.push_back(to_json(column.scalar()));
      continue;
    }
    const Scalar value = binder.bind(*argument, site.scope);
    if (value.type == Type::unknown) return value;
    parts.push_back(to_json(value));
  }
  return {native("_array", std::move(parts)), Type::dynamic, false, "", {}};
}

Scalar bind_range(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const Type type = a[0].type;
  if (type == Type::datetime || type == Type::timespan) {
    const auto step = a.size() > 2 ? binder.coerce(a[2], Type::timespan, site.span_of(2)).sql
                                   : big(36'000'000'000);  // an hour
    const char* name = type == Type::datetime ? "_datetime_range" : "_timespan_range";
    return {native(name, {a[0].sql, convert(a[1], type).sql, step}), Type::dynamic, true, "", {}};
  }
  bool whole = true;
  for (const auto& argument : a) whole = whole && is_integral(argument.type);
  const Type number = whole ? Type::long_integer : Type::real;
  const auto step = a.size() > 2 ? binder.coerce(a[2], number, site.span_of(2)).sql
                                 : sql::cast(sql::null(), storage_of(number));
  const Scalar from = binder.coerce(a[0], number, site.span_of(0)),
               to = binder.coerce(a[1], number, site.span_of(1));
  if (from.type == Type::unknown || to.type == Type::unknown) return unknown_scalar();
  return {native(whole ? "_range" : "_real_range", {from.sql, to.sql, step}),
          Type::dynamic,
          true,
          "",
          {}};
}

// Sorts the first array; the others follow it. One result for each array.
Scalar bind_array_sort(Binder& binder, CallSite& site, const char* function) {
  std::vector<sql::ExprPtr> arguments;
  std::size_t arrays = 0;
  for (const auto& argument : site.arguments) {
    if (argument.type == Type::dynamic) ++arrays;
    arguments.push_back(to_json(argument));
  }
  const auto all = native(function, std::move(arguments));
  Scalar result;
  for (std::size_t i = 0; i < arrays; ++i) {
    Scalar one{
        native("_element", {all, big(static_cast<std::int64_t>(i))}), Type::dynamic, true, "", {}};
    one.name = "array" + std::to_string(i + 1) + "_sorted";
    result.parts.push_back(std::move(one));
  }
  if (arrays == 0) return binder.mistake("KQL0106", site.span, "an array is wanted here");
  Scalar first = result.parts[0];
  if (arrays > 1)
    first.parts = std::move(result.parts);
  else
    first.name.clear();
  first.all = all;
  return first;
}

Scalar bind_percentile_tdigest(Binder& binder, CallSite& site) {
  const Scalar digest = binder.coerce(site.arguments[0], Type::dynamic, site.span_of(0));
  const Scalar percent = binder.coerce(site.arguments[1], Type::real, site.span_of(1));
  Scalar value{
      native("_percentile_tdigest", {digest.sql, percent.sql}), Type::dynamic, true, "", {}};
  if (site.size() > 2) {
    if (const auto* type = std::get_if<ast::TypeOf>(&site.call.arguments[2]->node)) {
      return convert(std::move(value), type_named(type->name).value_or(Type::real));
    }
  }
  return value;
}

// merge of several digests or sets in one expression
Scalar bind_merge(Binder& binder, CallSite& site, bool distinct) {
  std::vector<sql::ExprPtr> parts;
  for (std::size_t i = 0; i < site.size(); ++i)
    parts.push_back(to_json(binder.coerce(site.arguments[i], Type::dynamic, site.span_of(i))));
  return {native("_merged", {native("_array", std::move(parts)), sql::literal(distinct)}),
          Type::dynamic,
          false,
          "",
          {}};
}

}  // namespace

std::span<const Builtin> dynamic_builtins() {
  static const Builtin table[] = {
      {"pack_all", 0, 1, bind_pack_all, true},
      {"bag_pack_columns", 1, any_number, bind_bag_pack_columns, true},
      {"pack_array", 1, any_number, bind_pack_array, true},
      {"range", 2, 3, bind_range},
      {"array_sort_asc", 1, any_number,
       [](Binder& b, CallSite& s) { return bind_array_sort(b, s, "_array_sort_asc"); }},
      {"array_sort_desc", 1, any_number,
       [](Binder& b, CallSite& s) { return bind_array_sort(b, s, "_array_sort_desc"); }},
      {"percentile_tdigest", 2, 3, bind_percentile_tdigest},
      {"hll_merge", 1, any_number, [](Binder& b, CallSite& s) { return bind_merge(b, s, true); }},
      {"tdigest_merge", 1, any_number,
       [](Binder& b, CallSite& s) { return bind_merge(b, s, false); }},
  };
  return table;
}

}  // namespace rollcall::kql
