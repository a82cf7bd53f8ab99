#include "lists/kept_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"
#include "lists/values.hpp"

namespace rollcall::lists {
namespace {

using sql::ExprPtr;
using Op = sql::BinaryOperator;

constexpr std::size_t max_plans = 1024;   // shapes kept for one list
constexpr std::size_t max_updates = 256;  // sets of columns kept for one list
const std::vector<std::string> head{own::id,     own::version,  own::created,
                                    own::author, own::modified, own::editor};

ExprPtr slot(std::size_t index) { return sql::make(sql::Slot{index}); }
ExprPtr is_id(std::size_t index = 0) {
  return sql::binary(Op::equal, sql::column(own::id), slot(index));
}

std::vector<std::string> with_columns(std::vector<std::string> names, const List& list) {
  for (const auto& column : list.columns) names.push_back(column.name);
  return names;
}
std::vector<std::string> version_head() {
  auto names = head;
  names.emplace_back(own::valid);
  names.emplace_back(own::deleted);
  return names;
}

sql::Insert insert_all(std::string table, const std::vector<std::string>& names) {
  std::vector<ExprPtr> row;
  for (std::size_t i = 0; i < names.size(); ++i) row.push_back(slot(i));
  return {.table = std::move(table),
          .columns = names,
          .rows = {std::move(row)},
          .query = nullptr,
          .conflict_columns = {},
          .conflict_set = {},
          .returning = {}};
}

// What the one key refuses changes nothing, and is no error: it need not be undone.
sql::Insert insert_item_into(const List& list) {
  auto insert = insert_all(KeptList::table_name(list.id), with_columns(head, list));
  if (list.unique_keys.size() == 1) insert.conflict_columns = list.unique_keys.front();
  return insert;
}

sql::Select select_all(std::string table, const std::vector<std::string>& names, ExprPtr where) {
  sql::Select select;
  for (const auto& name : names) select.items.push_back({sql::column(name), {}});
  select.from = sql::table(std::move(table));
  select.where = std::move(where);
  return select;
}

sql::QueryPtr ordered(sql::Select select, std::vector<sql::OrderTerm> terms) {
  return std::make_shared<const sql::Query>(
      sql::Query{{}, std::move(select), std::move(terms), nullptr, nullptr});
}

// Ids are never given twice: those of deleted items are still among the versions.
sql::QueryPtr next_id_query(const List& list) {
  sql::Select select;
  const auto greatest = sql::call("max", {sql::column(own::id)});
  const auto or_none = sql::call("coalesce", {greatest, sql::literal(std::int64_t{0})});
  select.items = {{sql::binary(Op::add, or_none, sql::literal(std::int64_t{1})), {}}};
  select.from = sql::table(KeptList::versions_name(list.id));
  return sql::query(std::move(select));
}

// The changes behind one, each with the version that it made.
sql::QueryPtr changes_query(const List& list) {
  sql::Select select;
  for (const auto& name : with_columns(version_head(), list))
    select.items.push_back({sql::column("version", name), {}});
  select.items.push_back({sql::column("change", own::change), {}});
  const auto same = [](const char* name) {
    return sql::binary(Op::equal, sql::column("version", name), sql::column("change", name));
  };
  select.from = std::make_shared<const sql::TableRef>(sql::TableRef{
      sql::Join{sql::JoinKind::inner, sql::table(KeptList::changes_name(list.id), "change"),
                sql::table(KeptList::versions_name(list.id), "version"),
                sql::and_also(same(own::id), same(own::version))}});
  select.where = sql::binary(Op::greater, sql::column("change", own::change), slot(0));
  return std::make_shared<const sql::Query>(
      sql::Query{{}, std::move(select), {{sql::column("change", own::change)}}, slot(1), nullptr});
}

sql::QueryPtr last_change_query(const List& list) {
  sql::Select select;
  select.items = {{sql::call("coalesce", {sql::call("max", {sql::column(own::change)}),
                                          sql::literal(std::int64_t{0})}),
                   {}}};
  select.from = sql::table(KeptList::changes_name(list.id));
  return sql::query(std::move(select));
}

ExprPtr newest_version(const List& list, ExprPtr id) {
  sql::Select newest;
  newest.items = {{sql::call("max", {sql::column("later", own::version)}), {}}};
  newest.from = sql::table(KeptList::versions_name(list.id), "later");
  newest.where = sql::binary(Op::equal, sql::column("later", own::id), std::move(id));
  return sql::make(sql::ScalarQuery{sql::query(std::move(newest))});
}

// Deleted, not brought back and not purged: the version is of an item that is not among the items,
// and its last.
sql::Select deleted_items(const List& list) {
  const auto is_same = [](const char* other) {
    return sql::binary(Op::equal, sql::column(other, own::id), sql::column("version", own::id));
  };
  sql::Select there;
  there.items = {{sql::literal(std::int64_t{1}), {}}};
  there.from = sql::table(KeptList::table_name(list.id), "item");
  there.where = is_same("item");
  sql::Select purged;
  purged.items = there.items;
  purged.from = sql::table(KeptList::versions_name(list.id), "purge");
  purged.where = sql::and_also(
      is_same("purge"),
      sql::binary(Op::equal, sql::column("purge", own::version), sql::literal(purge_version)));
  sql::Select select;
  for (const auto& name : with_columns(version_head(), list))
    select.items.push_back({sql::column("version", name), {}});
  select.from = sql::table(KeptList::versions_name(list.id), "version");
  select.where = sql::and_also(sql::column("version", own::deleted),
                               sql::make(sql::Exists{sql::query(std::move(there)), true}));
  select.where =
      sql::and_also(select.where, sql::make(sql::Exists{sql::query(std::move(purged)), true}));
  select.where = sql::and_also(select.where,
                               sql::binary(Op::equal, sql::column("version", own::version),
                                           newest_version(list, sql::column("version", own::id))));
  return select;
}

sql::QueryPtr deleted_query(const List& list) {
  auto select = deleted_items(list);
  select.where = sql::and_also(
      select.where, sql::binary(Op::less, sql::column("version", own::modified), slot(1)));
  return std::make_shared<const sql::Query>(sql::Query{
      {},
      std::move(select),
      {{sql::column("version", own::modified), true}, {sql::column("version", own::id), true}},
      slot(0),
      nullptr});
}

sql::QueryPtr deleted_item_query(const List& list) {
  auto select = deleted_items(list);
  select.where =
      sql::and_also(select.where, sql::binary(Op::equal, sql::column("version", own::id), slot(0)));
  return sql::query(std::move(select));
}

// The versions before the last and their changes, and what the last one holds.
std::vector<store::Prepared> forget_statements(const List& list, const store::Database& database) {
  const auto earlier = [&] {
    return sql::and_also(
        is_id(), sql::binary(Op::less, sql::column(own::version), newest_version(list, slot(0))));
  };
  std::vector<store::Prepared> statements{
      database.prepare(sql::Delete{KeptList::changes_name(list.id), earlier()}),
      database.prepare(sql::Delete{KeptList::versions_name(list.id), earlier()})};
  sql::Update empty{KeptList::versions_name(list.id), {}, is_id(), {}};
  for (const auto& column : list.columns) empty.set.emplace_back(column.name, sql::null());
  if (!empty.set.empty()) statements.push_back(database.prepare(empty));
  return statements;
}

sql::QueryPtr count_query(sql::TableRefPtr from, ExprPtr where) {
  sql::Select select;
  select.items = {{sql::call("count", {sql::make(sql::Star{})}), {}}};
  select.from = std::move(from);
  select.where = std::move(where);
  return sql::query(std::move(select));
}

// The newest version of each item among those that the times admit.
sql::TableRefPtr past_items(const List& list, Source source, std::size_t as_of,
                            std::size_t known_at) {
  sql::Window window;
  window.partition_by = {sql::column(own::id)};
  if (source == Source::as_of) window.order_by.push_back({sql::column(own::valid), true});
  window.order_by.push_back({sql::column(own::version), true});
  sql::Select select;
  select.items = {{sql::make(sql::Star{}), {}},
                  {sql::make(sql::Call{.function = "row_number",
                                       .arguments = {},
                                       .order_by = {},
                                       .filter = nullptr,
                                       .over = std::move(window)}),
                   "$rank"}};
  select.from = sql::table(KeptList::versions_name(list.id));
  select.where = sql::binary(Op::less_equal, sql::column(own::modified), slot(known_at));
  if (source == Source::as_of) {
    select.where = sql::and_also(select.where,
                                 sql::binary(Op::less_equal, sql::column(own::valid), slot(as_of)));
  }
  return sql::derived(sql::query(std::move(select)), items_alias);
}

ExprPtr is_newest_and_there() {
  return sql::and_also(sql::binary(Op::equal, sql::column("$rank"), sql::literal(std::int64_t{1})),
                       sql::unary(sql::UnaryOperator::not_, sql::column(own::deleted)));
}

// Items behind the last one in the order: nulls come first when ascending, last when descending.
ExprPtr behind(const std::vector<odata::OrderTerm>& order, const Continuation& last,
               std::size_t first_slot) {
  ExprPtr condition = sql::binary(Op::greater, sql::column(own::id), slot(first_slot));
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto& term = order[i];
    const auto value = slot(first_slot + 1 + i);
    const bool null = last.nulls.at(i);
    ExprPtr after, same;
    if (null) {
      same = sql::unary(sql::UnaryOperator::is_null, term.expr);
      after = term.descending ? nullptr : sql::unary(sql::UnaryOperator::is_not_null, term.expr);
    } else {
      same = sql::binary(Op::equal, term.expr, value);
      after = sql::binary(term.descending ? Op::less : Op::greater, term.expr, value);
      if (term.descending) {
        after = sql::binary(Op::or_, after, sql::unary(sql::UnaryOperator::is_null, term.expr));
      }
    }
    condition = sql::and_also(same, condition);
    if (after) condition = sql::binary(Op::or_, after, condition);
  }
  return condition;
}

odata::Type property_type(ColumnType type) {
  switch (type) {
    case ColumnType::text:
    case ColumnType::note:
    case ColumnType::choice:
    case ColumnType::person:
      return odata::Type::text;
    case ColumnType::number:
    case ColumnType::currency:
      return odata::Type::real;
    case ColumnType::integer:
    case ColumnType::lookup:
      return odata::Type::integer;
    case ColumnType::boolean:
      return odata::Type::boolean;
    case ColumnType::datetime:
      return odata::Type::datetime;
    case ColumnType::json:
    case ColumnType::multichoice:
    case ColumnType::hyperlink:
      return odata::Type::json;
  }
  return odata::Type::json;
}

// The part of a guid of ours that is the list's number.
std::int64_t id_of_guid(std::string_view guid) {
  std::int64_t id = 0;
  const auto last = guid.substr(guid.rfind('-') + 1);
  std::from_chars(last.data(), last.data() + last.size(), id, 16);
  return id;
}

// What a lookup shows of the other item.
ExprPtr looked_up(const Column& column) {
  sql::Select select;
  select.items = {{sql::column("other", shown_of(column)), {}}};
  select.from = sql::table(KeptList::table_name(id_of_guid(column.lookup_list)), "other");
  select.where =
      sql::binary(Op::equal, sql::column("other", own::id), sql::column(items_alias, column.name));
  return sql::make(sql::ScalarQuery{sql::query(std::move(select))});
}

// Of a principal such as `person:ada` or `i:0#.f|membership|ada@example.org`: what is shown of it, and the address that
// it names, as SharePoint's door shows them.
ExprPtr title_of(ExprPtr principal) {
  const auto colon = sql::call("instr", {principal, sql::literal(std::string(":"))});
  const auto behind =
      sql::call("substr", {principal, sql::binary(Op::add, colon, sql::literal(std::int64_t{1}))});
  return sql::make(sql::Case{
      {{sql::binary(Op::greater, colon, sql::literal(std::int64_t{0})), behind}}, principal});
}
ExprPtr email_of(ExprPtr principal) {
  const auto without_claim =
      sql::call("replace", {std::move(principal), sql::literal(std::string("i:0#.f|membership|")),
                            sql::literal(std::string())});
  const auto title = title_of(without_claim);
  const auto at = sql::call("instr", {title, sql::literal(std::string("@"))});
  return sql::make(
      sql::Case{{{sql::binary(Op::greater, at, sql::literal(std::int64_t{0})), title}}, nullptr});
}
void add_person(odata::Schema& schema, const std::string& name, const std::string& column,
                bool nullable) {
  schema.properties.push_back({name + "/Name", odata::Type::text, column, nullable});
  odata::Property title{name + "/Title", odata::Type::text, {}, nullable};
  title.expr = title_of(sql::column(column));
  schema.properties.push_back(std::move(title));
  odata::Property email{name + "/EMail", odata::Type::text, {}, true};
  email.expr = email_of(sql::column(column));
  schema.properties.push_back(std::move(email));
}

// What filters may name of a lookup and of a person beside the column itself.
void add_parts(odata::Schema& schema, const Column& column) {
  if (column.type == ColumnType::lookup) {
    for (const char* part : {"Id", "/Id", "/ID"}) {
      schema.properties.push_back({column.name + part, odata::Type::integer, column.name, true});
    }
    odata::Property shown{column.name + "/" + shown_of(column), odata::Type::text, {}, true};
    shown.expr = looked_up(column);
    schema.properties.push_back(std::move(shown));
  } else if (column.type == ColumnType::person) {
    add_person(schema, column.name, column.name, true);
  } else {
    return;
  }
  schema.expandable.emplace_back(column.name);
}

odata::Schema schema_of(const List& list) {
  using odata::Type;
  odata::Schema schema;
  schema.properties.push_back({"ID", Type::integer, own::id, false});
  schema.properties.push_back({"Id", Type::integer, own::id, false});
  for (const auto& column : list.columns) {
    const auto type = property_type(column.type);
    // Required columns may be empty in items that are older than the requirement.
    schema.properties.push_back({column.name, type, column.name, true, type == Type::text});
    schema.properties.back().many = column.type == ColumnType::multichoice;
    add_parts(schema, column);
    if (column.type == ColumnType::choice) {
      schema.properties.push_back({column.name + "/Value", type, column.name, true, false});
    }
  }
  schema.properties.push_back({"Created", Type::datetime, own::created, false});
  schema.properties.push_back({"Modified", Type::datetime, own::modified, false});
  for (const auto& [name, column] :
       {std::pair("Author", own::author), std::pair("Editor", own::editor)}) {
    schema.properties.push_back({name, Type::text, column, false});
    add_person(schema, name, column, false);
    schema.expandable.emplace_back(name);
  }
  return schema;
}

std::vector<Field> fields_of(const List& list) {
  std::vector<Field> fields{{"ID", sql::column(own::id), ColumnType::integer}};
  for (const auto& column : list.columns)
    fields.push_back({column.name, sql::column(column.name), column.type});
  fields.push_back({"Created", sql::column(own::created), ColumnType::datetime});
  fields.push_back({"Modified", sql::column(own::modified), ColumnType::datetime});
  fields.push_back({"Author", sql::column(own::author), ColumnType::text});
  fields.push_back({"Editor", sql::column(own::editor), ColumnType::text});
  for (const auto& column : list.columns) {
    if (column.type != ColumnType::lookup) continue;
    fields.push_back(
        {column.name + "/" + shown_of(column), looked_up(column), ColumnType::text, column.name});
  }
  return fields;
}

// Whether a query reads the field: everything when nothing is selected, `Owner` also for
// `Owner/Title` and `OwnerId`; what a lookup shows only when it is expanded.
bool is_read(const Field& field, const odata::Compiled& compiled) {
  const auto has = [](const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!field.expanded.empty() && !has(compiled.expand, field.expanded)) return false;
  if (compiled.select.empty()) return true;
  return std::any_of(compiled.select.begin(), compiled.select.end(), [&](const std::string& name) {
    if (name == field.name || name == field.expanded) return true;
    const auto first = std::string_view(name).substr(0, name.find('/'));
    if (first == field.name) return true;
    if (field.name == "ID") return first == "Id";
    return first.size() == field.name.size() + 2 && first.starts_with(field.name) &&
           first.ends_with("Id");
  });
}

std::string index_name(const List& list, const Index& index) {
  return fmt::format("list_{} {} {}", list.id, index.unique ? "unique" : "index",
                     fmt::join(index.columns, ","));
}

}  // namespace

