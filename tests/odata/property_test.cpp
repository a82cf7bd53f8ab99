// Random filters over random rows find what an independent reading of OData's rules finds: a little evaluator
// over the same expression, with values that may be null and three truth values. In SQLite, and, where the
// tests have a server (with_postgresql.sh), in PostgreSQL as well: all three must agree.
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
  std::optional<std::int64_t> hour;  // of 2026, kept as a date and time
  std::vector<std::string> tags;     // of a column of several choices; none: null
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
struct Number : Generated<double> {
  bool integer = false;
};
using Text = Generated<std::string>;

const std::vector<std::string> texts{"",  "a",   "b", "ab", "A",   "B",   "O'Neil", "%",
                                     "_", "a%b", "é", "\\", " a ", "aéb", "😀"};

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> characters(const std::string& text);

Text part_of_text(const Text& inner) {
  const int from = *rc::gen::inRange(-1, 4), count = *rc::gen::inRange(-1, 3);
  const bool counts = *rc::gen::arbitrary<bool>();
  return {
      fmt::format("substring({},{}{})", inner.text, from, counts ? fmt::format(",{}", count) : ""),
      [=](const ItemRow& row) -> Maybe<std::string> {
        const auto text = inner.value(row);
        if (!text) return std::nullopt;
        const auto all = characters(*text);
        const auto begin =
            std::min<std::size_t>(all.size(), static_cast<std::size_t>(std::max(from, 0)));
        const auto end =
            counts ? std::min(all.size(), begin + static_cast<std::size_t>(std::max(count, 0)))
                   : all.size();
        return fmt::format("{}", fmt::join(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                           all.begin() + static_cast<std::ptrdiff_t>(end), ""));
      }};
}

Text in_other_case(const Text& inner) {
  const bool upper = *rc::gen::arbitrary<bool>();
  return {(upper ? "toupper(" : "tolower(") + inner.text + ")",
          [=](const ItemRow& row) -> Maybe<std::string> {
            auto text = inner.value(row);
            if (!text) return std::nullopt;
            const std::pair<std::string, std::string> small_and_capital{"é", "É"};
            const auto& [from, to] =
                upper ? small_and_capital
                      : std::pair(small_and_capital.second, small_and_capital.first);
            for (auto at = text->find(from); at != std::string::npos; at = text->find(from, at))
              text->replace(at, from.size(), to);
            for (auto& c : *text)
              c = upper && c >= 'a' && c <= 'z'    ? static_cast<char>(c - 32)
                  : !upper && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32)
                                                   : c;
            return text;
          }};
}

Text generate_text(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 6 : 2)) {
    case 0:
      return {"Title", [](const ItemRow& row) { return row.title; }};
    case 1: {
      const auto text = *rc::gen::elementOf(texts);
      return {quoted(text), [text](const ItemRow&) { return Maybe<std::string>(text); }};
    }
    case 2: {
      const auto left = generate_text(depth - 1), right = generate_text(depth - 1);
      return {"concat(" + left.text + "," + right.text + ")",
              [left, right](const ItemRow& row) -> Maybe<std::string> {
                const auto a = left.value(row), b = right.value(row);
                if (!a || !b) return std::nullopt;
                return *a + *b;
              }};
    }
    case 3:
      return in_other_case(generate_text(depth - 1));
    case 4:
      return part_of_text(generate_text(depth - 1));
    default: {
      const auto inner = generate_text(depth - 1);
      return {"trim(" + inner.text + ")", [inner](const ItemRow& row) -> Maybe<std::string> {
                const auto text = inner.value(row);
                if (!text) return std::nullopt;
                const auto begin = text->find_first_not_of(' ');
                if (begin == std::string::npos) return "";
                return text->substr(begin, text->find_last_not_of(' ') - begin + 1);
              }};
    }
  }
}

// The characters of a text, each as the bytes that it has.
std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> all;
  for (const char c : text) {
    if ((c & 0xc0) != 0x80) all.emplace_back();
    all.back() += c;
  }
  return all;
}

// A function of one value that may be null.
template <class To, class From, class Of>
std::function<Maybe<To>(const ItemRow&)> mapped(From inner, Of of) {
  return [inner, of](const ItemRow& row) -> Maybe<To> {
    const auto value = inner.value(row);
    if (!value) return std::nullopt;
    return of(*value);
  };
}

Number number_of_text(int depth) {
  const auto text = generate_text(depth - 1);
  if (*rc::gen::arbitrary<bool>()) {
    return {{"length(" + text.text + ")",
             mapped<double>(
                 text,
                 [](const std::string& of) { return static_cast<double>(characters(of).size()); })},
            true};
  }
  const auto part = generate_text(0);
  return {{"indexof(" + text.text + "," + part.text + ")",
           [=](const ItemRow& row) -> Maybe<double> {
             const auto a = text.value(row), b = part.value(row);
             if (!a || !b) return std::nullopt;
             const auto at = a->find(*b);
             return at == std::string::npos
                        ? -1
                        : static_cast<double>(characters(a->substr(0, at)).size());
           }},
          true};
}

