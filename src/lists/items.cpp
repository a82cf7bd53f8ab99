#include "lists/items.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/text.hpp"
#include "lists/paging.hpp"
#include "lists/values.hpp"

namespace rollcall::lists {
namespace {

using store::Argument;

constexpr std::array<std::string_view, 6> kept_by_us{"ID",       "Id",     "Created",
                                                     "Modified", "Author", "Editor"};

Head read_head(const store::Row& row) {
  return {row.integer(0),           row.integer(1), row.time(2),
          std::string(row.text(3)), row.time(4),    std::string(row.text(5))};
}

void append_head(std::vector<Argument>& arguments, const Head& head) {
  arguments.emplace_back(head.id);
  arguments.emplace_back(head.version);
  arguments.emplace_back(head.created.ticks);
  arguments.emplace_back(std::string_view(head.author));
  arguments.emplace_back(head.modified.ticks);
  arguments.emplace_back(std::string_view(head.editor));
}

void show(const List& list, const Head& head, const std::vector<sql::Value>& values,
          const SeeItem& see) {
  std::vector<FieldView> fields;
  fields.reserve(list.columns.size() + 5);
  fields.push_back({"ID", ColumnType::integer, head.id});
  for (std::size_t i = 0; i < list.columns.size(); ++i) {
    fields.push_back({list.columns[i].name, list.columns[i].type, values[i]});
  }
  fields.push_back({"Created", ColumnType::datetime, head.created});
  fields.push_back({"Modified", ColumnType::datetime, head.modified});
  fields.push_back({"Author", ColumnType::text, head.author});
  fields.push_back({"Editor", ColumnType::text, head.editor});
  see({head.id, head.version, fields});
}

Item make_item(const List& list, const Head& head, const std::vector<sql::Value>& values) {
  Item item;
  show(list, head, values, [&](const ItemView& view) { item = to_item(view); });
  return item;
}

std::unexpected<Error> no_such_item(const List& list, std::int64_t id) {
  return fail("LIST0102", fmt::format("list '{}' has no item {}", list.name, id));
}

std::unexpected<Error> purged(const List& list, std::int64_t id) {
  return fail("LIST0102", fmt::format("item {} of list '{}' was purged", id, list.name));
}

// The position of the column that a field names, if the write may set it.
Result<std::size_t> settable(const KeptList& kept, std::string_view name, bool unlocked) {
  const auto index = kept.column_index(name);
  if (index == none) {
    if (std::find(kept_by_us.begin(), kept_by_us.end(), name) != kept_by_us.end()) {
      return fail("LIST0106", fmt::format("'{}' is kept by Rollcall and cannot be set", name));
    }
    std::vector<std::string> names;
    for (const auto& column : kept.list().columns) names.push_back(column.name);
    const auto nearest = nearest_name(name, names);
    const auto hint =
        nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest);
    return fail("LIST0106",
                fmt::format("list '{}' has no column '{}'{}", kept.list().name, name, hint));
  }
  if (!kept.list().columns[index].formula.empty())
    return fail("LIST0106", fmt::format("column '{}' is calculated and cannot be set", name));
  if (kept.list().columns[index].guarded && !unlocked) {
    return fail(
        "LIST0108",
        fmt::format("column '{}' is kept by Rollcall's flows; unlock it to change it by hand",
                    name));
  }
  return index;
}

std::string_view key_view(const json::key_value_pair& member) {
  return {member.key().data(), member.key().size()};
}

sql::Value order_value(odata::Type type, const store::Row& row, std::size_t index) {
  if (row.is_null(index)) return {};
  switch (type) {
    case odata::Type::real:
      return row.real(index);
    case odata::Type::text:
      return std::string(row.text(index));
    case odata::Type::boolean:
      return row.boolean(index);
    default:
      return row.integer(index);
  }
}

// What a unique key may refuse is undone alone, so that what is in its way can be asked for.
Result<std::int64_t> execute_alone(store::Transaction& transaction, bool may_clash,
                                   const store::Prepared& statement,
                                   std::span<const Argument> arguments) {
  if (!may_clash) return transaction.execute(statement, arguments);
  std::int64_t changed = 0;
  TRY_DO(transaction.nested([&]() -> Result<void> {
    TRY(changed, transaction.execute(statement, arguments));
    return {};
  }));
  return changed;
}

// What is calculated, of the values as they are now.
Result<void> fill_calculated(const KeptList& kept, const Head& head,
                             std::vector<sql::Value>& values) {
  const auto& formulas = kept.formulas();  // not copied
  if (!formulas) return std::unexpected(formulas.error());
  calculate(*formulas, values, {head.created, head.modified});
  return {};
}

bool change_a_key(const KeptList& kept, const std::vector<std::size_t>& columns) {
  const auto changes = [&](const std::string& name) {
    return std::ranges::find(columns, kept.column_index(name)) != columns.end();
  };
  return std::ranges::any_of(kept.list().unique_keys,
                             [&](const auto& key) { return std::ranges::any_of(key, changes); });
}

// The next id is asked for once a transaction and counted from there; what is undone forgets it.
struct ExpectedId {
  ListPtr list;  // keeps the slot's owner from becoming another list
  std::int64_t id;
};

}  // namespace