std::string shown_of(const Column& column) {
  return column.lookup_column.empty() ? std::string("Title") : column.lookup_column;
}

std::string KeptList::table_name(std::int64_t id) { return fmt::format("list_{}", id); }
std::string KeptList::versions_name(std::int64_t id) { return fmt::format("list_{}_versions", id); }
std::string KeptList::changes_name(std::int64_t id) { return fmt::format("list_{}_changes", id); }

KeptList::KeptList(ListPtr list, const store::Database& database)
    : list_(std::move(list)),
      database_(database),
      formulas_(formulas_of(list_->columns)),
      schema_(schema_of(*list_)),
      fields_(fields_of(*list_)),
      insert_item_(database.prepare(insert_item_into(*list_))),
      insert_version_(database.prepare(
          insert_all(versions_name(list_->id), with_columns(version_head(), *list_)))),
      select_item_(database.prepare(
          sql::query(select_all(table_name(list_->id), with_columns(head, *list_), is_id())))),
      delete_item_(database.prepare(sql::Delete{table_name(list_->id), is_id()})),
      select_versions_(database.prepare(ordered(
          select_all(versions_name(list_->id), with_columns(version_head(), *list_), is_id()),
          {{sql::column(own::version)}}))),
      next_id_(database.prepare(next_id_query(*list_))),
      count_items_(database.prepare(count_query(sql::table(table_name(list_->id)), nullptr))),
      insert_change_(
          database.prepare(insert_all(changes_name(list_->id), {own::id, own::version}))),
      select_changes_(database.prepare(changes_query(*list_))),
      last_change_(database.prepare(last_change_query(*list_))),
      select_deleted_(database.prepare(deleted_query(*list_))),
      select_deleted_item_(database.prepare(deleted_item_query(*list_))),
      forget_item_(forget_statements(*list_, database)) {
  for (std::size_t i = 0; i < list_->columns.size(); ++i)
    positions_.emplace(list_->columns[i].name, i);
}

