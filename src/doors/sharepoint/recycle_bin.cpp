// /_api/web/recyclebin: items that were deleted and can be brought back, until they are purged. There
// is one bin for the site, without a second stage, and an item stays in it until somebody purges it.
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"
#include "doors/sharepoint/people.hpp"
#include "doors/sharepoint/shape.hpp"

namespace rollcall::doors::sharepoint {
namespace {

struct Deleted {
  lists::ListPtr list;
  lists::ItemVersion version;
};

Result<std::vector<Deleted>> all_deleted(Call& call) {
  std::vector<Deleted> all;
  TRY(const auto lists, call.services.lists.all_lists(call.connection));
  for (const auto& list : lists) {
    TRY(auto versions,
        call.services.lists.read_deleted(call.connection, *list, lists::max_page_size));
    for (auto& version : versions) all.push_back({list, std::move(version)});
  }
  return all;
}

// By the guid that item_guid makes of list and item.
Result<Deleted> deleted_item(Call& call, std::string_view guid) {
  const auto number = [](std::string_view digits) {
    std::int64_t value = -1;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
  };
  const auto list_id = number(guid.substr(0, guid.find('-')));
  const auto id = number(guid.substr(guid.rfind('-') + 1));
  TRY(const auto lists, call.services.lists.all_lists(call.connection));
  for (const auto& list : lists) {
    if (list->id != list_id || !equals_ignoring_case(item_guid(*list, id), guid)) continue;
    auto version = call.services.lists.read_deleted_item(call.connection, *list, id);
    if (version) return Deleted{list, *std::move(version)};
    if (version.error().code != "LIST0102") return std::unexpected(version.error());
  }
  return fail("LIST0102", fmt::format("nothing in the recycle bin is '{}'", guid));
}

json::object entity_of(const Call& call, const Deleted& one) {
  const auto& version = one.version;
  const auto guid = item_guid(*one.list, version.id);
  const auto author = person_parts(text_or(version.fields, "Author"));
  const auto deleter = person_parts(version.principal);
  auto entity = annotated(call, "SP.RecycleBinItem", fmt::format("Web/RecycleBin('{}')", guid));
  entity["AuthorEmail"] = author.at("EMail");
  entity["AuthorName"] = author.at("Title");
  entity["DeletedByEmail"] = deleter.at("EMail");
  entity["DeletedByName"] = deleter.at("Title");
  entity["DeletedDate"] = format_iso_seconds(version.known_from);
  entity["DirName"] = "Lists/" + one.list->name;
  entity["Id"] = guid;
  entity["ItemState"] = 1;
  entity["ItemType"] = 3;
  entity["LeafName"] = fmt::format("{}_.000", version.id);
  entity["ListItemId"] = version.id;
  entity["Size"] = json::serialize(version.fields).size();
  entity["Title"] = text_or(version.fields, "Title");
  return entity;
}

// What was there before the deletion.
Result<void> restore(Call& call, const Deleted& one) {
  TRY_DO(call.services.lists.restore_version(writing(call), *one.list, one.version.id,
                                             one.version.version - 1, call.write()));
  return {};
}

Result<void> purge(Call& call, const Deleted& one) {
  return call.services.lists.purge_item(writing(call), *one.list, one.version.id, call.write());
}

using Work = Result<void> (*)(Call&, const Deleted&);

// With everything that is there, however many pages of it.
Answer with_all(Call& call, Work work) {
  for (;;) {
    TRY(const auto deleted, all_deleted(call));
    if (deleted.empty()) return no_content(200);
    for (const auto& one : deleted) TRY_DO(work(call, one));
  }
}

// {"ids": ["…"]}: all of them, or none.
Answer with_these(Call& call, Work work) {
  const auto* ids = find(call.body, "ids");
  const auto* inner = ids == nullptr ? nullptr : find(*ids, "results");
  const auto* array = inner != nullptr ? inner->if_array()
                      : ids == nullptr ? nullptr
                                       : ids->if_array();
  if (array == nullptr) return fail("SP0104", "ids: an array of the items' Id was expected");
  for (const auto& id : *array) {
    if (!id.is_string()) return fail("SP0104", "ids: an array of the items' Id was expected");
    TRY(const auto one, deleted_item(call, id.get_string()));
    TRY_DO(work(call, one));
  }
  return no_content(200);
}

std::unexpected<Error> no_second_stage() {
  return fail("SP0104",
              "the recycle bin has no second stage: what is deleted stays in it until DeleteObject "
              "or DeleteAll purges it");
}

Answer of_bin(Call& call, const Step& step, std::size_t at) {
  if (step.is("restoreall")) return with_all(call, restore);
  if (step.is("restorebyids")) return with_these(call, restore);
  if (step.is("movealltosecondstage") || step.is("movetosecondstagebyids") ||
      step.is("deleteallsecondstageitems"))
    return no_second_stage();
  if (!step.is("deleteall") && !step.is("deletebyids")) return no_resource(call, at);
  TRY_DO(require_admin(call));
  return step.is("deleteall") ? with_all(call, purge) : with_these(call, purge);
}

Answer of_item(Call& call, const Deleted& one, std::size_t at) {
  const bool itself = at == call.steps.size();
  if (itself && call.reads()) {
    Reply reply;
    auto entity = entity_of(call, one);
    TRY_DO(shape(entity, call.query));
    reply.value = std::move(entity);
    reply.metadata = "SP.ApiData.RecycleBinItems/@Element";
    return reply;
  }
  const bool posted = at + 1 == call.steps.size() && call.method == "POST";
  const auto asks = [&](std::string_view name) { return posted && call.steps[at].is(name); };
  if (asks("movetosecondstage")) return no_second_stage();
  if (asks("restore")) {
    TRY_DO(restore(call, one));
    return no_content(200);
  }
  if (!asks("deleteobject") && !(itself && call.method == "DELETE")) return no_resource(call, at);
  TRY_DO(require_admin(call));
  TRY_DO(purge(call, one));
  return no_content(200);
}

}  // namespace

Answer answer_recycle_bin(Call& call, std::size_t at) {
  const auto& step = call.steps[at];
  if (step.called && !step.arguments.empty()) {
    TRY(const auto one, deleted_item(call, step.argument()));
    return of_item(call, one, at + 1);
  }
  if (at + 1 == call.steps.size()) {
    if (!call.reads()) return no_resource(call, at + 1);
    TRY(const auto deleted, all_deleted(call));
    json::array all;
    for (const auto& one : deleted) all.push_back(entity_of(call, one));
    TRY_DO(shape(all, call.query));
    Reply reply;
    reply.value = std::move(all);
    reply.metadata = "SP.ApiData.RecycleBinItems";
    return reply;
  }
  const auto& next = call.steps[at + 1];
  if (next.is("getbyid") && !next.arguments.empty()) {
    TRY(const auto one, deleted_item(call, next.argument()));
    return of_item(call, one, at + 2);
  }
  if (at + 2 != call.steps.size() || call.method != "POST") return no_resource(call, at + 1);
  return of_bin(call, next, at + 1);
}

}  // namespace rollcall::doors::sharepoint
