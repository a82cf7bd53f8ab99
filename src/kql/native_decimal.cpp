#include "kql/decimal.hpp"
#include "kql/native_table.hpp"

// Decimals: conversions, arithmetic, and what aggregates make of a list of them.

namespace rollcall::kql {
namespace {

template <auto function>
Cell unary(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  return cell(std::optional(function(text(a[0]))));
}
template <auto function>
Cell binary(Arguments a, Scratch&) {
  if (is_null(a[0]) || is_null(a[1])) return {};
  return cell(function(text(a[0]), text(a[1])));
}

std::optional<std::string> of_json(const json::value& value) {
  if (value.is_int64()) return decimal_of(value.get_int64());
  if (value.is_uint64()) return parse_decimal(fmt::format("{}", value.get_uint64()));
  if (value.is_double()) return decimal_of(value.get_double());
  if (value.is_bool()) return decimal_of(std::int64_t{value.get_bool()});
  if (value.is_string()) return parse_decimal(value.get_string());
  return std::nullopt;
}
// A number of more digits than a double has is read from its text.
Cell of_dynamic(Arguments a, Scratch& s) {
  if (const auto plain = parse_decimal(text(a[0]))) return cell(*plain);
  return cell(of_json(parsed(a[0], s)));
}
Cell of_text(Arguments a, Scratch&) {
  if (const auto number = parse_decimal(text(a[0]))) return cell(*number);
  const auto number = parse_real(text(a[0]));  // hexadecimal
  return number ? cell(decimal_of(*number)) : Cell{};
}

Cell shown(Arguments a, Scratch&) {
  return is_null(a[0]) ? cell("") : cell(decimal_text(text(a[0])));
}
Cell as_json(Arguments a, Scratch&) {
  return is_null(a[0]) ? cell("null") : cell(decimal_text(text(a[0])));
}
Cell truth_of(Arguments a, Scratch&) { return is_null(a[0]) ? Cell{} : Cell{text(a[0]) != "o"}; }
Cell as_int(Arguments a, Scratch&) {
  if (is_null(a[0])) return {};
  const auto value = decimal_long(text(a[0]));
  return value && *value >= INT32_MIN && *value <= INT32_MAX ? Cell{*value} : Cell{};
}

Cell rounded(Arguments a, Scratch&) {
  return is_null(a[0]) ? Cell{}
                       : cell(decimal_round(
                             text(a[0]), std::clamp<std::int64_t>(whole(a[1]), -10'000, 10'000)));
}

// Decimals one behind the other, separated by commas.
Cell sum(Arguments a, Scratch&) {
  std::optional<std::string> total = decimal_of(std::int64_t{0});
  std::string_view rest = text(a[0]);
  while (total && !rest.empty()) {
    const auto end = rest.find(',');
    total = decimal_add(*total, rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  return cell(total);
}

}  // namespace

std::span<const Native> decimal_natives() {
  static const Native table[] = {
      {"kql__text_decimal", "s:m", of_text},
      {"kql__dynamic_decimal", "j:m", of_dynamic},
      {"kql__real_decimal", "r:m",
       [](Arguments a, Scratch&) { return is_null(a[0]) ? Cell{} : cell(decimal_of(real(a[0]))); }},
      {"kql__long_decimal", "l:m",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? Cell{} : cell(decimal_of(whole(a[0])));
       }},
      {"kql__decimal_text", "m:s", shown},
      {"kql__json_decimal", "m:j", as_json},
      {"kql__decimal_real", "m:r", unary<decimal_real>},
      {"kql__decimal_long", "m:l",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? Cell{} : cell(decimal_long(text(a[0])));
       }},
      {"kql__decimal_int", "m:i", as_int},
      {"kql__decimal_bool", "m:b", truth_of},
      {"kql__decimal_add", "m m:m", binary<decimal_add>},
      {"kql__decimal_subtract", "m m:m", binary<decimal_subtract>},
      {"kql__decimal_multiply", "m m:m", binary<decimal_multiply>},
      {"kql__decimal_divide", "m m:m", binary<decimal_divide>},
      {"kql__decimal_modulo", "m m:m", binary<decimal_modulo>},
      {"kql__decimal_bin", "m m:m", binary<decimal_bin>},
      {"kql__decimal_abs", "m:m", unary<decimal_abs>},
      {"kql__decimal_ceiling", "m:m",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? Cell{} : cell(decimal_ceiling(text(a[0])));
       }},
      {"kql__decimal_round", "m l:m", rounded},
      {"kql__decimal_sum", "s:m", sum},
  };
  return table;
}

}  // namespace rollcall::kql
