#include "lists/copy.hpp"

#include <fmt/format.h>

#include <set>

#include "base/hash.hpp"
#include "lists/catalog.hpp"
#include "lists/values.hpp"

namespace rollcall::lists {
namespace {

using store::Argument;

constexpr std::int64_t changes_of_page = 1'000;

// A row of statements that select the head, perhaps more numbers, and all columns.
std::vector<sql::Value> read_row(const KeptList& kept, const store::Row& row, std::size_t numbers) {
  std::vector<sql::Value> values;
  for (std::size_t i = 0; i < numbers; ++i) {
    const bool is_text = i == 3 || i == 5;  // author and editor
    const bool is_truth = i == head_columns + 1;
    values.push_back(is_text    ? sql::Value(std::string(row.text(i)))
                     : is_truth ? sql::Value(row.boolean(i))
                                : sql::Value(row.integer(i)));
  }
  const auto& columns = kept.list().columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    values.push_back(read_value(columns[i].type, row, numbers + i));
  return values;
}
std::int64_t integer_of(const sql::Value& value) { return std::get<std::int64_t>(value); }

struct ChangedItem {
  std::int64_t number;
  std::vector<sql::Value> version;  // head, valid, deleted, columns
  std::int64_t id() const { return integer_of(version[0]); }
};

Result<std::vector<ChangedItem>> changes_behind(store::Connection& reader, const KeptList& kept,
                                                std::int64_t after) {
  const std::size_t numbers = head_columns + 2;
  std::vector<ChangedItem> page;
  TRY_DO(reader.query(kept.select_changes(), {after, changes_of_page}, [&](const store::Row& row) {
    page.push_back(
        {row.integer(numbers + kept.list().columns.size()), read_row(kept, row, numbers)});
  }));
  return page;
}

Result<std::int64_t> last_change(store::Connection& connection, const KeptList& kept) {
  TRY(const auto last, connection.first(kept.last_change(), {},
                                        [](const store::Row& row) { return row.integer(0); }));
  return last.value_or(0);
}

Result<void> execute(store::Transaction& transaction, const store::Prepared& statement,
                     const std::vector<sql::Value>& values) {
  const std::vector<Argument> arguments(values.begin(), values.end());
  TRY_DO(transaction.execute(statement, std::span(arguments)));
  return {};
}

// Of all that is in a list, in the order of its changes: every version, and the items as they are.
class Checksum {
 public:
  void add(const std::vector<sql::Value>& values) {
    std::string text(reinterpret_cast<const char*>(&sum), sizeof sum);
    for (const auto& value : values) append(text, value);
    sum = xxhash64(text);
  }
  std::uint64_t sum = 0;

 private:
  static void append(std::string& text, const sql::Value& value) {
    if (const auto* truth = std::get_if<bool>(&value)) text += *truth ? "yes" : "no";
    if (const auto* integer = std::get_if<std::int64_t>(&value))
      text += fmt::format("{}", *integer);
    if (const auto* real = std::get_if<double>(&value)) text += fmt::format("r{}", *real);
    if (const auto* written = std::get_if<std::string>(&value))
      text += fmt::format("{}:{}", written->size(), *written);
    text += ';';
  }
};

// As far as the change `last`.
Result<std::uint64_t> checksum(store::Connection& reader, const KeptList& kept, std::int64_t last) {
  Checksum sum;
  for (std::int64_t after = 0; after < last;) {
    TRY(const auto page, changes_behind(reader, kept, after));
    for (const auto& change : page) {
      if (change.number > last) break;
      sum.add({change.number});
      sum.add(change.version);
      std::vector<sql::Value> item;
      TRY_DO(reader.query(kept.select_item(), {change.id()}, [&](const store::Row& row) {
        item = read_row(kept, row, head_columns);
      }));
      if (!item.empty() && item[1] == change.version[1]) sum.add(item);
    }
    if (page.empty()) break;
    after = page.back().number;
  }
  return sum.sum;
}

class Copying {
 public:
  Copying(store::Database& from, store::Database& to, const CopyProgress& progress)
      : to_(to), sources_(from), targets_(to), progress_(progress) {}

