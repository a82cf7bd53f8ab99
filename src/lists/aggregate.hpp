// $apply over a list's items as they are now.
#pragma once
#include "lists/kept_list.hpp"
#include "lists/list_store.hpp"
#include "odata/options.hpp"

namespace rollcall::lists {

// As ListStore::aggregate.
Result<Groups> aggregate_items(const store::Database& database, store::Connection& connection,
                               const KeptList& kept, const odata::Options& options, Timestamp now);

}  // namespace rollcall::lists