Result<Items::Stored> Items::find(store::Connection& connection, const KeptList& kept,
                                  std::int64_t id, std::optional<std::int64_t> if_match) const {
  const auto& columns = kept.list().columns;
  TRY(auto found, connection.first(kept.select_item(), {id}, [&](const store::Row& row) {
    Stored stored{read_head(row), {}};
    stored.values.reserve(columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      stored.values.push_back(read_value(columns[i].type, row, head_columns + i));
    }
    return stored;
  }));
  if (!found) return no_such_item(kept.list(), id);
  if (if_match && *if_match != found->head.version) {
    return fail("LIST0103",
                fmt::format("item {} of list '{}' is at version {} now, not {}; read it again", id,
                            kept.list().name, found->head.version, *if_match));
  }
  return *std::move(found);
}

Result<void> Items::write_item(store::Transaction& transaction, const KeptList& kept,
                               const Stored& stored) const {
  std::vector<Argument> arguments;
  arguments.reserve(head_columns + stored.values.size());
  append_head(arguments, stored.head);
  for (const auto& value : stored.values) arguments.emplace_back(value);
  const bool may_clash = kept.list().unique_keys.size() > 1;
  auto written = execute_alone(transaction, may_clash, kept.insert_item(), arguments);
  if (written && *written == 1) return {};
  const Error taken{"STORE0105", "not unique", std::nullopt};
  return std::unexpected(
      explain_conflict(transaction, kept, stored, written ? taken : std::move(written).error()));
}

Result<void> Items::write_version(store::Transaction& transaction, const KeptList& kept,
                                  const Stored& stored, const Write& write, bool deleted) const {
  std::vector<Argument> arguments;
  arguments.reserve(head_columns + 2 + stored.values.size());
  append_head(arguments, stored.head);
  arguments.emplace_back(write.valid_from.value_or(write.now).ticks);
  arguments.emplace_back(deleted);
  for (const auto& value : stored.values) arguments.emplace_back(value);
  TRY_DO(transaction.execute(kept.insert_version(), arguments));
  TRY_DO(transaction.execute(kept.insert_change(), {stored.head.id, stored.head.version}));
  transaction.announce(news_of(kept.list()));
  return {};
}

// Says which key and which item, when the database only says that something is not unique.
Error Items::explain_conflict(store::Connection& connection, const KeptList& kept,
                              const Stored& stored, Error error) const {
  if (error.code != "STORE0105") return error;
  for (const auto& key : kept.list().unique_keys) {
    sql::Select select;
    select.items = {{sql::column(own::id), {}}};
    select.from = sql::table(kept.table());
    for (const auto& name : key) {
      const auto& value = stored.values[kept.column_index(name)];
      select.where = sql::and_also(
          select.where,
          sql::binary(sql::BinaryOperator::equal, sql::column(name), sql::parameter(value)));
    }
    const auto other = connection.first(database_.prepare(sql::query(std::move(select))), {},
                                        [](const store::Row& row) { return row.integer(0); });
    if (other && *other && **other != stored.head.id) {
      return {"LIST0105", fmt::format("item {} of list '{}' has the same {}, which {} unique",
                                      **other, kept.list().name, fmt::join(key, ", "),
                                      key.size() == 1 ? "is" : "are together")};
    }
  }
  return {"LIST0105", fmt::format("an item of list '{}' is not unique", kept.list().name)};
}

