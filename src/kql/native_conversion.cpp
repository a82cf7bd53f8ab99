#include <cmath>
#include <map>

#include "base/time.hpp"
#include "kql/native_table.hpp"

// Conversions between KQL's types: to text, to JSON, from text, from dynamic.

namespace rollcall::kql {
namespace {

std::optional<std::int64_t> narrowed(std::optional<std::int64_t> value) {
  if (value && (*value < INT32_MIN || *value > INT32_MAX)) return std::nullopt;
  return value;
}
std::optional<std::int64_t> truncated(double value) {
  if (!(std::abs(value) < 9.2233720368547758e18)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}
std::optional<std::int64_t> text_long(std::string_view s) {
  if (auto whole_number = parse_long(s)) return whole_number;
  if (s.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
  const auto number = parse_real(s);
  return number ? truncated(*number) : std::nullopt;
}

// Properties by name, at every level.
json::value ordered(const json::value& value) {
  if (value.is_array()) {
    json::array out;
    for (const auto& element : value.get_array()) out.push_back(ordered(element));
    return out;
  }
  if (!value.is_object()) return value;
  std::map<std::string, json::value> sorted;
  for (const auto& member : value.get_object())
    sorted[std::string(member.key())] = ordered(member.value());
  json::object out;
  for (auto& [name, member] : sorted) out[name] = std::move(member);
  return out;
}

// The text of a dynamic: a string's own, JSON for the rest, "" for null.
std::string dynamic_text(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return json_text(value);
}

std::optional<double> dynamic_real(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (value.is_bool()) return value.get_bool() ? 1.0 : 0.0;
  if (value.is_string()) return parse_real(value.get_string());
  return std::nullopt;
}
std::optional<std::int64_t> dynamic_long(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_double()) return truncated(value.get_double());
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (value.is_string()) return text_long(value.get_string());
  return std::nullopt;
}

}  // namespace

std::span<const Native> conversion_natives() {
  static const Native table[] = {
      // to text
      {"kql__bool_text", "b:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("") : cell(truth(a[0]) ? "true" : "false");
       }},
      {"kql__long_text", "l:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("") : cell(std::to_string(whole(a[0])));
       }},
      {"kql__real_text", "r:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("") : cell(real_text(real(a[0])));
       }},
      {"kql__datetime_text", "d:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("") : cell(datetime_text(whole(a[0])));
       }},
      {"kql__timespan_text", "t:s",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("") : cell(timespan_text(whole(a[0])));
       }},
      {"kql__dynamic_text", "j:s",
       [](Arguments a, Scratch& s) { return cell(dynamic_text(parsed(a[0], s))); }},
      // to JSON
      {"kql__json_string", "s:j",
       [](Arguments a, Scratch&) { return cell(json_string(text(a[0]))); }},
      {"kql__json_guid", "g:j",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("null") : cell(json_string(text(a[0])));
       }},
      {"kql__json_bool", "b:j",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("null") : cell(truth(a[0]) ? "true" : "false");
       }},
      {"kql__json_long", "l:j",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("null") : cell(std::to_string(whole(a[0])));
       }},
      {"kql__json_real", "r:j",
       [](Arguments a, Scratch&) {
         if (is_null(a[0])) return cell("null");
         const double value = real(a[0]);
         return cell(std::isfinite(value) ? real_text(value) : json_string(real_text(value)));
       }},
      {"kql__json_datetime", "d:j",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("null") : cell(json_string(datetime_text(whole(a[0]))));
       }},
      {"kql__json_timespan", "t:j",
       [](Arguments a, Scratch&) {
         return is_null(a[0]) ? cell("null") : cell(json_string(timespan_text(whole(a[0]))));
       }},
      // from text
      {"kql__text_bool", "s:b", [](Arguments a, Scratch&) { return cell(parse_bool(text(a[0]))); }},
      {"kql__text_int", "s:i",
       [](Arguments a, Scratch&) { return cell(narrowed(text_long(text(a[0])))); }},
      {"kql__text_long", "s:l", [](Arguments a, Scratch&) { return cell(text_long(text(a[0]))); }},
      {"kql__text_real", "s:r", [](Arguments a, Scratch&) { return cell(parse_real(text(a[0]))); }},
      {"kql__text_datetime", "s:d",
       [](Arguments a, Scratch&) { return cell(parse_datetime(text(a[0]))); }},
      {"kql__text_timespan", "s:t",
       [](Arguments a, Scratch&) { return cell(parse_timespan(text(a[0]))); }},
      {"kql__text_guid", "s:g", [](Arguments a, Scratch&) { return cell(parse_guid(text(a[0]))); }},
      {"kql__parse_json", "s:j",
       [](Arguments a, Scratch& s) -> Cell {
         if (is_null(a[0]) || text(a[0]).empty()) return {};
         const auto& value = parsed(a[0], s);
         if (!value.is_null()) return cell(value);
         if (read_json(text(a[0]))) return {};  // the word null
         return cell(json_string(text(a[0])));
       }},
      // from dynamic
      {"kql__dynamic_bool", "j:b",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         if (value.is_bool()) return value.get_bool();
         if (value.is_string()) return cell(parse_bool(value.get_string()));
         const auto number = dynamic_real(value);
         if (!number) return {};
         return *number != 0;
       }},
      {"kql__dynamic_int", "j:i",
       [](Arguments a, Scratch& s) { return cell(narrowed(dynamic_long(parsed(a[0], s)))); }},
      {"kql__dynamic_long", "j:l",
       [](Arguments a, Scratch& s) { return cell(dynamic_long(parsed(a[0], s))); }},
      {"kql__dynamic_real", "j:r",
       [](Arguments a, Scratch& s) { return cell(dynamic_real(parsed(a[0], s))); }},
      {"kql__dynamic_datetime", "j:d",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         return value.is_string() ? cell(parse_datetime(value.get_string())) : Cell{};
       }},
      {"kql__dynamic_timespan", "j:t",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         return value.is_string() ? cell(parse_timespan(value.get_string())) : Cell{};
       }},
      {"kql__dynamic_guid", "j:g",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         return value.is_string() ? cell(parse_guid(value.get_string())) : Cell{};
       }},
      // between numbers
      {"kql__to_int", "r:i",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : cell(narrowed(truncated(real(a[0]))));
       }},
      {"kql__to_long", "r:l",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0]) ? Cell{} : cell(truncated(real(a[0])));
       }},
      {"kql__days_timespan", "r:t",
       [](Arguments a, Scratch&) -> Cell {
         return is_null(a[0])
                    ? Cell{}
                    : cell(truncated(std::round(real(a[0]) * static_cast<double>(ticks_per_day))));
       }},
      {"kql_dynamic_to_json", "j:s",
       [](Arguments a, Scratch& s) -> Cell {
         const auto& value = parsed(a[0], s);
         return value.is_null() ? cell("") : cell(json_text(ordered(value)));
       }},
  };
  return table;
}

}  // namespace rollcall::kql
