// getchanges: what was written to a list since a token; and the recycle bin: what was deleted and
// can be brought back.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"
#include "doors/sharepoint/people.hpp"
#include "doors/sharepoint/shape.hpp"

namespace rollcall::doors::sharepoint {
namespace {

enum ChangeType { add = 1, update = 2, delete_object = 3 };

// `1;3;GUID;TICKS;NUMBER`, as CurrentChangeToken of a list has it.
std::string token_of(const lists::List& list, Timestamp time, std::int64_t number) {
  return fmt::format("1;3;{};{};{}", list.guid, time.ticks, number);
}
Result<std::int64_t> read_token(const lists::List& list, std::string_view token) {
  const auto parts = split(token, ';');
  std::int64_t number = -1;
  if (parts.size() == 5 && equals_ignoring_case(parts[2], list.guid)) {
    const auto [end, error] =
        std::from_chars(parts[4].data(), parts[4].data() + parts[4].size(), number);
    if (error != std::errc() || end != parts[4].data() + parts[4].size()) number = -1;
  }
  if (number < 0)
    return fail("SP0104", fmt::format("'{}' is no change token of list '{}'", token, list.name));
  return number;
}

Result<std::int64_t> token_in(const lists::List& list, const json::value& query,
                              std::string_view name, std::int64_t otherwise) {
  const auto* token = find(query, name);
  if (token == nullptr || !token->is_object()) return otherwise;
  return read_token(list, text_or(*token, "StringValue"));
}

ChangeType type_of(const lists::ItemVersion& version) {
  return version.deleted ? delete_object : version.version == 1 ? add : update;
}

json::object change_entity(const Call& call, const lists::List& list, const lists::Change& change) {
  json::object entity;
  if (call.format != Format::none) entity["odata.type"] = "SP.ChangeItem";
  entity["ChangeToken"] =
      json::object{{"StringValue", token_of(list, change.version.known_from, change.number)}};
  entity["ChangeType"] = static_cast<int>(type_of(change.version));
  entity["Time"] = format_iso_seconds(change.version.known_from);
  entity["Editor"] = change.version.principal;
  entity["ItemId"] = change.version.id;
  entity["ListId"] = list.guid;
  entity["UniqueId"] = item_guid(list, change.version.id);
  return entity;
}

bool asks_for(const json::value& query, std::string_view name) {
  const auto* value = find(query, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

json::object deleted_entity(const Call& call, const lists::List& list,
                            const lists::ItemVersion& version) {
  const auto guid = item_guid(list, version.id);
  auto entity = annotated(call, "SP.RecycleBinItem", fmt::format("Web/RecycleBin('{}')", guid));
  entity["Id"] = guid;
  entity["Title"] = text_or(version.fields, "Title");
  entity["DeletedByName"] = version.principal;
  entity["DeletedDate"] = format_iso_seconds(version.known_from);
  entity["DirName"] = "Lists/" + list.name;
  entity["ItemState"] = 1;
  entity["ItemType"] = 3;
  entity["LeafName"] = fmt::format("{}_.000", version.id);
  entity["ListItemId"] = version.id;
  return entity;
}

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

// What was there before the deletion.
Result<void> restore(Call& call, const Deleted& one) {
  TRY_DO(call.services.lists.restore_version(writing(call), *one.list, one.version.id,
                                             one.version.version - 1, call.write()));
  return {};
}

}  // namespace

Answer get_changes(Call& call, const lists::ListPtr& list) {
  const auto* query = find(call.body, "query");
  if (query == nullptr)
    return fail("SP0104", "query: an object of the type SP.ChangeQuery was expected");
  TRY(const auto from, token_in(*list, *query, "ChangeTokenStart", 0));
  TRY(const auto to,
      token_in(*list, *query, "ChangeTokenEnd", std::numeric_limits<std::int64_t>::max()));
  std::int64_t limit = 1000;
  if (const auto* fetch = find(*query, "FetchLimit"); fetch != nullptr && fetch->is_int64()) {
    limit = std::clamp<std::int64_t>(fetch->get_int64(), 1, lists::max_page_size);
  }
  TRY(const auto changes, call.services.lists.read_changes(call.connection, *list, from, limit));
  static constexpr std::pair<ChangeType, const char*> kinds[] = {
      {add, "Add"}, {update, "Update"}, {delete_object, "DeleteObject"}};
  json::array all;
  for (const auto& change : changes) {
    const auto type = type_of(change.version);
    const bool wanted = std::ranges::any_of(kinds, [&](const auto& kind) {
      return kind.first == type && asks_for(*query, kind.second);
    });
    if (wanted && change.number <= to) all.push_back(change_entity(call, *list, change));
  }
  Reply reply;
  reply.value = std::move(all);
  reply.metadata = "SP.ApiData.Changes";
  return reply;
}

Answer answer_recycle_bin(Call& call, std::size_t at) {
  const auto& step = call.steps[at];
  TRY(const auto deleted, all_deleted(call));
  if (!step.called && at + 1 == call.steps.size() && call.reads()) {
    json::array all;
    for (const auto& one : deleted) all.push_back(deleted_entity(call, *one.list, one.version));
    TRY_DO(shape(all, call.query));
    Reply reply;
    reply.value = std::move(all);
    reply.metadata = "SP.ApiData.RecycleBinItems";
    return reply;
  }
  const bool all = !step.called && at + 2 == call.steps.size() && call.method == "POST" &&
                   call.steps[at + 1].is("restoreall");
  if (all) {
    for (const auto& one : deleted) TRY_DO(restore(call, one));
    return no_content(200);
  }
  const bool by_id = !step.called && at + 1 < call.steps.size() && call.steps[at + 1].is("getbyid");
  const auto guid = by_id ? call.steps[at + 1].argument() : step.argument();
  const auto next = at + (by_id ? 2 : 1);
  const auto found = std::ranges::find_if(deleted, [&](const Deleted& one) {
    return equals_ignoring_case(item_guid(*one.list, one.version.id), guid);
  });
  if (found == deleted.end())
    return fail("LIST0102", fmt::format("nothing in the recycle bin is '{}'", guid));
  if (next == call.steps.size() && call.reads()) {
    Reply reply;
    reply.value = deleted_entity(call, *found->list, found->version);
    return reply;
  }
  if (next + 1 != call.steps.size() || !call.steps[next].is("restore") || call.method != "POST")
    return no_resource(call, next);
  TRY_DO(restore(call, *found));
  return no_content(200);
}

}  // namespace rollcall::doors::sharepoint
