// What is asked of items by a view: getitems, and RenderListDataAsStream, whose rows are texts as
// pages show them.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "doors/sharepoint/caml.hpp"
#include "doors/sharepoint/items.hpp"
#include "doors/sharepoint/people.hpp"
#include "lists/values.hpp"

namespace rollcall::doors::sharepoint {
namespace {

using lists::ColumnType;

constexpr std::int64_t stream_rows = 30;  // of a page, when nothing is said

// The texts of what a view says to show: its fields, in the names of $select.
Wanted wanted_of(const std::vector<std::string>& fields) {
  Wanted wanted;
  if (fields.empty()) return wanted;
  wanted.all = false;
  wanted.names = fields;
  for (const auto& name : fields) wanted.names.push_back(name + "Id");  // of look-ups and people
  wanted.names.emplace_back("ID");
  return wanted;
}

CamlAsker asker_of(Call& call) {
  return {call.now, to_string(call.principal),
          [&call](std::int64_t number) { return person_of(call, number); }};
}

json::value shown_value(const lists::FieldView& field, json::object& row) {
  const auto value = lists::to_json(field.type, field.value);
  const std::string name(field.name);
  switch (field.type) {
    case ColumnType::boolean:
      row[name + ".value"] = value.is_null() ? "" : value.as_bool() ? "1" : "0";
      return value.is_null() ? "" : value.as_bool() ? "Yes" : "No";
    case ColumnType::integer:
    case ColumnType::number:
    case ColumnType::currency:
      if (value.is_null()) return "";
      row[name + "."] = json::serialize(value);
      return json::string(json::serialize(value));
    case ColumnType::lookup:
      if (value.is_null()) return json::array{};
      return json::array{
          json::object{{"lookupId", value}, {"lookupValue", ""}, {"isSecretFieldValue", false}}};
    case ColumnType::person: {
      if (value.is_null()) return "";
      const auto parts = person_parts(value.as_string());
      return json::array{json::object{{"id", json::serialize(parts.at("Id"))},
                                      {"title", parts.at("Title")},
                                      {"email", parts.at("EMail")},
                                      {"sip", parts.at("EMail")},
                                      {"picture", ""}}};
    }
    case ColumnType::multichoice:
      return value.is_null() ? json::value(json::array{}) : value;
    case ColumnType::hyperlink:
      row[name + ".desc"] = value.is_null() ? "" : text_or(value, "Description");
      return json::string(value.is_null() ? "" : text_or(value, "Url"));
    case ColumnType::json:
      return value.is_null() ? json::value("") : json::value(json::serialize(value));
    case ColumnType::datetime:
      if (!value.is_null()) row[name + "."] = value;
      return value.is_null() ? json::value("") : value;
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
      return value.is_null() ? json::value("") : value;
  }
  return nullptr;
}

json::object stream_row(const lists::List& list, const lists::ItemView& item,
                        const Wanted& wanted) {
  json::object row;
  row["ID"] = std::to_string(item.id);
  row["PermMask"] = "0x7fffffffffffffff";
  row["FSObjType"] = "0";
  row["UniqueId"] = fmt::format("{{{}}}", item_guid(list, item.id));
  row["owshiddenversion"] = std::to_string(item.version);
  for (auto field : item.fields) {
    if (field.name == "ID") continue;
    const auto slash = field.name.find('/');
    if (slash != std::string_view::npos) {  // what a look-up shows, behind its number
      auto* other = row.if_contains(field.name.substr(0, slash));
      if (other == nullptr || !other->is_array() || other->get_array().empty()) continue;
      other->get_array()[0].as_object()["lookupValue"] = lists::to_json(field.type, field.value);
      continue;
    }
    if (!wanted.all && !wanted.has(field.name)) continue;
    if (field.name == "Author" || field.name == "Editor") field.type = ColumnType::person;
    row[field.name] = shown_value(field, row);
  }
  return row;
}

// The number of the page's first row, which the NextHref of the page before carries.
std::int64_t first_row(std::string_view paging) {
  constexpr std::string_view mark = "PageFirstRow=";
  std::int64_t row = 1;
  if (const auto at = paging.find(mark); at != std::string_view::npos) {
    const auto digits = paging.substr(at + mark.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), row);
  }
  return std::max<std::int64_t>(row, 1);
}

Result<odata::Options> stream_options(const lists::List& list, const json::value& parameters,
                                      CamlQuery query) {
  auto options = std::move(query.options);
  if (!options.top) options.top = stream_rows;
  std::string expand;
  for (const auto& column : list.columns) {
    if (column.type == ColumnType::lookup) expand += (expand.empty() ? "" : ",") + column.name;
  }
  if (!expand.empty()) options.expand = expand;
  // `Paging`: what is behind `?` of the NextHref of the page before.
  auto paging = text_or(parameters, "Paging");
  if (paging.starts_with('?')) paging.remove_prefix(1);
  if (const auto page = paging.find("&PageFirstRow="); page != std::string_view::npos)
    paging = paging.substr(0, page);
  if (!paging.empty()) options.skiptoken = std::string(paging);
  return options;
}

}  // namespace