std::size_t KeptList::column_index(std::string_view name) const {
  const auto found = positions_.find(std::string(name));
  return found == positions_.end() ? none : found->second;
}

store::Prepared KeptList::update_item(const std::vector<std::size_t>& columns) const {
  const std::scoped_lock lock(mutex_);
  if (const auto found = updates_.find(columns); found != updates_.end()) return found->second;
  sql::Update update;
  update.table = table();
  update.set = {{own::version, slot(0)}, {own::modified, slot(1)}, {own::editor, slot(2)}};
  for (std::size_t i = 0; i < columns.size(); ++i)
    update.set.emplace_back(list_->columns[columns[i]].name, slot(4 + i));
  update.where = is_id(3);
  if (updates_.size() >= max_updates) updates_.clear();
  return updates_.emplace(columns, database_.prepare(update)).first->second;
}

KeptList::Recalculation KeptList::recalculation() const {
  auto select = select_all(versions_name(list_->id), with_columns(version_head(), *list_), nullptr);
  const auto id = sql::column(own::id), version = sql::column(own::version);
  // As a range of the key, which an `or` at the top would not be.
  select.where = sql::and_also(sql::binary(Op::greater_equal, id, slot(0)),
                               sql::binary(Op::or_, sql::binary(Op::greater, id, slot(0)),
                                           sql::binary(Op::greater, version, slot(1))));
  const auto page = std::make_shared<const sql::Query>(
      sql::Query{{}, std::move(select), {{id}, {version}}, slot(2), nullptr});
  const auto update = [&](std::string table) {
    sql::Update made;
    made.table = std::move(table);
    std::size_t next = 2;
    for (const auto& formula : *formulas_)
      made.set.emplace_back(list_->columns[formula.column()].name, slot(next++));
    made.where = sql::and_also(sql::binary(Op::equal, id, slot(0)),
                               sql::binary(Op::equal, version, slot(1)));
    return database_.prepare(made);
  };
  return {database_.prepare(page), update(versions_name(list_->id)), update(table())};
}

