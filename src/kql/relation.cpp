#include "kql/relation.hpp"

#include <algorithm>

#include "kql/binder.hpp"

// How relations nest: selects over selects, carrying what order and partitions need.

namespace rollcall::kql {

const RelationColumn* Relation::find(std::string_view column_name) const {
  for (const auto& column : columns) {
    if (column.name == column_name) return &column;
  }
  return nullptr;
}

std::string NameMaker::unique(const std::string& base) {
  if (base.empty()) {
    std::string name;
    do {
      name = "Column" + std::to_string(++counter_);
    } while (taken(name));
    used_.push_back(name);
    return name;
  }
  std::string name = base;
  for (int i = 1; taken(name); ++i) name = base + std::to_string(i);
  used_.push_back(name);
  return name;
}

void NameMaker::reserve(const std::string& name) { used_.push_back(name); }

bool NameMaker::taken(const std::string& name) const {
  return std::find(used_.begin(), used_.end(), name) != used_.end();
}

bool matches_wildcard(std::string_view pattern, std::string_view name) {
  // When letters differ the last star takes one more; the stars before it never have to.
  std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

MadeColumn Binder::made(std::string name, const Scalar& scalar) {
  return {std::move(name), scalar.type, fresh_id(), scalar.sql, scalar.nullable};
}

std::vector<MadeColumn> Binder::keep_all(const Relation& rows) const {
  std::vector<MadeColumn> columns;
  columns.reserve(rows.columns.size());
  for (const auto& c : rows.columns)
    columns.push_back({c.name, c.type, c.id, sql::column(c.id), c.nullable});
  return columns;
}

namespace {

void need(std::vector<std::string>& ids, const std::string& id) {
  if (!id.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

// What must be carried along beside the visible columns.
std::vector<std::string> carried(const Relation& rows, bool keep_hidden) {
  std::vector<std::string> ids;
  if (keep_hidden) ids = rows.hidden;
  for (const auto& term : rows.order) {
    if (const auto* column = std::get_if<sql::Column>(&term.expr->node)) need(ids, column->name);
  }
  for (const auto& id : rows.partition) need(ids, id);
  need(ids, rows.ingestion);
  return ids;
}

}  // namespace

sql::QueryPtr Binder::select_of(const Relation& rows, std::vector<sql::SelectItem> items,
                                bool by_name) {
  sql::Select select;
  select.items = std::move(items);
  if (select.items.empty()) select.items.push_back({sql::literal(std::int64_t{1}), fresh_id()});
  select.from = rows.from;
  select.where = rows.where;
  select.by_name = by_name;
  return sql::query(std::move(select));
}

Relation Binder::nest(Relation rows, std::vector<MadeColumn> columns, bool keep_hidden) {
  std::vector<sql::SelectItem> items;
  std::vector<RelationColumn> visible;
  for (auto& column : columns) {
    items.push_back({column.sql, column.id});
    visible.push_back({std::move(column.name), column.type, column.id, column.nullable});
  }
  for (const auto& id : carried(rows, keep_hidden)) {
    const bool there =
        std::any_of(items.begin(), items.end(), [&](const auto& item) { return item.alias == id; });
    if (!there) items.push_back({sql::column(id), id});
  }
  rows.from = sql::derived(select_of(rows, std::move(items), true), fresh_alias());
  rows.where = nullptr;
  rows.columns = std::move(visible);
  if (!keep_hidden) rows.hidden.clear();
  ++rows.weight;
  return rows;
}

Relation Binder::nest(Relation rows) {
  auto columns = keep_all(rows);
  return nest(std::move(rows), std::move(columns));
}

namespace {

// Whether it reads nothing but constants and columns that the select hands on as they are.
bool reads_handed_on(const sql::ExprPtr& expr, const sql::Select& select) {
  if (!expr || std::holds_alternative<sql::Literal>(expr->node)) return true;
  if (const auto* cast = std::get_if<sql::Cast>(&expr->node))
    return reads_handed_on(cast->operand, select);
  const auto* column = std::get_if<sql::Column>(&expr->node);
  if (column == nullptr) return false;
  return std::ranges::any_of(select.items, [&](const sql::SelectItem& item) {
    const auto* own = std::get_if<sql::Column>(&item.expr->node);
    return item.alias == column->name && own != nullptr && own->name == item.alias;
  });
}

const sql::Call* window_of(const sql::ExprPtr& expr) {
  const auto* call = std::get_if<sql::Call>(&expr->node);
  return call != nullptr && call->over ? call : nullptr;
}

// The select that has just hoisted a window function, when this one may stand beside it: the rows are sorted once for both.
const sql::Select* beside(const Relation& rows, const sql::Call& window) {
  const auto* derived =
      rows.from && !rows.where ? std::get_if<sql::DerivedTable>(&rows.from->node) : nullptr;
  const auto* select =
      derived == nullptr ? nullptr : std::get_if<sql::Select>(&derived->query->body);
  if (select == nullptr || derived->query->limit || rows.hidden.empty() || window.filter)
    return nullptr;
  const bool hoisted = std::ranges::any_of(select->items, [&](const sql::SelectItem& item) {
    return item.alias == rows.hidden.back() && window_of(item.expr) != nullptr;
  });
  const auto handed_on = [&](const sql::ExprPtr& expr) { return reads_handed_on(expr, *select); };
  const auto term_handed_on = [&](const sql::OrderTerm& term) { return handed_on(term.expr); };
  const bool fits = hoisted && std::ranges::all_of(window.arguments, handed_on) &&
                    std::ranges::all_of(window.order_by, term_handed_on) &&
                    std::ranges::all_of(window.over->partition_by, handed_on) &&
                    std::ranges::all_of(window.over->order_by, term_handed_on);
  return fits ? select : nullptr;
}

}  // namespace

Scalar Binder::hoist(Relation& rows, Scalar scalar) {
  if (std::holds_alternative<sql::Column>(scalar.sql->node)) return scalar;
  const std::string id = fresh_id();
  const auto* window = window_of(scalar.sql);
  if (const auto* select = window == nullptr ? nullptr : beside(rows, *window)) {
    sql::Select both = *select;
    both.items.push_back({scalar.sql, id});
    rows.from = sql::derived(sql::query(std::move(both)), fresh_alias());
    rows.hidden.push_back(id);
    scalar.sql = sql::column(id);
    return scalar;
  }
  auto columns = keep_all(rows);
  columns.push_back({"$hidden", scalar.type, id, scalar.sql, scalar.nullable});
  rows = nest(std::move(rows), std::move(columns), true);
  rows.columns.pop_back();
  rows.hidden.push_back(id);
  scalar.sql = sql::column(id);
  return scalar;
}

Relation Binder::fresh(const Relation& rows) {
  std::map<std::string, std::string> renamed;
  std::vector<sql::SelectItem> items;
  const auto rename = [&](const std::string& id) {
    auto [at, is_new] = renamed.try_emplace(id, "");
    if (is_new) {
      at->second = fresh_id();
      items.push_back({sql::column(id), at->second});
    }
    return at->second;
  };
  Relation result = rows;
  for (auto& column : result.columns) column.id = rename(column.id);
  for (auto& term : result.order) {
    if (const auto* column = std::get_if<sql::Column>(&term.expr->node))
      term.expr = sql::column(rename(column->name));
  }
  for (auto& id : result.partition) id = rename(id);
  if (!result.ingestion.empty()) result.ingestion = rename(result.ingestion);
  result.from = sql::derived(select_of(rows, std::move(items), true), fresh_alias());
  result.where = nullptr;
  ++result.weight;
  return result;
}

namespace {

// The query that the rows come from, where it gives their columns and no others; null where it does not.
sql::QueryPtr query_itself(const Relation& rows) {
  if (!rows.from || rows.where || rows.columns.empty()) return nullptr;
  const auto* derived = std::get_if<sql::DerivedTable>(&rows.from->node);
  const auto* select =
      derived == nullptr ? nullptr : std::get_if<sql::Select>(&derived->query->body);
  const auto same = [](const RelationColumn& column, const sql::SelectItem& item) {
    return column.id == item.alias;
  };
  if (select == nullptr || !std::ranges::equal(rows.columns, select->items, same)) return nullptr;
  sql::Query query = *derived->query;
  std::get<sql::Select>(query.body).by_name = false;  // all of it is read
  return std::make_shared<const sql::Query>(std::move(query));
}

}  // namespace

sql::QueryPtr Binder::query_of(const Relation& rows, bool ordered) {
  const bool in_order = ordered && !rows.order.empty();
  if (auto itself = in_order ? nullptr : query_itself(rows)) return itself;
  std::vector<sql::SelectItem> items;
  for (const auto& column : rows.columns) items.push_back({sql::column(column.id), column.id});
  auto plain = select_of(rows, std::move(items));
  if (!in_order) return plain;
  sql::Query query = *plain;
  query.order_by = rows.order;
  return std::make_shared<const sql::Query>(std::move(query));
}

Relation Binder::from_query(sql::QueryPtr query, std::vector<RelationColumn> columns) {
  Relation rows;
  rows.columns = std::move(columns);
  rows.from = sql::derived(std::move(query), fresh_alias());
  return rows;
}

sql::ExprPtr Binder::window(const Relation& rows, std::string function,
                            std::vector<sql::ExprPtr> arguments, std::optional<sql::Frame> frame) {
  sql::Call call;
  call.function = std::move(function);
  call.arguments = std::move(arguments);
  sql::Window over;
  for (const auto& id : rows.partition) over.partition_by.push_back(sql::column(id));
  over.order_by = rows.order;
  over.frame = frame;
  call.over = std::move(over);
  return sql::make(std::move(call));
}

Relation Binder::materialize(Relation rows) {
  rows = nest(std::move(rows));
  const auto* derived = std::get_if<sql::DerivedTable>(&rows.from->node);
  const std::string name = "m" + std::to_string(common_tables_.size() + 1);
  common_tables_.push_back({name, derived->query, true, false});
  rows.from = sql::table(name, fresh_alias());
  rows.weight = 1;
  return rows;
}

Relation Binder::broken() {
  Relation rows;
  rows.open = true;
  rows.from = sql::derived(select_of(Relation{}, {}), fresh_alias());
  return rows;
}

}  // namespace rollcall::kql
