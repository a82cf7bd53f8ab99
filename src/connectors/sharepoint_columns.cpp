#include "connectors/sharepoint_columns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "connectors/answer.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t max_joins = 12;
constexpr std::string_view reference_type =
    "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedReference";
constexpr std::string_view person_type =
    "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedUser";

bool is_person(const SiteColumn& column) {
  return column.type == "User" || column.type == "UserMulti";
}
bool is_lookup(const SiteColumn& column) {
  return column.type == "Lookup" || column.type == "LookupMulti";
}

const SiteColumn* column_named(const SiteColumns& columns, std::string_view name) {
  const auto found = std::ranges::find(columns, name, &SiteColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

json::value reference(json::value value, std::int64_t id) {
  json::object object{{"@odata.type", reference_type}, {"Id", id}};
  object.emplace("Value", std::move(value));
  return object;
}

json::value person(const json::value& given) {
  if (!given.is_object()) return nullptr;
  json::object object{{"@odata.type", person_type},
                      {"Claims", text_or(given, "Name")},
                      {"DisplayName", text_or(given, "Title")}};
  object.emplace("Email", text_or(given, "EMail"));
  return object;
}

json::value lookup(const json::value& given) {
  if (!given.is_object()) return nullptr;
  const auto* id = find(given, "Id");
  return reference(json::value(text_or(given, "Title")),
                   id != nullptr && id->is_int64() ? id->get_int64() : 0);
}

// Several values: an array, or {"results": […]}.
const json::array* several(const json::value& value) {
  if (const auto* results = find(value, "results")) return results->if_array();
  return value.if_array();
}

template <class Convert>
json::value each(const json::value& value, const Convert& convert) {
  const auto* array = several(value);
  if (array == nullptr) return value.is_null() ? json::value() : convert(value);
  json::array all;
  for (const auto& one : *array) all.push_back(convert(one));
  return all;
}

void add_column(json::object& out, const SiteColumn& column, const json::value& value) {
  if (column.type == "Choice" || column.type == "MultiChoice") {
    out.insert_or_assign(column.name,
                         each(value, [](const json::value& one) { return reference(one, 0); }));
  } else if (is_person(column)) {
    out.insert_or_assign(column.name, each(value, person));
    const auto claims =
        value.is_object() && several(value) == nullptr
            ? json::value(text_or(value, "Name"))
            : each(value, [](const json::value& one) { return json::value(text_or(one, "Name")); });
    out.insert_or_assign(column.name + "#Claims", claims);
  } else if (is_lookup(column)) {
    out.insert_or_assign(column.name, each(value, lookup));
  } else {
    out.insert_or_assign(column.name, value);
  }
}

// What a person or a look-up is known by: {"Claims"} or a text; {"Id"} or {"Value"} or a number.
json::value inner(const json::value& value, std::string_view name) {
  const auto* member = find(value, name);
  return member == nullptr ? value : *member;
}

}  // namespace

SiteColumns read_site_columns(const json::value& answer) {
  SiteColumns columns;
  const auto* all = find(answer, "value");
  if (all == nullptr || !all->is_array()) return columns;
  for (const auto& one : all->get_array())
    columns.push_back(
        {std::string(text_or(one, "InternalName")), std::string(text_or(one, "TypeAsString"))});
  return columns;
}

std::string item_query(const SiteColumns& columns) {
  std::string select = "*", expand;
  std::size_t joins = 0;
  for (const auto& column : columns) {
    if ((!is_person(column) && !is_lookup(column)) || joins == max_joins) continue;
    ++joins;
    select += is_person(column) ? fmt::format(",{0}/Title,{0}/Name,{0}/EMail", column.name)
                                : fmt::format(",{0}/Id,{0}/Title", column.name);
    expand += (expand.empty() ? "" : ",") + column.name;
  }
  return "$select=" + select + (expand.empty() ? "" : "&$expand=" + expand);
}

json::object to_connector_item(const json::object& item, const SiteColumns& columns,
                               std::string_view list) {
  json::object out;
  for (const auto* name : {"odata.etag", "@odata.etag"}) {
    if (const auto* etag = item.if_contains(name)) out.insert_or_assign("@odata.etag", *etag);
  }
  const auto* id = item.if_contains("ID");
  if (id == nullptr) id = item.if_contains("Id");
  const auto number = id == nullptr ? std::string() : plain_text(*id);
  out.emplace("ItemInternalId", number);
  if (id != nullptr) out.emplace("ID", *id);
  for (const auto& member : item) {
    const std::string_view name = member.key();
    if (name.find("odata.") != std::string_view::npos || name == "__metadata" || name == "Id" ||
        name == "ID")
      continue;
    const auto* column = column_named(columns, name);
    if (column != nullptr)
      add_column(out, *column, member.value());
    else if (!name.starts_with("OData__") && name != "FileSystemObjectType" &&
             name != "ServerRedirectedEmbedUri" && name != "ServerRedirectedEmbedUrl") {
      out.insert_or_assign(name, member.value());
    }
  }
  const auto path = fmt::format("Lists/{}/", list);
  const auto* folder = item.if_contains("FileSystemObjectType");
  const auto* attachments = item.if_contains("Attachments");
  out.emplace("{Identifier}", path + number + "_.000");
  out.emplace("{IsFolder}", folder != nullptr && folder->is_int64() && folder->get_int64() == 1);
  out.emplace("{Name}", text_or(item, "Title"));
  out.emplace("{Path}", path);
  out.emplace("{HasAttachments}",
              attachments != nullptr && attachments->is_bool() && attachments->get_bool());
  if (const auto version = text_or(item, "OData__UIVersionString"); !version.empty())
    out.emplace("{VersionNumber}", version);
  return out;
}

Result<std::vector<SiteField>> to_site_fields(const json::object& item,
                                              const SiteColumns& columns) {
  std::vector<SiteField> fields;
  for (const auto& [key, value] : item) {
    const auto* column = column_named(columns, key);
    if (column == nullptr) {
      std::vector<std::string> names;
      for (const auto& one : columns) names.push_back(one.name);
      const auto near = nearest_name(key, names);
      return fail("CONNECTOR0211",
                  fmt::format("the list has no column '{}'{}", std::string_view(key),
                              near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    if (is_person(*column)) {
      const auto claims = inner(value, "Claims");
      if (claims.is_string() && !claims.get_string().empty())
        fields.push_back({column->name + "Id", {}, std::string(claims.get_string())});
    } else if (is_lookup(*column)) {
      const auto id = inner(value, "Id");
      fields.push_back({column->name + "Id", id.is_object() ? inner(value, "Value") : id, {}});
    } else if (column->type == "MultiChoice") {
      fields.push_back({column->name,
                        each(value, [](const json::value& one) { return inner(one, "Value"); }),
                        {}});
    } else {
      fields.push_back(
          {column->name, column->type == "Choice" ? inner(value, "Value") : value, {}});
    }
  }
  return fields;
}

}  // namespace rollcall::connectors