store::Prepared KeptList::insert_numbered_change() const {
  return database_.prepare(
      insert_all(changes_name(list_->id), {own::change, own::id, own::version}));
}

store::Prepared KeptList::count_changes_on() const {
  sql::Select select;
  const auto sequence = sql::call("pg_get_serial_sequence",
                                  {sql::literal(fmt::format("\"{}\"", changes_name(list_->id))),
                                   sql::literal(std::string(own::change))});
  select.items = {
      {sql::call("setval", {sequence, sql::call("max", {sql::column(own::change)})}), {}}};
  select.from = sql::table(changes_name(list_->id));
  return database_.prepare(sql::query(std::move(select)));
}

Result<odata::Shape> KeptList::shape(const odata::Options& options) const {
  std::shared_ptr<const odata::KnownShape> last;
  {
    const std::scoped_lock lock(mutex_);
    last = last_shape_;
  }
  if (last != nullptr) {
    if (auto known = last->shape_of(options)) return *std::move(known);
  }
  TRY(auto shape, odata::shape_of(options));
  last = std::make_shared<const odata::KnownShape>(options, shape);
  const std::scoped_lock lock(mutex_);
  last_shape_.swap(last);
  return shape;
}

Result<std::shared_ptr<const QueryPlan>> KeptList::plan(const odata::Options& options,
                                                        const odata::Shape& shape, Source source,
                                                        const Continuation& continuation) const {
  std::string key;
  key.reserve(shape.key.size() + 8 + continuation.nulls.size());
  key += static_cast<char>('0' + static_cast<int>(source));
  if (options.skip) key += 's';
  if (continuation.after) key += 'a';
  for (const bool null : continuation.nulls) key += null ? 'n' : 'v';
  key += '\x02';
  key += shape.key;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  }
  TRY(auto made, make_plan(options, shape, source, continuation));
  const std::scoped_lock lock(mutex_);
  if (plans_.size() >= max_plans) plans_.clear();
  plans_.emplace(std::move(key), made);
  return made;
}

