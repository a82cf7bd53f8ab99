#include "kql/aggregates.hpp"

#include <algorithm>
#include <cmath>

#include "kql/functions.hpp"
#include "kql/values.hpp"

// The aggregates. On no rows Kusto gives 0 for sums and counts, NaN for averages, [] for lists,
// null for the rest.

namespace rollcall::kql {
namespace {

struct Site {
  Binder& binder;
  const ast::Call& call;
  Span span;
  Scope& scope;                    // for arguments: not aggregating
  std::string_view name;           // without `if`
  std::vector<Scalar> arguments;   // without the condition
  std::vector<std::string> names;  // of the arguments, for the column's name
  sql::ExprPtr filter;
  std::string suffix;  // `if`, or empty

  const Scalar& operator[](std::size_t i) const { return arguments[i]; }
  std::size_t size() const { return arguments.size(); }
  std::string argument_name() const { return names.empty() ? "" : names[0]; }
};

using Columns = std::vector<Scalar>;

sql::ExprPtr aggregate(const Site& site, std::string function, std::vector<sql::ExprPtr> arguments,
                       bool ordered = false, sql::ExprPtr condition = nullptr,
                       bool distinct = false) {
  sql::Call call;
  call.function = std::move(function);
  call.arguments = std::move(arguments);
  call.distinct = distinct;
  if (ordered && site.scope.rows != nullptr) call.order_by = site.scope.rows->order;
  call.filter = sql::and_also(site.filter, std::move(condition));
  return sql::make(std::move(call));
}

Columns one(const Site& site, sql::ExprPtr expr, Type type, bool nullable,
            std::string_view prefix) {
  std::string name = std::string(prefix) + "_" + site.argument_name();
  return {{std::move(expr), type, nullable, std::move(name), {}}};
}

std::string named(const Site& site) { return std::string(site.name) + site.suffix; }

// A number to compute with: dynamics are read as reals.
Scalar number(const Site& site, std::size_t i = 0) {
  Scalar value = site[i];
  if (value.type == Type::dynamic) return convert(std::move(value), Type::real);
  if (is_numeric(value.type) || value.type == Type::timespan || value.type == Type::unknown)
    return value;
  if (value.type == Type::boolean) return convert(std::move(value), Type::long_integer);
  return site.binder.mistake(
      "KQL0106", site.call.arguments[i]->span,
      fmt::format("'{}' takes numbers, not a {}", site.call.function.text, name_of(value.type)));
}

// --- counts, sums, extremes
Columns bind_count(const Site& site) {
  if (site.size() > 0) {
    Site counted = site;
    counted.filter = sql::and_also(site.filter, not_null(site[0].sql));
    return {{aggregate(site, "count", {sql::make(sql::Star{})}),
             Type::long_integer,
             false,
             "count_" + site.argument_name(),
             {}}};
  }
  return {{aggregate(site, "count", {sql::make(sql::Star{})}),
           Type::long_integer,
           false,
           named(site) + "_",
           {}}};
}

// Beyond 64 bits a sum of longs goes round.
sql::ExprPtr sum_of_longs(const sql::ExprPtr& sum) {
  const auto huge = [](const char* digits) {
    return sql::cast(sql::literal(std::string(digits)), sql::Type::hugeint);
  };
  const auto all = huge("18446744073709551616"), half = huge("9223372036854775808");
  const auto rest =
      sql::binary(sql::BinaryOperator::modulo,
                  add(sql::binary(sql::BinaryOperator::modulo, add(sum, half), all), all), all);
  return coalesce(sql::try_cast(sum, sql::Type::bigint),
                  sql::cast(subtract(rest, half), sql::Type::bigint));
}

sql::ExprPtr decimal_sum(const Site& site, const Scalar& value) {
  auto all = aggregate(site, "string_agg", {value.sql, sql::literal(std::string(","))});
  return native("_decimal_sum", {coalesce(std::move(all), sql::literal(std::string()))});
}

Columns bind_sum(const Site& site) {
  const Scalar value = number(site);
  if (value.type == Type::unknown) return {};
  const Type type = value.type == Type::integer ? Type::long_integer : value.type;
  if (type == Type::decimal) return one(site, decimal_sum(site, value), type, false, named(site));
  const auto zero = sql::cast(sql::literal(std::int64_t{0}), storage_of(type));
  auto sum = aggregate(site, "sum", {value.sql});
  if (type == Type::long_integer)
    return one(site, coalesce(sum_of_longs(sum), zero), type, false, named(site));
  return one(site, sql::cast(coalesce(sum, zero), storage_of(type)), type, false, named(site));
}

Columns bind_avg(const Site& site) {
  if (site[0].type == Type::datetime || site[0].type == Type::timespan) {
    auto sum = aggregate(site, "sum", {site[0].sql});
    auto count = aggregate(site, "count", {site[0].sql});
    auto mean =
        sql::cast(sql::binary(sql::BinaryOperator::integer_divide, sum, count), sql::Type::bigint);
    return one(site, mean, site[0].type, true, named(site));
  }
  const Scalar value = number(site);
  if (value.type == Type::unknown) return {};
  if (value.type == Type::decimal) {
    const auto count = native(
        "_long_decimal", {sql::cast(aggregate(site, "count", {value.sql}), sql::Type::bigint)});
    return one(site, native("_decimal_divide", {decimal_sum(site, value), count}), Type::decimal,
               true, named(site));
  }
  auto mean = coalesce(sql::cast(aggregate(site, "avg", {value.sql}), sql::Type::real),
                       constant_of(Type::real, std::nan("")).sql);
  return one(site, mean, Type::real, false, named(site));
}

Columns bind_extreme(const Site& site, const char* function) {
  const Scalar value = site[0].type == Type::dynamic ? convert(site[0], Type::real) : site[0];
  auto extreme = aggregate(site, function, {value.sql});
  if (value.type == Type::string) extreme = coalesce(extreme, text_constant("").sql);
  return one(site, extreme, value.type, value.type != Type::string, named(site));
}

Columns bind_distinct_count(const Site& site, const char* prefix) {
  Scalar value = site[0];
  auto count = aggregate(site, "count", {value.sql}, false, nullptr, true);
  return one(site, count, Type::long_integer, false, std::string(prefix) + site.suffix);
}

Columns bind_deviation(const Site& site, const char* function) {
  const Scalar value = convert(number(site), Type::real);
  if (value.type == Type::unknown) return {};
  return one(site,
             coalesce(aggregate(site, function, {value.sql}), constant_of(Type::real, 0.0).sql),
             Type::real, false, named(site));
}

Columns bind_covariance(const Site& site, const char* function) {
  const Scalar a = convert(number(site, 0), Type::real), b = convert(number(site, 1), Type::real);
  auto value =
      coalesce(aggregate(site, function, {a.sql, b.sql}), constant_of(Type::real, 0.0).sql);
  return {{value, Type::real, false, named(site) + "_" + site.names[0] + "_" + site.names[1], {}}};
}

Columns bind_bits(const Site& site, const char* function) {
  const Scalar value = convert(number(site), Type::long_integer);
  Columns columns =
      one(site, aggregate(site, function, {value.sql}), Type::long_integer, true, named(site));
  columns[0].name = site.argument_name();
  return columns;
}

// --- lists
sql::ExprPtr json_list(const Site& site, const sql::ExprPtr& items, sql::ExprPtr condition) {
  auto joined = aggregate(site, "string_agg", {items, sql::literal(std::string(","))}, true,
                          std::move(condition));
  return concat({sql::literal(std::string("[")), coalesce(joined, sql::literal(std::string())),
                 sql::literal(std::string("]"))});
}

sql::ExprPtr size_limit(const Site& site, std::size_t i) {
  if (site.size() <= i) return big(1'048'576);
  return convert(site[i], Type::long_integer).sql;
}

Columns bind_list(const Site& site, bool with_nulls) {
  const Scalar& value = site[0];
  sql::ExprPtr condition;
  if (!with_nulls && value.nullable) {
    condition = not_null(value.sql);
    if (value.type == Type::dynamic)
      condition = sql::and_also(condition, sql::binary(sql::BinaryOperator::not_equal, value.sql,
                                                       sql::literal(std::string("null"))));
  }
  auto list = json_list(site, to_json(value), std::move(condition));
  if (value.type == Type::dynamic) list = native("_flattened", {list});
  if (site.size() > 1) list = native("_first_elements", {list, size_limit(site, 1)});
  return one(site, list, Type::dynamic, false, "list");
}

Columns bind_set(const Site& site) {
  const Scalar& value = site[0];
  auto condition = value.nullable ? not_null(value.sql) : nullptr;
  auto set = native("_set_of",
                    {json_list(site, to_json(value), std::move(condition)), size_limit(site, 1)});
  return one(site, set, Type::dynamic, false, "set");
}

Columns bind_bag(const Site& site, const char* prefix) {
  const Scalar value = convert(site[0], Type::dynamic);
  auto bag =
      native("_bag_of", {json_list(site, value.sql, not_null(value.sql)), size_limit(site, 1)});
  return one(site, bag, Type::dynamic, false, prefix);
}

Columns bind_schema(const Site& site) {
  const Scalar value = convert(site[0], Type::dynamic);
  return one(site, native("_schema_of", {json_list(site, value.sql, not_null(value.sql))}),
             Type::dynamic, true, "schema");
}

// null where there was no value at all
sql::ExprPtr nothing_on_none(const Site& site, sql::ExprPtr list) {
  return when(equal(aggregate(site, "count", {site[0].sql}), sql::literal(std::int64_t{0})),
              null_of(Type::dynamic).sql, std::move(list));
}

// hll and tdigest keep what they have seen, so that what is read from them is exact.
Columns bind_hll(const Site& site) {
  auto condition = not_null(site[0].sql);
  auto set = native("_set_of", {json_list(site, to_json(site[0]), condition), big(INT64_MAX)});
  return one(site, nothing_on_none(site, set), Type::dynamic, true, named(site));
}
Columns bind_merge(const Site& site, const char* prefix) {
  auto all = native("_merged",
                    {json_list(site, convert(site[0], Type::dynamic).sql, not_null(site[0].sql)),
                     sql::literal(site.name.starts_with("hll"))});
  return one(site, all, Type::dynamic, false, prefix);
}
Columns bind_tdigest(const Site& site) {
  if (site.size() < 2)
    return one(site,
               nothing_on_none(site, json_list(site, to_json(site[0]), not_null(site[0].sql))),
               Type::dynamic, true, "tdigest");
  // a weight stands for so many equal values
  const auto pair =
      concat({sql::literal(std::string("[")), to_json(site[0]), sql::literal(std::string(",")),
              to_json(convert(site[1], Type::long_integer)), sql::literal(std::string("]"))});
  return one(
      site,
      nothing_on_none(site, native("_repeated", {json_list(site, pair, not_null(site[0].sql))})),
      Type::dynamic, true, "tdigest");
}

// --- percentiles
std::string percent_name(double percent) {
  std::string text = real_text(percent);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  std::ranges::replace(text, '.', '_');
  return text;
}

std::optional<std::vector<double>> percents(const Site& site, std::size_t first) {
  std::vector<double> result;
  for (std::size_t i = first; i < site.size(); ++i) {
    if (site[i].type == Type::dynamic) {
      const auto text = text_value_of(site[i]);
      const auto array = text ? read_json(*text) : std::nullopt;
      if (!array || !array->is_array()) break;
      for (const auto& element : array->get_array())
        result.push_back(element.is_number() ? element.to_number<double>() : 0);
      continue;
    }
    const auto value = value_of(convert(site[i], Type::real));
    const auto* percent = value ? std::get_if<double>(&*value) : nullptr;
    if (percent == nullptr) {
      site.binder.complain("KQL0105",
                           site.call.arguments[std::min(i, site.call.arguments.size() - 1)]->span,
                           "the percentile must be known before the query runs");
      return std::nullopt;
    }
    result.push_back(*percent);
  }
  return result;
}

Scalar percentile_value(const Site& site, bool weighted, double percent) {
  const bool as_real = site[0].type == Type::dynamic || site[0].type == Type::decimal;
  const Scalar value = as_real ? convert(site[0], Type::real) : site[0];
  const Type type = value.type == Type::integer ? Type::long_integer : value.type;
  const double fraction = std::clamp(percent / 100.0, 0.0, 1.0);
  if (!weighted) {
    auto result = aggregate(site, "quantile_disc", {value.sql, sql::literal(fraction)});
    return {type == Type::long_integer ? sql::cast(result, sql::Type::bigint) : result,
            type,
            true,
            "",
            {}};
  }
  const auto pair =
      concat({sql::literal(std::string("[")), to_json(value), sql::literal(std::string(",")),
              to_json(convert(site[1], Type::long_integer)), sql::literal(std::string("]"))});
  auto list = json_list(site, pair, not_null(value.sql));
  Scalar picked{native("_weighted_percentile", {list, constant_of(Type::real, percent).sql}),
                Type::dynamic,
                true,
                "",
                {}};
  return convert(std::move(picked), type);
}

Columns bind_percentiles(const Site& site, bool weighted, bool as_array) {
  const std::size_t first = weighted ? 2 : 1;
  const auto wanted = percents(site, first);
  if (!wanted) return {};
  const std::string prefix = "percentile_" + site.argument_name();
  Columns columns;
  for (const double percent : *wanted) {
    columns.push_back(percentile_value(site, weighted, percent));
    columns.back().name = prefix + "_" + percent_name(percent);
  }
  if (!as_array) return columns;
  std::vector<sql::ExprPtr> items;
  for (const auto& column : columns) items.push_back(to_json(column));
  return {{native("_array", std::move(items)),
           Type::dynamic,
           false,
           "percentiles_" + site.argument_name(),
           {}}};
}

// --- rows: arg_max, arg_min, take_any
// The columns of `*`, or those that are listed.
std::vector<Scalar> returned_columns(Site& site, std::size_t first) {
  std::vector<Scalar> columns;
  for (std::size_t i = first; i < site.call.arguments.size(); ++i) {
    const auto& argument = *site.call.arguments[i];
    if (std::holds_alternative<ast::Star>(argument.node)) {
      for (const auto& column : site.scope.rows->columns) {
        if (std::ranges::find(site.scope.group_names, column.name) != site.scope.group_names.end())
          continue;
        columns.push_back(column.scalar());
      }
      continue;
    }
    std::string name;
    if (const auto* renamed = std::get_if<ast::Named>(&argument.node))
      name = renamed->names[0].text;
    Scalar column = site.binder.bind(argument, site.scope);
    if (column.type == Type::unknown) continue;
    if (!name.empty()) column.name = name;
    columns.push_back(std::move(column));
  }
  return columns;
}

sql::ExprPtr packed(Site& site, std::vector<Scalar>& columns) {
  sql::StructPack pack;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i] = site.binder.hoist(*site.scope.rows, columns[i]);
    pack.members.emplace_back("v" + std::to_string(i), columns[i].sql);
  }
  return sql::make(std::move(pack));
}

