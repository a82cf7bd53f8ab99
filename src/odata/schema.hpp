// What a filter may name: the properties of a list's items, their types, and the SQL columns they
// are kept in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sql/tree.hpp"

namespace rollcall::odata {

// How values of a type are kept: datetime and date (its midnight) as ticks since 0001-01-01,
// time_of_day and duration as ticks, boolean as SQL's truth value, json as text that cannot be
// compared.
enum class Type { null, boolean, integer, real, text, datetime, date, time_of_day, duration, json };

struct Property {
  std::string name;  // `Title`; also a path such as `Author/Title`
  Type type = Type::text;
  std::string column;
  bool nullable = true;
  bool searched = false;  // $search looks into it
  bool many = false;  // several choices, kept as a JSON array: eq says whether one is among them
  sql::ExprPtr expr = nullptr;  // where it is no column: what it is
};
// The property's value in SQL.
sql::ExprPtr value_of(const Property& property);

struct Schema {
  std::vector<Property> properties;
  std::vector<std::string> expandable;  // what $expand may name

  // Names are case-sensitive.
  const Property* find(std::string_view name) const;
  // The name that may have been meant, or "".
  std::string nearest(std::string_view name) const;
};

// `a text`, `a number`, …: for messages.
std::string_view describe(Type type);

}  // namespace rollcall::odata
