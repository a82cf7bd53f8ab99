// Reading and writing the items of one list. Each write puts the item as it now is into the list's
// table and a row into its versions; nothing is read back that is known already.
#pragma once
#include <optional>
#include <vector>

#include "lists/kept_list.hpp"
#include "lists/list_store.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

class Items {
 public:
  explicit Items(const store::Database& database) : database_(database) {}

  Result<void> create(store::Transaction&, const KeptList&, const json::object& fields,
                      const Write&, bool unlocked, const SeeItem& see) const;
  Result<void> update(store::Transaction&, const KeptList&, std::int64_t id,
                      std::optional<std::int64_t> if_match, const json::object& fields,
                      const Write&, bool unlocked, const SeeItem& see) const;
  Result<void> remove(store::Transaction&, const KeptList&, std::int64_t id,
                      std::optional<std::int64_t> if_match, const Write&) const;
  Result<Item> restore(store::Transaction&, const KeptList&, std::int64_t id, std::int64_t version,
                       const Write&) const;
  Result<void> purge(store::Transaction&, const KeptList&, std::int64_t id, const Write&) const;
  Result<void> read(store::Connection&, const KeptList&, std::int64_t id, const Reading&,
                    const SeeItem& see) const;
  Result<std::vector<ItemVersion>> versions(store::Connection&, const KeptList&,
                                            std::int64_t id) const;
  Result<std::vector<Change>> changes(store::Connection&, const KeptList&, std::int64_t after,
                                      std::int64_t limit) const;
  Result<std::vector<ItemVersion>> deleted(store::Connection&, const KeptList&, Timestamp before,
                                           std::int64_t limit) const;
  Result<ItemVersion> deleted_item(store::Connection&, const KeptList&, std::int64_t id) const;
  // Of all items what is calculated, after its formulas were changed; they get no new version of it.
  Result<void> recalculate(store::Transaction&, const KeptList&) const;
  Result<Page> query(store::Connection&, const KeptList&, const odata::Options&, Timestamp now,
                     const Reading&, const SeeItem& see) const;

 private:
  struct Stored {
    Head head;
    std::vector<sql::Value> values;  // of all columns
  };
  Result<Stored> find(store::Connection&, const KeptList&, std::int64_t id,
                      std::optional<std::int64_t> if_match) const;
  Result<void> write_item(store::Transaction&, const KeptList&, const Stored&) const;
  Result<void> write_version(store::Transaction&, const KeptList&, const Stored&, const Write&,
                             bool deleted) const;
  Result<std::int64_t> next_id(store::Transaction&, const KeptList&) const;
  void expect_id(store::Transaction&, const KeptList&, std::int64_t id) const;
  Error explain_conflict(store::Connection&, const KeptList&, const Stored&, Error error) const;

  const store::Database& database_;
};

}  // namespace rollcall::lists
