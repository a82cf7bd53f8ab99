// Texts. Positions count UTF-16 code units from 0, as in .NET; searches ignore letter case, except
// contains and replace.
#include <fmt/format.h>

#include "expr/functions.hpp"
#include "expr/limits.hpp"
#include "expr/number_format.hpp"
#include "expr/text.hpp"
#include "expr/unicode.hpp"

namespace rollcall::expr {
namespace {

Result<Value> concat(Arguments& arguments) {
  std::string out;
  for (const Value& value : arguments.values) {
    TRY_DO(append_text(out, value));
    if (out.size() > max_text_bytes)
      return arguments.error("EXPR0503",
                             fmt::format("the text is longer than {} bytes", max_text_bytes));
  }
  return text_value(out);
}

Result<Value> starts_with(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view sought, arguments.text(1));
  return json::value(fold_case(text).starts_with(fold_case(sought)));
}

Result<Value> ends_with(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view sought, arguments.text(1));
  return json::value(fold_case(text).ends_with(fold_case(sought)));
}

// The position of a code point, in UTF-16 code units.
std::int64_t units_before(std::string_view text, std::size_t code_points) {
  std::int64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80U) continue;
    if (code_points-- == 0) break;
    units += byte >= 0xf0U ? 2 : 1;
  }
  return units;
}

Result<Value> position(std::string_view text, std::size_t found) {
  if (found == std::u32string::npos) return json::value(-1);
  return json::value(units_before(text, found));
}

Result<Value> index_of(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view sought, arguments.text(1));
  return position(text, fold_case(text).find(fold_case(sought)));
}

Result<Value> last_index_of(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view sought, arguments.text(1));
  const std::u32string folded = fold_case(text);
  // .NET finds the empty text at the last character, not behind it.
  if (sought.empty()) return position(text, folded.empty() ? 0 : folded.size() - 1);
  return position(text, folded.rfind(fold_case(sought)));
}

// A negative occurrence counts from the end; overlapping ones count once.
Result<Value> nth_index_of(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view sought, arguments.text(1));
  TRY(std::int64_t occurrence, arguments.integer(2));
  const std::u32string folded = fold_case(text), needle = fold_case(sought);
  if (occurrence == 0) return json::value(-1);
  if (needle.empty()) return json::value(occurrence > 0 ? 0 : -1);
  if (occurrence > 0) {
    std::size_t at = folded.find(needle);
    while (--occurrence > 0 && at != std::u32string::npos)
      at = folded.find(needle, at + needle.size());
    return position(text, at);
  }
  std::size_t at = folded.rfind(needle);
  while (++occurrence < 0 && at != std::u32string::npos)
    at = at < needle.size() ? std::u32string::npos : folded.rfind(needle, at - needle.size());
  return position(text, at);
}

Result<Value> replace(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view old, arguments.text(1));
  TRY(const std::string_view fresh, arguments.text(2));
  if (old.empty()) return arguments.error("EXPR0303", "the text to replace must not be empty");
  if (!text.contains(old)) return std::move(arguments.values[0]);
  std::string out;
  std::size_t at = 0;
  for (std::size_t found = 0; (found = text.find(old, at)) != std::string_view::npos;
       at = found + old.size()) {
    out.append(text, at, found - at).append(fresh);
    if (out.size() > max_text_bytes)
      return arguments.error("EXPR0503",
                             fmt::format("the text is longer than {} bytes", max_text_bytes));
  }
  out.append(text, at);
  return text_value(out);
}

// Negative positions count from the end; what lies outside is cut off.
Result<Value> slice(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::int64_t start, arguments.integer(1));
  const auto length = static_cast<std::int64_t>(utf16_length(text));
  std::int64_t end = length;
  if (arguments.size() > 2 && !arguments[2].is_null()) {
    TRY(end, arguments.integer(2));
  }
  const auto clamp = [&](std::int64_t i) {
    return std::clamp<std::int64_t>(i < 0 ? i + length : i, 0, length);
  };
  const auto from = static_cast<std::size_t>(clamp(start)),
             to = static_cast<std::size_t>(clamp(end));
  if (to <= from) return text_value("");
  const std::size_t first = utf16_offset(text, from);
  return text_value(text.substr(first, utf16_offset(text, to) - first));
}

