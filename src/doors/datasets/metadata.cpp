// A list's columns as the connector's `$metadata.json` describes them: a JSON schema with
// annotations.
#include <fmt/format.h>

#include "doors/datasets/requests.hpp"

namespace rollcall::doors::datasets {
namespace {

using lists::Column;
using lists::ColumnType;

json::object reference_schema(bool by_number) {
  json::object properties{{"@odata.type", json::object{{"type", "string"}}},
                          {"Value", json::object{{"type", "string"}}}};
  properties["Id"] = json::object{{"type", "integer"}, {"format", "int64"}};
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"x-ms-displayFormat", {{"titleProperty", by_number ? "Id" : "Value"}}}};
}

json::object schema_of(const Column& column) {
  switch (column.type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::json:
      return {{"type", "string"}};
    case ColumnType::hyperlink:
      return {{"type", "string"}, {"format", "uri"}};
    case ColumnType::number:
    case ColumnType::currency:
      return {{"type", "number"}, {"format", "double"}};
    case ColumnType::integer:
      return {{"type", "integer"}, {"format", "int64"}};
    case ColumnType::boolean:
      return {{"type", "boolean"}};
    case ColumnType::datetime:
      return {{"type", "string"}, {"format", "date-time"}};
    case ColumnType::choice:
      return reference_schema(false);
    case ColumnType::multichoice:
      return {{"type", "array"}, {"items", reference_schema(false)}};
    case ColumnType::lookup:
      return reference_schema(true);
    case ColumnType::person: {
      json::object properties;
      for (const char* name : {"Claims", "DisplayName", "Email"})
        properties[name] = json::object{{"type", "string"}};
      return {{"type", "object"}, {"properties", std::move(properties)}};
    }
  }
  return {};
}

json::object property_of(const Column& column, bool own) {
  auto property = schema_of(column);
  property["title"] = column.title.empty() ? column.name : column.title;
  if (!column.description.empty()) property["description"] = column.description;
  property["x-ms-permission"] =
      own || column.guarded || !column.formula.empty() ? "read-only" : "read-write";
  property["x-ms-keyType"] = column.name == "ID" ? "primary" : "none";
  property["x-ms-sort"] = "asc,desc";
  if (column.type == ColumnType::choice && !column.choices.empty()) {
    json::array choices;
    for (const auto& one : column.choices) choices.emplace_back(one);
    property["properties"].as_object()["Value"].as_object()["enum"] = std::move(choices);
  }
  property["x-ms-capabilities"] =
      json::object{{"filterFunctions",
                    json::array{"and", "or", "eq", "lt", "le", "gt", "ge", "ne", "startswith"}}};
  return property;
}

}  // namespace

json::object table_metadata(const lists::List& list) {
  json::object properties;
  properties["ID"] = property_of({.name = "ID", .type = ColumnType::integer}, true);
  json::array required;
  for (const auto& column : list.columns) {
    properties[column.name] = property_of(column, false);
    if (column.required && column.default_value.is_null()) required.emplace_back(column.name);
  }
  for (const char* name : {"Created", "Modified"})
    properties[name] = property_of({.name = name, .type = ColumnType::datetime}, true);
  for (const char* name : {"Author", "Editor"})
    properties[name] = property_of({.name = name, .type = ColumnType::person}, true);
  json::object items{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) items["required"] = std::move(required);
  const json::object capabilities{
      {"sortRestrictions", json::object{{"sortable", true}}},
      {"filterRestrictions", json::object{{"filterable", true}}},
      {"isOnlyServerPagable", true},
      {"serverPagingOptions", json::array{"top", "skiptoken"}},
      {"filterFunctionSupport",
       json::array{"and", "or", "eq", "startswith", "gt", "ge", "lt", "le", "ne"}},
      {"odataVersion", 3}};
  return {{"name", list.guid},
          {"title", list.name},
          {"x-ms-permission", "read-write"},
          {"x-ms-capabilities", capabilities},
          {"schema", json::object{{"type", "array"}, {"items", std::move(items)}}}};
}

}  // namespace rollcall::doors::datasets
