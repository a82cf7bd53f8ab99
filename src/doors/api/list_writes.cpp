// Lists, written through our own API: making and deleting lists and their columns, and items:
// creating, changing, deleting, and bringing a version back.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace {

struct Asked {
  Services& services;
  const http::Request& request;
  store::Transaction& transaction;
  lists::Write write;

  Result<lists::ListPtr> list() const {
    return services.lists.find_list(transaction, request.path_value("list"));
  }
  Result<json::object> body() const {
    TRY(const auto parsed, parse_json(request.body));
    if (!parsed.is_object()) return fail("API0102", "the body must be a JSON object");
    return parsed.get_object();
  }
};

// The version that If-Match names: `"3"`.
Result<std::optional<std::int64_t>> if_match(const http::Request& request) {
  auto tag = trim(request.headers.value_or("If-Match"));
  if (tag.empty() || tag == "*") return std::nullopt;
  if (tag.size() > 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  if (error != std::errc() || end != tag.data() + tag.size()) {
    return fail("API0103",
                fmt::format("If-Match: {}: the \"@odata.etag\" of an item was expected", tag));
  }
  return version;
}

Result<http::Response> create_list(const Asked& asked) {
  TRY(const auto body, asked.body());
  TRY(const auto definition, lists::parse_list_definition(body));
  TRY(const auto list,
      asked.services.lists.create_list(asked.transaction, definition, asked.write));
  auto answer = lists::to_json(*list);
  answer["guid"] = list->guid;
  return http::json_response(201, answer);
}

Result<http::Response> delete_list(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY_DO(asked.services.lists.delete_list(asked.transaction, *list, asked.write));
  return http::Response{204, {}, {}};
}

// {"name", "type", …, "unique": true}; a column that is there is changed.
Result<http::Response> put_column(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto body, asked.body());
  TRY(const auto definition,
      lists::parse_list_definition(json::object{{"name", "x"}, {"columns", json::array{body}}}));
  const auto& column = definition.columns.front();
  const auto* unique = body.if_contains("unique");
  const bool is_unique = unique != nullptr && unique->is_bool() && unique->get_bool();
  auto& store = asked.services.lists;
  TRY(const auto changed,
      list->column(column.name) == nullptr
          ? store.add_column(asked.transaction, *list, column, is_unique, asked.write)
          : store.change_column(asked.transaction, *list, column, is_unique, asked.write));
  return http::json_response(200, lists::to_json(*changed));
}

Result<http::Response> delete_column(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY_DO(asked.services.lists.delete_column(asked.transaction, *list,
                                            asked.request.path_value("column"), asked.write));
  return http::Response{204, {}, {}};
}

Result<http::Response> create_item(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto body, asked.body());
  TRY(const auto item,
      asked.services.lists.create_item(asked.transaction, *list, body, asked.write));
  return http::json_response(201, with_version(item));
}

Result<http::Response> update_item(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto id, item_id(asked.request));
  TRY(const auto version, if_match(asked.request));
  TRY(const auto body, asked.body());
  TRY(const auto item,
      asked.services.lists.update_item(asked.transaction, *list, id, version, body, asked.write));
  return http::json_response(200, with_version(item));
}

Result<http::Response> delete_item(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto id, item_id(asked.request));
  TRY(const auto version, if_match(asked.request));
  TRY_DO(asked.services.lists.delete_item(asked.transaction, *list, id, version, asked.write));
  return http::Response{204, {}, {}};
}

Result<http::Response> restore_item(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto id, item_id(asked.request));
  TRY(const auto body, asked.body());
  const auto* version = body.if_contains("version");
  if (version == nullptr || !version->is_int64())
    return fail("API0102", "the body must be {\"version\": N}");
  TRY(const auto item, asked.services.lists.restore_version(asked.transaction, *list, id,
                                                            version->get_int64(), asked.write));
  return http::json_response(200, with_version(item));
}

