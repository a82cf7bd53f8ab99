// Reading typed values out of JSON fields, where every error says which field it is about: items of
// lists, rows of a query's answer.
#pragma once
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "fleet/deployment.hpp"

namespace rollcall::fleet {

class FieldReader {
 public:
  explicit FieldReader(const json::object& fields) : fields_(fields) {}

  // There, and not null.
  bool has(std::string_view name) const {
    const json::value* value = fields_.if_contains(name);
    return value != nullptr && !value->is_null();
  }

  Result<std::string> text(std::string_view name) const {
    const json::value* value = fields_.if_contains(name);
    if (value == nullptr || !value->is_string()) return wrong(name, "a text");
    return std::string(value->get_string());
  }

  Result<std::string> text_or_empty(std::string_view name) const {
    return has(name) ? text(name) : std::string();
  }

  Result<std::int64_t> integer(std::string_view name) const {
    TRY(const double number, real(name));
    return static_cast<std::int64_t>(std::llround(number));
  }

  Result<double> real(std::string_view name) const {
    const json::value* value = fields_.if_contains(name);
    if (value == nullptr || !value->is_number()) return wrong(name, "a number");
    return value->to_number<double>();
  }

  Result<bool> boolean(std::string_view name) const {
    const json::value* value = fields_.if_contains(name);
    if (value != nullptr && value->is_bool()) return value->get_bool();
    if (value != nullptr && value->is_int64()) return value->get_int64() != 0;
    return wrong(name, "true or false");
  }

  Result<Timestamp> time(std::string_view name) const {
    TRY(const std::string written, text(name));
    const std::optional<Timestamp> time = parse_iso(written);
    if (!time) return wrong(name, "a time");
    return *time;
  }

  // A choice: its text, or SharePoint's {"Value": text}.
  template <class T>
  Result<T> named(std::string_view name, std::optional<T> (*parse)(std::string_view)) const {
    const json::value* value = fields_.if_contains(name);
    if (value != nullptr && value->is_object()) value = find(*value, "Value");
    if (value != nullptr && value->is_string()) {
      if (const std::optional<T> parsed = parse(value->get_string())) return *parsed;
    }
    return wrong(name, "one of its choices");
  }

  Result<Cell> cell() const {
    Cell cell;
    TRY(cell.environment, text("Environment"));
    TRY(cell.role, text("Role"));
    TRY(cell.region, text("Region"));
    return cell;
  }

 private:
  std::unexpected<Error> wrong(std::string_view name, std::string_view wanted) const {
    return fail("FLEET0101", fmt::format("'{}' is not {}: {}", name, wanted,
                                         fields_.contains(name) ? json::serialize(fields_.at(name))
                                                                : "missing"));
  }

  const json::object& fields_;
};

}  // namespace rollcall::fleet
