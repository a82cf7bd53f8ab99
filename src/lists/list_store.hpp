// The ListStore seam: typed lists whose items keep all their versions. Every call runs inside the
// caller's transaction, so that a flow's turn writes items and its history together. Queries are
// OData; the statement of a filter is kept under the filter's shape, so that other literals are
// only bound.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/principal.hpp"
#include "base/time.hpp"
#include "lists/list.hpp"
#include "odata/options.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

// Who writes, when, and since when what is written holds in the world (absent: since now).
struct Write {
  Principal principal = {};
  Timestamp now = {};
  std::optional<Timestamp> valid_from = std::nullopt;
  bool unlock = false;  // may set guarded columns, and change or delete a list that has some
};

// Which state is read. Absent: the present one. as_of: what held at that time, as far as it was
// known at `known_at` (absent: as far as it is known now). known_at alone: the newest state known
// then.
struct Reading {
  std::optional<Timestamp> as_of = std::nullopt;
  std::optional<Timestamp> known_at = std::nullopt;
};

// An item, or one version of it. `fields` holds ID, the list's columns (null where empty), Created,
// Modified, Author and Editor, or those of them that were selected.
struct Item {
  std::int64_t id = 0;
  std::int64_t version = 0;  // from 1; the ETag
  json::object fields = {};
};
// An item to look at while it is read or written: no JSON is made of it.
struct FieldView {
  std::string_view name;
  ColumnType type;
  store::Argument value;
};
struct ItemView {
  std::int64_t id;
  std::int64_t version;
  std::span<const FieldView> fields;  // as Item has them
};
using SeeItem = std::function<void(const ItemView&)>;
Item to_item(const ItemView& view);
void append_json(std::string& out, const FieldView& field);  // its value

struct ItemVersion : Item {
  Timestamp valid_from = {};
  Timestamp known_from = {};
  std::string principal = {};  // as base/principal.hpp writes it
  bool deleted = false;
};
// Whether it is no version that was written, but says that the item was purged.
bool is_purge(const ItemVersion& version);

// One write of an item, in the order in which writes were committed. Nothing that was acknowledged
// before a change was read stands before it unread, so a reader that keeps the last number misses
// none.
struct Change {
  std::int64_t number = 0;   // of the list, from 1; grows
  ItemVersion version = {};  // what the write made: version 1 is a creation, `deleted` a deletion,
                             // 0 (is_purge) the end of a deleted item
};

struct Page {
  std::vector<Item> items = {};
  std::optional<std::int64_t> count = std::nullopt;     // with $count: of all that match
  std::optional<std::string> skiptoken = std::nullopt;  // there is more behind it
};

// What $apply answers.
struct Groups {
  json::array rows = {};
  std::optional<std::int64_t> count = std::nullopt;  // with $count: of all that match
};

// What is announced (store::Transaction) when an item of the list is written.
std::string news_of(const List& list);

inline constexpr std::int64_t default_page_size = 100;
inline constexpr std::int64_t max_page_size = 5000;

// Errors: LIST0101 no such list, LIST0102 no such item, LIST0103 the item has another version
// (If-Match), LIST0104 a value does not fit its column, LIST0105 not unique, LIST0106 unknown
// column, LIST0107 a required column is empty, LIST0108 guarded column, LIST0109 a definition is
// wrong, LIST0110 the name is taken, LIST0111 a limit is exceeded; ODATA… for queries.
class ListStore {
 public:
  static Result<std::unique_ptr<ListStore>> open(store::Database& database);
  static std::int64_t newest_format();  // of its tables: "lists" in store::stored_formats
  virtual ~ListStore() = default;

  // ---- definitions
  virtual Result<ListPtr> create_list(store::Transaction&, const ListDefinition&, const Write&) = 0;
  // Creates the list, or adds the columns, keys and indexes that it lacks.
  virtual Result<ListPtr> ensure_list(store::Transaction&, const ListDefinition&, const Write&) = 0;
  // Name and description; columns are changed one by one.
  virtual Result<ListPtr> rename_list(store::Transaction&, const List&, std::string_view name,
                                      std::string_view description, const Write&) = 0;
  virtual Result<void> delete_list(store::Transaction&, const List&, const Write&) = 0;
  virtual Result<ListPtr> add_column(store::Transaction&, const List&, const Column&, bool unique,
                                     const Write&) = 0;
  // All but name and type of the column that has this name.
  virtual Result<ListPtr> change_column(store::Transaction&, const List&, const Column&,
                                        bool unique, const Write&) = 0;
  virtual Result<ListPtr> delete_column(store::Transaction&, const List&, std::string_view column,
                                        const Write&) = 0;
  // By name (letter case ignored) or guid.
  virtual Result<ListPtr> find_list(store::Connection&, std::string_view name_or_guid) = 0;
  virtual Result<std::vector<ListPtr>> all_lists(store::Connection&) = 0;

