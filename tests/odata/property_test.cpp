// Random filters over random rows find what an independent reading of OData's rules finds: a little evaluator
// over the same expression, with values that may be null and three truth values.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <memory>
#include <optional>

#include "lists/list_harness.hpp"

namespace rollcall::odata {
namespace {

using lists::ListHarness;

struct ItemRow {
  std::optional<std::string> title;
  std::optional<double> number;
  std::optional<std::int64_t> integer;
  std::optional<bool> active;
  std::optional<std::int64_t> hour;         // of 2026, kept as a date and time
  std::vector<std::string> tags;            // of a column of several choices; none: null
};
template <class T>
using Maybe = std::optional<T>;

// What a generated expression is as text, and what it is for a row.
template <class T>
struct Generated {
  std::string text;
  std::function<Maybe<T>(const ItemRow&)> value;
};
using Condition = Generated<bool>;
using Number = Generated<double>;
using Text = Generated<std::string>;

const std::vector<std::string> texts{"", "a", "b", "ab", "A", "O'Neil", "%", "_", "a%b", "é"};

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

Text generate_text(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 4 : 2)) {
    case 0: return {"Title", [](const ItemRow& row) { return row.title; }};
    case 1: {
      const auto text = *rc::gen::elementOf(texts);
      return {quoted(text), [text](const ItemRow&) { return Maybe<std::string>(text); }};
    }
    case 2: {
      const auto left = generate_text(depth - 1), right = generate_text(depth - 1);
      return {"concat(" + left.text + "," + right.text + ")", [left, right](const ItemRow& row) -> Maybe<std::string> {
                const auto a = left.value(row), b = right.value(row);
                if (!a || !b) return std::nullopt;
                return *a + *b;
              }};
    }
    default: {
      const auto inner = generate_text(depth - 1);
      return {"tolower(" + inner.text + ")", [inner](const ItemRow& row) -> Maybe<std::string> {
                const auto text = inner.value(row);
                if (!text) return std::nullopt;
                return to_lower(*text);
              }};
    }
  }
}

Number generate_number(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 6 : 3)) {
    case 0: return {"N", [](const ItemRow& row) { return row.number; }};
    case 1: return {"X", [](const ItemRow& row) -> Maybe<double> {
                      if (!row.integer) return std::nullopt;
                      return static_cast<double>(*row.integer);
                    }};
    case 2: {
      const double value = *rc::gen::inRange(-8, 9) / 2.0;
      return {fmt::format("{}", value), [value](const ItemRow&) { return Maybe<double>(value); }};
    }
    case 3: {
      const auto inner = generate_text(depth - 1);
      return {"length(" + inner.text + ")", [inner](const ItemRow& row) -> Maybe<double> {
                const auto text = inner.value(row);
                if (!text) return std::nullopt;
                return static_cast<double>(std::count_if(text->begin(), text->end(), [](char c) { return (c & 0xc0) != 0x80; }));
              }};
    }
    case 4: {
      const auto inner = generate_number(depth - 1);
      return {"-(" + inner.text + ")", [inner](const ItemRow& row) -> Maybe<double> {
                const auto value = inner.value(row);
                if (!value) return std::nullopt;
                return -*value;
              }};
    }
    default: {
      const auto left = generate_number(depth - 1), right = generate_number(depth - 1);
      const auto op = *rc::gen::element<std::string>("add", "sub", "mul");
      return {"(" + left.text + " " + op + " " + right.text + ")", [left, right, op](const ItemRow& row) -> Maybe<double> {
                const auto a = left.value(row), b = right.value(row);
                if (!a || !b) return std::nullopt;
                return op == "add" ? *a + *b : op == "sub" ? *a - *b : *a * *b;
              }};
    }
  }
}

template <class T>
Maybe<bool> compare(const std::string& op, const Maybe<T>& a, const Maybe<T>& b) {
  if (op == "eq") return a == b;
  if (op == "ne") return a != b;
  if (!a || !b) return (op == "ge" || op == "le") && !a && !b;
  if (op == "gt") return *a > *b;
  if (op == "ge") return *a >= *b;
  if (op == "lt") return *a < *b;
  return *a <= *b;
}