Answer get_items_by_caml(Call& call, const lists::ListPtr& list) {
  const auto* given = find(call.body, "query");
  if (given == nullptr) return fail("SP0104", "query: an object with ViewXml was expected");
  TRY(const auto caml, read_caml(text_or(*given, "ViewXml"), *list, asker_of(call)));
  TRY(auto query, item_query(call, *list));
  if (!call.parameter("$select")) query.wanted = wanted_of(caml.fields);
  query.options.filter = caml.options.filter;
  query.options.orderby = caml.options.orderby;
  query.options.top = caml.options.top ? caml.options.top : std::optional(lists::max_page_size);
  if (const auto* position = find(*given, "ListItemCollectionPosition");
      position != nullptr && position->is_object()) {
    if (const auto paging = text_or(*position, "PagingInfo"); !paging.empty())
      query.options.skiptoken = std::string(paging);
  }
  return item_page(call, *list, query);
}

Answer render_list_data(Call& call, const lists::ListPtr& list) {
  const auto* given = find(call.body, "parameters");
  const json::value none = json::object{};
  const auto& parameters = given == nullptr ? none : *given;
  TRY(auto caml, read_caml(text_or(parameters, "ViewXml"), *list, asker_of(call)));
  const auto wanted = wanted_of(caml.fields);
  TRY(const auto options, stream_options(*list, parameters, std::move(caml)));
  json::array rows;
  TRY(const auto page, call.services.lists.query(call.connection, *list, options, call.now, {},
                                                 [&](const lists::ItemView& item) {
                                                   rows.push_back(stream_row(*list, item, wanted));
                                                 }));
  const auto first = first_row(text_or(parameters, "Paging"));
  const auto last = first + static_cast<std::int64_t>(rows.size()) - 1;
  json::object answer{{"Row", std::move(rows)},
                      {"FirstRow", first},
                      {"FolderPermissions", "0x7fffffffffffffff"},
                      {"LastRow", last},
                      {"RowLimit", *options.top},
                      {"FilterLink", "?"},
                      {"ForceNoHierarchy", "1"},
                      {"HierarchyHasIndention", ""}};
  if (page.skiptoken)
    answer["NextHref"] = fmt::format("?{}&PageFirstRow={}", *page.skiptoken, last + 1);
  Reply reply;
  reply.plain_json = true;
  // Whoever asks for more than the rows gets them as a part.
  constexpr std::int64_t only_rows = 2;
  const auto* asked = find(parameters, "RenderOptions");
  const auto parts = asked != nullptr && asked->is_int64() ? asked->get_int64() : 0;
  if ((parts & ~only_rows) != 0)
    reply.value = json::object{{"ListData", std::move(answer)}};
  else
    reply.value = std::move(answer);
  return reply;
}

}  // namespace rollcall::doors::sharepoint
