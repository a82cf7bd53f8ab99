// KQL's scalar types and how a value of each is stored in a lowered query's columns:
//   bool BOOLEAN · int INTEGER · long BIGINT · real DOUBLE · decimal VARCHAR (see decimal.hpp) · string, guid VARCHAR
//   datetime BIGINT (ticks since 0001-01-01) · timespan BIGINT (ticks) · dynamic VARCHAR (compact
//   JSON text)
// A string is never NULL (Kusto's strings are empty instead); every other type may be.
#pragma once
#include <optional>
#include <string_view>

#include "sql/tree.hpp"

namespace rollcall::kql {

enum class Type {
  boolean,
  integer,
  long_integer,
  real,
  decimal,
  string,
  datetime,
  timespan,
  dynamic,
  guid,
  unknown,  // of an expression that was already complained about
};

// `bool`, `int`, `long`, `real`, `decimal`, `string`, `datetime`, `timespan`, `dynamic`, `guid`.
std::string_view name_of(Type type);
// The .NET name that Kusto's protocol and getschema show: `System.SByte`, `System.Int64` ….
std::string_view clr_name_of(Type type);
// The name or one of its aliases (`date`, `time`, `double`, `uuid`, …); nullopt for others.
std::optional<Type> type_named(std::string_view name);
// The SQL type of a column that holds this type.
sql::Type storage_of(Type type);

inline bool is_integral(Type t) { return t == Type::integer || t == Type::long_integer; }
inline bool is_numeric(Type t) { return is_integral(t) || t == Type::real || t == Type::decimal; }

}  // namespace rollcall::kql
