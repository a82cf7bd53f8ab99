#include "odata/schema.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rollcall::odata {

const Property* Schema::find(std::string_view name) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const Property& one) { return one.name == name; });
  return found == properties.end() ? nullptr : &*found;
}

std::string Schema::nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& one : properties) names.push_back(one.name);
  return nearest_name(name, names);
}

sql::ExprPtr value_of(const Property& property) {
  return property.expr ? property.expr : sql::column(property.column);
}

std::string_view describe(Type type) {
  switch (type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "a truth value";
    case Type::integer:
    case Type::real:
      return "a number";
    case Type::text:
      return "a text";
    case Type::datetime:
      return "a date and time";
    case Type::date:
      return "a date";
    case Type::time_of_day:
      return "a time of day";
    case Type::duration:
      return "a duration";
    case Type::json:
      return "a JSON value";
  }
  return "a value";
}

}  // namespace rollcall::odata