Result<std::shared_ptr<const QueryPlan>> KeptList::make_plan(
    const odata::Options& options, const odata::Shape& shape, Source source,
    const Continuation& continuation) const {
  TRY(auto compiled, odata::compile(options, shape, schema_));
  if (continuation.after && continuation.nulls.size() != compiled.order_by.size()) {
    return fail("ODATA0204", "$skiptoken belongs to another query; start again without it");
  }
  const auto limit = compiled.now_slot + 1;
  sql::TableRefPtr from = sql::table(table(), items_alias);
  ExprPtr where = compiled.where;
  if (source != Source::present) {
    from = past_items(*list_, source, limit + 2, limit + 3);
    where = sql::and_also(is_newest_and_there(), where);
  }
  sql::Select select;
  select.items = {{sql::column(own::id), {}}, {sql::column(own::version), {}}};
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!is_read(fields_[i], compiled)) continue;
    chosen.push_back(i);
    select.items.push_back({fields_[i].value, {}});
  }
  std::vector<sql::OrderTerm> order;
  for (const auto& term : compiled.order_by) {
    select.items.push_back({term.expr, {}});
    order.push_back(
        {term.expr, term.descending, term.descending ? sql::Nulls::last : sql::Nulls::first});
  }
  order.push_back({sql::column(own::id)});
  select.from = from;
  select.where = continuation.after
                     ? sql::and_also(where, behind(compiled.order_by, continuation, limit + 4))
                     : where;
  auto query = sql::Query{{},
                          std::move(select),
                          std::move(order),
                          slot(limit),
                          options.skip ? slot(limit + 1) : nullptr};
  auto prepared = database_.prepare(std::make_shared<const sql::Query>(std::move(query)));
  auto count = database_.prepare(count_query(from, where));
  return std::make_shared<const QueryPlan>(
      QueryPlan{std::move(compiled), std::move(prepared), std::move(count), std::move(chosen)});
}

