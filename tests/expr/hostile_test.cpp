// What a hostile definition may try: depth, length, growth. Each ends in an error with a code
// EXPR05xx, or is answered, in bounded memory.
#include <gtest/gtest.h>

#include "expr/limits.hpp"
#include "expr/template.hpp"

namespace rollcall::expr {
namespace {

std::string outcome(const json::value& source) {
  BareEnvironment environment;
  const auto compiled = Template::compile(source);
  if (!compiled) return compiled.error().code;
  const auto value = compiled->evaluate(environment);
  return value ? "value" : value.error().code;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

json::value nested_arrays(std::size_t depth) {
  json::value value = 1;
  for (std::size_t i = 0; i < depth; ++i) {
    json::array outer;
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  return value;
}

TEST(ExprHostile, CallsWithinCallsAreLimited) {
  EXPECT_EQ(outcome(json::value("@" + repeated("not(", 90) + "true" + repeated(")", 90))), "value");
  EXPECT_EQ(outcome(json::value("@" + repeated("not(", 5'000) + "true" + repeated(")", 5'000))),
            "EXPR0501");
}

TEST(ExprHostile, AccessesAreLimited) {
  EXPECT_EQ(outcome(json::value("@createArray(1)" + repeated("?[0]", 5'000))), "EXPR0501");
  EXPECT_EQ(outcome(json::value("@createArray(1)[" + repeated("createArray(0)[", 1'000))),
            "EXPR0501");
}

TEST(ExprHostile, ExpressionsHaveALength) {
  EXPECT_EQ(outcome(json::value("@concat('" + std::string(2 * max_expression_bytes, 'x') + "')")),
            "EXPR0502");
  EXPECT_EQ(
      outcome(json::value("a @{concat('" + std::string(2 * max_expression_bytes, 'x') + "')}")),
      "EXPR0502");
}

TEST(ExprHostile, PlainTextMayBeLong) {
  EXPECT_EQ(outcome(json::value(std::string(10'000'000, 'x'))), "value");
  EXPECT_EQ(outcome(json::value(repeated("@@{", 1'000'000))), "value");
}

TEST(ExprHostile, TemplatesHaveADepth) {
  EXPECT_EQ(outcome(nested_arrays(max_json_depth)), "value");
  EXPECT_EQ(outcome(nested_arrays(10'000)), "EXPR0501");
}

TEST(ExprHostile, JsonInTextsHasADepth) {
  EXPECT_EQ(outcome(json::value("@json('" + repeated("[", 10'000) + "')")), "EXPR0304");
}

TEST(ExprHostile, TextsDoNotGrowWithoutEnd) {
  // 1,000 → 1,000² → 1,000³ bytes.
  std::string text = "'" + std::string(1'000, 'x') + "'";
  for (int i = 0; i < 2; ++i) text = "replace(" + text + ",'x','" + std::string(1'000, 'x') + "')";
  EXPECT_EQ(outcome(json::value("@" + text)), "EXPR0503");
}

TEST(ExprHostile, RangesAreLimited) {
  EXPECT_EQ(outcome(json::value("@range(0,100000)")), "value");
  EXPECT_EQ(outcome(json::value("@range(0,1000000000)")), "EXPR0504");
}

TEST(ExprHostile, PartsAreLimited) {
  EXPECT_EQ(
      outcome(json::value("@split(replace(replace('" + std::string(1'000, 'x') + "','x','" +
                          std::string(100, 'x') + "'),'x','" + std::string(100, ';') + "'),';')")),
      "EXPR0504");
}

TEST(ExprHostile, FormatsAreLimited) {
  EXPECT_EQ(outcome(json::value("@formatNumber(1,'F999999999')")), "EXPR0303");
  EXPECT_EQ(outcome(json::value("@formatNumber(1e308,'N999')")), "value");
  EXPECT_EQ(outcome(json::value("@formatNumber(1,'" + std::string(5'000, '0') + "')")), "EXPR0303");
  EXPECT_EQ(outcome(json::value("@utcNow('" + std::string(5'000, 'y') + "')")), "EXPR0303");
}

TEST(ExprHostile, XmlHasADepth) {
  const std::string deep = repeated("<a>", 3'000) + repeated("</a>", 3'000);
  EXPECT_EQ(outcome(json::value("@xml('" + deep + "')")), "EXPR0304");
}

TEST(ExprHostile, BytesThatAreNoText) {
  EXPECT_EQ(outcome(json::value("@toUpper('\xff\xc3')")), "value");
  EXPECT_EQ(outcome(json::value("@length('\xf0\x9f')")), "value");
  EXPECT_EQ(outcome(json::value("@substring('\xf0\x9f',0,1)")), "value");
  EXPECT_EQ(outcome(json::value("@indexOf('\xc3\x28','(')")), "value");
}

// Bytes become text only as UTF-8; the rest is replaced, so that what is kept stays JSON.
TEST(ExprHostile, BytesBecomeValidText) {
  BareEnvironment environment;
  for (const std::string_view expression :
       {"@base64ToString('/w==')", "@{base64ToBinary('/w==')}", "@uriComponentToString('%FF')",
        "@concat(base64ToBinary('/w=='))", "@dataUriToString('data:;base64,/w==')",
        "@join(createArray(base64ToBinary('/w==')),'')", "@string(base64ToBinary('/w=='))"}) {
    const auto value = Template::compile(json::value(expression))->evaluate(environment);
    ASSERT_TRUE(value.has_value()) << expression;
    EXPECT_EQ(**value, json::value("\xef\xbf\xbd")) << expression;
  }
  const auto bytes =
      Template::compile(json::value("@base64(base64ToBinary('/w=='))"))->evaluate(environment);
  EXPECT_EQ(**bytes, json::value("/w=="));
}

}  // namespace
}  // namespace rollcall::expr
