// Whatever is typed ends in a query or in diagnostics with a code and a place in the text.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kql/compile.hpp"
#include "kql/native.hpp"

namespace rollcall::kql {
namespace {

Catalog catalog() {
  Catalog all;
  all.tables["Logs"] = {"Logs",
                        {{"Time", Type::datetime},
                         {"Level", Type::string},
                         {"Ms", Type::long_integer},
                         {"Tags", Type::dynamic}},
                        true,
                        ""};
  return all;
}

void expect_sound(const std::string& text) {
  const Catalog tables = catalog();
  Options options;
  options.now = Timestamp{700'000'000'000'000'000};
  const auto compiled = compile(text, tables, options);
  if (compiled) {
    RC_ASSERT(!compiled->empty());
    for (const auto& output : *compiled) RC_ASSERT(output.query != nullptr);
    return;
  }
  RC_ASSERT(!compiled.error().empty());
  for (const auto& diagnostic : compiled.error()) {
    RC_ASSERT(diagnostic.code.starts_with("KQL"));
    RC_ASSERT(!diagnostic.message.empty());
    RC_ASSERT(diagnostic.span.offset <= text.size());
  }
}

RC_GTEST_PROP(Hostile, AnyBytes, (const std::string& text)) { expect_sound(text); }

// Words of the language in any order come farther than bytes do.
RC_GTEST_PROP(Hostile, AnyWords, ()) {
  static const std::vector<std::string> words{
      "Logs",     "|",         "where",   "Level",  "==",      "'x'",     "(",        ")",
      "summarize", "count()",  "by",      "bin(",   "Time",    ",",       "1h",       "extend",
      "x",        "=",         "Ms",      "+",      "5",       "Tags",    ".a",       "[0]",
      "join",     "kind=inner", "on",     "let",    ";",       "f",       "{",        "}",
      "project",  "*",         "sort",    "desc",   "top",     "union",   "mv-expand", "to",
      "typeof(long)", "in",    "has",     "between", "..",     "datatable", "[",      "]",
      ":long",    "parse",     "with",    "make-series", "step", "from",  "dynamic([1])", "-",
      "prev(",    "serialize", "arg_max(", "evaluate", "pivot(", "scan",  "step s1:", "true",
      "take",     "not(",      "and",     "or",     "print",   "range",   "ago(",     "toscalar("};
  const auto chosen = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(words));
  std::string text = "Logs | ";
  for (const auto& word : chosen) text += word + " ";
  expect_sound(text);
}

// A function's name stands in SQL; two of one name would hide each other.
TEST(Natives, HaveNamesOfTheirOwn) {
  std::vector<std::string_view> names;
  for (const auto& native : native_functions()) {
    EXPECT_TRUE(native.name.starts_with("kql_"));
    names.push_back(native.name);
  }
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

}  // namespace
}  // namespace rollcall::kql