sql::ColumnDefinition column_definition(const Column& column) {
  return {column.name, storage(column.type), false, false, nullptr};
}

std::vector<sql::Statement> create_tables(const List& list) {
  const auto own_column = [](const char* name, sql::Type type) {
    return sql::ColumnDefinition{name, type, true, false, nullptr};
  };
  std::vector<sql::ColumnDefinition> columns{{own::id, sql::Type::bigint, false, true, nullptr},
                                             own_column(own::version, sql::Type::bigint),
                                             own_column(own::created, sql::Type::bigint),
                                             own_column(own::author, sql::Type::text),
                                             own_column(own::modified, sql::Type::bigint),
                                             own_column(own::editor, sql::Type::text)};
  auto version_columns = columns;
  version_columns.front() = own_column(own::id, sql::Type::bigint);
  version_columns.push_back(own_column(own::valid, sql::Type::bigint));
  version_columns.push_back(own_column(own::deleted, sql::Type::boolean));
  for (const auto& column : list.columns) {
    columns.push_back(column_definition(column));
    version_columns.push_back(column_definition(column));
  }
  std::vector<sql::Statement> statements;
  statements.emplace_back(
      sql::CreateTable{KeptList::table_name(list.id), std::move(columns), {}, false, false});
  statements.emplace_back(sql::CreateTable{KeptList::versions_name(list.id),
                                           std::move(version_columns),
                                           {own::id, own::version},
                                           true,
                                           false});
  statements.emplace_back(create_changes(list.id));
  for (const auto& index : indexes_of(list)) statements.emplace_back(create_index(list, index));
  return statements;
}