  Result<CopiedList> run(store::Connection& reader, std::string_view name, std::string_view as) {
    TRY(const auto state, sources_.state(reader));
    source_ = state->by_name(name);
    if (!source_) return fail("LIST0101", fmt::format("there is no list '{}' to copy", name));
    TRY(auto wanted, definition_of_copy(*state, as));
    TRY(target_, to_.write([&](store::Transaction& transaction) {
      return find_or_make(transaction, wanted);
    }));
    CopiedList copied{.name = wanted.name};
    TRY(total_, last_change(reader, *source_));
    TRY(copied.before,
        to_.read([&](store::Connection& connection) { return last_change(connection, *target_); }));
    TRY_DO(check_same_beginning(reader, copied.before));
    TRY_DO(drop_stale(reader, copied.before));
    for (std::int64_t after = copied.before;;) {
      progress_(after, total_);
      TRY(const auto page, changes_behind(reader, *source_, after));
      if (page.empty()) break;
      TRY_DO(write_page(reader, page));
      copied.changes += static_cast<std::int64_t>(page.size());
      after = page.back().number;
    }
    TRY_DO(compare(reader, copied));
    return copied;
  }

 private:
  // The list's definition; what it looks up is named by the copies' guids.
  Result<ListDefinition> definition_of_copy(const CatalogState& state, std::string_view as) {
    ListDefinition wanted = source_->list();
    if (!as.empty()) wanted.name = as;
    for (auto& column : wanted.columns) {
      if (column.type != ColumnType::lookup || column.lookup_list.empty()) continue;
      const auto other = state.by_name(column.lookup_list);
      const auto name = other ? other->list().name : column.lookup_list;
      TRY(const auto there,
          to_.read([&](store::Connection& connection) { return targets_.state(connection); }));
      const auto copy = name == source_->list().name ? nullptr : there->by_name(name);
      if (!copy)
        return fail(
            "LIST0109",
            fmt::format(
                "column '{}' looks up the list '{}', which has no copy there yet: copy it first",
                column.name, name));
      column.lookup_list = copy->list().guid;
    }
    return wanted;
  }

  Result<KeptPtr> find_or_make(store::Transaction& transaction, const ListDefinition& wanted) {
    TRY(auto state, targets_.state(transaction));
    auto there = state->by_name(wanted.name);
    if (!there) {
      List list;
      static_cast<ListDefinition&>(list) = wanted;
      list.created = source_->list().created;
      list.changed = source_->list().changed;
      TRY(const auto made, targets_.insert(transaction, std::move(list)));
      TRY(there, targets_.current(transaction, *made));
    }
    auto kept = to_json(there->list()), asked = to_json(wanted);
    kept["name"] = asked["name"];
    if (kept == asked) return there;
    return other_list("its columns are others");
  }

  std::unexpected<Error> other_list(std::string_view why) const {
    return fail("LIST0112", fmt::format("the list of that name is no copy of '{}': {}; copy it "
                                        "under another name (--as), or delete it",
                                        source_->list().name, why));
  }

  // The last change that the copy has is the list's own of that number, or is of an item of the
  // list that was purged since.
  Result<void> check_same_beginning(store::Connection& reader, std::int64_t last) {
    if (last == 0) return {};
    TRY(const auto theirs, changes_behind(reader, *source_, last - 1));
    TRY(const auto ours, to_.read([&](store::Connection& connection) {
      return changes_behind(connection, *target_, last - 1);
    }));
    if (!theirs.empty() && !ours.empty() && theirs[0].number == last &&
        theirs[0].version == ours[0].version)
      return {};
    TRY(const bool purged, !ours.empty() ? was_purged(reader, ours[0]) : Result<bool>(false));
    if (!purged) return other_list("it has changes of its own");
    return {};
  }
  Result<bool> was_purged(store::Connection& reader, const ChangedItem& ours) const {
    bool purged = false;
    TRY_DO(reader.query(source_->select_versions(), {ours.id()}, [&](const store::Row& row) {
      const bool same = row.integer(2) == integer_of(ours.version[2]) &&        // created, when and
                        row.text(3) == std::get<std::string>(ours.version[3]);  // by whom
      purged = purged || (same && row.integer(1) == purge_version);
    }));
    return purged;
  }

