// /items: pages of items, one item, its versions, and writing them.
#include "doors/sharepoint/items.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/sharepoint/people.hpp"

namespace rollcall::doors::sharepoint {
namespace {

std::string collection_type(const lists::List& list) {
  return fmt::format("SP.ListData.{}ListItems", encoded_name(list.name));
}

Reply item_reply(const lists::List& list, json::object entity, std::int64_t id,
                 std::int64_t version, int status) {
  Reply reply;
  reply.status = status;
  reply.value = std::move(entity);
  reply.metadata = collection_type(list) + "/@Element";
  reply.etag = item_etag(list, id, version);
  return reply;
}

// The request's own URL with another $skiptoken.
std::string next_url(const Call& call, const std::string& token) {
  std::string url = call.site + call.path + "?";
  for (const auto& [name, value] : call.query) {
    if (equals_ignoring_case(name, "$skiptoken") || equals_ignoring_case(name, "$skip")) continue;
    url += http::encode_percent(name) + "=" + http::encode_percent(value) + "&";
  }
  return url + "%24skiptoken=" + http::encode_percent(token);
}

Answer create_item(Call& call, const lists::List& list) {
  TRY(const auto fields, item_fields(call, list, call.body));
  Reply reply;
  TRY_DO(call.services.lists.create_item(
      writing(call), list, fields, call.write(), [&](const lists::ItemView& item) {
        reply = item_reply(list, item_entity(call, list, item, {}), item.id, item.version, 201);
        reply.location = fmt::format("{}/_api/{}/Items({})", call.site, list_uri(list), item.id);
      }));
  return reply;
}

Answer update_item(Call& call, const lists::List& list, std::int64_t id) {
  TRY(const auto version, matched_version(call, list, id));
  TRY(const auto fields, item_fields(call, list, call.body));
  auto reply = no_content(204);
  TRY_DO(call.services.lists.update_item(
      writing(call), list, id, version, fields, call.write(),
      [&](const lists::ItemView& item) { reply.etag = item_etag(list, item.id, item.version); }));
  return reply;
}

Answer delete_item(Call& call, const lists::List& list, std::int64_t id) {
  TRY(const auto version, matched_version(call, list, id));
  TRY_DO(call.services.lists.delete_item(writing(call), list, id, version, call.write()));
  return no_content(200);
}

Answer recycle_item(Call& call, const lists::List& list, std::int64_t id) {
  TRY_DO(delete_item(call, list, id));
  Reply reply;
  reply.name = "Recycle";
  reply.value = json::string(item_guid(list, id));
  reply.metadata = "Edm.Guid";
  return reply;
}

Answer read_item(Call& call, const lists::List& list, std::int64_t id) {
  TRY(auto query, item_query(call, list));
  Reply reply;
  if (query.wanted.all && query.wanted.expanded.empty()) {
    TRY_DO(call.services.lists.read_item(
        call.connection, list, id, {}, [&](const lists::ItemView& item) {
          reply = item_reply(list, item_entity(call, list, item, query.wanted), item.id,
                             item.version, 200);
        }));
    return reply;
  }
  query.options.filter = fmt::format("ID eq {}", id);
  query.options.orderby = query.options.skiptoken = std::nullopt;
  query.options.top = 1;
  bool found = false;
  TRY_DO(call.services.lists.query(
      call.connection, list, query.options, call.now, {}, [&](const lists::ItemView& item) {
        found = true;
        reply = item_reply(list, item_entity(call, list, item, query.wanted), item.id, item.version,
                           200);
      }));
  if (!found) return fail("LIST0102", fmt::format("list '{}' has no item {}", list.name, id));
  return reply;
}

json::object version_entity(const Call& call, const lists::List& list,
                            const lists::ItemVersion& version, bool current) {
  auto entity = annotated(
      call, "SP.ListItemVersion",
      fmt::format("{}/Items({})/Versions({})", list_uri(list), version.id, version.version * 512));
  entity["VersionId"] = version.version * 512;
  entity["VersionLabel"] = fmt::format("{}.0", version.version);
  entity["IsCurrentVersion"] = current;
  entity["Created"] = format_iso_seconds(version.known_from);
  entity["OData__UIVersionString"] = fmt::format("{}.0", version.version);
  entity["ValidFrom"] = format_iso_seconds(version.valid_from);
  for (const auto& field : version.fields) {
    const std::string_view name = field.key();
    if (name == "Created") continue;
    const bool person = name == "Author" || name == "Editor";
    if (person && field.value().is_string()) {
      const auto parts = person_parts(field.value().get_string());
      entity[name] = json::object{{"LookupId", parts.at("Id")},
                                  {"LookupValue", parts.at("Title")},
                                  {"Email", parts.at("EMail")}};
    } else {
      entity[name] = field.value();
    }
  }
  return entity;
}

// /versions, newest first, and /versions(1024).
Answer answer_versions(Call& call, const lists::List& list, std::int64_t id, std::size_t at) {
  const auto& step = call.steps[at];
  TRY(const auto versions, call.services.lists.read_versions(call.connection, list, id));
  const auto newest = versions.back().version;
  Reply reply;
  if (step.called && !step.arguments.empty()) {
    TRY(const auto number, parse_id(step.argument()));
    for (const auto& version : versions) {
      if (version.version * 512 != number || version.deleted) continue;
      if (call.reads() && at + 1 == call.steps.size()) {
        reply.value = version_entity(call, list, version, version.version == newest);
        reply.metadata = "SP.ApiData.ListItemVersions/@Element";
        return reply;
      }
    }
    return fail("LIST0102", fmt::format("item {} has no version {}", id, number));
  }
  if (!call.reads() || at + 1 != call.steps.size()) return no_resource(call, at);
  json::array all;
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (!version->deleted)
      all.push_back(version_entity(call, list, *version, version->version == newest));
  }
  reply.value = std::move(all);
  reply.metadata = "SP.ApiData.ListItemVersions";
  return reply;
}

// {"formValues": [{"FieldName", "FieldValue"}]}: texts as people type them; what is wrong is said
// for each field.
Answer validate_update(Call& call, const lists::List& list, std::int64_t id) {
  const auto* values = find(call.body, "formValues");
  const auto* inner = values == nullptr ? nullptr : find(*values, "results");
  const auto* array = inner != nullptr    ? inner->if_array()
                      : values == nullptr ? nullptr
                                          : values->if_array();
  if (array == nullptr)
    return fail("SP0104", "formValues: an array of FieldName and FieldValue was expected");
  json::object fields;
  for (const auto& one : *array)
    fields[text_or(one, "FieldName")] = json::string(text_or(one, "FieldValue"));
  Result<void> written = {};
  if (const auto known = item_fields(call, list, fields); !known) {
    written = std::unexpected(known.error());
  } else {
    written = writing(call).nested([&]() -> Result<void> {
      TRY_DO(call.services.lists.update_item(writing(call), list, id, std::nullopt, *known,
                                             call.write()));
      return {};
    });
  }
  if (!written && !written.error().code.starts_with("LIST"))
    return std::unexpected(written.error());
  if (!written && written.error().code == "LIST0102") return std::unexpected(written.error());
  json::array results;
  for (const auto& one : *array) {
    const auto name = text_or(one, "FieldName");
    const bool failed = !written && written.error().message.contains(fmt::format("'{}'", name));
    results.push_back(json::object{
        {"ErrorMessage", failed ? json::value(written.error().message) : json::value(nullptr)},
        {"FieldName", name},
        {"FieldValue", text_or(one, "FieldValue")},
        {"HasException", !written},
        {"ItemId", id}});
  }
  Reply reply;
  reply.value = std::move(results);
  reply.metadata = "Collection(SP.ListItemFormUpdateValue)";
  return reply;
}

Answer count_items(Call& call, const lists::List& list) {
  TRY(auto options, odata::parse_options(call.query));
  odata::trim_filter(options);
  odata::Options counted;
  counted.filter = options.filter;
  counted.search = options.search;
  counted.count = true;
  counted.top = 0;
  TRY(const auto page, call.services.lists.query(call.connection, list, counted, call.now));
  Reply reply;
  reply.plain = true;
  reply.value = json::string(std::to_string(page.count.value_or(0)));
  return reply;
}

}  // namespace

