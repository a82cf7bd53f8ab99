#include "connectors/sharepoint_changes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/sharepoint_items.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::int64_t changes_at_once = 1000;

bool tells(ItemTrigger trigger, const lists::ItemVersion& version) {
  switch (trigger) {
    case ItemTrigger::created:
      return version.version == 1;
    case ItemTrigger::modified:
      return version.version > 1 && !version.deleted;
    case ItemTrigger::created_or_modified:
      return !version.deleted;
    case ItemTrigger::deleted:
      return version.deleted && !lists::is_purge(version);
  }
  return false;
}

std::string deleted_item(const lists::ItemVersion& version) {
  const auto title = text_or(version.fields, "Title");
  return json::serialize(json::object{{"ID", version.id},
                                      {"Name", title},
                                      {"FileNameWithExtension", title},
                                      {"DeletedByUserName", version.principal},
                                      {"TimeDeleted", format_iso_seconds(version.known_from)},
                                      {"IsFolder", false}});
}

// The items that were written, each once and as it is now, in the order of their last change.
Result<std::string> written_items(lists::ListStore& lists, store::Connection& connection,
                                  const lists::List& list, const std::vector<std::int64_t>& ids,
                                  Timestamp now) {
  std::string items;
  for (const auto id : ids) {
    odata::Options options;
    options.filter = fmt::format("ID eq {}", id);
    expand_lookups(list, options);
    TRY_DO(lists.query(connection, list, options, now, {}, [&](const lists::ItemView& item) {
      if (!items.empty()) items += ',';
      append_sharepoint_item(items, list, item);
    }));
  }
  return items;
}

}  // namespace

Result<ToldChanges> tell_changes(lists::ListStore& lists, store::Connection& connection,
                                 const lists::List& list, ItemTrigger trigger,
                                 std::optional<std::int64_t> since, Timestamp now) {
  if (!since) {
    TRY(const auto last, lists.last_change(connection, list));
    return ToldChanges{last, {}};
  }
  TRY(const auto changes, lists.read_changes(connection, list, *since, changes_at_once));
  ToldChanges told{changes.empty() ? *since : changes.back().number, {}};
  std::vector<std::int64_t> ids;
  for (const auto& change : changes) {
    if (!tells(trigger, change.version)) continue;
    if (trigger == ItemTrigger::deleted) {
      told.items += (told.items.empty() ? "" : ",") + deleted_item(change.version);
    } else {
      std::erase(ids, change.version.id);
      ids.push_back(change.version.id);
    }
  }
  if (trigger != ItemTrigger::deleted) {
    TRY(told.items, written_items(lists, connection, list, ids, now));
  }
  return told;
}

}  // namespace rollcall::connectors
