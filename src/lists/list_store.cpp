// The ListStore on a Database: definitions in the catalog, items in two tables a list.
#include "lists/list_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/text.hpp"
#include "lists/aggregate.hpp"
#include "lists/catalog.hpp"
#include "lists/definition_check.hpp"
#include "lists/items.hpp"
#include "lists/values.hpp"

namespace rollcall::lists {
namespace {

bool unlocked(const Write& write) {
  return write.unlock || write.principal.kind == Principal::Kind::flow_run;
}

bool has_guarded(const List& list) {
  return std::any_of(list.columns.begin(), list.columns.end(),
                     [](const Column& one) { return one.guarded; });
}

std::unexpected<Error> no_such_list(const CatalogState& state, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& one : state.lists) names.push_back(one->list().name);
  const auto nearest = nearest_name(name, names);
  return fail("LIST0101", nearest.empty() ? fmt::format("there is no list '{}'", name)
                                          : fmt::format("there is no list '{}'; did you mean '{}'?",
                                                        name, nearest));
}

// What only the database finds wrong with a question.
template <class T>
Result<T> of_question(Result<T> answer) {
  if (answer) return answer;
  auto& error = answer.error();
  if (error.code == "STORE0111") error = {"ODATA0108", "the filter nests too deeply", std::nullopt};
  if (error.code == "STORE0110") error.code = "ODATA0111";
  return answer;
}

void set_unique(ListDefinition& definition, const std::string& column, bool unique) {
  auto& keys = definition.unique_keys;
  const std::vector<std::string> key{column};
  const auto found = std::find(keys.begin(), keys.end(), key);
  if (unique && found == keys.end()) keys.push_back(key);
  if (!unique && found != keys.end()) keys.erase(found);
}

// Whether a formula is new, or another than before.
bool calculates_anew(const List& from, const List& to) {
  return std::ranges::any_of(to.columns, [&](const Column& column) {
    const auto* before = from.column(column.name);
    return !column.formula.empty() && (before == nullptr || before->formula != column.formula);
  });
}

class StoredLists final : public ListStore {
 public:
  explicit StoredLists(store::Database& database)
      : database_(database), catalog_(database), items_(database) {}

  Result<ListPtr> create_list(store::Transaction& transaction, const ListDefinition& definition,
                              const Write& write) override {
    TRY_DO(check_definition(definition));
    TRY_DO(check_lookups(transaction, definition));
    TRY_DO(check_free(transaction, definition.name, 0));
    List list;
    static_cast<ListDefinition&>(list) = definition;
    list.created = list.changed = write.now;
    return catalog_.insert(transaction, std::move(list));
  }

  Result<ListPtr> ensure_list(store::Transaction& transaction, const ListDefinition& definition,
                              const Write& write) override {
    TRY(const auto state, catalog_.state(transaction));
    const auto known = state->by_name(definition.name);
    if (!known) return create_list(transaction, definition, write);
    List list = known->list();
    const auto add_missing = [](auto& into, const auto& from) {
      for (const auto& one : from) {
        if (std::find(into.begin(), into.end(), one) == into.end()) into.push_back(one);
      }
    };
    for (const auto& column : definition.columns) {
      const auto* there = list.column(column.name);
      if (there == nullptr) {
        list.columns.push_back(column);
      } else if (there->type != column.type) {
        return fail("LIST0109",
                    fmt::format("column '{}' of list '{}' is of type {}, not {}", column.name,
                                list.name, to_string(there->type), to_string(column.type)));
      }
    }
    add_missing(list.unique_keys, definition.unique_keys);
    add_missing(list.indexes, definition.indexes);
    const bool same = list.columns.size() == known->list().columns.size() &&
                      list.unique_keys == known->list().unique_keys &&
                      list.indexes == known->list().indexes;
    if (same) return known->shared();
    return change(transaction, known->list(), std::move(list), write);
  }

  Result<ListPtr> rename_list(store::Transaction& transaction, const List& list,
                              std::string_view name, std::string_view description,
                              const Write& write) override {
    TRY(const auto known, catalog_.current(transaction, list));
    TRY_DO(check_guard(known->list(), write));
    TRY_DO(check_free(transaction, name, list.id));
    List changed = known->list();
    changed.name = name;
    changed.description = description;
    return change(transaction, known->list(), std::move(changed), write);
  }