Columns unpacked(const sql::ExprPtr& row, const std::vector<Scalar>& columns) {
  Columns result;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sql::ExprPtr member = sql::make(sql::Member{row, "v" + std::to_string(i)});
    if (columns[i].type == Type::string) member = coalesce(member, text_constant("").sql);
    result.push_back(
        {member, columns[i].type, columns[i].type != Type::string, columns[i].name, {}});
  }
  return result;
}

// arg_max(Timestamp, Text), which is asked most: two plain aggregates are twice as fast as one over structs. A string is
// never null, so none of the rows is left out; where all times are null, any row will do.
Columns latest_text(Site& site, const char* function, std::vector<Scalar> columns) {
  for (auto& column : columns) column = site.binder.hoist(*site.scope.rows, column);
  const bool most = std::string_view(function) == "arg_max";
  const auto at = coalesce(columns[0].sql, sql::literal(most ? INT64_MIN : INT64_MAX));
  const auto time = aggregate(site, most ? "max" : "min", {columns[0].sql});
  const auto text = aggregate(site, function, {columns[1].sql, at}, true);
  return {{time, Type::datetime, true, columns[0].name, {}},
          {coalesce(text, text_constant("").sql), Type::string, false, columns[1].name, {}}};
}

Columns bind_arg(Site& site, const char* function) {
  Scalar key = site.binder.bind(*site.call.arguments[0], site.scope);
  if (key.type == Type::unknown) return {};
  if (const auto* renamed = std::get_if<ast::Named>(&site.call.arguments[0]->node))
    key.name = renamed->names[0].text;
  if (key.type == Type::dynamic) key = convert(std::move(key), Type::real);
  std::vector<Scalar> columns{key};
  for (auto& column : returned_columns(site, 1)) {
    if (column.name != key.name || column.name.empty()) columns.push_back(std::move(column));
  }
  if (site.call.function.text == "argmax" ||
      site.call.function.text == "argmin") {  // as they were named once
    columns[0].name = (site.name == "arg_max" ? "max_" : "min_") + key.name;
    for (std::size_t i = 1; i < columns.size(); ++i)
      columns[i].name = columns[0].name + "_" + columns[i].name;
  }
  if (columns.size() == 2 && columns[1].type == Type::string && key.type == Type::datetime) {
    return latest_text(site, function, std::move(columns));
  }
  const auto row = packed(site, columns);
  const auto best = aggregate(site, function, {row, columns[0].sql}, true);
  const auto any = aggregate(site, "first", {row}, true);
  return unpacked(coalesce(best, any), columns);
}

