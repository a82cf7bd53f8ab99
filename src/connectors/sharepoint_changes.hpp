// What SharePoint's polling triggers tell of a list: the items that were written or deleted since
// they were asked last, by the number of the last change that was told. So nothing is told twice
// and nothing is missed, whatever clocks say. For the connector itself and for the door that serves
// its shape.
#pragma once
#include <optional>
#include <string>

#include "lists/list_store.hpp"

namespace rollcall::connectors {

enum class ItemTrigger { created, modified, created_or_modified, deleted };

struct ToldChanges {
  std::int64_t state = 0;  // to be given the next time
  std::string items;       // JSON objects with commas between; "": there is nothing new
};
// Without `since` nothing is told but from where on things are new.
Result<ToldChanges> tell_changes(lists::ListStore& lists, store::Connection& connection,
                                 const lists::List& list, ItemTrigger trigger,
                                 std::optional<std::int64_t> since, Timestamp now);

}  // namespace rollcall::connectors
