#include "warehouse/mapping.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "kql/values.hpp"

namespace rollcall::warehouse {
namespace {

using telemetry::Field;

std::unexpected<Error> wrong(std::string message) {
  return fail("WAREHOUSE0410", "the ingestion mapping: " + std::move(message));
}

// Members may be spelled `column` or `Column`, and stand in `Properties` or beside it.
const json::value* member(const json::object& entry, std::string_view name) {
  for (const auto& one : entry) {
    if (equals_ignoring_case(one.key(), name)) return &one.value();
    if (!equals_ignoring_case(one.key(), "Properties") || !one.value().is_object()) continue;
    if (const auto* inner = member(one.value().get_object(), name)) return inner;
  }
  return nullptr;
}

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return "";
  if (const auto* text = value->if_string()) return std::string(*text);
  return json::serialize(*value);
}

// path = "$" *( "." name / "['" name "']" / "[" number "]" )
Result<void> read_path(MappedColumn& mapped, std::string_view path) {
  const std::string_view whole = path;
  if (!path.starts_with('$'))
    return wrong(fmt::format("the path '{}' does not begin with $", whole));
  path.remove_prefix(1);
  while (!path.empty()) {
    if (path.starts_with('.')) {
      path.remove_prefix(1);
      const auto name = path.substr(0, path.find_first_of(".["));
      if (name.empty())
        return wrong(fmt::format("the path '{}' names nothing behind a dot", whole));
      mapped.path.emplace_back(std::string(name));
      path.remove_prefix(name.size());
      continue;
    }
    const auto end = path.find(']');
    if (!path.starts_with('[') || end == std::string_view::npos)
      return wrong(fmt::format("the path '{}' cannot be read", whole));
    const auto inside = path.substr(1, end - 1);
    path.remove_prefix(end + 1);
    if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') &&
        inside.back() == inside.front()) {
      mapped.path.emplace_back(std::string(inside.substr(1, inside.size() - 2)));
      continue;
    }
    const auto index = kql::parse_long(inside);
    if (!index || *index < 0)
      return wrong(fmt::format("the path '{}' has no number in its brackets", whole));
    mapped.path.emplace_back(static_cast<std::size_t>(*index));
  }
  return {};
}

Result<void> read_transform(MappedColumn& mapped, std::string_view transform) {
  const std::pair<std::string_view, std::int64_t> known[] = {
      {"DateTimeFromUnixSeconds", ticks_per_second},
      {"DateTimeFromUnixMilliseconds", ticks_per_millisecond},
      {"DateTimeFromUnixMicroseconds", ticks_per_microsecond}};
  for (const auto& [name, ticks] : known) {
    if (equals_ignoring_case(name, transform)) mapped.unix_ticks = ticks;
  }
  if (transform.empty() || equals_ignoring_case(transform, "None") || mapped.unix_ticks != 0)
    return {};
  return wrong(
      fmt::format("the transformation {} is not carried out here; DateTimeFromUnixSeconds, "
                  "DateTimeFromUnixMilliseconds and "
                  "DateTimeFromUnixMicroseconds are",
                  transform));
}

Result<MappedColumn> read_entry(const std::vector<Column>& columns, bool json_paths,
                                const json::object& entry, std::size_t index) {
  MappedColumn mapped;
  auto name = text_of(member(entry, "column"));
  if (name.empty()) name = text_of(member(entry, "Name"));
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [&](const auto& one) { return one.name == name; });
  if (column == columns.end()) return wrong(fmt::format("the table has no column '{}'", name));
  mapped.column = static_cast<std::size_t>(column - columns.begin());
  TRY_DO(read_transform(mapped, text_of(member(entry, "Transform"))));
  if (const auto* constant = member(entry, "ConstValue");
      constant != nullptr && !constant->is_null()) {
    mapped.constant = text_of(constant);
  } else if (json_paths) {
    TRY_DO(read_path(mapped, text_of(member(entry, "Path"))));
  } else {
    const auto ordinal = text_of(member(entry, "Ordinal"));
    const auto number = ordinal.empty() ? std::optional(static_cast<std::int64_t>(index))
                                        : kql::parse_long(ordinal);
    if (!number || *number < 0)
      return wrong(fmt::format("column {}: '{}' is no ordinal", name, ordinal));
    mapped.ordinal = static_cast<std::size_t>(*number);
  }
  return mapped;
}

}  // namespace

Result<std::vector<MappedColumn>> read_mapping(const std::vector<Column>& columns,
                                               std::string_view kind, std::string_view mapping) {
  const auto document = parse_json(mapping);
  if (!document) return wrong(document.error().message);
  if (!document->is_array() || document->get_array().empty())
    return wrong("an array of columns was expected");
  std::vector<MappedColumn> all;
  for (const auto& entry : document->get_array()) {
    if (!entry.is_object()) return wrong("an array of objects was expected");
    TRY(auto mapped, read_entry(columns, kind == "json", entry.get_object(), all.size()));
    all.push_back(std::move(mapped));
  }
  return all;
}

telemetry::Field field_at(const MappedColumn& mapped, const json::value& document) {
  const json::value* at = &document;
  for (const auto& step : mapped.path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      at = find(*at, *name);
    } else {
      const auto* array = at->if_array();
      const auto index = std::get<std::size_t>(step);
      at = array != nullptr && index < array->size() ? &(*array)[index] : nullptr;
    }
    if (at == nullptr) return {};
  }
  if (at->is_null()) return {};
  if (const auto* text = at->if_string()) return {"", Field::Kind::text, std::string(*text)};
  const auto kind = at->is_bool()     ? Field::Kind::boolean
                    : at->is_number() ? Field::Kind::number
                                      : Field::Kind::json;
  return {"", kind, kql::json_text(*at)};
}

}  // namespace rollcall::warehouse
