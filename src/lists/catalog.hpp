// The definitions of all lists, read once and kept until they change: a transaction asks for the
// catalog's revision once and finds everything else in memory. Definitions are rows of one table;
// each list's items are in tables of its own (kept_list.hpp).
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lists/kept_list.hpp"
#include "lists/list.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

using KeptPtr = std::shared_ptr<const KeptList>;

struct CatalogState {
  std::int64_t revision = 0;
  std::vector<KeptPtr> lists = {};  // by id
  KeptPtr by_id(std::int64_t id) const;
  KeptPtr by_name(std::string_view name_or_guid) const;
};

class Catalog {
 public:
  explicit Catalog(store::Database& database);
  static constexpr std::int64_t format = 2;  // how many migrations there are
  static Result<void> migrate(store::Database& database);

  // As the transaction sees it.
  Result<std::shared_ptr<const CatalogState>> state(store::Connection& connection);
  // The list as it is now, whatever revision of it the caller holds. LIST0101 when it is gone.
  Result<KeptPtr> current(store::Connection& connection, const List& list);

  // Writes the definition, with a new revision; `list` gets its id, guid and times.
  Result<ListPtr> insert(store::Transaction& transaction, List list);
  Result<ListPtr> update(store::Transaction& transaction, List list);
  Result<void> remove(store::Transaction& transaction, const List& list);

 private:
  Result<std::int64_t> read_revision(store::Connection& connection);
  Result<std::shared_ptr<const CatalogState>> load(store::Connection& connection,
                                                   std::int64_t revision);
  Result<std::int64_t> next_revision(store::Transaction& transaction);
  Result<void> changed(store::Transaction& transaction);

  store::Database& database_;
  store::Prepared select_revision_, set_revision_, select_lists_, insert_, update_, delete_;
  std::atomic<std::int64_t> attempts_ =
      0;  // keeps revisions that were rolled back from being used again
  std::mutex mutex_;
  std::shared_ptr<const CatalogState> newest_;
};

}  // namespace rollcall::lists
