// Random pipelines of $apply, with the options behind them, over random rows count what a plain reading of the
// rules counts: tables in memory, a row at a time. In SQLite, and in PostgreSQL where the tests have a server.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <functional>
#include <set>

#include "lists/list_harness.hpp"

namespace rollcall::odata {
namespace {

using lists::ListHarness;

using Value = std::variant<std::monostate, bool, double, std::string>;  // times as their texts
using Row = std::vector<Value>;
enum class Kind { truth, number, text, time };
struct Table {
  std::vector<std::pair<std::string, Kind>> columns;
  std::size_t groups = 0;  // how many of them, from the first
  std::vector<Row> rows;
};

const std::vector<std::string> texts{"", "a", "b", "A", "O'Neil", "a/b, (c", "é"};
const std::vector<std::pair<std::string, Kind>> item_columns{{"Title", Kind::text},
                                                             {"N", Kind::number},
                                                             {"X", Kind::number},
                                                             {"Active", Kind::truth},
                                                             {"At", Kind::time}};
const lists::ListDefinition definition{
    .name = "Rows",
    .columns = {{.name = "Title", .indexed = true},
                {.name = "N", .type = lists::ColumnType::number},
                {.name = "X", .type = lists::ColumnType::integer},
                {.name = "Active", .type = lists::ColumnType::boolean},
                {.name = "At", .type = lists::ColumnType::datetime}}};

bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

Value generate_value(Kind kind, bool whole) {
  switch (kind) {
    case Kind::truth:
      return *rc::gen::arbitrary<bool>();
    case Kind::number:
      return whole ? *rc::gen::inRange(-3, 4) : *rc::gen::inRange(-6, 7) / 2.0;
    case Kind::text:
      return *rc::gen::elementOf(texts);
    case Kind::time:
      return format_iso_seconds(*parse_iso("2026-01-01T00:00:00Z") +
                                hours(*rc::gen::inRange(-3, 4)));
  }
  return {};
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::string literal(Kind kind, const Value& value) {
  if (is_null(value)) return "null";
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  const auto& text = std::get<std::string>(value);
  return kind == Kind::time ? text : quoted(text);
}

// ---- conditions over a table's rows
struct Condition {
  std::string text;
  std::function<bool(const Row&)> holds;
};

bool compare(const std::string& op, const Value& a, const Value& b) {
  if (op == "eq") return a == b;
  if (op == "ne") return a != b;
  if (is_null(a) || is_null(b)) return (op == "ge" || op == "le") && is_null(a) && is_null(b);
  if (op == "gt") return a > b;
  if (op == "ge") return a >= b;
  if (op == "lt") return a < b;
  return a <= b;
}

Condition generate_condition(const Table& table, int depth) {
  if (depth > 0 && *rc::gen::inRange(0, 3) == 0) {
    const auto left = generate_condition(table, depth - 1);
    const auto right = generate_condition(table, depth - 1);
    const bool all = *rc::gen::arbitrary<bool>();
    return {"(" + left.text + (all ? " and " : " or ") + right.text + ")", [=](const Row& row) {
              return all ? left.holds(row) && right.holds(row)
                         : left.holds(row) || right.holds(row);
            }};
  }
  const auto column = *rc::gen::inRange<std::size_t>(0, table.columns.size());
  const auto& [name, kind] = table.columns[column];
  const bool null = *rc::gen::inRange(0, 6) == 0;
  const auto value = null ? Value() : generate_value(kind, false);
  const auto op = null || kind == Kind::truth
                      ? *rc::gen::element<std::string>("eq", "ne")
                      : *rc::gen::element<std::string>("eq", "ne", "gt", "ge", "lt", "le");
  return {fmt::format("{} {} {}", name, op, literal(kind, value)),
          [=](const Row& row) { return compare(op, row[column], value); }};
}

void keep(Table& table, const Condition& condition) {
  std::erase_if(table.rows, [&](const Row& row) { return !condition.holds(row); });
}

// ---- counts
struct Aggregate {
  std::string method;  // "" is $count
  std::size_t column = 0;
  Kind kind = Kind::number;  // of the result
};

Value aggregated(const Aggregate& aggregate, const std::vector<Row>& rows) {
  if (aggregate.method.empty()) return static_cast<double>(rows.size());
  std::vector<Value> values;
  for (const auto& row : rows)
    if (!is_null(row[aggregate.column])) values.push_back(row[aggregate.column]);
  if (aggregate.method == "countdistinct")
    return static_cast<double>(std::set(values.begin(), values.end()).size());
  if (values.empty()) return {};
  if (aggregate.method == "min") return *std::ranges::min_element(values);
  if (aggregate.method == "max") return *std::ranges::max_element(values);
  double sum = 0;
  for (const auto& value : values) sum += std::get<double>(value);
  return aggregate.method == "sum" ? sum : sum / static_cast<double>(values.size());
}

Aggregate generate_aggregate(const Table& table) {
  if (*rc::gen::inRange(0, 3) == 0) return {};
  const auto column = *rc::gen::inRange<std::size_t>(0, table.columns.size());
  const auto kind = table.columns[column].second;
  if (kind == Kind::truth) return {"countdistinct", column};
  const auto method =
      kind == Kind::number
          ? *rc::gen::element<std::string>("sum", "average", "min", "max", "countdistinct")
          : *rc::gen::element<std::string>("min", "max", "countdistinct");
  return {method, column, method == "countdistinct" ? Kind::number : kind};
}

// groupby((…),aggregate(…)), groupby((…)) or aggregate(…) of the table, which becomes the result.
std::string generate_counts(Table& table, int& names) {
  std::vector<std::size_t> groups;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (*rc::gen::inRange(0, 3) == 0) groups.push_back(i);
  std::vector<Aggregate> aggregates;
  const int count = *rc::gen::inRange(groups.empty() ? 1 : 0, 4);
  for (int i = 0; i < count; ++i) aggregates.push_back(generate_aggregate(table));

  Table result;
  std::vector<std::string> group_texts, aggregate_texts;
  for (const auto group : groups) {
    result.columns.push_back(table.columns[group]);
    group_texts.push_back(table.columns[group].first);
  }
  result.groups = groups.size();
  for (const auto& one : aggregates) {
    const auto name = fmt::format("a{}", names++);
    result.columns.emplace_back(name, one.kind);
    aggregate_texts.push_back(
        one.method.empty()
            ? fmt::format("$count as {}", name)
            : fmt::format("{} with {} as {}", table.columns[one.column].first, one.method, name));
  }
  std::map<Row, std::vector<Row>> sorted;
  if (groups.empty()) sorted[{}];
  for (const auto& row : table.rows) {
    Row key;
    for (const auto group : groups) key.push_back(row[group]);
    sorted[key].push_back(row);
  }
  for (const auto& [key, rows] : sorted) {
    auto made = key;
    for (const auto& one : aggregates) made.push_back(aggregated(one, rows));
    result.rows.push_back(std::move(made));
  }
  table = std::move(result);
  const auto counts = fmt::format("aggregate({})", fmt::join(aggregate_texts, ","));
  if (groups.empty()) return counts;
  return fmt::format("groupby(({}){})", fmt::join(group_texts, ","),
                     aggregates.empty() ? "" : "," + counts);
}

Options generate_pipeline(Table& table) {
  int names = 0;
  std::vector<std::string> steps;
  const auto perhaps_filter = [&] {
    if (*rc::gen::arbitrary<bool>()) return;
    const auto condition = generate_condition(table, 2);
    keep(table, condition);
    steps.push_back("filter(" + condition.text + ")");
  };
  const int counts = *rc::gen::inRange(1, 4);
  for (int i = 0; i < counts; ++i) {
    perhaps_filter();
    steps.push_back(generate_counts(table, names));
  }
  perhaps_filter();
  Options options;
  options.apply = fmt::format("{}", fmt::join(steps, "/"));
  return options;
}

// $filter, $orderby, $skip and $top of the result; answers how many rows there were before the last two.
std::size_t generate_options(Options& options, Table& table) {
  if (*rc::gen::arbitrary<bool>()) {
    const auto condition = generate_condition(table, 2);
    keep(table, condition);
    options.filter = condition.text;
  }
  std::vector<std::pair<std::size_t, bool>> order;
  std::vector<std::string> terms;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    order.emplace_back(*rc::gen::inRange<std::size_t>(0, table.columns.size()),
                       *rc::gen::arbitrary<bool>());
    terms.push_back(table.columns[order.back().first].first + (order.back().second ? " desc" : ""));
  }
  if (!terms.empty()) options.orderby = fmt::format("{}", fmt::join(terms, ","));
  std::ranges::stable_sort(table.rows, [&](const Row& a, const Row& b) {
    for (const auto& [column, descending] : order) {
      if (a[column] != b[column]) return (a[column] < b[column]) != descending;
    }
    return std::lexicographical_compare(
        a.begin(), a.begin() + static_cast<std::ptrdiff_t>(table.groups), b.begin(),
        b.begin() + static_cast<std::ptrdiff_t>(table.groups));
  });
  const auto all = table.rows.size();
  options.count = true;
  if (*rc::gen::arbitrary<bool>()) {
    options.skip = *rc::gen::inRange(0, 4);
    table.rows.erase(table.rows.begin(),
                     table.rows.begin() + static_cast<std::ptrdiff_t>(std::min(
                                              all, static_cast<std::size_t>(*options.skip))));
  }
  if (*rc::gen::arbitrary<bool>()) {
    options.top = *rc::gen::inRange(0, 5);
    table.rows.resize(std::min(table.rows.size(), static_cast<std::size_t>(*options.top)));
  }
  return all;
}

bool same(const Value& expected, const json::value& found) {
  if (is_null(expected)) return found.is_null();
  if (const auto* truth = std::get_if<bool>(&expected)) return found == json::value(*truth);
  if (const auto* text = std::get_if<std::string>(&expected)) return found == json::value(*text);
  return found.is_number() &&
         std::abs(found.to_number<double>() - std::get<double>(expected)) < 1e-9;
}

void check(ListHarness& harness, const Options& options, const Table& expected, std::size_t all) {
  const auto found = harness.reading("Rows", [&](auto& connection, const lists::List& list) {
    return harness.lists->aggregate(connection, list, options, {});
  });
  const auto asked = fmt::format("$apply={} $filter={} $orderby={}", *options.apply,
                                 options.filter.value_or(""), options.orderby.value_or(""));
  if (!found) RC_FAIL(asked + ": " + found.error().message);
  RC_LOG() << asked << "\n" << json::serialize(found->rows) << "\n";
  RC_ASSERT(found->count == static_cast<std::int64_t>(all));
  RC_ASSERT(found->rows.size() == expected.rows.size());
  for (std::size_t i = 0; i < expected.rows.size(); ++i) {
    for (std::size_t column = 0; column < expected.columns.size(); ++column) {
      RC_ASSERT(same(expected.rows[i][column],
                     found->rows[i].as_object().at(expected.columns[column].first)));
    }
  }
}

Table generate_items() {
  Table table{item_columns, 0, {}};
  for (int i = *rc::gen::inRange(0, 13); i > 0; --i) {
    Row row;
    for (const auto& [name, kind] : item_columns)
      row.push_back(*rc::gen::inRange(0, 4) == 0 ? Value() : generate_value(kind, name == "X"));
    table.rows.push_back(std::move(row));
  }
  return table;
}

// Puts these rows in place of those that are in the list.
void fill(ListHarness& harness, const Table& table) {
  const auto filled = harness.database->write([&](auto& transaction) -> Result<void> {
    TRY(const auto list, harness.lists->ensure_list(transaction, definition, harness.write));
    TRY(const auto old, harness.lists->query(transaction, *list, {}, {}));
    for (const auto& item : old.items)
      TRY_DO(harness.lists->delete_item(transaction, *list, item.id, std::nullopt, harness.write));
    for (const auto& row : table.rows) {
      json::object fields;
      for (std::size_t i = 0; i < row.size(); ++i) {
        auto& field = fields[table.columns[i].first];
        if (const auto* truth = std::get_if<bool>(&row[i])) field = *truth;
        if (const auto* number = std::get_if<double>(&row[i])) {
          if (table.columns[i].first == "X")
            field = static_cast<std::int64_t>(*number);
          else
            field = *number;
        }
        if (const auto* text = std::get_if<std::string>(&row[i])) field = *text;
      }
      TRY_DO(harness.lists->create_item(transaction, *list, fields, harness.write));
    }
    return {};
  });
  if (!filled) RC_FAIL(filled.error().message);
}

TEST(Apply, CountsWhatTheRulesSay) {
  constexpr int pipelines_a_list = 10;
  std::vector<std::unique_ptr<ListHarness>> stores;
  stores.push_back(std::make_unique<ListHarness>(test::fresh_sqlite()));
  if (test::postgresql_server() != nullptr)
    stores.push_back(std::make_unique<ListHarness>(test::fresh_postgresql()));
  std::size_t agreed = 0;
  EXPECT_TRUE(rc::check([&] {
    const auto items = generate_items();
    for (const auto& store : stores) fill(*store, items);
    for (int i = 0; i < pipelines_a_list; ++i) {
      auto table = items;
      auto options = generate_pipeline(table);
      const auto all = generate_options(options, table);
      for (const auto& store : stores) check(*store, options, table, all);
      ++agreed;
    }
  }));
  fmt::print("{} random pipelines agree: by hand, SQLite{}\n", agreed,
             stores.size() > 1 ? ", PostgreSQL" : " (no PostgreSQL)");
}

}  // namespace
}  // namespace rollcall::odata