  // Items that have changed since: their keys must not stand in the way of others'.
  Result<void> drop_stale(store::Connection& reader, std::int64_t last) {
    if (last == 0) return {};
    for (std::int64_t after = last;;) {
      TRY(const auto page, changes_behind(reader, *source_, after));
      if (page.empty()) return {};
      TRY_DO(to_.write([&](store::Transaction& transaction) -> Result<void> {
        for (const auto& change : page)
          TRY_DO(transaction.execute(target_->delete_item(), {change.id()}));
        return {};
      }));
      after = page.back().number;
    }
  }

  // The versions, and each item whose last version is among them.
  Result<void> write_page(store::Connection& reader, const std::vector<ChangedItem>& page) {
    std::vector<std::vector<sql::Value>> items;
    for (const auto& change : page) {
      TRY_DO(reader.query(source_->select_item(), {change.id()}, [&](const store::Row& row) {
        if (row.integer(1) == integer_of(change.version[1]))
          items.push_back(read_row(*source_, row, head_columns));
      }));
    }
    const auto numbered = target_->insert_numbered_change();
    return to_.write([&](store::Transaction& transaction) -> Result<void> {
      for (const auto& change : page) {
        if (integer_of(change.version[1]) == purge_version) {
          for (const auto& statement : target_->forget_item())
            TRY_DO(transaction.execute(statement, {change.id()}));
        }
        TRY_DO(execute(transaction, target_->insert_version(), change.version));
        TRY_DO(transaction.execute(numbered,
                                   {change.number, change.id(), integer_of(change.version[1])}));
      }
      for (const auto& item : items) TRY_DO(execute(transaction, target_->insert_item(), item));
      return count_on(transaction);
    });
  }

  // PostgreSQL numbers the next change itself, and has not seen those that came with a number.
  Result<void> count_on(store::Transaction& transaction) {
    if (to_.dialect() != sql::Dialect::postgresql) return {};
    return transaction.query(target_->count_changes_on(), {}, [](const store::Row&) {});
  }

  Result<void> compare(store::Connection& reader, CopiedList& copied) {
    TRY(copied.checksum, checksum(reader, *source_, total_));
    TRY(const auto theirs, to_.read([&](store::Connection& connection) -> Result<std::uint64_t> {
      TRY(const auto last, last_change(connection, *target_));
      if (last != total_) return std::uint64_t{0};
      TRY(const auto count, connection.first(target_->count_items(), {},
                                             [](const store::Row& row) { return row.integer(0); }));
      copied.items = count.value_or(0);
      return checksum(connection, *target_, last);
    }));
    if (theirs == copied.checksum) return {};
    return fail("LIST0112", fmt::format("the copy '{}' is not the same as the list: somebody has "
                                        "written into it; delete it, and copy again",
                                        copied.name));
  }

  store::Database& to_;
  Catalog sources_, targets_;
  const CopyProgress& progress_;
  KeptPtr source_, target_;
  std::int64_t total_ = 0;
};

}  // namespace

Result<CopiedList> copy_list(store::Database& from, std::string_view list, store::Database& to,
                             std::string_view as, const CopyProgress& progress) {
  TRY_DO(Catalog::migrate(from));
  TRY_DO(Catalog::migrate(to));
  Copying copying(from, to, progress);
  return from.read([&](store::Connection& reader) { return copying.run(reader, list, as); });
}

}  // namespace rollcall::lists
