// From one kind to another: numbers and texts, JSON, base64, envelopes of bytes, data URIs.
#include <fmt/format.h>

#include <cmath>

#include "base/text.hpp"
#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/number.hpp"
#include "expr/text.hpp"
#include "expr/unicode.hpp"
#include "expr/uri.hpp"
#include "expr/xml.hpp"

namespace rollcall::expr {
namespace {

constexpr std::string_view octets = "application/octet-stream";

Result<std::string> as_text(const Value& value) {
  std::string text;
  TRY_DO(append_text(text, value));
  return text;
}

Result<Value> array(Arguments& arguments) {
  json::array result;
  result.push_back(std::move(arguments.values[0]).take());
  return Value(std::move(result));
}

Result<Value> create_array(Arguments& arguments) {
  json::array result;
  result.reserve(arguments.size());
  for (Value& value : arguments.values) result.push_back(std::move(value).take());
  return Value(std::move(result));
}

Result<Value> string(Arguments& arguments) {
  TRY(const std::string text, as_text(arguments.values[0]));
  return text_value(text);
}

// Numbers but zero are true; of texts only true and false are known, in any letter case.
Result<Value> boolean(Arguments& arguments) {
  const json::value& value = arguments[0];
  if (value.is_bool()) return std::move(arguments.values[0]);
  if (const auto number = number_of(arguments.values[0]))
    return json::value(as_double(*number) != 0);
  if (const json::string* text = value.if_string()) {
    const std::string_view word = trim(view(*text));
    if (equals_ignoring_case(word, "true")) return json::value(true);
    if (equals_ignoring_case(word, "false")) return json::value(false);
  }
  return arguments.wrong(0, "true, false or a number");
}

// .NET reads integers as floats and casts them, so large ones lose digits and NaN is the least of
// all.
Result<Value> whole(const Arguments& arguments, double value) {
  constexpr double limit = 9223372036854775808.0;
  if (std::isnan(value)) return json::value(std::numeric_limits<std::int64_t>::min());
  if (std::floor(value) != value) return arguments.wrong(0, "a whole number");
  if (value >= limit || value < -limit)
    return arguments.error("EXPR0305", "the number does not fit into 64 bits");
  return json::value(static_cast<std::int64_t>(value));
}

Result<Value> integer(Arguments& arguments) {
  if (const auto number = number_of(arguments.values[0])) {
    if (std::holds_alternative<std::int64_t>(*number)) return value_of(*number);
    if (const auto* decimal = std::get_if<Decimal>(&*number)) {
      if (const auto whole = to_int64(*decimal)) return json::value(*whole);
      return arguments.wrong(0, "a whole number that fits into 64 bits");
    }
    return whole(arguments, as_double(*number));
  }
  if (const bool* truth = arguments[0].if_bool()) return json::value(*truth ? 1 : 0);
  TRY(const std::string_view text, arguments.text(0));
  const auto value = parse_double(text, {});
  if (!value) return arguments.wrong(0, "a number");
  return whole(arguments, *value);
}

Result<NumberCulture> culture_argument(const Arguments& arguments, std::size_t i) {
  TRY(const std::string_view locale, arguments.text_or(i, ""));
  auto culture = number_culture(locale);
  if (!culture) return arguments.error("EXPR0303", fmt::format("there is no locale '{}'", locale));
  return *std::move(culture);
}

Result<Value> floating(Arguments& arguments) {
  if (const auto number = number_of(arguments.values[0])) return json::value(as_double(*number));
  TRY(const std::string_view text, arguments.text(0));
  TRY(const NumberCulture culture, culture_argument(arguments, 1));
  const auto value = parse_double(text, culture);
  // Without a locale, .NET's second attempt does not know the word Infinity.
  const bool word =
      value && std::isinf(*value) && text.find_first_of("0123456789") == std::string_view::npos;
  if (!value || (word && arguments.size() == 1)) return arguments.wrong(0, "a number");
  return json::value(*value);
}

Result<Value> decimal(Arguments& arguments) {
  if (const auto number = number_of(arguments.values[0])) {
    if (const auto decimal = as_decimal(*number)) return Value(*decimal);
    return arguments.error("EXPR0305", "the number does not fit into a decimal");
  }
  TRY(const std::string_view text, arguments.text(0));
  const auto plain = plain_number(text, {}, false);
  if (!plain) return arguments.wrong(0, "a number without an exponent");
  if (const auto decimal = parse_decimal(*plain)) return Value(*decimal);
  return arguments.error("EXPR0305", "the number does not fit into a decimal");
}

Result<Value> is_float(Arguments& arguments) {
  if (number_of(arguments.values[0])) return json::value(true);
  TRY(const std::string_view text, arguments.text(0));
  TRY(const NumberCulture culture, culture_argument(arguments, 1));
  return json::value(parse_double(text, culture).has_value());
}

Result<Value> is_int(Arguments& arguments) {
  TRY(const std::string text, as_text(arguments.values[0]));
  const std::string_view digits = trim(text);
  const std::size_t sign = digits.starts_with('-') || digits.starts_with('+') ? 1 : 0;
  if (digits.size() == sign ||
      digits.find_first_not_of("0123456789", sign) != std::string_view::npos)
    return json::value(false);
  const auto decimal = parse_decimal(digits.starts_with('+') ? digits.substr(1) : digits);
  return json::value(decimal && to_int64(*decimal));
}

Result<Value> from_json(Arguments& arguments) {
  const json::value& value = arguments[0];
  std::string text;
  if (const json::string* written = value.if_string()) {
    text = view(*written);
  } else if (is_envelope(value)) {
    TRY(text, envelope_bytes(value));
    if (is_xml_type(envelope_type(value))) {
      auto converted = xml_to_json(text);
      if (!converted) return arguments.error(converted.error().code, converted.error().message);
      return Value(*std::move(converted));
    }
  } else {
    return arguments.wrong(0, "a text of JSON, or XML");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  auto parsed = parse_json(text, max_json_depth);
  if (!parsed) return arguments.error("EXPR0304", parsed.error().message);
  return Value(*std::move(parsed));
}

Result<Value> to_base64(Arguments& arguments) {
  TRY(const std::string bytes, bytes_of(arguments[0]));
  return text_value(base64_encode(bytes));
}

Result<Value> base64_to_string(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  auto bytes = base64_decode(text);
  if (!bytes) return arguments.wrong(0, "base64");
  return text_value(valid_utf8(*std::move(bytes)));
}

Result<Value> base64_to_binary(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  if (!base64_decode(text)) return arguments.wrong(0, "base64");
  json::object object;
  object.emplace("$content-type", octets);
  object.emplace("$content", text);  // as it was written
  return Value(std::move(object));
}

Result<Value> binary(Arguments& arguments) {
  TRY(const std::string bytes, bytes_of(arguments[0]));
  return Value(envelope(octets, bytes));
}

Result<Value> data_uri(Arguments& arguments) {
  const json::value& value = arguments[0];
  if (value.is_null()) return arguments.wrong(0, "a value");
  if (is_envelope(value))
    return text_value(
        fmt::format("data:{};base64,{}", envelope_type(value), text_or(value, "$content")));
  TRY(const std::string text, as_text(arguments.values[0]));
  const std::string_view type =
      value.is_string() ? "text/plain;charset=utf-8" : "application/json;charset=utf-8";
  return text_value(fmt::format("data:{};base64,{}", type, base64_encode(text)));
}

struct DataUri {
  std::vector<std::string_view> parts;  // of the content type, without base64
  bool base64 = false;
  std::string_view data;
};

// data:[type][;name=value]*[;base64],data
Result<DataUri> parse_data_uri(const Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos || !equals_ignoring_case(text.substr(0, 5), "data:"))
    return arguments.wrong(0, "a data URI: data:type;base64,…");
  DataUri uri;
  uri.data = text.substr(comma + 1);
  uri.parts = split(text.substr(5, comma - 5), ';');
  if (equals_ignoring_case(uri.parts.back(), "base64")) {
    uri.base64 = true;
    uri.parts.pop_back();
  }
  for (std::size_t i = 1; i < uri.parts.size(); ++i)
    if (uri.parts[i].empty())
      return arguments.error("EXPR0304", "the data URI's content type has an empty part");
  return uri;
}

std::optional<std::string_view> charset_of(std::string_view part) {
  if (part.size() < 8 || !equals_ignoring_case(part.substr(0, 8), "charset=")) return std::nullopt;
  return part.substr(8);
}

Result<Value> data_uri_to_binary(Arguments& arguments) {
  TRY(const DataUri uri, parse_data_uri(arguments));
  std::string type =
      uri.parts.empty() || uri.parts[0].empty() ? "text/plain" : std::string(uri.parts[0]);
  if (type.find('/') == std::string::npos)
    return arguments.error("EXPR0304", fmt::format("'{}' is no content type", type));
  for (std::size_t i = 1; i < uri.parts.size(); ++i) {
    if (const auto charset = charset_of(uri.parts[i])) {
      const std::string name = to_lower(*charset);
      if (name != "utf-8" && name != "ascii" && name != "us-ascii" && name != "iso-8859-1" &&
          name != "utf-16")
        return arguments.error("EXPR0304", fmt::format("there is no charset '{}'", *charset));
    }
    type += ';';
    type += uri.parts[i];
  }
  if (!uri.base64) return Value(envelope(type, decode_form(uri.data)));
  json::object object;
  object.emplace("$content-type", type);
  object.emplace("$content", uri.data);
  return Value(std::move(object));
}

Result<Value> data_uri_to_string(Arguments& arguments) {
  TRY(const DataUri uri, parse_data_uri(arguments));
  if (uri.parts.size() > 1)
    if (const auto charset = charset_of(uri.parts[1]);
        charset && !equals_ignoring_case(*charset, "utf-8"))
      return arguments.error("EXPR0304",
                             fmt::format("the charset '{}' is not supported; use utf-8", *charset));
  if (!uri.base64) return text_value(valid_utf8(decode_form(uri.data)));
  auto bytes = base64_decode(uri.data);
  if (!bytes) return arguments.error("EXPR0304", "the data is not base64");
  return text_value(valid_utf8(*std::move(bytes)));
}

constexpr Function rows[] = {
    {"array", 1, 1, array},
    {"base64", 1, 1, to_base64},
    {"base64ToBinary", 1, 1, base64_to_binary},
    {"base64ToString", 1, 1, base64_to_string},
    {"binary", 1, 1, binary},
    {"bool", 1, 1, boolean},
    {"createArray", 0, any_number, create_array},
    {"dataUri", 1, 1, data_uri},
    {"dataUriToBinary", 1, 1, data_uri_to_binary},
    {"dataUriToString", 1, 1, data_uri_to_string},
    {"decimal", 1, 1, decimal, nullptr, true},
    {"decodeBase64", 1, 1, base64_to_string},
    {"decodeDataUri", 1, 1, data_uri_to_binary},
    {"float", 1, 2, floating, nullptr, true},
    {"int", 1, 1, integer, nullptr, true},
    {"isFloat", 1, 2, is_float},
    {"isInt", 1, 1, is_int},
    {"json", 1, 1, from_json},
    {"string", 1, 1, string, nullptr, true},
};

}  // namespace

std::span<const Function> convert_functions() { return rows; }

}  // namespace rollcall::expr