sql::CreateTable create_changes(std::int64_t list) {
  const auto number = [](const char* name) {
    return sql::ColumnDefinition{name, sql::Type::bigint, true, false, nullptr};
  };
  return {KeptList::changes_name(list),
          {{own::change, sql::Type::bigint, false, true, nullptr},
           number(own::id),
           number(own::version)},
          {},
          false,
          false};
}

sql::Insert fill_changes(std::int64_t list) {
  sql::Select select = select_all(KeptList::versions_name(list), {own::id, own::version}, nullptr);
  return {.table = KeptList::changes_name(list),
          .columns = {own::id, own::version},
          .rows = {},
          .query = ordered(
              std::move(select),
              {{sql::column(own::modified)}, {sql::column(own::version)}, {sql::column(own::id)}}),
          .conflict_columns = {},
          .conflict_set = {},
          .returning = {}};
}

std::vector<sql::Statement> drop_tables(const List& list) {
  return {sql::DropTable{KeptList::table_name(list.id)},
          sql::DropTable{KeptList::versions_name(list.id)},
          sql::DropTable{KeptList::changes_name(list.id)}};
}

std::vector<Index> indexes_of(const ListDefinition& definition) {
  std::vector<Index> indexes;
  const auto add = [&](const std::vector<std::string>& columns, bool unique) {
    const bool there = std::any_of(indexes.begin(), indexes.end(),
                                   [&](const Index& one) { return one.columns == columns; });
    if (!there) indexes.push_back({columns, unique});
  };
  for (const auto& key : definition.unique_keys) add(key, true);
  for (const auto& columns : definition.indexes) add(columns, false);
  for (const auto& column : definition.columns) {
    if (column.indexed) add({column.name}, false);
  }
  return indexes;
}

sql::CreateIndex create_index(const List& list, const Index& index) {
  sql::CreateIndex statement{
      index_name(list, index), KeptList::table_name(list.id), {}, index.unique, nullptr};
  for (const auto& name : index.columns) statement.terms.push_back({sql::column(name)});
  return statement;
}

sql::DropIndex drop_index(const List& list, const Index& index) {
  return {index_name(list, index)};
}

}  // namespace rollcall::lists