Result<std::int64_t> Items::next_id(store::Transaction& transaction, const KeptList& kept) const {
  if (const auto& slot = transaction.slot(kept.shared().get())) {
    return static_cast<const ExpectedId*>(slot.get())->id;
  }
  TRY(const auto next,
      transaction.first(kept.next_id(), {}, [](const store::Row& row) { return row.integer(0); }));
  return next.value_or(1);
}

void Items::expect_id(store::Transaction& transaction, const KeptList& kept,
                      std::int64_t id) const {
  transaction.slot(kept.shared().get()) = std::make_shared<const ExpectedId>(kept.shared(), id);
}

Result<void> Items::create(store::Transaction& transaction, const KeptList& kept,
                           const json::object& fields, const Write& write, bool unlocked,
                           const SeeItem& see) const {
  const auto& columns = kept.list().columns;
  Stored stored{{}, std::vector<sql::Value>(columns.size())};
  std::vector<bool> given(columns.size());
  for (const auto& field : fields) {
    TRY(const auto index, settable(kept, key_view(field), unlocked));
    TRY(stored.values[index], to_sql(columns[index], field.value()));
    given[index] = true;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (given[i] || !columns[i].formula.empty()) continue;
    TRY(stored.values[i], to_sql(columns[i], columns[i].default_value));
  }
  TRY(const auto id, next_id(transaction, kept));
  const auto principal = to_string(write.principal);
  stored.head = {id, 1, write.now, principal, write.now, principal};
  TRY_DO(fill_calculated(kept, stored.head, stored.values));
  TRY_DO(write_item(transaction, kept, stored));
  TRY_DO(write_version(transaction, kept, stored, write, false));
  expect_id(transaction, kept, id + 1);
  show(kept.list(), stored.head, stored.values, see);
  return {};
}

Result<void> Items::update(store::Transaction& transaction, const KeptList& kept, std::int64_t id,
                           std::optional<std::int64_t> if_match, const json::object& fields,
                           const Write& write, bool unlocked, const SeeItem& see) const {
  TRY(auto stored, find(transaction, kept, id, if_match));
  std::vector<std::size_t> changed;
  changed.reserve(fields.size());
  for (const auto& field : fields) {
    TRY(const auto index, settable(kept, key_view(field), unlocked));
    TRY(stored.values[index], to_sql(kept.list().columns[index], field.value()));
    changed.push_back(index);
  }
  ++stored.head.version;
  stored.head.modified = write.now;
  stored.head.editor = to_string(write.principal);
  TRY_DO(fill_calculated(kept, stored.head, stored.values));
  for (const auto& formula : *kept.formulas()) changed.push_back(formula.column());
  std::vector<Argument> arguments{stored.head.version, stored.head.modified.ticks,
                                  std::string_view(stored.head.editor), id};
  for (const auto index : changed) arguments.emplace_back(stored.values[index]);
  const bool may_clash = change_a_key(kept, changed);
  if (auto written = execute_alone(transaction, may_clash, kept.update_item(changed), arguments);
      !written) {
    return std::unexpected(explain_conflict(transaction, kept, stored, std::move(written).error()));
  }
  TRY_DO(write_version(transaction, kept, stored, write, false));
  show(kept.list(), stored.head, stored.values, see);
  return {};
}

Result<void> Items::remove(store::Transaction& transaction, const KeptList& kept, std::int64_t id,
                           std::optional<std::int64_t> if_match, const Write& write) const {
  TRY(auto stored, find(transaction, kept, id, if_match));
  ++stored.head.version;
  stored.head.modified = write.now;
  stored.head.editor = to_string(write.principal);
  TRY_DO(transaction.execute(kept.delete_item(), {id}));
  return write_version(transaction, kept, stored, write, true);
}