Columns bind_take_any(Site& site) {
  const bool star = site.call.arguments.size() == 1 &&
                    std::holds_alternative<ast::Star>(site.call.arguments[0]->node);
  std::vector<Scalar> columns = returned_columns(site, 0);
  if (columns.empty()) return {};
  const bool old = site.call.function.text == "any" || site.call.function.text == "anyif";
  if (star || columns.size() > 1) {
    if (star || site.filter) {
      auto result = unpacked(aggregate(site, "first", {packed(site, columns)}, true), columns);
      if (old)
        for (auto& column : result) column.name = "any_" + column.name;
      return result;
    }
  }
  Columns result;
  for (auto& column : columns) {
    auto any = aggregate(
        site, "first", {column.sql}, true,
        column.type == Type::string
            ? sql::binary(sql::BinaryOperator::not_equal, column.sql, text_constant("").sql)
            : not_null(column.sql));
    if (column.type == Type::string) any = coalesce(any, text_constant("").sql);
    result.push_back(
        {any, column.type, column.type != Type::string, (old ? "any_" : "") + column.name, {}});
  }
  return result;
}

// --- the table
struct Aggregate {
  std::string_view name;
  std::size_t least, most;
  Columns (*bind)(const Site& site);
  std::size_t condition = 0;  // where the condition of …if stands; 0: there is no …if
};

