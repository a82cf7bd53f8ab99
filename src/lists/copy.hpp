// Copying a list from one store into another, SQLite or PostgreSQL, by its log of changes: with all versions, their
// times and principals, and the same ids. A copy that was interrupted goes on behind the last change that it has; so
// does one that is made again after the list has changed.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "lists/list.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

struct CopiedList {
  std::string name;            // of the copy
  std::int64_t changes = 0;    // copied now
  std::int64_t before = 0;     // that were there already
  std::int64_t items = 0;      // there are at the end, in both
  std::uint64_t checksum = 0;  // of all items, versions and changes, in both
};
// How many changes of how many are there.
using CopyProgress = std::function<void(std::int64_t, std::int64_t)>;

// `as`: the copy's name; empty: the list's own. LIST0112: what has that name is no copy of the list, or somebody writes
// into it; LIST0109: a list that it looks up has no copy yet.
Result<CopiedList> copy_list(store::Database& from, std::string_view list, store::Database& to,
                             std::string_view as, const CopyProgress& progress);

}  // namespace rollcall::lists