Result<Item> Items::restore(store::Transaction& transaction, const KeptList& kept, std::int64_t id,
                            std::int64_t version, const Write& write) const {
  const auto& columns = kept.list().columns;
  std::optional<Stored> chosen;
  std::int64_t newest = 0;
  bool is_purged = false;
  bool is_deleted = false;
  TRY_DO(transaction.query(kept.select_versions(), {id}, [&](const store::Row& row) {
    newest = row.integer(1);
    is_purged = is_purged || newest == purge_version;
    is_deleted = row.boolean(head_columns + 1);
    if (newest != version) return;
    chosen = Stored{read_head(row), {}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      chosen->values.push_back(read_value(columns[i].type, row, head_columns + 2 + i));
    }
  }));
  if (is_purged) return purged(kept.list(), id);
  if (!chosen) {
    return fail("LIST0102", fmt::format("list '{}' has no version {} of item {}", kept.list().name,
                                        version, id));
  }
  chosen->head.version = newest + 1;
  chosen->head.modified = write.now;
  chosen->head.editor = to_string(write.principal);
  TRY_DO(fill_calculated(kept, chosen->head, chosen->values));
  if (!is_deleted) TRY_DO(transaction.execute(kept.delete_item(), {id}));
  TRY_DO(write_item(transaction, kept, *chosen));
  TRY_DO(write_version(transaction, kept, *chosen, write, false));
  return make_item(kept.list(), chosen->head, chosen->values);
}

Result<void> Items::purge(store::Transaction& transaction, const KeptList& kept, std::int64_t id,
                          const Write& write) const {
  TRY_DO(deleted_item(transaction, kept, id));
  Stored record{{}, std::vector<sql::Value>(kept.list().columns.size())};
  TRY_DO(transaction.query(kept.select_versions(), {id},
                           [&](const store::Row& row) { record.head = read_head(row); }));
  record.head.version = purge_version;
  record.head.modified = write.now;
  record.head.editor = to_string(write.principal);
  for (const auto& statement : kept.forget_item()) TRY_DO(transaction.execute(statement, {id}));
  return write_version(transaction, kept, record, {write.principal, write.now}, true);
}

Result<void> Items::read(store::Connection& connection, const KeptList& kept, std::int64_t id,
                         const Reading& reading, const SeeItem& see) const {
  if (!reading.as_of && !reading.known_at) {
    TRY(const auto stored, find(connection, kept, id, std::nullopt));
    show(kept.list(), stored.head, stored.values, see);
    return {};
  }
  odata::Options options;
  options.filter = fmt::format("ID eq {}", id);
  bool found = false;
  TRY_DO(query(connection, kept, options, {}, reading, [&](const ItemView& view) {
    found = true;
    see(view);
  }));
  if (!found) return no_such_item(kept.list(), id);
  return {};
}

namespace {

// A row of version_head() and the columns behind it.
ItemVersion read_version(const KeptList& kept, const store::Row& row) {
  const auto& columns = kept.list().columns;
  const auto head = read_head(row);
  std::vector<sql::Value> values;
  values.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    values.push_back(read_value(columns[i].type, row, head_columns + 2 + i));
  }
  ItemVersion version{make_item(kept.list(), head, values)};
  version.valid_from = row.time(head_columns);
  version.known_from = head.modified;
  version.principal = head.editor;
  version.deleted = row.boolean(head_columns + 1);
  return version;
}

}  // namespace

Result<std::vector<ItemVersion>> Items::versions(store::Connection& connection,
                                                 const KeptList& kept, std::int64_t id) const {
  std::vector<ItemVersion> all;
  TRY_DO(connection.query(kept.select_versions(), {id},
                          [&](const store::Row& row) { all.push_back(read_version(kept, row)); }));
  if (all.empty()) return no_such_item(kept.list(), id);
  if (is_purge(all.front())) return purged(kept.list(), id);
  return all;
}

Result<std::vector<Change>> Items::changes(store::Connection& connection, const KeptList& kept,
                                           std::int64_t after, std::int64_t limit) const {
  const auto number = head_columns + 2 + kept.list().columns.size();
  std::vector<Change> all;
  TRY_DO(connection.query(kept.select_changes(), {after, limit}, [&](const store::Row& row) {
    all.push_back({row.integer(number), read_version(kept, row)});
  }));
  return all;
}

Result<std::vector<ItemVersion>> Items::deleted(store::Connection& connection, const KeptList& kept,
                                                Timestamp before, std::int64_t limit) const {
  std::vector<ItemVersion> all;
  TRY_DO(connection.query(kept.select_deleted(), {limit, before.ticks},
                          [&](const store::Row& row) { all.push_back(read_version(kept, row)); }));
  return all;
}