const std::vector<Aggregate>& aggregate_table() {
  static const std::vector<Aggregate> table{
      {"count", 0, 1, bind_count},
      {"sum", 1, 1, bind_sum, 1},
      {"avg", 1, 1, bind_avg, 1},
      {"min", 1, 1, [](const Site& s) { return bind_extreme(s, "min"); }, 1},
      {"max", 1, 1, [](const Site& s) { return bind_extreme(s, "max"); }, 1},
      {"dcount", 1, 2, [](const Site& s) { return bind_distinct_count(s, "dcount"); }, 1},
      {"count_distinct", 1, 1,
       [](const Site& s) { return bind_distinct_count(s, "count_distinct"); }, 1},
      {"stdev", 1, 1, [](const Site& s) { return bind_deviation(s, "stddev_samp"); }, 1},
      {"stdevp", 1, 1, [](const Site& s) { return bind_deviation(s, "stddev_pop"); }, 1},
      {"variance", 1, 1, [](const Site& s) { return bind_deviation(s, "var_samp"); }, 1},
      {"variancep", 1, 1, [](const Site& s) { return bind_deviation(s, "var_pop"); }, 1},
      {"covariance", 2, 2, [](const Site& s) { return bind_covariance(s, "covar_samp"); }, 2},
      {"covariancep", 2, 2, [](const Site& s) { return bind_covariance(s, "covar_pop"); }, 2},
      {"binary_all_or", 1, 1, [](const Site& s) { return bind_bits(s, "bit_or"); }},
      {"binary_all_and", 1, 1, [](const Site& s) { return bind_bits(s, "bit_and"); }},
      {"binary_all_xor", 1, 1, [](const Site& s) { return bind_bits(s, "bit_xor"); }},
      {"make_list", 1, 2, [](const Site& s) { return bind_list(s, false); }, 1},
      {"make_list_with_nulls", 1, 1, [](const Site& s) { return bind_list(s, true); }},
      {"make_set", 1, 2, bind_set, 1},
      {"make_bag", 1, 2, [](const Site& s) { return bind_bag(s, "bag"); }, 1},
      {"make_dictionary", 1, 2, [](const Site& s) { return bind_bag(s, "dictionary"); }},
      {"buildschema", 1, 1, bind_schema},
      {"hll", 1, 2, bind_hll, 1},
      {"hll_merge", 1, 1, [](const Site& s) { return bind_merge(s, "hll_merge"); }},
      {"tdigest", 1, 2, bind_tdigest},
      {"tdigest_merge", 1, 1, [](const Site& s) { return bind_merge(s, "merge_tdigests"); }},
      {"percentile", 2, 2, [](const Site& s) { return bind_percentiles(s, false, false); }},
      {"percentiles", 2, any_number,
       [](const Site& s) { return bind_percentiles(s, false, false); }},
      {"percentiles_array", 2, any_number,
       [](const Site& s) { return bind_percentiles(s, false, true); }},
      {"percentilew", 3, 3, [](const Site& s) { return bind_percentiles(s, true, false); }},
      {"percentilesw", 3, any_number,
       [](const Site& s) { return bind_percentiles(s, true, false); }},
      {"percentilesw_array", 3, any_number,
       [](const Site& s) { return bind_percentiles(s, true, true); }},
  };
  return table;
}