  // ---- items. `fields` are the columns to set, as JSON; ID, Created and the like are refused.
  // What was written or read is shown to `see`, or answered as an Item.
  virtual Result<void> create_item(store::Transaction&, const List&, const json::object& fields,
                                   const Write&, const SeeItem& see) = 0;
  Result<Item> create_item(store::Transaction&, const List&, const json::object& fields,
                           const Write&);
  // Sets only the columns that `fields` names. if_match: the version that the caller has seen.
  virtual Result<void> update_item(store::Transaction&, const List&, std::int64_t id,
                                   std::optional<std::int64_t> if_match, const json::object& fields,
                                   const Write&, const SeeItem& see) = 0;
  Result<Item> update_item(store::Transaction&, const List&, std::int64_t id,
                           std::optional<std::int64_t> if_match, const json::object& fields,
                           const Write&);
  virtual Result<void> delete_item(store::Transaction&, const List&, std::int64_t id,
                                   std::optional<std::int64_t> if_match, const Write&) = 0;
  // Makes the version's content the newest version; also brings a deleted item back.
  virtual Result<Item> restore_version(store::Transaction&, const List&, std::int64_t id,
                                       std::int64_t version, const Write&) = 0;
  virtual Result<void> read_item(store::Connection&, const List&, std::int64_t id, const Reading&,
                                 const SeeItem& see) = 0;
  Result<Item> read_item(store::Connection&, const List&, std::int64_t id, const Reading& = {});
  // Oldest first; also of a deleted item.
  virtual Result<std::vector<ItemVersion>> read_versions(store::Connection&, const List&,
                                                         std::int64_t id) = 0;
  // The list's changes behind that number, oldest first.
  virtual Result<std::vector<Change>> read_changes(store::Connection&, const List&,
                                                   std::int64_t after, std::int64_t limit) = 0;
  // The number of the last change; 0: there was none.
  virtual Result<std::int64_t> last_change(store::Connection&, const List&) = 0;
  // The last version of each item that is deleted and can be brought back, newest first: those that
  // were deleted before a time.
  virtual Result<std::vector<ItemVersion>> read_deleted(store::Connection&, const List&,
                                                        Timestamp before, std::int64_t limit) = 0;
  Result<std::vector<ItemVersion>> read_deleted(store::Connection&, const List&,
                                                std::int64_t limit);
  // Items in the order of $orderby, then of ID. `now` is what the function now() answers.
  // With `see` the page's items are shown and not in it.
  virtual Result<Page> query(store::Connection&, const List&, const odata::Options&, Timestamp now,
                             const Reading&, const SeeItem& see) = 0;
  Result<Page> query(store::Connection&, const List&, const odata::Options&, Timestamp now,
                     const Reading& = {});
  // What $apply counts: one object for each group. $filter, $orderby, $select and $count are of this
  // result; it comes in the order of $orderby, then of the groups. At most $top of them; LIST0111
  // when none is given and there are more than max_page_size.
  virtual Result<Groups> aggregate(store::Connection&, const List&, const odata::Options&,
                                   Timestamp now) = 0;
  virtual Result<std::int64_t> count_items(store::Connection&, const List&) = 0;

  // ---- the end of deleted items
  // The last version of one that can be brought back. LIST0102: it is not deleted, or purged.
  virtual Result<ItemVersion> read_deleted_item(store::Connection&, const List&,
                                                std::int64_t id) = 0;
  // Forgets a deleted item for good: all that it held, in every version. That there was an item of
  // this id, when it was deleted and when purged, and by whom, stays among the changes.
  virtual Result<void> purge_item(store::Transaction&, const List&, std::int64_t id,
                                  const Write&) = 0;
};

}  // namespace rollcall::lists