template <class T>
Condition comparison(const Generated<T>& left, const Generated<T>& right) {
  const auto op = *rc::gen::element<std::string>("eq", "ne", "gt", "ge", "lt", "le");
  return {left.text + " " + op + " " + right.text,
          [=](const ItemRow& row) { return compare(op, left.value(row), right.value(row)); }};
}

Condition text_test(int depth) {
  const auto text = generate_text(depth), part = generate_text(0);
  const auto name = *rc::gen::element<std::string>("contains", "startswith", "endswith", "substringof");
  const bool turned = name == "substringof";
  return {fmt::format("{}({},{})", name, turned ? part.text : text.text, turned ? text.text : part.text),
          [=](const ItemRow& row) -> Maybe<bool> {
            const auto a = text.value(row), b = part.value(row);
            if (!a || !b) return std::nullopt;
            return name == "startswith" ? a->starts_with(*b) : name == "endswith" ? a->ends_with(*b) : a->contains(*b);
          }};
}

const std::vector<std::string> all_tags{"a", "b", "a b", "O'Neil", "\"", "ab"};

std::string time_of(std::int64_t hour) { return format_iso_seconds(*parse_iso("2026-01-01T00:00:00Z") + hours(hour)); }

// In the forms of version 4, of version 3, and of SharePoint's clients.
Condition time_test() {
  const auto op = *rc::gen::element<std::string>("eq", "ne", "gt", "ge", "lt", "le");
  const auto hour = *rc::gen::inRange<std::int64_t>(-3, 30);
  const auto form = *rc::gen::element<std::string>("{}", "datetime'{}'", "'{}'", "datetimeoffset'{}'");
  return {fmt::format("At {} {}", op, fmt::format(fmt::runtime(form), time_of(hour))),
          [=](const ItemRow& row) { return compare(op, row.hour, Maybe<std::int64_t>(hour)); }};
}

Condition tag_test() {
  const auto tag = *rc::gen::elementOf(all_tags);
  const bool equals = *rc::gen::arbitrary<bool>();
  return {fmt::format("Tags {} {}", equals ? "eq" : "ne", quoted(tag)), [=](const ItemRow& row) {
            return Maybe<bool>((std::find(row.tags.begin(), row.tags.end(), tag) != row.tags.end()) == equals);
          }};
}

Condition generate_condition(int depth);

Condition junction(int depth) {
  const auto left = generate_condition(depth - 1), right = generate_condition(depth - 1);
  const bool all = *rc::gen::arbitrary<bool>();
  return {"(" + left.text + (all ? " and " : " or ") + right.text + ")", [=](const ItemRow& row) -> Maybe<bool> {
            const auto a = left.value(row), b = right.value(row);
            const bool decides = !all;
            if (a == decides || b == decides) return decides;
            if (!a || !b) return std::nullopt;
            return all;
          }};
}

Condition generate_condition(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 11 : 7)) {
    case 0: return comparison(generate_text(depth), generate_text(depth));
    case 1: return comparison(generate_number(depth), generate_number(depth));
    case 2: return text_test(depth);
    case 3: return {"Active", [](const ItemRow& row) { return row.active; }};
    case 4: {
      const auto text = generate_text(0);
      const bool equals = *rc::gen::arbitrary<bool>();
      return {text.text + (equals ? " eq null" : " ne null"),
              [=](const ItemRow& row) { return Maybe<bool>(text.value(row).has_value() != equals); }};
    }
    case 5: return time_test();
    case 6: return tag_test();
    case 7: {
      const auto inner = generate_condition(depth - 1);
      return {"not (" + inner.text + ")", [=](const ItemRow& row) -> Maybe<bool> {
                const auto value = inner.value(row);
                if (!value) return std::nullopt;
                return !*value;
              }};
    }
    case 8: {
      const auto number = generate_number(depth - 1);
      const bool with_null = *rc::gen::arbitrary<bool>();
      return {"(" + number.text + ")" + (with_null ? " in (1,-0.5,null)" : " in (1,-0.5)"), [=](const ItemRow& row) {
                const auto value = number.value(row);
                if (!value) return Maybe<bool>(with_null);
                return Maybe<bool>(*value == 1 || *value == -0.5);
              }};
    }
    case 9: {
      const auto left = generate_condition(depth - 1), right = generate_condition(depth - 1);
      return {"(" + left.text + ") eq (" + right.text + ")",
              [=](const ItemRow& row) { return Maybe<bool>(left.value(row) == right.value(row)); }};
    }
    default: return junction(depth);
  }
}

