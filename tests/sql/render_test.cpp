// `render NAME` in a .test file shows the tree of that name in the three dialects, and what is bound.
#include "sql/render.hpp"
#include "sql/copy.hpp"
#include "sql/limit.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::sql {
namespace {

using B = BinaryOperator;
using Trees = std::map<std::string, Statement>;

QueryPtr select(std::vector<SelectItem> items, TableRefPtr from = nullptr,
                ExprPtr where = nullptr) {
  Select node;
  node.items = std::move(items);
  node.from = std::move(from);
  node.where = std::move(where);
  return query(std::move(node));
}
QueryPtr select(ExprPtr item, TableRefPtr from = nullptr, ExprPtr where = nullptr) {
  return select(std::vector<SelectItem>{{std::move(item), {}}}, std::move(from), std::move(where));
}
ExprPtr number(std::int64_t value) { return literal(value); }
ExprPtr star() { return make(Star{}); }
TableRefPtr join(JoinKind kind, TableRefPtr left, TableRefPtr right, ExprPtr on = nullptr) {
  return std::make_shared<const TableRef>(
      TableRef{Join{kind, std::move(left), std::move(right), std::move(on)}});
}

Trees expressions() {
  Trees trees;
  trees["precedence"] =
      select(binary(B::multiply, binary(B::add, column("a"), number(2)), number(3)));
  trees["chain"] =
      select(star(), table("t"),
             and_also(and_also(and_also(nullptr, column("a")), column("b")),
                      binary(B::or_, column("c"), binary(B::or_, column("d"), column("e")))));
  trees["not"] = select(unary(UnaryOperator::not_, unary(UnaryOperator::is_null, column("a"))));
  trees["negative"] = select({{unary(UnaryOperator::negate, number(-5)), {}},
                              {binary(B::subtract, number(-1), literal(-2.5)), {}},
                              {number(std::numeric_limits<std::int64_t>::min()), "least"}});
  trees["literals"] = select({{null(), {}},
                              {literal(true), {}},
                              {literal(1.5), {}},
                              {literal(1e300), {}},
                              {literal(std::string("it's")), {}},
                              {literal(std::numeric_limits<double>::infinity()), {}},
                              {literal(std::nan("")), {}}});
  trees["names"] = select({{column("odd \"table\"", "select"), "a \"b\""}}, table("odd \"table\""));
  trees["bound"] = select({{parameter(std::string("x' OR '1'='1")), {}}, {make(Slot{1}), {}}},
                          nullptr, binary(B::equal, parameter(std::int64_t{7}), make(Slot{0})));
  trees["division"] = select({{binary(B::divide, column("a"), column("b")), {}},
                              {binary(B::integer_divide, column("a"), column("b")), {}},
                              {binary(B::modulo, column("a"), column("b")), {}}});
  trees["distinct_from"] =
      select({{binary(B::is_distinct_from, column("a"), null()), {}},
              {binary(B::is_not_distinct_from, column("a"), column("b")), {}}});
  trees["in"] = select({{make(InList{column("a"), {number(1), number(2)}}), {}},
                        {make(InList{column("a"), {}, true}), {}},
                        {make(InQuery{column("a"), select(number(1)), true}), {}},
                        {make(Exists{select(number(1)), true}), {}},
                        {make(ScalarQuery{select(number(1))}), "one"}});
  trees["case"] =
      select(make(Case{{{column("a"), number(1)}, {column("b"), number(2)}}, number(3)}));
  trees["casts"] = select({{cast(column("a"), Type::bigint), {}},
                           {try_cast(column("a"), Type::real), {}},
                           {cast(column("a"), Type::text), {}},
                           {cast(column("a"), Type::boolean), {}}});
  Call aggregate{.function = "string_agg",
                 .arguments = {column("a"), literal(std::string(","))},
                 .distinct = true,
                 .order_by = {{column("a"), true, Nulls::last}},
                 .filter = column("b"),
                 .over = std::nullopt};
  trees["aggregate"] = select(make(aggregate));
  Window window{{column("p")}, {{column("o")}}, Frame{FrameUnit::rows, -2, 0}};
  Call ranked{.function = "sum",
              .arguments = {column("a")},
              .order_by = {},
              .filter = nullptr,
              .over = window};
  Call running = ranked;
  running.over = Window{{}, {{column("o")}}, Frame{FrameUnit::range, std::nullopt, 3}};
  trees["window"] = select({{make(ranked), {}}, {binary(B::add, make(running), number(1)), {}}});
  return trees;
}

Trees queries() {
  Trees trees;
  Select grouped;
  grouped.distinct = true;
  grouped.items = {{column("a"), {}}, {call("count", {star()}), "n"}};
  grouped.from = table("t", "x");
  grouped.where = binary(B::greater, column("x", "b"), number(1));
  grouped.group_by = {column("a")};
  grouped.having = binary(B::greater, call("count", {star()}), number(1));
  trees["clauses"] = std::make_shared<const Query>(Query{
      {}, grouped, {{column("n"), true, Nulls::first}, {column("a")}}, number(10), number(20)});
  trees["offset"] = std::make_shared<const Query>(
      Query{{}, std::get<Select>(select(star(), table("t"))->body), {}, nullptr, number(5)});
  // Of the table's three columns one is read, of the sum's two; `c4` hangs on `c3`, which nobody reads.
  const auto by_name = [](std::vector<SelectItem> items, TableRefPtr from,
                          std::vector<ExprPtr> keys = {}) {
    Select node;
    node.items = std::move(items);
    node.from = std::move(from);
    node.group_by = std::move(keys);
    node.by_name = true;
    return query(std::move(node));
  };
  const auto scan =
      by_name({{column("a"), "c1"}, {column("b"), "c2"}, {column("c"), "c3"}}, table("t"));
  const auto extended = by_name({{column("c1"), "c1"},
                                 {column("c2"), "c2"},
                                 {column("c3"), "c3"},
                                 {call("lower", {column("c3")}), "c4"}},
                                derived(scan, "one"));
  const auto summed = by_name({{column("c1"), "c1"}, {call("max", {column("c2")}), "c5"}},
                              derived(extended, "two"), {column("c1")});
  trees["unused"] = select({{column("c1"), "c1"}}, derived(summed, "three"));
  trees["unused_but_counted"] = select(call("count", {star()}), derived(extended, "two"));
  trees["used_by_place"] =
      select(star(),
             derived(std::make_shared<const Query>(Query{
                         {}, SetQuery{SetOperator::union_all, {scan, scan}}, {}, nullptr, nullptr}),
                     "one"));
  trees["unnested"] =
      select({{column("c1"), "c1"}},
             derived(by_name({{column("c1"), "c1"}, {call("unnest", {column("c2")}), "c6"}},
                             derived(scan, "one")),
                     "two"));
  trees["derived"] = select(star(), derived(select(number(1)), "one"));
  trees["joins"] =
      select(star(), join(JoinKind::left,
                          join(JoinKind::inner, table("a"), table("b"),
                               binary(B::equal, column("a", "x"), column("b", "x"))),
                          join(JoinKind::cross, table("c"), table("d")), literal(true)));
  const auto limited = std::make_shared<const Query>(Query{
      {}, std::get<Select>(select(star(), table("t"))->body), {{column("a")}}, number(1), nullptr});
  trees["union"] = std::make_shared<const Query>(
      Query{{},
            SetQuery{SetOperator::union_all, {select(number(1)), limited, select(number(3))}},
            {},
            nullptr,
            nullptr});
  trees["values"] = std::make_shared<const Query>(
      Query{{},
            ValuesQuery{{{number(1), null()}, {number(2), parameter(std::string("x"))}}},
            {},
            nullptr,
            nullptr});
  trees["with"] = std::make_shared<const Query>(
      Query{{{"a", select(number(1))}, {"b", select(star(), table("a")), true, true}},
            std::get<Select>(select(star(), table("b"))->body),
            {},
            nullptr,
            nullptr});
  return trees;
}

Trees writes() {
  Trees trees;
  Insert insert{.table = "t",
                .columns = {"a", "b"},
                .rows = {{make(Slot{0}), make(Slot{1})}},
                .query = nullptr,
                .conflict_columns = {},
                .conflict_set = {},
                .returning = {"a"}};
  trees["insert"] = insert;
  insert.conflict_columns = {"a"};
  trees["insert_or_nothing"] = insert;
  insert.conflict_set = {{"b", column("excluded", "b")}};
  trees["upsert"] = insert;
  insert.query = select({{column("x"), {}}, {column("y"), {}}}, table("u"));
  trees["upsert_from_query"] = insert;
  trees["update"] = Update{"t",
                           {{"a", make(Slot{0})}, {"n", binary(B::add, column("n"), number(1))}},
                           binary(B::equal, column("id"), make(Slot{1})),
                           {"n"}};
  trees["delete"] = Delete{"t", binary(B::equal, column("id"), make(Slot{0}))};
  trees["create_table"] =
      CreateTable{"t",
                  {{"id", Type::bigint, false, true, nullptr},
                   {"name", Type::text, true, false, literal(std::string("it's"))},
                   {"share", Type::real, false, false, nullptr},
                   {"on", Type::boolean, false, false, literal(false)},
                   {"raw", Type::blob, false, false, number(-1)}},
                  {},
                  false,
                  true};
  trees["create_keyed"] = CreateTable{
      "v",
      {{"id", Type::bigint, true, false, nullptr}, {"n", Type::bigint, true, false, nullptr}},
      {"id", "n"},
      true,
      false};
  trees["create_index"] = CreateIndex{"i",
                                      "t",
                                      {{column("a")}, {column("b"), true}},
                                      true,
                                      unary(UnaryOperator::is_not_null, column("a")),
                                      true};
  trees["drop"] = DropTable{"t"};
  trees["drop_index"] = DropIndex{"i"};
  trees["add_column"] = AddColumn{"t", {"c", Type::integer, false, false, nullptr}};
  trees["drop_column"] = DropColumn{"t", "c"};
  return trees;
}

std::string show_parameter(const std::variant<Value, Slot>& parameter) {
  if (const auto* slot = std::get_if<Slot>(&parameter)) return fmt::format("slot {}", slot->index);
  const auto& value = std::get<Value>(parameter);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("\"{}\"", *text);
  return "?";
}

test::Handlers make_handlers() {
  Trees trees = expressions();
  trees.merge(queries());
  trees.merge(writes());
  return {{"render", [trees](const test::GoldenCase& one) {
             const auto& tree = trees.at(one.arguments.at(0));
             const auto duckdb = render(tree, Dialect::duckdb);
             const auto sqlite = render(tree, Dialect::sqlite);
             const auto postgresql = render(tree, Dialect::postgresql);
             std::string text;
             if (duckdb.text == sqlite.text && duckdb.text == postgresql.text) {
               text = duckdb.text + "\n";
             } else {
               text = fmt::format("duckdb      {}\nsqlite      {}\npostgresql  {}\n", duckdb.text,
                                  sqlite.text, postgresql.text);
             }
             for (const auto& parameter : sqlite.parameters)
               text += "  " + show_parameter(parameter) + "\n";
             return text;
           }}};
}

const test::Registration golden{[] { test::register_golden("Sql", TEST_FOLDER, make_handlers); }};

TEST(Render, LambdasAndStructsAreDuckDbs) {
  const auto tree =
      select({{call("list_transform",
                    {column("l"), make(Lambda{{"x"}, binary(B::add, column("x"), number(1))})}),
               {}},
              {make(StructPack{{{"it's \"a\"", number(1)}}}), {}},
              {make(Member{column("s"), "it's \"a\""}), {}},
              {make(Call{.function = "first_value",
                         .arguments = {column("a")},
                         .order_by = {},
                         .filter = nullptr,
                         .over = Window{},
                         .ignore_nulls = true}),
               {}}},
             join(JoinKind::semi, table("t"), table("u"), literal(true)));
  EXPECT_EQ(render(*tree, Dialect::duckdb).text,
            "SELECT list_transform(\"l\", lambda \"x\": \"x\" + 1), struct_pack(\"it's \"\"a\"\"\" "
            ":= 1), "
            "struct_extract(\"s\", 'it''s \"a\"'), first_value(\"a\" IGNORE NULLS) OVER () "
            "FROM \"t\" SEMI JOIN \"u\" ON TRUE");
}

TEST(Render, FilesAreQuotedTexts) {
  const auto above = select({{column("a"), "it's"}}, table("t"),
                            binary(B::greater, column("a"), parameter(std::string("b"))));
  const auto copy = render(CopyToParquet{above, "/out/it's.parquet"});
  EXPECT_EQ(copy.text,
            "COPY (SELECT \"a\" AS \"it's\" FROM \"t\" WHERE \"a\" > $1) TO "
            "'/out/it''s.parquet' (FORMAT parquet, COMPRESSION zstd)");
  EXPECT_EQ(copy.parameters.size(), 1U);
  EXPECT_EQ(set_texts("allowed_directories", {"/a", "/it's"}),
            "SET allowed_directories = ['/a', '/it''s']");
}

// Fifty nested subqueries are rendered by appending: the text grows by a constant for each level.
TEST(Render, NestedQueriesGrowLinearly) {
  auto nested = select(star(), table("t"));
  for (int level = 0; level < 50; ++level)
    nested = select(star(), derived(nested, "q"), column("a"));
  const auto fifty = render(*nested, Dialect::duckdb).text.size();
  for (int level = 0; level < 50; ++level)
    nested = select(star(), derived(nested, "q"), column("a"));
  const auto hundred = render(*nested, Dialect::duckdb).text.size();
  EXPECT_EQ(hundred - fifty, 50 * std::string_view("SELECT * FROM () AS \"q\" WHERE \"a\"").size());
}

// No value and no name, whatever it holds, can leave the place that the tree gives it.
TEST(Limit, IsTheLesserOfTheTwo) {
  const auto limit = [](ExprPtr given, std::uint64_t rows) {
    auto one = *select(star(), table("t"));
    one.limit = std::move(given);
    const auto text = render(at_most(one, rows), Dialect::duckdb).text;
    return text.substr(text.find("LIMIT"));
  };
  EXPECT_EQ(limit(nullptr, 10), "LIMIT 10");
  EXPECT_EQ(limit(literal(std::int64_t{3}), 10), "LIMIT 3");
  EXPECT_EQ(limit(literal(std::int64_t{30}), 10), "LIMIT 10");
  EXPECT_EQ(limit(call("length", {column("n")}), 10), "LIMIT least(length(\"n\"), 10)");
  EXPECT_EQ(limit(nullptr, UINT64_MAX), "LIMIT 9223372036854775807");
}

TEST(Render, HostileTextStaysInItsPlace) {
  EXPECT_TRUE(rc::check([](const std::string& hostile) {
    RC_PRE(hostile.find('\0') == std::string::npos);
    const auto rendered =
        render(*select(binary(B::equal, column(hostile), parameter(hostile))), Dialect::sqlite);
    std::string name;
    for (const char c : hostile) name += c == '"' ? std::string("\"\"") : std::string(1, c);
    RC_ASSERT(rendered.text == "SELECT \"" + name + "\" = ?");
    RC_ASSERT(std::get<Value>(rendered.parameters.at(0)) == Value(hostile));
  }));
}

}  // namespace
}  // namespace rollcall::sql