Result<Value> split(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::string_view delimiter, arguments.text(1));
  json::array parts;
  std::size_t at = 0;
  if (!delimiter.empty())
    for (std::size_t found = 0; (found = text.find(delimiter, at)) != std::string_view::npos;
         at = found + delimiter.size()) {
      if (parts.size() >= max_elements)
        return arguments.error("EXPR0504",
                               fmt::format("there are more than {} parts", max_elements));
      parts.emplace_back(text.substr(at, found - at));
    }
  parts.emplace_back(text.substr(at));
  return Value(std::move(parts));
}

Result<Value> substring(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  TRY(const std::int64_t start, arguments.integer(1));
  const auto units = static_cast<std::int64_t>(utf16_length(text));
  std::int64_t length = units - start;
  if (arguments.size() > 2) {
    TRY(length, arguments.integer(2));
  }
  if (start < 0 || length < 0 || start > units || length > units - start)
    return arguments.error(
        "EXPR0303",
        fmt::format("start {} and length {} reach outside of a text of {}; slice cuts off instead",
                    start, length, units));
  const std::size_t first = utf16_offset(text, static_cast<std::size_t>(start));
  const std::size_t end = utf16_offset(text, static_cast<std::size_t>(start + length));
  return text_value(text.substr(first, end - first));
}

Result<Value> to_lower(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  return text_value(to_lower_invariant(text));
}

Result<Value> to_upper(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  return text_value(to_upper_invariant(text));
}

Result<Value> trim(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  return text_value(trim_white_space(text));
}

// A version 4 UUID; the format is one of .NET's: N, D, B or P.
Result<Value> guid(Arguments& arguments) {
  TRY(const std::string_view format, arguments.text_or(0, "D"));
  const std::uint64_t high = (arguments.environment.random() & ~std::uint64_t{0xf000}) | 0x4000U;
  const std::uint64_t low =
      (arguments.environment.random() & ~(std::uint64_t{3} << 62U)) | std::uint64_t{1} << 63U;
  const std::string digits = fmt::format("{:016x}{:016x}", high, low);
  if (format == "N" || format == "n") return text_value(digits);
  const auto part = [&](std::size_t from, std::size_t length) {
    return std::string_view(digits).substr(from, length);
  };
  const std::string plain =
      fmt::format("{}-{}-{}-{}-{}", part(0, 8), part(8, 4), part(12, 4), part(16, 4), part(20, 12));
  if (format == "D" || format == "d" || format.empty()) return text_value(plain);
  if (format == "B" || format == "b") return text_value(fmt::format("{{{}}}", plain));
  if (format == "P" || format == "p") return text_value(fmt::format("({})", plain));
  return arguments.error("EXPR0303",
                         fmt::format("'{}' is no format of a guid; N, D, B and P are", format));
}

Result<Value> format_number(Arguments& arguments) {
  const auto number = number_of(arguments.values[0]);
  if (!number) return arguments.wrong(0, "a number");
  TRY(const std::string_view format, arguments.text(1));
  TRY(const std::string_view locale, arguments.text_or(2, "en-US"));
  auto text = format_number(*number, format, locale);
  if (!text) return arguments.error(text.error().code, text.error().message);
  return text_value(*text);
}

constexpr Function rows[] = {
    {"concat", 1, any_number, concat, nullptr, true},
    {"endsWith", 2, 2, ends_with},
    {"formatNumber", 2, 3, format_number, nullptr, true},
    {"guid", 0, 1, guid},
    {"indexOf", 2, 2, index_of},
    {"lastIndexOf", 2, 2, last_index_of},
    {"nthIndexOf", 3, 3, nth_index_of},
    {"replace", 3, 3, replace},
    {"slice", 2, 3, slice},
    {"split", 2, 2, split},
    {"startsWith", 2, 2, starts_with},
    {"substring", 2, 3, substring},
    {"toLower", 1, 1, to_lower},
    {"toUpper", 1, 1, to_upper},
    {"trim", 1, 1, trim},
};

}  // namespace

std::span<const Function> string_functions() { return rows; }

}  // namespace rollcall::expr
