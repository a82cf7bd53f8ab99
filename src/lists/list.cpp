// Definitions as JSON and back.
#include "lists/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace rollcall::lists {
namespace {

constexpr std::array<std::string_view, 13> type_names{
    "text", "note",     "number",      "integer", "boolean", "datetime", "choice",
    "json", "currency", "multichoice", "lookup",  "person",  "hyperlink"};

std::unexpected<Error> wrong(std::string message) { return fail("LIST0109", std::move(message)); }

json::array names_of(const std::vector<std::string>& names) {
  json::array array;
  for (const auto& name : names) array.emplace_back(name);
  return array;
}

json::object column_to_json(const Column& column) {
  json::object object{{"name", column.name}, {"type", to_string(column.type)}};
  if (!column.title.empty()) object["title"] = column.title;
  if (!column.description.empty()) object["description"] = column.description;
  if (column.required) object["required"] = true;
  if (column.indexed) object["indexed"] = true;
  if (column.guarded) object["guarded"] = true;
  if (!column.choices.empty()) object["choices"] = names_of(column.choices);
  if (column.max_length != 0) object["maxLength"] = column.max_length;
  if (!column.default_value.is_null()) object["default"] = column.default_value;
  if (!column.lookup_list.empty()) object["lookupList"] = column.lookup_list;
  if (!column.lookup_column.empty()) object["lookupColumn"] = column.lookup_column;
  if (!column.formula.empty()) object["formula"] = column.formula;
  return object;
}

Result<std::vector<std::string>> read_names(const json::value& value, std::string_view what) {
  const auto* array = value.if_array();
  if (array == nullptr) return wrong(fmt::format("{} is no array", what));
  std::vector<std::string> names;
  for (const auto& one : *array) {
    if (!one.is_string()) return wrong(fmt::format("{} holds something that is no text", what));
    names.emplace_back(one.as_string());
  }
  return names;
}

Result<std::vector<std::vector<std::string>>> read_name_lists(const json::value& value,
                                                              std::string_view key) {
  std::vector<std::vector<std::string>> lists;
  const auto* member = find(value, key);
  if (member == nullptr) return lists;
  const auto* array = member->if_array();
  if (array == nullptr) return wrong(fmt::format("{} is no array of arrays of column names", key));
  for (const auto& one : *array) {
    TRY(auto names, read_names(one, key));
    lists.push_back(std::move(names));
  }
  return lists;
}

bool flag(const json::value& value, std::string_view key) {
  const auto* member = find(value, key);
  return member != nullptr && member->is_bool() && member->as_bool();
}

Result<Column> read_column(const json::value& value) {
  if (!value.is_object()) return wrong("a column is no object");
  Column column;
  column.name = text_or(value, "name");
  if (column.name.empty()) return wrong("a column has no name");
  TRY(column.type, parse_column_type(text_or(value, "type", "text")));
  column.title = text_or(value, "title");
  column.description = text_or(value, "description");
  column.required = flag(value, "required");
  column.indexed = flag(value, "indexed");
  column.guarded = flag(value, "guarded");
  column.lookup_list = text_or(value, "lookupList");
  column.lookup_column = text_or(value, "lookupColumn");
  column.formula = text_or(value, "formula");
  if (const auto* choices = find(value, "choices")) {
    TRY(column.choices, read_names(*choices, "choices"));
  }
  if (const auto* length = find(value, "maxLength")) {
    if (!length->is_int64() || length->as_int64() < 0)
      return wrong("maxLength is no number of characters");
    column.max_length = static_cast<std::size_t>(length->as_int64());
  }
  if (const auto* otherwise = find(value, "default")) column.default_value = *otherwise;
  return column;
}

}  // namespace

const Column* List::column(std::string_view column_name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& one) { return one.name == column_name; });
  return found == columns.end() ? nullptr : &*found;
}

std::string_view to_string(ColumnType type) { return type_names[static_cast<std::size_t>(type)]; }

Result<ColumnType> parse_column_type(std::string_view name) {
  const auto found = std::find(type_names.begin(), type_names.end(), name);
  if (found == type_names.end()) {
    return wrong(
        fmt::format("'{}' is no type of column; there are {}", name, fmt::join(type_names, ", ")));
  }
  return static_cast<ColumnType>(found - type_names.begin());
}

json::object to_json(const ListDefinition& definition) {
  json::object object{{"name", definition.name}};
  if (!definition.description.empty()) object["description"] = definition.description;
  json::array columns;
  for (const auto& column : definition.columns) columns.emplace_back(column_to_json(column));
  object["columns"] = std::move(columns);
  for (const auto& [key, lists] : {std::pair("uniqueKeys", &definition.unique_keys),
                                   std::pair("indexes", &definition.indexes)}) {
    if (lists->empty()) continue;
    json::array array;
    for (const auto& names : *lists) array.emplace_back(names_of(names));
    object[key] = std::move(array);
  }
  return object;
}

Result<ListDefinition> parse_list_definition(const json::value& value) {
  if (!value.is_object()) return wrong("the definition is no object");
  ListDefinition definition;
  definition.name = text_or(value, "name");
  definition.description = text_or(value, "description");
  if (const auto* columns = find(value, "columns")) {
    if (!columns->is_array()) return wrong("columns is no array");
    for (const auto& one : columns->as_array()) {
      TRY(auto column, read_column(one));
      definition.columns.push_back(std::move(column));
    }
  }
  TRY(definition.unique_keys, read_name_lists(value, "uniqueKeys"));
  TRY(definition.indexes, read_name_lists(value, "indexes"));
  return definition;
}

}  // namespace rollcall::lists
