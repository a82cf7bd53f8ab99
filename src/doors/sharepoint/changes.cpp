// getchanges: what was written to a list since a token.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "doors/sharepoint/call.hpp"

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
    const bool wanted = !lists::is_purge(change.version) &&  // its deletion was told
                        std::ranges::any_of(kinds, [&](const auto& kind) {
                          return kind.first == type && asks_for(*query, kind.second);
                        });
    if (wanted && change.number <= to) all.push_back(change_entity(call, *list, change));
  }
  Reply reply;
  reply.value = std::move(all);
  reply.metadata = "SP.ApiData.Changes";
  return reply;
}

}  // namespace rollcall::doors::sharepoint
