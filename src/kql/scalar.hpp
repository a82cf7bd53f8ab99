// A bound scalar: a SQL expression with its KQL type. Constants are folded while binding, so that
// `ago(1h)` reaches the database as a number. Numbers stand in the SQL as literals, texts always as
// parameters.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kql/type.hpp"
#include "sql/tree.hpp"

namespace rollcall::kql {

struct Scalar {
  sql::ExprPtr sql;
  Type type = Type::unknown;
  bool nullable = true;
  std::string name;            // of the column it makes when it is given none; empty: Column1, …
  std::vector<Scalar> parts;   // of a function with several results (series_fit_line): all of them
  sql::ExprPtr all = nullptr;  // the parts as one dynamic
};

// --- constants
Scalar constant_of(Type type, sql::Value value);
Scalar null_of(Type type);
Scalar text_constant(std::string text);
Scalar long_constant(std::int64_t value);
Scalar bool_constant(bool value);
Scalar unknown_scalar();
// The value when the expression is constant; monostate is NULL.
std::optional<sql::Value> value_of(const sql::ExprPtr& expr);
inline std::optional<sql::Value> value_of(const Scalar& scalar) { return value_of(scalar.sql); }
std::optional<std::int64_t> whole_value_of(const Scalar& scalar);
std::optional<std::string> text_value_of(const Scalar& scalar);

// --- making SQL
// A native function of native_table.hpp by its name behind `kql_`; folded when all arguments are
// constant.
sql::ExprPtr native(std::string_view name, std::vector<sql::ExprPtr> arguments);
sql::ExprPtr equal(sql::ExprPtr a, sql::ExprPtr b);
sql::ExprPtr is_null(sql::ExprPtr a);
sql::ExprPtr not_null(sql::ExprPtr a);
sql::ExprPtr negated(sql::ExprPtr a);
sql::ExprPtr coalesce(sql::ExprPtr a, sql::ExprPtr otherwise);
sql::ExprPtr when(sql::ExprPtr condition, sql::ExprPtr then, sql::ExprPtr otherwise);
sql::ExprPtr add(sql::ExprPtr a, sql::ExprPtr b);
sql::ExprPtr subtract(sql::ExprPtr a, sql::ExprPtr b);
sql::ExprPtr multiply(sql::ExprPtr a, sql::ExprPtr b);
sql::ExprPtr big(std::int64_t value);
sql::ExprPtr concat(std::vector<sql::ExprPtr> parts);
// As balanced a tree as can be, so that long chains stay shallow.
sql::ExprPtr balanced(sql::BinaryOperator op, std::vector<sql::ExprPtr> operands);

// --- conversions, as the to…() functions do them: what does not convert is null
Scalar convert(Scalar scalar, Type type);
sql::ExprPtr to_text(const Scalar& scalar);  // never NULL
sql::ExprPtr to_json(const Scalar& scalar);  // JSON text, never NULL: `null` stands for null
// Whether a value of one type may be taken where the other is wanted without to…().
bool converts_implicitly(Type from, Type to);

}  // namespace rollcall::kql
