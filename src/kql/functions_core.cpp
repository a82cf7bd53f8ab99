#include <algorithm>

#include "kql/functions.hpp"
#include "kql/native_table.hpp"

// Conditions, nulls, conversions, and what asks about the query itself.

namespace rollcall::kql {
namespace {

// The type that all of them can be read as, dynamics left out; nullopt when there is none.
std::optional<Type> common_type(const std::vector<Scalar>& values) {
  std::optional<Type> common;
  for (const auto& value : values) {
    if (value.type == Type::unknown || value.type == Type::dynamic) continue;
    if (!common || *common == value.type) {
      common = value.type;
    } else if (is_numeric(*common) && is_numeric(value.type)) {
      const auto either = [&](Type t) { return *common == t || value.type == t; };
      common = either(Type::decimal) ? Type::decimal
               : either(Type::real)  ? Type::real
                                     : Type::long_integer;
    } else {
      return std::nullopt;
    }
  }
  return common;
}

bool any_is(const std::vector<Scalar>& values, Type type) {
  return std::ranges::find(values, type, &Scalar::type) != values.end();
}
bool all_are(const std::vector<Scalar>& values, Type type) {
  return std::ranges::all_of(values, [&](const auto& value) { return value.type == type; });
}

// What iff and case give: a dynamic is read as the type of the others; of several types a dynamic is made.
Type chosen_type(const std::vector<Scalar>& values) {
  return all_are(values, Type::dynamic) ? Type::dynamic
                                        : common_type(values).value_or(Type::dynamic);
}

Scalar mixed(Binder& binder, CallSite& site, const std::vector<Scalar>& values) {
  std::string types;
  for (const auto& value : values)
    types += fmt::format("{}{}", types.empty() ? "" : ", ", name_of(value.type));
  return binder.mistake(
      "KQL0106", site.span,
      fmt::format("'{}' takes values of one type, not {}", site.call.function.text, types));
}

Scalar bind_iff(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  const Type type = chosen_type({a[1], a[2]});
  const Scalar condition = binder.coerce(a[0], Type::boolean, site.span_of(0));
  const Scalar then = convert(a[1], type), otherwise = convert(a[2], type);
  return {when(condition.sql, then.sql, otherwise.sql),
          type,
          then.nullable || otherwise.nullable,
          "",
          {}};
}

Scalar bind_case(Binder& binder, CallSite& site) {
  auto& a = site.arguments;
  if (a.size() % 2 == 0) {
    return binder.mistake(
        "KQL0106", site.span,
        "'case' takes pairs of a condition and a value, and a last value for the rest");
  }
  std::vector<Scalar> values;
  for (std::size_t i = 1; i < a.size(); i += 2) values.push_back(a[i]);
  values.push_back(a.back());
  const Type type = chosen_type(values);
  sql::Case choice;
  bool nullable = false;
  for (std::size_t i = 0; i + 1 < a.size(); i += 2) {
    const Scalar condition = binder.coerce(a[i], Type::boolean, site.span_of(i));
    const Scalar value = convert(a[i + 1], type);
    nullable = nullable || value.nullable;
    choice.branches.emplace_back(condition.sql, value.sql);
  }
  const Scalar rest = convert(a.back(), type);
  choice.otherwise = rest.sql;
  return {sql::make(std::move(choice)), type, nullable || rest.nullable, "", {}};
}

Scalar bind_coalesce(Binder& binder, CallSite& site) {
  const auto type =
      any_is(site.arguments, Type::dynamic) ? Type::dynamic : common_type(site.arguments);
  if (!type) return mixed(binder, site, site.arguments);
  std::vector<sql::ExprPtr> values;
  bool nullable = true;
  for (const auto& argument : site.arguments) {
    const Scalar value = convert(argument, *type);
    nullable = nullable && value.nullable;
    values.push_back(*type == Type::string ? sql::call("nullif", {value.sql, text_constant("").sql})
                                           : value.sql);
  }
  if (*type == Type::string) values.push_back(text_constant("").sql);
  return {
      sql::call("coalesce", std::move(values)), *type, nullable && *type != Type::string, "", {}};
}

Scalar bind_extreme(Binder& binder, CallSite& site, const char* function) {
  const auto type =
      all_are(site.arguments, Type::dynamic) ? Type::real : common_type(site.arguments);
  if (!type) return mixed(binder, site, site.arguments);
  std::vector<sql::ExprPtr> values;
  bool nullable = true;
  for (const auto& argument : site.arguments) {
    const Scalar value = convert(argument, *type);
    nullable = nullable && value.nullable;
    values.push_back(value.sql);
  }
  return {sql::call(function, std::move(values)), *type, nullable, "", {}};
}

Scalar boolean(sql::ExprPtr expr) { return {std::move(expr), Type::boolean, false, "", {}}; }

Scalar is_null_scalar(const Scalar& value) {
  if (value.type == Type::string) return bool_constant(false);
  if (const auto constant = value_of(value))
    return bool_constant(std::holds_alternative<std::monostate>(*constant));
  return boolean(is_null(value.sql));
}

Scalar is_empty_scalar(const Scalar& value) {
  if (value.type == Type::string) return boolean(equal(value.sql, text_constant("").sql));
  if (value.type == Type::dynamic) return boolean(equal(to_text(value), text_constant("").sql));
  return is_null_scalar(value);
}

template <Type type>
Scalar bind_conversion(Binder&, CallSite& site) {
  Scalar result = convert(site.arguments[0], type);
  return result;
}

Scalar bind_not(Binder& binder, CallSite& site) {
  const Scalar value = binder.coerce(site.arguments[0], Type::boolean, site.span_of(0));
  if (value.type == Type::unknown) return value;
  return {negated(value.sql), Type::boolean, value.nullable, "", {}};
}

Scalar bind_column_if_exists(Binder& binder, CallSite& site) {
  Scope& scope = site.scope;
  std::string name;
  if (const auto* literal = std::get_if<ast::Literal>(&site.call.arguments[0]->node))
    name = literal->text;
  if (name.empty()) name = text_value_of(binder.bind(*site.call.arguments[0], scope)).value_or("");
  if (name.empty())
    return binder.mistake("KQL0105", site.span_of(0),
                          "the column's name must be known before the query runs");
  if (scope.rows != nullptr) {
    if (const auto* column = scope.rows->find(name)) return column->scalar();
  }
  Scalar otherwise = binder.bind(*site.call.arguments[1], scope);
  otherwise.name.clear();
  return otherwise;
}

Scalar bind_is_column(Binder& binder, CallSite& site) {
  const auto name = text_value_of(binder.bind(*site.call.arguments[0], site.scope)).value_or("");
  return bool_constant(site.scope.rows != nullptr && site.scope.rows->find(name) != nullptr);
}

Scalar bind_ingestion_time(Binder& binder, CallSite& site) {
  const Relation* rows = site.scope.rows;
  if (rows == nullptr)
    return binder.mistake("KQL0106", site.span, "ingestion_time() needs a table's rows");
  if (rows->ingestion.empty())
    return {null_of(Type::datetime).sql, Type::datetime, true, "$IngestionTime", {}};
  return {sql::column(rows->ingestion), Type::datetime, true, "$IngestionTime", {}};
}

Scalar bind_gettype(Binder&, CallSite& site) {
  const Scalar& value = site.arguments[0];
  if (value.type == Type::dynamic)
    return {native("_json_type", {value.sql}), Type::string, false, "", {}};
  const auto constant = value_of(value);
  if (constant && std::holds_alternative<std::monostate>(*constant)) return text_constant("null");
  return text_constant(std::string(name_of(value.type)));
}

Scalar bind_rand(Binder& binder, CallSite& site) {
  auto random = sql::call("random", {});
  if (site.arguments.empty()) return {random, Type::real, false, "", {}};
  const Scalar most = binder.coerce(site.arguments[0], Type::real, site.span_of(0));
  return {sql::call("floor", {multiply(random, most.sql)}), Type::real, most.nullable, "", {}};
}

// xxHash64 over the value's bytes: a text's, or the eight of a number.
Scalar bind_hash(Binder& binder, CallSite& site) {
  const Scalar& value = site.arguments[0];
  const auto modulus =
      site.size() > 1 ? binder.coerce(site.arguments[1], Type::long_integer, site.span_of(1)).sql
                      : big(0);
  if (value.type == Type::real || value.type == Type::decimal)
    return {native("_hash_real", {convert(value, Type::real).sql, modulus}),
            Type::long_integer,
            false,
            "",
            {}};
  if (is_integral(value.type) || value.type == Type::datetime || value.type == Type::timespan) {
    return {native("_hash_long", {sql::cast(value.sql, sql::Type::bigint), modulus}),
            Type::long_integer,
            false,
            "",
            {}};
  }
  return {native("_hash_text", {to_text(value), modulus}), Type::long_integer, false, "", {}};
}

// The names of a table's columns, or of what a function gives.
Scalar bind_column_names(Binder& binder, CallSite& site) {
  const Relation rows = binder.bind_table(*site.call.arguments[0], site.scope.environment);
  std::vector<sql::ExprPtr> names;
  for (const auto& column : rows.columns) names.push_back(to_json(text_constant(column.name)));
  return {native("_array", std::move(names)), Type::dynamic, false, "", {}};
}

// estimate_data_size(column, …), estimate_data_size(*): bytes, as the values are kept.
Scalar bind_data_size(Binder& binder, CallSite& site) {
  std::vector<Scalar> columns;
  for (const auto& argument : site.call.arguments) {
    if (!std::holds_alternative<ast::Star>(argument->node)) {
      columns.push_back(binder.bind(*argument, site.scope));
    } else if (site.scope.rows != nullptr) {
      for (const auto& column : site.scope.rows->columns) columns.push_back(column.scalar());
    }
  }
  sql::ExprPtr sum = big(0);
  for (const auto& column : columns) {
    if (column.type == Type::unknown) return column;
    const bool is_text = column.type == Type::string || column.type == Type::dynamic;
    const std::int64_t width = column.type == Type::boolean                                ? 1
                               : column.type == Type::integer                              ? 4
                               : column.type == Type::guid || column.type == Type::decimal ? 16
                                                                                           : 8;
    sum = add(sum, is_text ? sql::call("strlen", {to_text(column)}) : big(width));
  }
  return {sum, Type::long_integer, false, "", {}};
}

Scalar bind_assert(Binder&, CallSite& site) { return site.arguments[0]; }

}  // namespace

std::span<const Builtin> core_builtins() {
  static const Builtin table[] = {
      {"iff", 3, 3, bind_iff},
      {"case", 3, any_number, bind_case},
      {"coalesce", 1, any_number, bind_coalesce},
      {"max_of", 1, any_number,
       [](Binder& b, CallSite& s) { return bind_extreme(b, s, "greatest"); }},
      {"min_of", 1, any_number, [](Binder& b, CallSite& s) { return bind_extreme(b, s, "least"); }},
      {"isnull", 1, 1, [](Binder&, CallSite& s) { return is_null_scalar(s.arguments[0]); }},
      {"isnotnull", 1, 1,
       [](Binder&, CallSite& s) { return boolean(negated(is_null_scalar(s.arguments[0]).sql)); }},
      {"isempty", 1, 1, [](Binder&, CallSite& s) { return is_empty_scalar(s.arguments[0]); }},
      {"isnotempty", 1, 1,
       [](Binder&, CallSite& s) { return boolean(negated(is_empty_scalar(s.arguments[0]).sql)); }},
      {"not", 1, 1, bind_not},
      {"tostring", 1, 1, bind_conversion<Type::string>},
      {"toint", 1, 1, bind_conversion<Type::integer>},
      {"tolong", 1, 1, bind_conversion<Type::long_integer>},
      {"toreal", 1, 1, bind_conversion<Type::real>},
      {"todecimal", 1, 1, bind_conversion<Type::decimal>},
      {"tobool", 1, 1, bind_conversion<Type::boolean>},
      {"todatetime", 1, 1, bind_conversion<Type::datetime>},
      {"totimespan", 1, 1, bind_conversion<Type::timespan>},
      {"toguid", 1, 1, bind_conversion<Type::guid>},
      {"parse_json", 1, 1,
       [](Binder&, CallSite& s) {
         return s.arguments[0].type == Type::dynamic
                    ? Scalar{native("_parse_again", {s.arguments[0].sql}),
                             Type::dynamic,
                             true,
                             "",
                             {}}
                    : convert(s.arguments[0], Type::dynamic);
       }},
      {"column_ifexists", 2, 2, bind_column_if_exists, true},
      {"iscolumnexists", 1, 1, bind_is_column, true},
      {"ingestion_time", 0, 0, bind_ingestion_time},
      {"gettype", 1, 1, bind_gettype},
      {"rand", 0, 1, bind_rand},
      {"new_guid", 0, 0,
       [](Binder&, CallSite&) {
         return Scalar{
             sql::cast(sql::call("uuid", {}), sql::Type::text), Type::guid, false, "", {}};
       }},
      {"estimate_data_size", 1, any_number, bind_data_size, true},
      {"assert", 1, 2, bind_assert},
      {"hash", 1, 2, bind_hash},
      {"column_names_of", 1, 1, bind_column_names, true},
      {"current_database", 0, 0,
       [](Binder& b, CallSite&) { return text_constant(b.catalog().database); }},
      {"current_cluster_endpoint", 0, 0,
       [](Binder&, CallSite&) { return text_constant("localhost"); }},
      {"current_principal", 0, 0, [](Binder&, CallSite&) { return text_constant("local"); }},
      {"current_principal_details", 0, 0,
       [](Binder&, CallSite&) {
         return convert(text_constant(R"({"UserPrincipalName":"local","DisplayName":"local"})"),
                        Type::dynamic);
       }},
      {"current_principal_is_member_of", 1, any_number,
       [](Binder&, CallSite&) { return bool_constant(false); }},
  };
  return table;
}

}  // namespace rollcall::kql