template <class T, class Make>
Maybe<T> maybe(Make make) {
  if (*rc::gen::inRange(0, 4) == 0) return std::nullopt;
  return make();
}

ItemRow generate_row() {
  return {maybe<std::string>([] { return *rc::gen::elementOf(texts); }),
          maybe<double>([] { return *rc::gen::inRange(-6, 7) / 2.0; }),
          maybe<std::int64_t>([] { return *rc::gen::inRange<std::int64_t>(-3, 4); }),
          maybe<bool>([] { return *rc::gen::arbitrary<bool>(); }),
          maybe<std::int64_t>([] { return *rc::gen::inRange<std::int64_t>(-3, 30); }),
          *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(all_tags))};
}

json::object to_fields(const ItemRow& row) {
  json::object fields;
  if (row.title) fields["Title"] = *row.title;
  if (row.number) fields["N"] = *row.number;
  if (row.integer) fields["X"] = *row.integer;
  if (row.active) fields["Active"] = *row.active;
  if (row.hour) fields["At"] = time_of(*row.hour);
  json::array tags;
  for (const auto& tag : row.tags) tags.emplace_back(tag);
  if (!tags.empty()) fields["Tags"] = std::move(tags);
  return fields;
}

TEST(Filters, FindWhatTheRulesSay) {
  const auto random = rc::check([] {
    ListHarness harness;
    const lists::ListDefinition definition{.name = "Rows",
                                           .columns = {{.name = "Title", .indexed = true},
                                                       {.name = "N", .type = lists::ColumnType::number},
                                                       {.name = "X", .type = lists::ColumnType::integer, .indexed = true},
                                                       {.name = "Active", .type = lists::ColumnType::boolean},
                                                       {.name = "At", .type = lists::ColumnType::datetime, .indexed = true},
                                                       {.name = "Tags", .type = lists::ColumnType::multichoice}}};
    std::vector<ItemRow> rows;
    for (int i = 0; i < 12; ++i) rows.push_back(generate_row());
    RC_ASSERT(harness.database->write([&](auto& transaction) -> Result<void> {
      TRY(const auto list, harness.lists->create_list(transaction, definition, harness.write));
      for (const auto& row : rows) TRY_DO(harness.lists->create_item(transaction, *list, to_fields(row), harness.write));
      return {};
    }));
    for (int i = 0; i < 20; ++i) {
      const auto condition = generate_condition(3);
      Options options;
      options.filter = condition.text;
      const auto page = harness.reading("Rows", [&](auto& connection, const lists::List& list) {
        return harness.lists->query(connection, list, options, {});
      });
      if (!page) RC_FAIL(condition.text + ": " + page.error().message);
      std::vector<std::int64_t> found, expected;
      for (const auto& item : page->items) found.push_back(item.id);
      for (std::size_t row = 0; row < rows.size(); ++row) {
        if (condition.value(rows[row]) == true) expected.push_back(static_cast<std::int64_t>(row + 1));
      }
      if (found != expected) RC_LOG() << condition.text << "\n";
      RC_ASSERT(found == expected);
    }
  });
  EXPECT_TRUE(random);
}

}  // namespace
}  // namespace rollcall::odata