  Result<void> delete_list(store::Transaction& transaction, const List& list,
                           const Write& write) override {
    TRY(const auto known, catalog_.current(transaction, list));
    TRY_DO(check_guard(known->list(), write));
    TRY_DO(check_not_shown(transaction, known->list(), ""));
    return catalog_.remove(transaction, known->list());
  }

  Result<ListPtr> add_column(store::Transaction& transaction, const List& list,
                             const Column& column, bool unique, const Write& write) override {
    TRY(const auto known, catalog_.current(transaction, list));
    List changed = known->list();
    if (changed.column(column.name) != nullptr) {
      return fail("LIST0110",
                  fmt::format("list '{}' has a column '{}' already", list.name, column.name));
    }
    changed.columns.push_back(column);
    set_unique(changed, column.name, unique);
    return change(transaction, known->list(), std::move(changed), write);
  }

  Result<ListPtr> change_column(store::Transaction& transaction, const List& list,
                                const Column& column, bool unique, const Write& write) override {
    TRY(const auto known, catalog_.current(transaction, list));
    List changed = known->list();
    TRY(auto* there, column_of(changed, column.name, write));
    if (there->type != column.type) {
      return fail("LIST0109", fmt::format("the type of column '{}' stays {}", column.name,
                                          to_string(there->type)));
    }
    if (there->formula.empty() != column.formula.empty()) {
      return fail("LIST0109", fmt::format("column '{}' {}", column.name,
                                          column.formula.empty()
                                              ? "is calculated: give its formula"
                                              : "is not calculated, and stays so: add another"));
    }
    *there = column;
    set_unique(changed, column.name, unique);
    return change(transaction, known->list(), std::move(changed), write);
  }

  Result<ListPtr> delete_column(store::Transaction& transaction, const List& list,
                                std::string_view name, const Write& write) override {
    TRY(const auto known, catalog_.current(transaction, list));
    List changed = known->list();
    TRY_DO(column_of(changed, name, write));
    TRY_DO(check_not_shown(transaction, changed, name));
    const auto names_it = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    std::erase_if(changed.columns, [&](const Column& one) { return one.name == name; });
    std::erase_if(changed.unique_keys, names_it);
    std::erase_if(changed.indexes, names_it);
    return change(transaction, known->list(), std::move(changed), write);
  }

  Result<ListPtr> find_list(store::Connection& connection, std::string_view name_or_guid) override {
    TRY(const auto state, catalog_.state(connection));
    if (const auto found = state->by_name(name_or_guid)) return found->shared();
    return no_such_list(*state, name_or_guid);
  }

  Result<std::vector<ListPtr>> all_lists(store::Connection& connection) override {
    TRY(const auto state, catalog_.state(connection));
    std::vector<ListPtr> lists;
    for (const auto& one : state->lists) lists.push_back(one->shared());
    return lists;
  }