// The name without its `if` and in its present spelling.
std::string_view canonical(std::string_view name) {
  if (name == "makelist") return "make_list";
  if (name == "makeset") return "make_set";
  if (name == "argmax") return "arg_max";
  if (name == "argmin") return "arg_min";
  if (name == "cnt") return "count";
  if (name == "any") return "take_any";
  if (name == "anyif") return "take_anyif";
  if (name == "merge_tdigest" || name == "merge_tdigests") return "tdigest_merge";
  return name;
}

struct Found {
  const Aggregate* aggregate = nullptr;
  bool conditional = false;
};

Found find_aggregate(std::string_view name) {
  for (const auto& aggregate : aggregate_table()) {
    if (aggregate.name == name) return {&aggregate, false};
    if (aggregate.condition == 0) continue;
    const std::string plain = std::string(aggregate.name);
    if (name == plain + "if" || name == plain + "_if") return {&aggregate, true};
  }
  return {};
}

bool is_row_aggregate(std::string_view name) {
  return name == "arg_max" || name == "arg_min" || name == "take_any" || name == "take_anyif";
}

sql::ExprPtr condition_of(Binder& binder, const ast::Expr& expr, Scope& scope) {
  return binder.bind_condition(expr, scope).sql;
}

Columns bind_row_aggregate(Site& site, std::string_view name) {
  if (site.call.arguments.empty()) {
    site.binder.complain("KQL0106", site.span,
                         fmt::format("'{}' takes at least 1 argument", site.call.function.text));
    return {};
  }
  if (name == "arg_max" || name == "arg_min") return bind_arg(site, name.data());
  return bind_take_any(site);
}

}  // namespace