Result<http::Response> purge_item(const Asked& asked) {
  TRY(const auto list, asked.list());
  TRY(const auto id, item_id(asked.request));
  TRY_DO(asked.services.lists.purge_item(asked.transaction, *list, id, asked.write));
  return http::Response{204, {}, {}};
}

// What was deleted before a time, or all: a thousand at a time, so that others' writes have their
// turn; the answer says whether to ask again.
Result<http::Response> purge_deleted(const Asked& asked) {
  constexpr std::int64_t at_once = 1000;
  TRY(const auto list, asked.list());
  auto before = timestamp_max;
  if (const auto text = asked.request.query_value("before")) {
    const auto time = parse_iso(*text);
    if (!time) return fail("API0103", fmt::format("before={}: a time was expected", *text));
    before = *time;
  }
  auto& store = asked.services.lists;
  TRY(const auto deleted, store.read_deleted(asked.transaction, *list, before, at_once));
  for (const auto& one : deleted)
    TRY_DO(store.purge_item(asked.transaction, *list, one.id, asked.write));
  return http::json_response(
      200, json::object{{"purged", deleted.size()}, {"more", deleted.size() == at_once}});
}

using Work = Result<http::Response> (*)(const Asked&);
Access::Handler writing(Services& services, Work work) {
  return [&services, work](const http::Request& request, const Principal& principal) {
    const auto answer = services.database.write([&](store::Transaction& transaction) {
      return work({services, request, transaction, {principal, services.clock.now()}});
    });
    return answer ? *answer : refuse(answer.error());
  };
}

}  // namespace

Operations list_write_operations(Services& services) {
  const auto on = [&](Work work) { return writing(services, work); };
  return {
      {"POST",
       "/api/v1/lists",
       Scope::write,
       "createList",
       "Makes a list.",
       on(create_list),
       {},
       R"({"name": …, "columns": [{"name": …, "type": …}], "uniqueKeys": [[…]], "indexes": [[…]]})"},
      {"DELETE", "/api/v1/lists/{list}", Scope::admin, "deleteList",
       "Deletes a list with its items.", on(delete_list)},
      {"PUT",
       "/api/v1/lists/{list}/columns",
       Scope::write,
       "putColumn",
       "Adds a column, or changes the one of that name.",
       on(put_column),
       {},
       R"({"name": …, "type": …, "required": …, "indexed": …, "unique": …})"},
      {"DELETE", "/api/v1/lists/{list}/columns/{column}", Scope::admin, "deleteColumn",
       "Deletes a column and what is in it.", on(delete_column)},
      {"POST",
       "/api/v1/lists/{list}/items",
       Scope::write,
       "createItem",
       "Creates an item.",
       on(create_item),
       {},
       "the columns to set, as a JSON object"},
      {"PATCH",
       "/api/v1/lists/{list}/items/{id}",
       Scope::write,
       "updateItem",
       "Changes an item; with If-Match only the version that was seen.",
       on(update_item),
       {},
       "the columns to set, as a JSON object"},
      {"DELETE", "/api/v1/lists/{list}/items/{id}", Scope::write, "deleteItem",
       "Deletes an item; it can be brought back.", on(delete_item)},
      {"POST",
       "/api/v1/lists/{list}/items/{id}/restore",
       Scope::write,
       "restoreItem",
       "Makes a version's content the newest, also of a deleted item.",
       on(restore_item),
       {},
       R"({"version": N})"},
      {"DELETE", "/api/v1/lists/{list}/deleted/{id}", Scope::admin, "purgeItem",
       "Purges a deleted item: it cannot be brought back, and its versions are gone.",
       on(purge_item)},
      {"DELETE",
       "/api/v1/lists/{list}/deleted",
       Scope::admin,
       "purgeDeleted",
       "Purges deleted items, at most a thousand; `more` says that there may be others.",
       on(purge_deleted),
       {{"before", "only what was deleted before this time"}}}};
}

}  // namespace rollcall::doors