  Result<void> create_item(store::Transaction& transaction, const List& list,
                           const json::object& fields, const Write& write,
                           const SeeItem& see) override {
    TRY(const auto kept, catalog_.current(transaction, list));
    return items_.create(transaction, *kept, fields, write, unlocked(write), see);
  }
  Result<void> update_item(store::Transaction& transaction, const List& list, std::int64_t id,
                           std::optional<std::int64_t> if_match, const json::object& fields,
                           const Write& write, const SeeItem& see) override {
    TRY(const auto kept, catalog_.current(transaction, list));
    return items_.update(transaction, *kept, id, if_match, fields, write, unlocked(write), see);
  }
  Result<void> delete_item(store::Transaction& transaction, const List& list, std::int64_t id,
                           std::optional<std::int64_t> if_match, const Write& write) override {
    TRY(const auto kept, catalog_.current(transaction, list));
    if (!unlocked(write) && has_guarded(kept->list())) return guarded(kept->list().name);
    return items_.remove(transaction, *kept, id, if_match, write);
  }
  Result<void> purge_item(store::Transaction& transaction, const List& list, std::int64_t id,
                          const Write& write) override {
    TRY(const auto kept, catalog_.current(transaction, list));
    if (!unlocked(write) && has_guarded(kept->list())) return guarded(kept->list().name);
    return items_.purge(transaction, *kept, id, write);
  }
  Result<Item> restore_version(store::Transaction& transaction, const List& list, std::int64_t id,
                               std::int64_t version, const Write& write) override {
    TRY(const auto kept, catalog_.current(transaction, list));
    if (!unlocked(write) && has_guarded(kept->list())) return guarded(kept->list().name);
    return items_.restore(transaction, *kept, id, version, write);
  }
  Result<void> read_item(store::Connection& connection, const List& list, std::int64_t id,
                         const Reading& reading, const SeeItem& see) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return items_.read(connection, *kept, id, reading, see);
  }
  Result<std::vector<ItemVersion>> read_versions(store::Connection& connection, const List& list,
                                                 std::int64_t id) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return items_.versions(connection, *kept, id);
  }
  Result<std::vector<Change>> read_changes(store::Connection& connection, const List& list,
                                           std::int64_t after, std::int64_t limit) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return items_.changes(connection, *kept, after, limit);
  }
  Result<std::int64_t> last_change(store::Connection& connection, const List& list) override {
    TRY(const auto kept, catalog_.current(connection, list));
    TRY(const auto last, connection.first(kept->last_change(), {},
                                          [](const store::Row& row) { return row.integer(0); }));
    return last.value_or(0);
  }
  Result<std::vector<ItemVersion>> read_deleted(store::Connection& connection, const List& list,
                                                Timestamp before, std::int64_t limit) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return items_.deleted(connection, *kept, before, limit);
  }
  Result<ItemVersion> read_deleted_item(store::Connection& connection, const List& list,
                                        std::int64_t id) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return items_.deleted_item(connection, *kept, id);
  }
  Result<Page> query(store::Connection& connection, const List& list, const odata::Options& options,
                     Timestamp now, const Reading& reading, const SeeItem& see) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return of_question(items_.query(connection, *kept, options, now, reading, see));
  }
  Result<Groups> aggregate(store::Connection& connection, const List& list,
                           const odata::Options& options, Timestamp now) override {
    TRY(const auto kept, catalog_.current(connection, list));
    return of_question(aggregate_items(database_, connection, *kept, options, now));
  }
  Result<std::int64_t> count_items(store::Connection& connection, const List& list) override {
    TRY(const auto kept, catalog_.current(connection, list));
    TRY(const auto count, connection.first(kept->count_items(), {},
                                           [](const store::Row& row) { return row.integer(0); }));
    return count.value_or(0);
  }

 private:
  static std::unexpected<Error> guarded(std::string_view what) {
    return fail(
        "LIST0108",
        fmt::format("'{}' is kept by Rollcall's flows; unlock it to change it by hand", what));
  }
  static Result<void> check_guard(const List& list, const Write& write) {
    if (has_guarded(list) && !unlocked(write)) return guarded(list.name);
    return {};
  }
  static Result<Column*> column_of(List& list, std::string_view name, const Write& write) {
    const auto found = std::find_if(list.columns.begin(), list.columns.end(),
                                    [&](const Column& one) { return one.name == name; });
    if (found == list.columns.end()) {
      return fail("LIST0106", fmt::format("list '{}' has no column '{}'", list.name, name));
    }
    if (found->guarded && !unlocked(write)) return guarded(name);
    return &*found;
  }

  Result<void> check_free(store::Connection& connection, std::string_view name, std::int64_t id) {
    TRY(const auto state, catalog_.state(connection));
    const auto there = state->by_name(name);
    if (there && there->list().id != id)
      return fail("LIST0110", fmt::format("there is a list '{}' already", name));
    return {};
  }

  // The other list of a lookup must be there, and have the column that is shown.
  Result<void> check_lookups(store::Connection& connection, const ListDefinition& definition) {
    for (const auto& column : definition.columns) {
      if (column.type != ColumnType::lookup) continue;
      TRY(const auto other, find_list(connection, column.lookup_list));
      const auto shown = shown_of(column);
      if (other->guid != column.lookup_list || other->column(shown) == nullptr) {
        return fail(
            "LIST0109",
            fmt::format("column '{}' looks up '{}' of list '{}' ({}), which has no such column",
                        column.name, shown, other->name, other->guid));
      }
    }
    return {};
  }
  // column "": any.
  Result<void> check_not_shown(store::Connection& connection, const List& list,
                               std::string_view column) {
    TRY(const auto state, catalog_.state(connection));
    for (const auto& other : state->lists) {
      for (const auto& one : other->list().columns) {
        const bool shows =
            one.lookup_list == list.guid && (column.empty() || shown_of(one) == column);
        if (!shows || other->list().id == list.id) continue;
        return fail("LIST0109",
                    fmt::format("column '{}' of list '{}' looks it up; delete that column first",
                                one.name, other->list().name));
      }
    }
    return {};
  }

  // Brings the tables and indexes from one definition to the other, and keeps the other.
  Result<ListPtr> change(store::Transaction& transaction, const List& from, List to,
                         const Write& write) {
    TRY_DO(check_definition(to));
    TRY_DO(check_lookups(transaction, to));
    const auto before = indexes_of(from), after = indexes_of(to);
    const auto lacks = [](const std::vector<Index>& indexes, const Index& one) {
      return std::find(indexes.begin(), indexes.end(), one) == indexes.end();
    };
    for (const auto& index : before) {
      if (lacks(after, index)) TRY_DO(transaction.execute_once(drop_index(from, index)));
    }
    for (const auto& table : {KeptList::table_name(from.id), KeptList::versions_name(from.id)}) {
      for (const auto& column : from.columns) {
        if (to.column(column.name) == nullptr)
          TRY_DO(transaction.execute_once(sql::DropColumn{table, column.name}));
      }
      for (const auto& column : to.columns) {
        if (from.column(column.name) == nullptr) {
          TRY_DO(transaction.execute_once(sql::AddColumn{table, column_definition(column)}));
        }
      }
    }
    if (calculates_anew(from, to))
      TRY_DO(
          items_.recalculate(transaction, KeptList(std::make_shared<const List>(to), database_)));
    for (const auto& index : after) {
      if (!lacks(before, index)) continue;
      auto created = transaction.execute_once(create_index(from, index));
      if (!created && created.error().code == "STORE0105") {
        return fail("LIST0105",
                    fmt::format("items repeat the values of {}, so they cannot be made unique",
                                fmt::join(index.columns, ", ")));
      }
      TRY_DO(std::move(created));
    }
    to.changed = write.now;
    return catalog_.update(transaction, std::move(to));
  }

  store::Database& database_;
  Catalog catalog_;
  Items items_;
};

}  // namespace

