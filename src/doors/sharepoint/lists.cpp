// /_api/web/lists: which lists there are, one of them, and making, changing and deleting lists.
#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"
#include "doors/sharepoint/shape.hpp"

namespace rollcall::doors::sharepoint {
namespace {

bool is_hidden(const lists::List& list) { return list.name == "User Information List"; }

Result<json::object> list_entity(const Call& call, const lists::List& list) {
  auto& store = call.services.lists;
  TRY(const auto count, store.count_items(call.connection, list));
  TRY(const auto last, store.last_change(call.connection, list));
  auto modified = list.changed;
  TRY(const auto changes, store.read_changes(call.connection, list, last - 1, 1));
  if (!changes.empty()) modified = std::max(modified, changes.front().version.known_from);
  auto entity = annotated(call, "SP.List", list_uri(list), fmt::format("\"{}\"", list.revision));
  entity["AllowContentTypes"] = false;
  entity["BaseTemplate"] = is_hidden(list) ? 112 : 100;
  entity["BaseType"] = 0;
  entity["ContentTypesEnabled"] = false;
  entity["Created"] = format_iso_seconds(list.created);
  entity["CurrentChangeToken"] =
      json::object{{"StringValue", fmt::format("1;3;{};{};{}", list.guid, modified.ticks, last)}};
  entity["Description"] = list.description;
  entity["EnableAttachments"] = false;
  entity["EnableFolderCreation"] = false;
  entity["EnableVersioning"] = true;
  entity["EntityTypeName"] = encoded_name(list.name) + "List";
  entity["ForceCheckout"] = false;
  entity["Hidden"] = is_hidden(list);
  entity["Id"] = list.guid;
  entity["ItemCount"] = count;
  entity["LastItemDeletedDate"] = format_iso_seconds(modified);
  entity["LastItemModifiedDate"] = format_iso_seconds(modified);
  entity["LastItemUserModifiedDate"] = format_iso_seconds(modified);
  entity["ListItemEntityTypeFullName"] = item_type(list);
  entity["MajorVersionLimit"] = 0;
  entity["NoCrawl"] = false;
  entity["ParentWebUrl"] = "/";
  entity["Title"] = list.name;
  return entity;
}

// $expand=Fields,RootFolder
Result<void> expand(const Call& call, const lists::List& list, json::object& entity) {
  const auto names = call.parameter("$expand");
  if (!names) return {};
  for (const auto part : split(*names, ',')) {
    const auto name = trim(part);
    if (equals_ignoring_case(name, "fields")) {
      entity["Fields"] = fields_of(call, list);
    } else if (equals_ignoring_case(name, "rootfolder")) {
      entity["RootFolder"] =
          json::object{{"Name", list.name}, {"ServerRelativeUrl", "/Lists/" + list.name}};
    } else if (!equals_ignoring_case(name, "currentchangetoken")) {
      return fail("ODATA0103", fmt::format("'{}' of a list cannot be expanded", name));
    }
  }
  return {};
}

Answer all_lists(Call& call) {
  TRY(const auto lists, call.services.lists.all_lists(call.connection));
  json::array all;
  for (const auto& list : lists) {
    TRY(auto entity, list_entity(call, *list));
    TRY_DO(expand(call, *list, entity));
    all.push_back(std::move(entity));
  }
  TRY_DO(shape(all, call.query));
  Reply reply;
  reply.value = std::move(all);
  reply.metadata = "SP.ApiData.Lists";
  return reply;
}

Answer one_list(Call& call, const lists::List& list) {
  TRY(auto entity, list_entity(call, list));
  TRY_DO(expand(call, list, entity));
  TRY_DO(shape(entity, call.query));
  Reply reply;
  if (const auto* tag = entity.if_contains("odata.etag")) reply.etag = tag->as_string();
  reply.value = std::move(entity);
  reply.metadata = "SP.ApiData.Lists/@Element";
  return reply;
}

Answer create_list(Call& call) {
  lists::ListDefinition definition;
  definition.name = trim(text_or(call.body, "Title"));
  definition.description = text_or(call.body, "Description");
  if (definition.name.empty()) return fail("SP0104", "Title: the name of the list was expected");
  definition.columns.push_back({.name = "Title"});
  TRY(const auto list, call.services.lists.create_list(writing(call), definition, call.write()));
  TRY(auto reply, one_list(call, *list));
  reply.status = 201;
  reply.location = fmt::format("{}/_api/{}", call.site, list_uri(*list));
  return reply;
}

Answer change_list(Call& call, const lists::List& list) {
  auto name = trim(text_or(call.body, "Title"));
  if (name.empty()) name = list.name;
  const auto description = text_or(call.body, "Description", list.description);
  if (name != list.name || description != list.description) {
    TRY_DO(call.services.lists.rename_list(writing(call), list, name, description, call.write()));
  }
  return no_content(204);
}

Answer delete_list(Call& call, const lists::List& list) {
  TRY_DO(require_admin(call));
  TRY_DO(call.services.lists.delete_list(writing(call), list, call.write()));
  return no_content(200);
}

Answer list_property(Call& call, const lists::List& list, std::size_t at) {
  TRY(auto entity, list_entity(call, list));
  for (auto& member : entity) {
    if (!call.steps[at].is(member.key()) || call.steps[at].called || at + 1 != call.steps.size())
      continue;
    Reply reply;
    reply.name = member.key();
    reply.value = std::move(member.value());
    reply.metadata = reply.value.is_string() ? "Edm.String"
                     : reply.value.is_bool() ? "Edm.Boolean"
                                             : "Edm.Int32";
    return reply;
  }
  return no_resource(call, at);
}

// {"Recycle": …}: lists are not kept when they are deleted, so there is nothing to bring back.
Answer recycle_list() {
  return fail("SP0104",
              "a list that is deleted is gone with its items; send DELETE for that, or delete its "
              "items, which can be brought back");
}

}  // namespace

Answer answer_lists(Call& call, std::size_t at) {
  const auto& step = call.steps[at];
  if (step.called && !step.arguments.empty()) {
    TRY(const auto list, call.services.lists.find_list(call.connection, step.argument()));
    return answer_list(call, list, at + 1);
  }
  if (at + 1 == call.steps.size()) {
    if (call.reads()) return all_lists(call);
    if (call.method == "POST") return create_list(call);
    return no_resource(call, at + 1);
  }
  const auto& next = call.steps[at + 1];
  if ((next.is("getbytitle") || next.is("getbyid")) && !next.arguments.empty()) {
    TRY(const auto list, call.services.lists.find_list(call.connection, next.argument()));
    return answer_list(call, list, at + 2);
  }
  return no_resource(call, at + 1);
}

Answer answer_list(Call& call, const lists::ListPtr& list, std::size_t at) {
  if (at == call.steps.size()) {
    if (call.reads()) return one_list(call, *list);
    if (call.method == "MERGE") return change_list(call, *list);
    if (call.method == "DELETE") return delete_list(call, *list);
    return no_resource(call, at);
  }
  const auto& step = call.steps[at];
  const bool last = at + 1 == call.steps.size();
  if (step.is("fields")) return answer_fields(call, list, at);
  if (step.is("items")) return answer_items(call, list, at);
  if (step.is("getitembyid")) {
    TRY(const auto id, parse_id(step.argument()));
    return answer_item(call, list, id, at + 1);
  }
  if (last && call.method == "POST") {
    if (step.is("getitems")) return get_items_by_caml(call, list);
    if (step.is("renderlistdataasstream")) return render_list_data(call, list);
    if (step.is("getchanges")) return get_changes(call, list);
    if (step.is("recycle")) return recycle_list();
    if (step.is("deleteobject")) return delete_list(call, *list);
  }
  if (!call.reads()) return no_resource(call, at);
  return list_property(call, *list, at);
}

}  // namespace rollcall::doors::sharepoint