Result<Reply> item_page(Call& call, const lists::List& list, const ItemQuery& query) {
  json::array items;
  TRY(const auto page,
      call.services.lists.query(call.connection, list, query.options, call.now, {},
                                [&](const lists::ItemView& item) {
                                  items.push_back(item_entity(call, list, item, query.wanted));
                                }));
  Reply reply;
  reply.value = std::move(items);
  if (call.format == Format::minimal) reply.metadata = collection_type(list);
  reply.count = page.count;
  if (page.skiptoken && call.reads()) reply.next = next_url(call, *page.skiptoken);
  return reply;
}

Answer answer_items(Call& call, const lists::ListPtr& list, std::size_t at) {
  const auto& step = call.steps[at];
  if (step.called && !step.arguments.empty()) {
    TRY(const auto id, parse_id(step.argument()));
    return answer_item(call, list, id, at + 1);
  }
  if (at + 1 == call.steps.size()) {
    if (call.method == "POST") return create_item(call, *list);
    if (!call.reads()) return no_resource(call, at + 1);
    TRY(const auto query, item_query(call, *list));
    return item_page(call, *list, query);
  }
  const auto& next = call.steps[at + 1];
  if (next.is("$count") && call.reads()) return count_items(call, *list);
  if ((next.is("getbyid") || next.is("getitembyid") || next.is("getbystringid")) &&
      !next.arguments.empty()) {
    TRY(const auto id, parse_id(next.argument()));
    return answer_item(call, list, id, at + 2);
  }
  return no_resource(call, at + 1);
}

Answer answer_item(Call& call, const lists::ListPtr& list, std::int64_t id, std::size_t at) {
  if (at == call.steps.size()) {
    if (call.reads()) return read_item(call, *list, id);
    if (call.method == "MERGE") return update_item(call, *list, id);
    if (call.method == "DELETE") return delete_item(call, *list, id);
    return no_resource(call, at);
  }
  const auto& step = call.steps[at];
  const bool last = at + 1 == call.steps.size();
  if (step.is("versions")) return answer_versions(call, *list, id, at);
  if (last && call.method == "POST") {
    if (step.is("recycle")) return recycle_item(call, *list, id);
    if (step.is("deleteobject")) return delete_item(call, *list, id);
    if (step.is("validateupdatelistitem")) return validate_update(call, *list, id);
  }
  if (!last || !call.reads()) return no_resource(call, at);
  Wanted wanted;
  json::object entity;
  TRY_DO(call.services.lists.read_item(
      call.connection, *list, id, {},
      [&](const lists::ItemView& item) { entity = item_entity(call, *list, item, wanted); }));
  for (auto& member : entity) {
    if (!step.is(member.key()) || std::string_view(member.key()).starts_with("odata.")) continue;
    Reply reply;
    reply.name = member.key();
    reply.value = std::move(member.value());
    return reply;
  }
  return no_resource(call, at);
}

}  // namespace rollcall::doors::sharepoint
