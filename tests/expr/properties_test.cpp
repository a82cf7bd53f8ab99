// Laws that hold for all values.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>

#include "expr/decimal.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"
#include "expr/uri.hpp"

namespace rollcall::expr {
namespace {

// A literal of the language.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

Result<json::value> evaluate(const std::string& expression) {
  BareEnvironment environment;
  TRY(const Template compiled, Template::compile(json::value("@" + expression)));
  TRY(Value value, compiled.evaluate(environment));
  return std::move(value).take();
}

json::value value_of_depth(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 7 : 5);
  switch (kind) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return static_cast<double>(*rc::gen::arbitrary<std::int32_t>()) / 8;
    case 4:
      return json::value(*rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)));
    case 5: {
      json::array array;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(value_of_depth(depth - 1));
      return array;
    }
    default: {
      json::object object;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        object.insert_or_assign(fmt::format("k{}", i), value_of_depth(depth - 1));
      return object;
    }
  }
}

RC_GTEST_PROP(ExprProperties, LiteralsReadBack, (const std::string& text)) {
  const auto value = evaluate(quoted(text));
  RC_ASSERT(value.has_value());
  RC_ASSERT(*value == json::value(text));
}

RC_GTEST_PROP(ExprProperties, JsonOfStringIsTheValue, ()) {
  json::object object;
  object["v"] = value_of_depth(3);
  const std::string text = to_json(object);
  const auto parsed = parse_json(text);
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(to_json(*parsed) == text);
}

RC_GTEST_PROP(ExprProperties, AnyTextCompilesOrSaysWhere, (const std::string& text)) {
  const std::string source = "@" + text;
  const auto compiled = Template::compile(json::value(source));
  if (compiled) {
    BareEnvironment environment;
    (void)compiled->evaluate(environment);
  } else if (compiled.error().span) {
    RC_ASSERT(compiled.error().span->offset + compiled.error().span->length <= source.size());
  }
}

// Pieces of the language in any order reach deeper than letters do.
RC_GTEST_PROP(ExprProperties, AnyTokensCompileOrSayWhere, ()) {
  const std::vector<std::string> tokens = {
      "concat", "(",           ")",  "'a'", ",",  "1", "-2.5", "null", "true",   "[",
      "]",      "?",           ".",  "x",   "@{", "}", "json", "if",   "length", "'{\"a\":[1]}'",
      " ",      "createArray", "add"};
  std::string source = "@";
  for (int i = *rc::gen::inRange(0, 24); i > 0; --i) source += *rc::gen::elementOf(tokens);
  const auto compiled = Template::compile(json::value(source));
  BareEnvironment environment;
  if (compiled) (void)compiled->evaluate(environment);
}

RC_GTEST_PROP(ExprProperties, Base64ThereAndBack, (const std::string& bytes)) {
  RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes);
}

RC_GTEST_PROP(ExprProperties, UriComponentsThereAndBack, (const std::string& text)) {
  RC_ASSERT(decode_uri(encode_uri(text)) == text);
}

RC_GTEST_PROP(ExprProperties, DoublesReadBack, (std::int64_t bits)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(std::isfinite(value));
  double again = 0;
  std::string text = format_double(value);
  if (const auto e = text.find("E+"); e != std::string::npos) text.erase(e + 1, 1);
  std::from_chars(text.data(), text.data() + text.size(), again);
  RC_ASSERT(again == value);
}

RC_GTEST_PROP(ExprProperties, DecimalsCalculateLikeIntegers, (std::int32_t a, std::int32_t b)) {
  const auto x = decimal_from(std::int64_t{a}), y = decimal_from(std::int64_t{b});
  RC_ASSERT(to_int64(*add(*x, *y)) == std::int64_t{a} + b);
  RC_ASSERT(to_int64(*subtract(*x, *y)) == std::int64_t{a} - b);
  RC_ASSERT(to_int64(*multiply(*x, *y)) == std::int64_t{a} * b);
  RC_ASSERT((compare(*x, *y) < 0) == (a < b));
  if (b != 0) RC_ASSERT(to_int64(*remainder(*x, *y)) == std::int64_t{a} % b);
}

RC_GTEST_PROP(ExprProperties, SubstringAndSliceAgree, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  const auto length = static_cast<int>(text.size());
  const int from = *rc::gen::inRange(0, length + 1);
  const int count = *rc::gen::inRange(0, length - from + 1);
  const auto cut = evaluate(fmt::format("substring({},{},{})", quoted(text), from, count));
  const auto slice = evaluate(fmt::format("slice({},{},{})", quoted(text), from, from + count));
  RC_ASSERT(cut.has_value() && slice.has_value());
  RC_ASSERT(*cut == *slice);
  RC_ASSERT(*cut == json::value(text.substr(static_cast<std::size_t>(from),
                                            static_cast<std::size_t>(count))));
}

RC_GTEST_PROP(ExprProperties, DaysThereAndBack, ()) {
  const int days = *rc::gen::inRange(-100'000, 100'000);
  const auto moved =
      evaluate(fmt::format("addDays(addDays('2026-01-02T03:04:05Z',{}),{})", days, -days));
  RC_ASSERT(moved.has_value());
  RC_ASSERT(*moved == json::value("2026-01-02T03:04:05.0000000Z"));
}

RC_GTEST_PROP(ExprProperties, FormattedDatesReadBack, ()) {
  const auto seconds = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000);
  const std::string time = format_iso(from_unix_seconds(seconds));
  for (const std::string_view format : {"o", "r", "u", "F", "G", "dd MMM yyyy HH:mm:ss"}) {
    const auto again = evaluate(fmt::format("ticks(formatDateTime('{}','{}'))", time, format));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == json::value(from_unix_seconds(seconds).ticks));
  }
}

RC_GTEST_PROP(ExprProperties, UnionAndIntersectionAreSets, ()) {
  const auto numbers = rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10));
  const auto array = [](const std::vector<int>& values) {
    return fmt::format("createArray({})", fmt::join(values, ","));
  };
  const std::string a = array(*numbers), b = array(*numbers);
  const auto both = evaluate(fmt::format("intersection({},union({},{}))", a, a, b));
  const auto once = evaluate(fmt::format("union({},{})", a, a));
  RC_ASSERT(both.has_value() && once.has_value());
  RC_ASSERT(*both == *once);
}

}  // namespace
}  // namespace rollcall::expr