Item to_item(const ItemView& view) {
  Item item{view.id, view.version, {}};
  item.fields.reserve(view.fields.size());
  for (const auto& field : view.fields) {
    const auto slash = field.name.find('/');
    if (slash == std::string_view::npos) {
      item.fields.emplace(field.name, to_json(field.type, field.value));
      continue;
    }
    // Of a lookup that is expanded: {"ID": 3, "Title": …}; one that is empty stays so.
    auto& other = item.fields[field.name.substr(0, slash)];
    if (other.is_null()) continue;
    if (!other.is_object()) other = json::object{{"ID", other}};
    other.get_object()[field.name.substr(slash + 1)] = to_json(field.type, field.value);
  }
  return item;
}

Result<Item> ListStore::create_item(store::Transaction& transaction, const List& list,
                                    const json::object& fields, const Write& write) {
  Item item;
  TRY_DO(create_item(transaction, list, fields, write,
                     [&](const ItemView& view) { item = to_item(view); }));
  return item;
}

Result<Item> ListStore::update_item(store::Transaction& transaction, const List& list,
                                    std::int64_t id, std::optional<std::int64_t> if_match,
                                    const json::object& fields, const Write& write) {
  Item item;
  TRY_DO(update_item(transaction, list, id, if_match, fields, write,
                     [&](const ItemView& view) { item = to_item(view); }));
  return item;
}

Result<Item> ListStore::read_item(store::Connection& connection, const List& list, std::int64_t id,
                                  const Reading& reading) {
  Item item;
  TRY_DO(read_item(connection, list, id, reading,
                   [&](const ItemView& view) { item = to_item(view); }));
  return item;
}

Result<Page> ListStore::query(store::Connection& connection, const List& list,
                              const odata::Options& options, Timestamp now,
                              const Reading& reading) {
  std::vector<Item> items;
  TRY(auto page, query(connection, list, options, now, reading,
                       [&](const ItemView& view) { items.push_back(to_item(view)); }));
  page.items = std::move(items);
  return page;
}

Result<std::vector<ItemVersion>> ListStore::read_deleted(store::Connection& connection,
                                                         const List& list, std::int64_t limit) {
  return read_deleted(connection, list, timestamp_max, limit);
}

bool is_purge(const ItemVersion& version) { return version.version == purge_version; }

std::string news_of(const List& list) { return "list/" + std::to_string(list.id); }

std::int64_t ListStore::newest_format() { return Catalog::format; }

Result<std::unique_ptr<ListStore>> ListStore::open(store::Database& database) {
  TRY_DO(Catalog::migrate(database));
  return std::make_unique<StoredLists>(database);
}

}  // namespace rollcall::lists
