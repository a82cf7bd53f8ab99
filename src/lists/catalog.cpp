#include "lists/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::lists {
namespace {

using Op = sql::BinaryOperator;

constexpr const char* lists_table = "lists";
constexpr const char* revision_table = "lists_revision";

sql::ExprPtr slot(std::size_t index) { return sql::make(sql::Slot{index}); }

sql::QueryPtr revision_query() {
  sql::Select select;
  select.items = {{sql::column("Revision"), {}}, {sql::column("LastId"), {}}};
  select.from = sql::table(revision_table);
  return sql::query(std::move(select));
}

sql::QueryPtr lists_query() {
  sql::Select select;
  for (const char* name : {"Id", "Revision", "Guid", "Created", "Changed", "Definition"}) {
    select.items.push_back({sql::column(name), {}});
  }
  select.from = sql::table(lists_table);
  return std::make_shared<const sql::Query>(
      sql::Query{{}, std::move(select), {{sql::column("Id")}}, nullptr, nullptr});
}

sql::Insert insert_statement() {
  return {.table = lists_table,
          .columns = {"Id", "Revision", "Guid", "Created", "Changed", "Definition"},
          .rows = {{slot(0), slot(1), slot(2), slot(3), slot(4), slot(5)}},
          .query = nullptr,
          .conflict_columns = {},
          .conflict_set = {},
          .returning = {}};
}

sql::Update update_statement() {
  return {lists_table,
          {{"Revision", slot(1)}, {"Changed", slot(2)}, {"Definition", slot(3)}},
          sql::binary(Op::equal, sql::column("Id"), slot(0)),
          {}};
}

Result<ListPtr> read_list(const store::Row& row) {
  TRY(const auto value, parse_json(row.text(5)));
  TRY(auto definition, parse_list_definition(value));
  auto list = std::make_shared<List>();
  static_cast<ListDefinition&>(*list) = std::move(definition);
  list->id = row.integer(0);
  list->revision = row.integer(1);
  list->guid = row.text(2);
  list->created = row.time(3);
  list->changed = row.time(4);
  return list;
}

}  // namespace

KeptPtr CatalogState::by_id(std::int64_t id) const {
  const auto found = std::find_if(lists.begin(), lists.end(),
                                  [&](const KeptPtr& one) { return one->list().id == id; });
  return found == lists.end() ? nullptr : *found;
}

KeptPtr CatalogState::by_name(std::string_view name_or_guid) const {
  for (const auto& one : lists) {
    if (equals_ignoring_case(one->list().name, name_or_guid)) return one;
  }
  for (const auto& one : lists) {
    if (equals_ignoring_case(one->list().guid, name_or_guid)) return one;
  }
  return nullptr;
}

Catalog::Catalog(store::Database& database)
    : database_(database),
      select_revision_(database.prepare(revision_query())),
      set_revision_(database.prepare(
          sql::Update{revision_table, {{"Revision", slot(0)}, {"LastId", slot(1)}}, nullptr, {}})),
      select_lists_(database.prepare(lists_query())),
      insert_(database.prepare(insert_statement())),
      update_(database.prepare(update_statement())),
      delete_(database.prepare(
          sql::Delete{lists_table, sql::binary(Op::equal, sql::column("Id"), slot(0))})) {}

Result<void> Catalog::migrate(store::Database& database) {
  using sql::Type;
  const auto needed = [](const char* name, Type type) {
    return sql::ColumnDefinition{name, type, true, false, nullptr};
  };
  const std::vector<store::Migration> steps{
      {{sql::CreateTable{lists_table,
                         {{"Id", Type::bigint, false, true, nullptr},
                          needed("Revision", Type::bigint),
                          needed("Guid", Type::text),
                          needed("Created", Type::bigint),
                          needed("Changed", Type::bigint),
                          needed("Definition", Type::text)},
                         {},
                         false,
                         false},
        sql::CreateTable{revision_table,
                         {needed("Revision", Type::bigint), needed("LastId", Type::bigint)},
                         {},
                         false,
                         false},
        sql::Insert{.table = revision_table,
                    .columns = {"Revision", "LastId"},
                    .rows = {{sql::literal(std::int64_t{1}), sql::literal(std::int64_t{0})}},
                    .query = nullptr,
                    .conflict_columns = {},
                    .conflict_set = {},
                    .returning = {}}},
       {}},
      // Lists that are older than the log of changes.
      {{}, [&database](store::Transaction& transaction) -> Result<void> {
         sql::Select select;
         select.items = {{sql::column("Id"), {}}};
         select.from = sql::table(lists_table);
         std::vector<std::int64_t> ids;
         TRY_DO(transaction.query(database.prepare(sql::query(std::move(select))), {},
                                  [&](const store::Row& row) { ids.push_back(row.integer(0)); }));
         for (const auto id : ids) {
           TRY_DO(transaction.execute_once(create_changes(id)));
           TRY_DO(transaction.execute_once(fill_changes(id)));
         }
         return {};
       }}};
  CHECK(steps.size() == format);
  return store::migrate(database, "lists", steps);
}

