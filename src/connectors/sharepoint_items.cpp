// Items in the forms of SharePoint's connector, for the connector itself and for the door that
// serves its shape.
#include "connectors/sharepoint_items.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.hpp"
#include "lists/values.hpp"

namespace rollcall::connectors {
namespace {

using lists::ColumnType;

constexpr std::string_view item_prefix = "item/";
constexpr std::string_view reference =
    R"({"@odata.type":"#Microsoft.Azure.Connectors.SharePoint.SPListExpandedReference","Id":)";

std::unexpected<Error> wrong(std::string message) {
  return fail("CONNECTOR0201", std::move(message));
}

// `"name` and what is behind it in a key or text that begins with a name: `"Author#Claims"`.
void append_joined(std::string& out, std::string_view name, std::string_view rest) {
  append_json(out, name);
  out.back() = rest.front();
  out += rest.substr(1);
  out += '"';
}

// "key":"text"
void append_member(std::string& out, std::string_view key, std::string_view text) {
  append_json(out, key);
  out += ':';
  append_json(out, text);
}

// "Author":{…},"Author#Claims":"…"
void append_person(std::string& out, const lists::FieldView& field) {
  const auto* text = std::get_if<std::string_view>(&field.value);
  const auto principal = text == nullptr ? std::string_view() : *text;
  append_json(out, field.name);
  out += R"(:{"@odata.type":"#Microsoft.Azure.Connectors.SharePoint.SPListExpandedUser",)";
  append_member(out, "Claims", principal);
  out += ',';
  append_member(out, "DisplayName", principal);
  out += R"(,"Email":)";
  if (principal.contains('@'))
    append_json(out, principal.substr(principal.rfind('|') + 1));
  else
    out += "null";
  out += "},";
  append_joined(out, field.name, "#Claims");
  out += ':';
  append_json(out, principal);
}

void append_reference(std::string& out, std::int64_t id, std::string_view shown) {
  out += reference;
  append_json(out, id);
  out += R"(,"Value":)";
  append_json(out, shown);
  out += '}';
}

// What a look-up shows stands among the fields as `Team/Title`.
void append_lookup(std::string& out, const lists::FieldView& field, const lists::ItemView& item) {
  const auto shown = std::ranges::find_if(item.fields, [&](const lists::FieldView& other) {
    return other.name.size() > field.name.size() && other.name.starts_with(field.name) &&
           other.name[field.name.size()] == '/';
  });
  const auto* text =
      shown == item.fields.end() ? nullptr : std::get_if<std::string_view>(&shown->value);
  const auto id = std::get<std::int64_t>(field.value);
  append_reference(out, id, text == nullptr ? std::string_view() : *text);
  out += ',';
  append_joined(out, field.name, "#Id");
  out += ':';
  append_json(out, id);
}

void append_choices(std::string& out, const lists::FieldView& field) {
  const auto chosen = lists::to_json(field.type, field.value);
  out += '[';
  for (const auto& one : chosen.as_array()) {
    if (out.back() != '[') out += ',';
    append_reference(out, 0, one.as_string());
  }
  out += "],";
  append_joined(out, field.name, "@odata.type");
  out += ':';
  append_json(out, "#Collection(Microsoft.Azure.Connectors.SharePoint.SPListExpandedReference)");
}

void append_field(std::string& out, const lists::FieldView& field, const lists::ItemView& item) {
  const bool is_set = !std::holds_alternative<std::monostate>(field.value);
  const bool person = field.name == "Author" || field.name == "Editor" ||
                      (field.type == ColumnType::person && is_set);
  if (person) return append_person(out, field);
  append_json(out, field.name);
  out += ':';
  if (!is_set)
    out += "null";
  else if (field.type == ColumnType::choice)
    append_reference(out, 0, std::get<std::string_view>(field.value));
  else if (field.type == ColumnType::multichoice)
    append_choices(out, field);
  else if (field.type == ColumnType::lookup)
    append_lookup(out, field, item);
  else if (field.type == ColumnType::hyperlink)
    append_json(out, text_or(lists::to_json(field.type, field.value), "Url"));
  else
    lists::append_json(out, field);
}

// A choice is given as {"Value": "x"}, a look-up as {"Id": 3}, a person as an object, where a plain
// value is meant; the columns' own types take what is inside.
const json::value& plain(const json::value& value) {
  const auto* inner = find(value, "Value");
  return inner == nullptr ? value : *inner;
}

void set(const lists::List& list, json::object& fields, std::string_view name,
         const json::value& value) {
  const auto* column = list.column(name);
  const bool whole =
      column != nullptr && (column->type == ColumnType::json || column->type == ColumnType::lookup);
  fields.insert_or_assign(name, whole ? value : plain(value));
}

// "item/Status/Value" → Status, "item/Owner/Claims" → Owner, "item/Team/Id" → Team.
std::string_view column_of(std::string_view name) {
  for (const std::string_view part : {"/Value", "/Claims", "/Id"}) {
    if (name.ends_with(part)) return name.substr(0, name.size() - part.size());
  }
  return name;
}

}  // namespace

void append_sharepoint_item(std::string& out, const lists::List& list,
                            const lists::ItemView& item) {
  const auto id = std::to_string(item.id), version = std::to_string(item.version);
  const auto path = "Lists/" + list.name + "/";
  out += R"({"@odata.etag":"\")";
  out += version;
  out += R"(\"",)";
  append_member(out, "ItemInternalId", id);
  std::string_view title;
  for (const auto& field : item.fields) {
    if (field.name.contains('/')) continue;
    out += ',';
    append_field(out, field, item);
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (field.name == "Title" && text != nullptr) title = *text;
  }
  out += ',';
  out += R"("{Identifier}":)";
  append_joined(out, path, id);
  out.insert(out.size() - 1, "_.000");
  out += R"(,"{IsFolder}":false,)";
  append_member(out, "{Name}", title);
  out += ',';
  append_member(out, "{Path}", path);
  out += R"(,"{HasAttachments}":false,"{VersionNumber}":")";
  out += version;
  out += R"(.0"})";
}

void expand_lookups(const lists::List& list, odata::Options& options) {
  if (options.expand) return;
  std::string names;
  for (const auto& column : list.columns) {
    if (column.type == ColumnType::lookup) names += (names.empty() ? "" : ",") + column.name;
  }
  if (!names.empty()) options.expand = std::move(names);
}

Result<json::object> sharepoint_fields(const lists::List& list, const json::object& parameters) {
  json::object fields;
  fields.reserve(parameters.size());
  for (const auto& member : parameters) {
    std::string_view name = member.key();
    if (name.starts_with(item_prefix)) {
      set(list, fields, column_of(name.substr(item_prefix.size())), member.value());
    } else if (name == "item" || name == "body") {
      const auto* item = member.value().if_object();
      if (item == nullptr) return wrong(fmt::format("parameter '{}' is no object", name));
      for (const auto& field : *item) set(list, fields, field.key(), field.value());
    } else if (name != "dataset" && name != "table" && name != "id" && name != "view") {
      return wrong(
          fmt::format("there is no parameter '{}'; columns are given as item/{}", name, name));
    }
  }
  return fields;
}

}  // namespace rollcall::connectors
