#include "expr/text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "expr/decimal.hpp"
#include "expr/unicode.hpp"

namespace rollcall::expr {
namespace {

void append_json_double(std::string& out, double value) {
  const std::string text = format_double(value);
  if (!std::isfinite(value)) {
    rollcall::append_json(out, text);
    return;
  }
  out += text;
  if (text.find_first_of(".E") == std::string::npos) out += ".0";
}

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_digits() {
  std::array<std::int8_t, 256> digits{};
  digits.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return digits;
}
constexpr auto base64_digits = make_digits();

constexpr bool is_token(char c) {
  return c > ' ' && c < 0x7f &&
         std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return is_token(c); });
}

// type '/' subtype (';' name '=' value)*, with a charset that we can decode.
Result<void> check_content_type(std::string_view written) {
  const auto parts = split(written, ';');
  const auto kind = split(trim(parts[0]), '/');
  const auto wrong = [&](std::string_view why) {
    return fail("EXPR0304", fmt::format("the content type '{}' {}", written, why));
  };
  if (kind.size() != 2 || !is_token(kind[0]) || !is_token(kind[1]))
    return wrong("is not of the form type/subtype");
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto pair = split(trim(parts[i]), '=');
    if (pair.size() != 2 || !is_token(pair[0]))
      return wrong("has a parameter that is not of the form name=value");
    if (!equals_ignoring_case(pair[0], "charset")) continue;
    const std::string charset = to_lower(pair[1]);
    if (charset != "utf-8" && charset != "us-ascii" && charset != "ascii" && charset != "\"utf-8\"")
      return wrong("has a charset that is not supported; use utf-8");
  }
  return {};
}

}  // namespace

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      rollcall::append_json(out, value.get_int64());
      break;
    case json::kind::uint64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_uint64());
      break;
    case json::kind::double_:
      append_json_double(out, value.get_double());
      break;
    case json::kind::string:
      rollcall::append_json(out, std::string_view(value.get_string()));
      break;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const json::value& element : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        append_json(out, element);
      }
      out += ']';
      break;
    }
    case json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!std::exchange(first, false)) out += ',';
        rollcall::append_json(out, std::string_view(member.key()));
        out += ':';
        append_json(out, member.value());
      }
      out += '}';
      break;
    }
  }
}

std::string to_json(const json::value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

std::string format_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::string out;
  if (text.starts_with('-')) {
    out = '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::string_view after = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(after.data(), after.data() + after.size(), exponent);
  const int count = static_cast<int>(digits.size());
  if (exponent >= 15 || exponent <= -5) {
    out += digits[0];
    if (count > 1) out += '.' + digits.substr(1);
    out += fmt::format("E{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  } else if (exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else if (count <= exponent + 1) {
    out += digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0');
  } else {
    const auto whole = static_cast<std::size_t>(exponent + 1);
    out += digits.substr(0, whole) + '.' + digits.substr(whole);
  }
  return out;
}

Result<void> append_text(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "True" : "False";
      break;
    case json::kind::double_:
      out += format_double(value.get_double());
      break;
    case json::kind::string:
      out.append(value.get_string().data(), value.get_string().size());
      break;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::array:
      append_json(out, value);
      break;
    case json::kind::object: {
      if (!is_envelope(value)) {
        append_json(out, value);
        break;
      }
      TRY_DO(check_content_type(envelope_type(value)));
      TRY(std::string bytes, envelope_bytes(value));
      out += valid_utf8(std::move(bytes));
      break;
    }
  }
  return {};
}

Result<std::string> bytes_of(const json::value& value) {
  if (is_envelope(value)) return envelope_bytes(value);
  std::string text;
  TRY_DO(append_text(text, value));
  return text;
}

Result<void> append_text(std::string& out, const Value& value) {
  if (const Decimal* decimal = value.decimal()) {
    out += to_string(*decimal);
    return {};
  }
  return append_text(out, *value);
}

json::value envelope(std::string_view content_type, std::string_view bytes) {
  json::object object;
  object.emplace("$content-type", content_type);
  object.emplace("$content", base64_encode(bytes));
  return object;
}

bool is_envelope(const json::value& value) {
  const auto* content = find(value, "$content");
  const auto* type = find(value, "$content-type");
  return content && content->is_string() && type && type->is_string();
}

std::string_view envelope_type(const json::value& value) { return text_or(value, "$content-type"); }

Result<std::string> envelope_bytes(const json::value& value) {
  auto bytes = base64_decode(text_or(value, "$content"));
  if (!bytes) return fail("EXPR0304", "the content of the envelope is not base64");
  return *std::move(bytes);
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out += alphabet[group >> 18U];
    out += alphabet[group >> 12U & 63U];
    out += i + 1 < bytes.size() ? alphabet[group >> 6U & 63U] : '=';
    out += i + 2 < bytes.size() ? alphabet[group & 63U] : '=';
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int have = 0, padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    const int digit = base64_digits[static_cast<unsigned char>(c)];
    if (c == '=' && have >= 2)
      ++padding;
    else if (digit < 0 || padding != 0)
      return std::nullopt;
    group = group << 6U | static_cast<std::uint32_t>(digit < 0 ? 0 : digit);
    if (++have < 4) continue;
    out += static_cast<char>(group >> 16U);
    if (padding < 2) out += static_cast<char>(group >> 8U);
    if (padding < 1) out += static_cast<char>(group);
    if (padding > 2) return std::nullopt;
    group = 0;
    have = 0;
    if (padding != 0) have = -1'000'000'000;  // nothing may follow
  }
  if (have > 0) return std::nullopt;
  return out;
}

std::string pointer_step(std::string_view name) {
  std::string result = "/";
  for (const char c : name) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) units += byte >= 0xf0U ? 2 : 1;
  }
  return units;
}

std::size_t utf16_offset(std::string_view text, std::size_t units) {
  std::size_t seen = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t width = byte >= 0xf0U ? 2 : 1;
    if (seen + width > units) return i;
    seen += width;
    do ++i;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U);
  }
  return text.size();
}

}  // namespace rollcall::expr