Result<ItemVersion> Items::deleted_item(store::Connection& connection, const KeptList& kept,
                                        std::int64_t id) const {
  std::optional<ItemVersion> found;
  TRY_DO(connection.query(kept.select_deleted_item(), {id},
                          [&](const store::Row& row) { found = read_version(kept, row); }));
  if (found) return *std::move(found);
  return fail("LIST0102", fmt::format("list '{}' has no deleted item {}", kept.list().name, id));
}

// All versions, too: the past shows what the formula makes of it.
Result<void> Items::recalculate(store::Transaction& transaction, const KeptList& kept) const {
  constexpr std::int64_t at_once = 1'000;
  if (!kept.formulas()) return std::unexpected(kept.formulas().error());
  const auto statements = kept.recalculation();
  const auto numbers = head_columns + 2;
  std::int64_t id = 0, version = 0;
  for (std::int64_t rows = at_once; rows == at_once;) {
    std::vector<Stored> page;
    TRY_DO(transaction.query(statements.select, {id, version, at_once}, [&](const store::Row& row) {
      Stored stored{read_head(row), {}};
      for (std::size_t i = 0; i < kept.list().columns.size(); ++i)
        stored.values.push_back(read_value(kept.list().columns[i].type, row, numbers + i));
      page.push_back(std::move(stored));
    }));
    rows = std::ssize(page);
    for (auto& stored : page) {
      id = stored.head.id;
      version = stored.head.version;
      TRY_DO(fill_calculated(kept, stored.head, stored.values));
      std::vector<Argument> arguments{id, version};
      for (const auto& formula : *kept.formulas())
        arguments.emplace_back(stored.values[formula.column()]);
      TRY_DO(transaction.execute(statements.version, arguments));
      TRY_DO(transaction.execute(statements.item, arguments));
    }
  }
  return {};
}

Result<Page> Items::query(store::Connection& connection, const KeptList& kept,
                          const odata::Options& options, Timestamp now, const Reading& reading,
                          const SeeItem& see) const {
  TRY(const auto shape, kept.shape(options));
  PageEnd end;
  Continuation continuation;
  if (options.skiptoken) {
    TRY(end, read_skiptoken(*options.skiptoken));
    continuation.after = true;
    for (const auto& value : end.order)
      continuation.nulls.push_back(std::holds_alternative<std::monostate>(value));
  }
  const auto source = reading.as_of      ? Source::as_of
                      : reading.known_at ? Source::known_at
                                         : Source::present;
  TRY(const auto plan, kept.plan(options, shape, source, continuation));
  TRY(const auto values, odata::bind(plan->compiled, shape, now));
  const auto limit = std::min(options.top.value_or(default_page_size), max_page_size);

  std::vector<Argument> arguments(values.begin(), values.end());
  arguments.emplace_back(limit + 1);
  arguments.emplace_back(options.skip.value_or(0));
  arguments.emplace_back(reading.as_of.value_or(timestamp_max).ticks);
  arguments.emplace_back(reading.known_at.value_or(timestamp_max).ticks);
  arguments.emplace_back(end.id);
  for (const auto& value : end.order) arguments.emplace_back(value);

  Page page;
  const auto& order = plan->compiled.order_by;
  PageEnd last;
  std::int64_t shown = 0;
  std::vector<FieldView> fields;
  fields.reserve(plan->fields.size());
  const auto read_row = [&](const store::Row& row) {
    if (shown == limit) {
      if (limit > 0) page.skiptoken = write_skiptoken(last);
      return;
    }
    fields.clear();
    std::size_t column = 2;
    for (const auto index : plan->fields) {
      const auto& field = kept.fields()[index];
      fields.push_back({field.name, field.type, look_at(field.type, row, column++)});
    }
    if (++shown == limit) {
      last.id = row.integer(0);
      for (const auto& term : order) last.order.push_back(order_value(term.type, row, column++));
    }
    see({row.integer(0), row.integer(1), fields});
  };
  TRY_DO(connection.query(plan->select, std::span<const Argument>(arguments), read_row));
  if (options.count) {
    TRY_DO(connection.query(plan->count, std::span<const Argument>(arguments),
                            [&](const store::Row& row) { page.count = row.integer(0); }));
  }
  return page;
}

}  // namespace rollcall::lists
