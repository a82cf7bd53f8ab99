// OData as text cases: `filter` finds ids, `sql` shows the condition and what is bound, `parse RULE` says
// whether a text is of the grammar.
#include <gtest/gtest.h>

#include <memory>

#include "lists/list_harness.hpp"
#include "odata/compile.hpp"
#include "odata/parser.hpp"
#include "sql/render.hpp"
#include "support/cases.hpp"

namespace rollcall::odata {
namespace {

using lists::ListHarness;

Schema test_schema() {
  return {{{"Title", Type::text, "Title", true, true},
           {"N", Type::real, "N", true, false},
           {"X", Type::integer, "X", true, false},
           {"Y", Type::integer, "Y", false, false},
           {"At", Type::datetime, "At", true, false},
           {"Active", Type::boolean, "Active", true, false}},
          {}};
}

std::string show(const sql::Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("'{}'", *text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}r", *real);
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return "null";
}

std::string show_sql(const std::string& filter) {
  Options options;
  options.filter = filter;
  const auto shape = shape_of(options);
  if (!shape) return rollcall::render(shape.error(), filter);
  const auto compiled = compile(options, *shape, test_schema());
  if (!compiled) return rollcall::render(compiled.error(), filter);
  sql::Select select;
  select.items = {{compiled->where, {}}};
  auto text = sql::render(*sql::query(std::move(select)), sql::Dialect::sqlite).text.substr(7);
  const auto values = bind(*compiled, *shape, Timestamp{0});
  if (!values) return rollcall::render(values.error(), filter);
  for (std::size_t i = 0; i + 1 < values->size(); ++i)
    text += (i == 0 ? "\n  " : ", ") + show((*values)[i]);
  return text;
}

template <class T>
std::string accepted(const Result<T>& result, const std::string& text) {
  return result ? "yes" : rollcall::render(result.error(), text);
}

std::string parse(const test::GoldenCase& one) {
  const auto& rule = one.arguments.at(0);
  if (rule == "orderby") return accepted(parse_orderby(one.body), one.body);
  if (rule == "select") return accepted(parse_select(one.body), one.body);
  if (rule == "expand") return accepted(parse_expand(one.body), one.body);
  if (rule == "search") return accepted(parse_search(one.body), one.body);
  if (rule == "path") return accepted(parse_resource_path(one.body), one.body);
  return accepted(parse_expression(one.body), one.body);
}

std::string find_ids(ListHarness& harness, const std::string& filter) {
  Options options;
  options.filter = filter;
  const auto page = harness.reading("Rows", [&](auto& connection, const lists::List& list) {
    return harness.lists->query(connection, list, options, harness.write.now);
  });
  if (!page) return rollcall::render(page.error(), filter);
  std::string ids;
  for (const auto& item : page->items) ids += (ids.empty() ? "" : " ") + std::to_string(item.id);
  return ids.empty() ? "none" : ids;
}

const test::Registration golden{[] {
  test::register_golden("OData", TEST_FOLDER, [] {
    auto harness = std::make_shared<ListHarness>();
    test::Handlers handlers = harness->handlers();
    handlers["filter"] = [harness](const test::GoldenCase& one) {
      return find_ids(*harness, one.body);
    };
    handlers["sql"] = [](const test::GoldenCase& one) { return show_sql(one.body); };
    handlers["parse"] = parse;
    return handlers;
  });
}};

// The same filter with other literals has the same shape; another type of literal has another.
TEST(Shape, LeavesOutTheLiterals) {
  const auto key = [](const char* filter) {
    Options options;
    options.filter = filter;
    return shape_of(options)->key;
  };
  EXPECT_EQ(key("Title eq 'a' and N gt 1"), key("Title eq 'O''Neil' and N gt 27"));
  EXPECT_NE(key("N gt 1"), key("N gt 1.5"));
  EXPECT_NE(key("N gt 1"), key("X gt 1"));
  EXPECT_NE(key("N in (1,2)"), key("N in (1,2,3)"));
  EXPECT_NE(key("N gt 1"), key("N gt null"));
}

// A known shape finds what shape_of() finds, or leaves it to it: of all short texts of these characters, behind
// and between others.
TEST(Shape, IsKnownAgainOnlyWhereItIsTheSame) {
  const auto options_of = [](std::string filter) {
    Options options;
    options.filter = std::move(filter);
    return options;
  };
  constexpr std::string_view characters{"'a \0n", 5};
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i < texts.size() && texts[i].size() < 5; ++i) {
    for (const char c : characters) texts.push_back(texts[i] + c);
  }
  std::size_t found = 0;
  for (const std::string before :
       {"Title eq ", "Title eq 'b' and N eq ", "Title in (N,", "datetime", ""}) {
    for (const std::string behind : {"", " or Title eq ''", ")", "'"}) {
      const auto known_options = options_of(before + "'x''y'" + behind);
      const auto known_shape = shape_of(known_options);
      if (!known_shape) continue;
      const KnownShape known(known_options, *known_shape);
      for (const auto& text : texts) {
        const auto options = options_of(before + text + behind);
        const auto shape = known.shape_of(options);
        if (!shape) continue;
        ++found;
        const auto expected = shape_of(options);
        ASSERT_TRUE(expected) << *options.filter;
        EXPECT_EQ(shape->key, expected->key);
        ASSERT_EQ(shape->literals.size(), expected->literals.size());
        for (std::size_t i = 0; i < shape->literals.size(); ++i) {
          EXPECT_EQ(shape->literals[i].text, expected->literals[i].text);
          EXPECT_EQ(shape->literals[i].content, expected->literals[i].content);
          EXPECT_EQ(shape->literals[i].span.offset, expected->literals[i].span.offset);
          EXPECT_EQ(shape->literals[i].kind, expected->literals[i].kind);
        }
      }
    }
  }
  EXPECT_GT(found, 100U);
}

TEST(Shape, IsNotKnownAgainWithOtherOptions) {
  Options options;
  options.filter = "Title eq 'a'";
  const KnownShape known(options, *shape_of(options));
  options.filter = "Title eq 'b'";
  EXPECT_TRUE(known.shape_of(options));
  options.filter = "Title eq 1";
  EXPECT_FALSE(known.shape_of(options));
  options.filter = "Title eq 'b'";
  options.orderby = "Title";
  EXPECT_FALSE(known.shape_of(options));
  options.filter = std::nullopt;
  EXPECT_FALSE(known.shape_of(options));
}

TEST(Options, AreDecodedOnce) {
  const auto options = parse_query_text(
      "?$filter=Title%20eq%20%27a%2Bb%2520%27&%24top=5&$count=true&$orderby=A+desc");
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->filter, "Title eq 'a+b%20'");
  EXPECT_EQ(options->orderby, "A desc");
  EXPECT_EQ(options->top, 5);
  EXPECT_TRUE(options->count);
  for (const char* wrong :
       {"$filter=", "$top=x", "$top=5&$top=6", "$count=yes", "$filter=%2", "$filter=%zz"}) {
    EXPECT_FALSE(parse_query_text(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace rollcall::odata
