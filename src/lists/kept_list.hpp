// A list as it is kept: its two tables (the items as they are; all versions of them), what filters
// may name, and the statements that read and write it, each rendered once. Made anew when the
// definition changes.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "lists/formula.hpp"
#include "lists/list.hpp"
#include "odata/compile.hpp"
#include "odata/schema.hpp"
#include "store/database.hpp"

namespace rollcall::lists {

// Our own columns beside the list's; a `$` keeps them apart.
namespace own {
inline constexpr const char* id = "$id";
inline constexpr const char* version = "$version";
inline constexpr const char* created = "$created";
inline constexpr const char* author = "$author";
inline constexpr const char* modified = "$modified";  // of a version: known from
inline constexpr const char* editor = "$editor";
inline constexpr const char* valid = "$valid";      // versions only
inline constexpr const char* deleted = "$deleted";  // versions only
inline constexpr const char* change = "$change";    // changes only: from 1, in the order of commits
}  // namespace own

// The number of the version that says that an item was purged, when and by whom; what the item held
// is gone then, and the last version before is empty. No other version has this number.
inline constexpr std::int64_t purge_version = 0;

inline constexpr const char* items_alias = "item";  // of the items in queries, past or present

// What an item carries beside its columns.
struct Head {
  std::int64_t id = 0;
  std::int64_t version = 0;
  Timestamp created = {};
  std::string author = {};
  Timestamp modified = {};
  std::string editor = {};
};
inline constexpr std::size_t head_columns = 6;  // in this order, before the list's columns

// How a page continues: which of the last item's order values were null; empty: from the start.
struct Continuation {
  bool after = false;
  std::vector<bool> nulls = {};
};

enum class Source { present, as_of, known_at };

// A compiled query. Slots: the literals, now, then limit, offset, the two times of a Reading, the
// last item's id and its order values.
struct QueryPlan {
  odata::Compiled compiled;
  store::Prepared select;
  store::Prepared count;
  std::vector<std::size_t> fields;  // which fields are read, by position in KeptList::fields
};

struct Field {
  std::string name;
  sql::ExprPtr value;
  ColumnType type;
  std::string expanded = {};  // only read when $expand names this: a lookup's other item
};

class KeptList {
 public:
  KeptList(ListPtr list, const store::Database& database);

  const List& list() const { return *list_; }
  const ListPtr& shared() const { return list_; }
  const odata::Schema& schema() const { return schema_; }
  const std::vector<Field>& fields() const {
    return fields_;
  }  // ID, the columns, Created, Modified, …
  std::size_t column_index(std::string_view name) const;  // npos: none
  // Of the calculated columns. An error when a newer Rollcall has made one: then nothing is written.
  const Result<std::vector<Formula>>& formulas() const { return formulas_; }

  std::string table() const { return table_name(list_->id); }
  static std::string table_name(std::int64_t id);
  static std::string versions_name(std::int64_t id);
  static std::string changes_name(std::int64_t id);

  // Slots: the head, then all columns. Changes nothing when the unique key refuses it, if there is one.
  const store::Prepared& insert_item() const { return insert_item_; }
  // Slots: the head, valid, deleted, then all columns.
  const store::Prepared& insert_version() const { return insert_version_; }
  // Slot: the id. Rows: the head, then all columns.
  const store::Prepared& select_item() const { return select_item_; }
  const store::Prepared& delete_item() const { return delete_item_; }
  // Slot: the id. Rows: the head, valid, deleted, then all columns; oldest first.
  const store::Prepared& select_versions() const { return select_versions_; }
  // Slots: the id, the version.
  const store::Prepared& insert_change() const { return insert_change_; }
  // The same with a number in front, for a copy; and what lets PostgreSQL count on behind those.
  store::Prepared insert_numbered_change() const;
  store::Prepared count_changes_on() const;
  // Slots: the last change that is known, how many. Rows: the head, valid, deleted, all columns,
  // the change.
  const store::Prepared& select_changes() const { return select_changes_; }
  const store::Prepared& last_change() const { return last_change_; }
  // Slots: how many, and before when they were deleted. Rows as select_versions: the last version of
  // items that are deleted and not purged, newest first.
  const store::Prepared& select_deleted() const { return select_deleted_; }
  // Slot: the id. The same of one item, if it is such a one.
  const store::Prepared& select_deleted_item() const { return select_deleted_item_; }
  // What a purge takes: slot: the id of a deleted item. Of its versions the last stays, and says
  // nothing of what the item held.
  const std::vector<store::Prepared>& forget_item() const { return forget_item_; }
  const store::Prepared& next_id() const { return next_id_; }
  const store::Prepared& count_items() const { return count_items_; }
  // Slots: version, modified, editor, id, then the columns whose positions are given, in this
  // order.
  store::Prepared update_item(const std::vector<std::size_t>& columns) const;

  // What calculates everything anew. select: slots are the id and version of the last row and how many; rows as
  // select_versions, by id and version. version, item: slots are id, version and the calculated columns in the order of
  // formulas().
  struct Recalculation {
    store::Prepared select, version, item;
  };
  Recalculation recalculation() const;

  Result<odata::Shape> shape(const odata::Options& options) const;
  Result<std::shared_ptr<const QueryPlan>> plan(const odata::Options& options,
                                                const odata::Shape& shape, Source source,
                                                const Continuation& continuation) const;

 private:
  Result<std::shared_ptr<const QueryPlan>> make_plan(const odata::Options& options,
                                                     const odata::Shape& shape, Source source,
                                                     const Continuation& continuation) const;

  ListPtr list_;
  const store::Database& database_;
  Result<std::vector<Formula>> formulas_;
  odata::Schema schema_;
  std::vector<Field> fields_;
  std::unordered_map<std::string, std::size_t> positions_;
  store::Prepared insert_item_, insert_version_, select_item_, delete_item_, select_versions_,
      next_id_, count_items_, insert_change_, select_changes_, last_change_, select_deleted_,
      select_deleted_item_;
  std::vector<store::Prepared> forget_item_;
  mutable std::mutex mutex_;  // of the caches
  mutable std::map<std::vector<std::size_t>, store::Prepared> updates_;
  mutable std::unordered_map<std::string, std::shared_ptr<const QueryPlan>> plans_;
  mutable std::shared_ptr<const odata::KnownShape> last_shape_;
};

// The column of the other list that a lookup shows.
std::string shown_of(const Column& column);

inline constexpr std::size_t none = static_cast<std::size_t>(-1);

// The statements that make a list's tables and indexes.
std::vector<sql::Statement> create_tables(const List& list);
// The table of a list's changes, and what fills it from the versions of a list that had none.
sql::CreateTable create_changes(std::int64_t list);
sql::Insert fill_changes(std::int64_t list);
std::vector<sql::Statement> drop_tables(const List& list);
struct Index {
  std::vector<std::string> columns;
  bool unique;
  bool operator==(const Index&) const = default;
};
// Each set of columns once; a unique one serves lookups too.
std::vector<Index> indexes_of(const ListDefinition& definition);
sql::CreateIndex create_index(const List& list, const Index& index);
sql::DropIndex drop_index(const List& list, const Index& index);
sql::ColumnDefinition column_definition(const Column& column);

}  // namespace rollcall::lists