bool is_aggregate(std::string_view name) {
  const auto known = canonical(name);
  return known == "countif" || is_row_aggregate(known) ||
         find_aggregate(known).aggregate != nullptr;
}

std::vector<std::string> aggregate_names() {
  std::vector<std::string> names{"arg_max", "arg_min", "take_any", "take_anyif", "countif"};
  for (const auto& aggregate : aggregate_table()) {
    names.emplace_back(aggregate.name);
    if (aggregate.condition > 0)
      names.push_back(std::string(aggregate.name) + (aggregate.name.contains('_') ? "_if" : "if"));
  }
  return names;
}

std::vector<Scalar> bind_aggregate(Binder& binder, const ast::Call& call, Span span, Scope& scope) {
  Scope inner = scope;
  inner.aggregating = false;
  inner.filtering = false;
  const auto name = canonical(call.function.text);
  Site site{binder, call, span, inner, name, {}, {}, scope.aggregate_filter, ""};
  if (name == "take_anyif" && call.arguments.size() == 2) {
    site.filter = sql::and_also(site.filter, condition_of(binder, *call.arguments[1], inner));
    Scalar value = binder.bind(*call.arguments[0], inner);
    auto any = aggregate(site, "first", {value.sql}, true, not_null(value.sql));
    if (value.type == Type::string) any = coalesce(any, text_constant("").sql);
    return {{any, value.type, value.type != Type::string, value.name, {}}};
  }
  if (is_row_aggregate(name)) return bind_row_aggregate(site, name);
  if (name == "countif") {
    if (call.arguments.size() != 1) {
      binder.complain("KQL0106", span, "'countif' takes 1 argument");
      return {};
    }
    site.filter = sql::and_also(site.filter, condition_of(binder, *call.arguments[0], inner));
    return {{aggregate(site, "count", {sql::make(sql::Star{})}),
             Type::long_integer,
             false,
             "countif_",
             {}}};
  }
  const Found found = find_aggregate(name);
  const std::size_t extra = found.conditional ? 1 : 0;
  if (call.arguments.size() < found.aggregate->least + extra ||
      call.arguments.size() > found.aggregate->most + extra) {
    binder.complain("KQL0106", span,
                    fmt::format("'{}' takes another number of arguments", call.function.text));
    return {};
  }
  site.name = found.aggregate->name;
  if (found.conditional) site.suffix = "if";
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    if (found.conditional && i == found.aggregate->condition) {
      site.filter = sql::and_also(site.filter, condition_of(binder, *call.arguments[i], inner));
      continue;
    }
    Scalar argument = binder.bind(*call.arguments[i], inner);
    if (argument.type == Type::unknown) return {};
    site.names.push_back(argument.name);
    site.arguments.push_back(std::move(argument));
  }
  return found.aggregate->bind(site);
}

}  // namespace rollcall::kql