Number part_of_time() {
  const auto name = *rc::gen::element<std::string>("year", "month", "day", "hour");
  return {{name + "(At)",
           [name](const ItemRow& row) -> Maybe<double> {
             if (!row.hour) return std::nullopt;
             const auto civil = to_civil(*parse_iso("2026-01-01T00:00:00Z") + hours(*row.hour));
             return name == "year"    ? civil.year
                    : name == "month" ? civil.month
                    : name == "day"   ? civil.day
                                      : civil.hour;
           }},
          true};
}

Maybe<double> calculate(const std::string& op, double a, double b, bool integers) {
  if (op == "add") return a + b;
  if (op == "sub") return a - b;
  if (op == "mul") return a * b;
  if (b == 0) return std::nullopt;
  if (op == "divby") return a / b;
  if (op == "div") return integers ? std::trunc(a / b) : a / b;
  return std::fmod(a, b);
}

Number rounded(const Number& inner) {
  const auto name = *rc::gen::element<std::string>("round", "floor", "ceiling");
  return {{name + "(" + inner.text + ")", mapped<double>(inner, [name](double value) {
             return name == "round"   ? std::round(value)
                    : name == "floor" ? std::floor(value)
                                      : std::ceil(value);
           })}};
}

Number generate_number(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 4)) {
    case 0:
      return {{"N", [](const ItemRow& row) { return row.number; }}};
    case 1:
      return {{"X",
               [](const ItemRow& row) -> Maybe<double> {
                 if (!row.integer) return std::nullopt;
                 return static_cast<double>(*row.integer);
               }},
              true};
    case 2: {
      const double value = *rc::gen::inRange(-8, 9) / 2.0;
      return {{fmt::format("{}", value), [value](const ItemRow&) { return Maybe<double>(value); }},
              std::trunc(value) == value};
    }
    case 3:
      return part_of_time();
    case 4:
      return number_of_text(depth);
    case 5: {
      const auto inner = generate_number(depth - 1);
      return {{"-(" + inner.text + ")", mapped<double>(inner, [](double value) { return -value; })},
              inner.integer};
    }
    case 6:
      return rounded(generate_number(depth - 1));
    default: {
      const auto op = *rc::gen::element<std::string>("add", "sub", "mul", "div", "divby", "mod");
      // PostgreSQL has the rest of a division of decimals only: of halves it is the same.
      const int deeper = op == "mod" ? 0 : depth - 1;
      const auto left = generate_number(deeper), right = generate_number(deeper);
      const bool integers = left.integer && right.integer;
      return {{"(" + left.text + " " + op + " " + right.text + ")",
               [=](const ItemRow& row) -> Maybe<double> {
                 const auto a = left.value(row), b = right.value(row);
                 if (!a || !b) return std::nullopt;
                 return calculate(op, *a, *b, integers);
               }},
              integers && op != "divby"};
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
  const auto name =
      *rc::gen::element<std::string>("contains", "startswith", "endswith", "substringof");
  const bool turned = name == "substringof";
  return {fmt::format("{}({},{})", name, turned ? part.text : text.text,
                      turned ? text.text : part.text),
          [=](const ItemRow& row) -> Maybe<bool> {
            const auto a = text.value(row), b = part.value(row);
            if (!a || !b) return std::nullopt;
            return name == "startswith" ? a->starts_with(*b)
                   : name == "endswith" ? a->ends_with(*b)
                                        : a->contains(*b);
          }};
}

const std::vector<std::string> all_tags{"a", "b", "a b", "O'Neil", "\"", "ab"};

std::string time_of(std::int64_t hour) {
  return format_iso_seconds(*parse_iso("2026-01-01T00:00:00Z") + hours(hour));
}

// In the forms of version 4, of version 3, and of SharePoint's clients.
Condition time_test() {
  const auto op = *rc::gen::element<std::string>("eq", "ne", "gt", "ge", "lt", "le");
  const auto hour = *rc::gen::inRange<std::int64_t>(-3, 30);
  const auto form =
      *rc::gen::element<std::string>("{}", "datetime'{}'", "'{}'", "datetimeoffset'{}'");
  return {fmt::format("At {} {}", op, fmt::format(fmt::runtime(form), time_of(hour))),
          [=](const ItemRow& row) { return compare(op, row.hour, Maybe<std::int64_t>(hour)); }};
}

Condition tag_test() {
  const auto tag = *rc::gen::elementOf(all_tags);
  const bool equals = *rc::gen::arbitrary<bool>();
  return {fmt::format("Tags {} {}", equals ? "eq" : "ne", quoted(tag)), [=](const ItemRow& row) {
            return Maybe<bool>(
                (std::find(row.tags.begin(), row.tags.end(), tag) != row.tags.end()) == equals);
          }};
}

Condition generate_condition(int depth);

Condition junction(int depth) {
  const auto left = generate_condition(depth - 1), right = generate_condition(depth - 1);
  const bool all = *rc::gen::arbitrary<bool>();
  return {"(" + left.text + (all ? " and " : " or ") + right.text + ")",
          [=](const ItemRow& row) -> Maybe<bool> {
            const auto a = left.value(row), b = right.value(row);
            const bool decides = !all;
            if (a == decides || b == decides) return decides;
            if (!a || !b) return std::nullopt;
            return all;
          }};
}

Condition generate_condition(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 11 : 7)) {
    case 0:
      return comparison(generate_text(depth), generate_text(depth));
    case 1:
      return comparison(generate_number(depth), generate_number(depth));
    case 2:
      return text_test(depth);
    case 3:
      return {"Active", [](const ItemRow& row) { return row.active; }};
    case 4: {
      const auto text = generate_text(0);
      const bool equals = *rc::gen::arbitrary<bool>();
      return {text.text + (equals ? " eq null" : " ne null"), [=](const ItemRow& row) {
                return Maybe<bool>(text.value(row).has_value() != equals);
              }};
    }
    case 5:
      return time_test();
    case 6:
      return tag_test();
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
      return {"(" + number.text + ")" + (with_null ? " in (1,-0.5,null)" : " in (1,-0.5)"),
              [=](const ItemRow& row) {
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
    default:
      return junction(depth);
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

const lists::ListDefinition definition{
    .name = "Rows",
    .columns = {{.name = "Title", .indexed = true},
                {.name = "N", .type = lists::ColumnType::number},
                {.name = "X", .type = lists::ColumnType::integer, .indexed = true},
                {.name = "Active", .type = lists::ColumnType::boolean},
                {.name = "At", .type = lists::ColumnType::datetime, .indexed = true},
                {.name = "Tags", .type = lists::ColumnType::multichoice}}};
constexpr int filters_a_list = 20;

// Puts these rows in place of those that are in the list; answers the first one's ID.
std::int64_t fill(ListHarness& harness, const std::vector<ItemRow>& rows) {
  const auto first = harness.database->write([&](auto& transaction) -> Result<std::int64_t> {
    TRY(const auto list, harness.lists->ensure_list(transaction, definition, harness.write));
    TRY(const auto old, harness.lists->query(transaction, *list, {}, {}));
    for (const auto& item : old.items)
      TRY_DO(harness.lists->delete_item(transaction, *list, item.id, std::nullopt, harness.write));
    std::int64_t last = 0;
    for (const auto& row : rows) {
      TRY(const auto made,
          harness.lists->create_item(transaction, *list, to_fields(row), harness.write));
      last = made.id;
    }
    return last + 1 - static_cast<std::int64_t>(rows.size());
  });
  if (!first) RC_FAIL(first.error().message);
  return *first;
}

void check_filter(ListHarness& harness, const Condition& condition,
                  const std::vector<std::int64_t>& expected) {
  Options options;
  options.filter = condition.text;
  const auto page = harness.reading("Rows", [&](auto& connection, const lists::List& list) {
    return harness.lists->query(connection, list, options, {});
  });
  if (!page) RC_FAIL(condition.text + ": " + page.error().message);
  std::vector<std::int64_t> found;
  for (const auto& item : page->items) found.push_back(item.id);
  if (found != expected)
    RC_LOG() << (harness.database->dialect() == sql::Dialect::sqlite ? "SQLite: " : "PostgreSQL: ")
             << condition.text << "\n";
  RC_ASSERT(found == expected);
}

TEST(Filters, FindWhatTheRulesSay) {
  std::vector<std::unique_ptr<ListHarness>> stores;
  stores.push_back(std::make_unique<ListHarness>(test::fresh_sqlite()));
  if (test::postgresql_server() != nullptr)
    stores.push_back(std::make_unique<ListHarness>(test::fresh_postgresql()));
  std::size_t agreed = 0;
  const auto random = rc::check([&] {
    std::vector<ItemRow> rows;
    for (int i = 0; i < 12; ++i) rows.push_back(generate_row());
    std::int64_t first = 0;
    for (const auto& store : stores) first = fill(*store, rows);
    for (int i = 0; i < filters_a_list; ++i) {
      const auto condition = generate_condition(3);
      std::vector<std::int64_t> expected;
      for (std::size_t row = 0; row < rows.size(); ++row) {
        if (condition.value(rows[row]) == true)
          expected.push_back(first + static_cast<std::int64_t>(row));
      }
      for (const auto& store : stores) check_filter(*store, condition, expected);
      ++agreed;
    }
  });
  EXPECT_TRUE(random);
  fmt::print("{} random filters agree: by hand, SQLite{}\n", agreed,
             stores.size() > 1 ? ", PostgreSQL" : " (no PostgreSQL)");
}

}  // namespace
}  // namespace rollcall::odata