Result<std::int64_t> Catalog::read_revision(store::Connection& connection) {
  TRY(const auto revision,
      connection.first(select_revision_, {}, [](const store::Row& row) { return row.integer(0); }));
  CHECK(revision.has_value());
  return *revision;
}

Result<std::shared_ptr<const CatalogState>> Catalog::state(store::Connection& connection) {
  auto& slot = connection.slot(this);
  if (slot) return std::static_pointer_cast<const CatalogState>(slot);
  TRY(const auto revision, read_revision(connection));
  std::shared_ptr<const CatalogState> state;
  {
    const std::scoped_lock lock(mutex_);
    if (newest_ && newest_->revision == revision) state = newest_;
  }
  if (!state) {
    TRY(state, load(connection, revision));
  }
  connection.slot(this) = state;
  return state;
}

Result<std::shared_ptr<const CatalogState>> Catalog::load(store::Connection& connection,
                                                          std::int64_t revision) {
  std::shared_ptr<const CatalogState> before;
  {
    const std::scoped_lock lock(mutex_);
    before = newest_;
  }
  auto state = std::make_shared<CatalogState>();
  state->revision = revision;
  TRY_DO(connection.query(select_lists_, {}, [&](const store::Row& row) -> Result<void> {
    auto known = before ? before->by_id(row.integer(0)) : nullptr;
    if (!known || known->list().revision != row.integer(1)) {
      TRY(auto list, read_list(row));
      known = std::make_shared<const KeptList>(std::move(list), database_);
    }
    state->lists.push_back(std::move(known));
    return {};
  }));
  const std::scoped_lock lock(mutex_);
  newest_ = state;
  return state;
}

Result<KeptPtr> Catalog::current(store::Connection& connection, const List& list) {
  TRY(const auto known, state(connection));
  auto found = known->by_id(list.id);
  if (!found) return fail("LIST0101", fmt::format("the list '{}' was deleted", list.name));
  return found;
}

Result<std::int64_t> Catalog::next_revision(store::Transaction& transaction) {
  TRY(const auto revision, read_revision(transaction));
  return revision + 1 + attempts_++;
}

Result<void> Catalog::changed(store::Transaction& transaction) {
  transaction.slot(this) = nullptr;
  return {};
}

Result<ListPtr> Catalog::insert(store::Transaction& transaction, List list) {
  TRY(const auto last_id, transaction.first(select_revision_, {},
                                            [](const store::Row& row) { return row.integer(1); }));
  TRY(list.revision, next_revision(transaction));
  list.id = last_id.value_or(0) + 1;
  list.guid = fmt::format("00000000-0000-4000-8000-{:012x}", list.id);
  for (const auto& statement : create_tables(list)) TRY_DO(transaction.execute_once(statement));
  TRY_DO(transaction.execute(set_revision_, {list.revision, list.id}));
  const auto definition = json::serialize(to_json(list));
  TRY_DO(transaction.execute(
      insert_, {list.id, list.revision, list.guid, list.created, list.changed, definition}));
  TRY_DO(changed(transaction));
  return std::make_shared<const List>(std::move(list));
}

Result<ListPtr> Catalog::update(store::Transaction& transaction, List list) {
  TRY(const auto last_id, transaction.first(select_revision_, {},
                                            [](const store::Row& row) { return row.integer(1); }));
  TRY(list.revision, next_revision(transaction));
  const auto definition = json::serialize(to_json(list));
  TRY_DO(transaction.execute(update_, {list.id, list.revision, list.changed, definition}));
  TRY_DO(transaction.execute(set_revision_, {list.revision, last_id.value_or(0)}));
  TRY_DO(changed(transaction));
  return std::make_shared<const List>(std::move(list));
}

Result<void> Catalog::remove(store::Transaction& transaction, const List& list) {
  TRY(const auto last_id, transaction.first(select_revision_, {},
                                            [](const store::Row& row) { return row.integer(1); }));
  TRY(const auto revision, next_revision(transaction));
  for (const auto& statement : drop_tables(list)) TRY_DO(transaction.execute_once(statement));
  TRY_DO(transaction.execute(delete_, {list.id}));
  TRY_DO(transaction.execute(set_revision_, {revision, last_id.value_or(0)}));
  return changed(transaction);
}

}  // namespace rollcall::lists
