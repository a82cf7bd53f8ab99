// The functions of formulas. Arguments are of the kinds that their line says, or empty.
// https://support.microsoft.com/office/d81f5f21-2b4e-45ce-b170-bf7ebf6988b3
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "lists/formula_tree.hpp"

namespace rollcall::lists {
namespace {

using Value = FormulaValue;
using Values = std::span<const FormulaValue>;

const Value cannot{CannotBe{}};

double number(Values all, std::size_t at, double otherwise = 0) {
  return at < all.size() ? number_of(all[at]).value_or(otherwise) : otherwise;
}
std::string text(Values all, std::size_t at) {
  return at < all.size() ? text_of(all[at]).value_or("") : "";
}
bool truth(const Value& value) { return truth_of(value).value_or(false); }
bool fails(const Value& value) { return std::holds_alternative<CannotBe>(value); }
Value finite(double number) { return std::isfinite(number) ? Value(number) : cannot; }

// ---- numbers

// Half away from zero, of the number as it is written: 2.675 is not a little less than that.
double rounded(double number, double digits, double (*round)(double)) {
  const double scale = std::pow(10.0, std::trunc(digits));
  const double scaled = number * scale;
  if (!std::isfinite(scaled)) return number;
  const double near = std::round(scaled * 2) / 2;
  const bool is_near = std::abs(scaled - near) < 1e-9 * std::max(1.0, std::abs(scaled));
  return round(is_near ? near : scaled) / scale;
}
double away(double number) { return number < 0 ? std::floor(number) : std::ceil(number); }
Value round_half(Values all) { return finite(rounded(number(all, 0), number(all, 1), std::round)); }
Value round_up(Values all) { return finite(rounded(number(all, 0), number(all, 1), away)); }
Value round_down(Values all) { return finite(rounded(number(all, 0), number(all, 1), std::trunc)); }
Value floor_of(Values all) { return std::floor(number(all, 0)); }
Value absolute(Values all) { return std::abs(number(all, 0)); }
Value sign(Values all) { return number(all, 0) > 0 ? 1.0 : number(all, 0) < 0 ? -1.0 : 0.0; }
Value square_root(Values all) { return finite(std::sqrt(number(all, 0))); }
Value power(Values all) { return finite(std::pow(number(all, 0), number(all, 1))); }
// The sign is the divisor's.
Value modulo(Values all) {
  const double a = number(all, 0), b = number(all, 1);
  return b == 0 ? cannot : finite(a - b * std::floor(a / b));
}
Value total(Values all) {
  double sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) sum += number(all, i);
  return finite(sum);
}
// What is empty does not count.
Value average(Values all) {
  const auto count = std::ranges::count_if(all, [](const Value& one) { return !is_empty(one); });
  return count == 0 ? cannot : finite(std::get<double>(total(all)) / static_cast<double>(count));
}
Value extreme(Values all, int wanted) {
  const Value* found = nullptr;
  for (const auto& one : all) {
    if (!is_empty(one) && (found == nullptr || compare(one, *found) == wanted)) found = &one;
  }
  return found == nullptr ? Value(0.0) : *found;
}
Value least(Values all) { return extreme(all, -1); }
Value most(Values all) { return extreme(all, 1); }

// ---- texts, whose characters are those of Unicode

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < text.size();) {
    auto end = i + 1;
    while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
    all.push_back(text.substr(i, end - i));
    i = end;
  }
  return all;
}
Value part(std::string_view text, double from, double count) {
  if (from < 0 || count < 0) return cannot;
  const auto all = characters(text);
  std::string part;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto at = static_cast<double>(i);
    if (at >= from && at < from + count) part += all[i];
  }
  return part;
}
Value left(Values all) { return part(text(all, 0), 0, std::trunc(number(all, 1, 1))); }
Value right(Values all) {
  const auto whole = text(all, 0);
  const auto size = static_cast<double>(characters(whole).size());
  const auto count = std::trunc(number(all, 1, 1));
  return count < 0 ? cannot : part(whole, std::max(0.0, size - count), count);
}
Value middle(Values all) {
  return part(text(all, 0), std::trunc(number(all, 1)) - 1, std::trunc(number(all, 2)));
}
Value length(Values all) { return static_cast<double>(characters(text(all, 0)).size()); }
Value find_in(std::string_view wanted, std::string_view whole, double from) {
  const auto all = characters(whole);
  if (from < 1 || from > static_cast<double>(all.size()) + 1) return cannot;
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(from); ++i) begin += all[i].size();
  const auto found = whole.find(wanted, begin);
  if (found == std::string_view::npos) return cannot;
  return static_cast<double>(characters(whole.substr(0, found)).size() + 1);
}
Value find(Values all) { return find_in(text(all, 0), text(all, 1), number(all, 2, 1)); }
Value search(Values all) {
  return find_in(to_lower(text(all, 0)), to_lower(text(all, 1)), number(all, 2, 1));
}
Value replace(Values all) {
  const auto from = std::trunc(number(all, 1)) - 1, count = std::trunc(number(all, 2));
  const auto whole = text(all, 0);
  const auto before = part(whole, 0, from), after = part(whole, from + count, 1e9);
  if (from < 0 || count < 0) return cannot;
  return std::get<std::string>(before) + text(all, 3) + std::get<std::string>(after);
}
Value substitute(Values all) {
  auto whole = text(all, 0);
  const auto old = text(all, 1), fresh = text(all, 2);
  if (old.empty()) return whole;
  std::string result;
  std::size_t at = 0;
  for (auto found = whole.find(old); found != std::string::npos; found = whole.find(old, at)) {
    result += whole.substr(at, found - at) + fresh;
    at = found + old.size();
  }
  return result + whole.substr(at);
}
Value repeat(Values all) {
  const auto one = text(all, 0);
  const auto count = std::trunc(number(all, 1));
  if (count < 0 || count * static_cast<double>(one.size()) > 10'000) return cannot;
  std::string result;
  for (int i = 0; i < static_cast<int>(count); ++i) result += one;
  return result;
}
Value concatenate(Values all) {
  std::string result;
  for (std::size_t i = 0; i < all.size(); ++i) result += text(all, i);
  return result;
}
Value lower(Values all) { return to_lower(text(all, 0)); }
Value upper(Values all) {
  auto result = text(all, 0);
  for (auto& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}
Value proper(Values all) {
  auto result = to_lower(text(all, 0));
  bool begins = true;
  for (auto& c : result) {
    const bool is_letter = c >= 'a' && c <= 'z';
    if (begins && is_letter) c = static_cast<char>(c - 'a' + 'A');
    begins = !is_letter && (c & 0x80) == 0;
  }
  return result;
}
// Also between words one blank at most.
Value trimmed(Values all) {
  std::string result;
  for (const auto word : split(text(all, 0), ' ')) {
    if (word.empty()) continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}
Value exact(Values all) { return text(all, 0) == text(all, 1); }
Value number_in(Values all) {
  if (number_of(all[0])) return number(all, 0);
  const auto written = text(all, 0);
  const auto bare = trim(written);
  double value = 0;
  const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), value);
  return error == std::errc() && end == bare.data() + bare.size() ? finite(value) : cannot;
}
Value formatted(Values all) { return format_value(all[0], text(all, 1)); }

// ---- dates

template <int CivilTime::* member>
Value part_of_time(Values all) {
  const auto* time = std::get_if<Timestamp>(&all[0]);
  if (time == nullptr) return {};
  return static_cast<double>(to_civil(*time).*member);
}
Value date(Values all) {
  const double year = std::trunc(number(all, 0)), month = std::trunc(number(all, 1));
  const double months = year * 12 + month - 1;
  if (!(months >= 12 && months < 120'000) || !(std::abs(number(all, 2)) < 1e6)) return cannot;
  const auto whole = static_cast<int>(months);
  const auto first = from_civil({.year = whole / 12, .month = whole % 12 + 1, .day = 1});
  if (!first) return cannot;
  return *first + days(static_cast<std::int64_t>(number(all, 2)) - 1);
}
Value weekday(Values all) {
  const auto* time = std::get_if<Timestamp>(&all[0]);
  if (time == nullptr) return {};
  const int day = day_of_week(*time);  // Sunday is 0
  const double type = number(all, 1, 1);
  if (type == 1) return day + 1.0;
  if (type == 2) return (day + 6) % 7 + 1.0;
  return type == 3 ? Value((day + 6) % 7 + 0.0) : cannot;
}
// Whole years, months or days between two dates; MD, YM and YD without what is above them.
Value difference(Values all) {
  const auto* from = std::get_if<Timestamp>(&all[0]);
  const auto* to = std::get_if<Timestamp>(&all[1]);
  if (from == nullptr || to == nullptr) return {};
  if (*to < *from) return cannot;
  const auto unit = to_lower(text(all, 2));
  const auto a = to_civil(*from), b = to_civil(*to);
  const auto midnight = [](Timestamp time) { return time.ticks / ticks_per_day; };
  const int months = (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day ? 1 : 0);
  if (unit == "d") return static_cast<double>(midnight(*to) - midnight(*from));
  if (unit == "m") return static_cast<double>(months);
  if (unit == "y") return static_cast<double>(months / 12);
  if (unit == "ym") return static_cast<double>(months % 12);
  const int whole = a.year * 12 + a.month - 1 + (unit == "md" ? months : months / 12 * 12);
  if (unit != "md" && unit != "yd") return cannot;
  const auto begin = from_civil({.year = whole / 12, .month = whole % 12 + 1, .day = 1});
  if (!begin) return cannot;
  return static_cast<double>(midnight(*to) - midnight(*begin) - (a.day - 1));
}

// ---- choices

Value if_else(Values all) {
  if (fails(all[0])) return cannot;
  if (truth(all[0])) return all[1];
  return all.size() > 2 ? all[2] : Value(false);
}
Value if_fails(Values all) { return fails(all[0]) ? all[1] : all[0]; }
Value choose(Values all) {
  const auto at = std::trunc(number(all, 0));
  if (fails(all[0]) || !(at >= 1 && at < static_cast<double>(all.size()))) return cannot;
  return all[static_cast<std::size_t>(at)];
}
Value all_of(Values all) { return std::ranges::all_of(all, truth); }
Value any_of(Values all) { return std::ranges::any_of(all, truth); }
Value not_of(Values all) { return !truth(all[0]); }
Value blank(Values all) { return std::holds_alternative<std::monostate>(all[0]); }
Value failed(Values all) { return fails(all[0]); }
Value is_number(Values all) { return std::holds_alternative<double>(all[0]); }
Value is_text(Values all) { return std::holds_alternative<std::string>(all[0]); }

constexpr FormulaFunction all_functions[] = {
    {"ABS", "n", "n", false, absolute},
    {"AND", "b*", "b", false, all_of},
    {"AVERAGE", "n*", "n", false, average},
    {"CHOOSE", "na*", "=1", true, choose},
    {"CONCATENATE", "t*", "t", false, concatenate},
    {"DATE", "nnn", "d", false, date},
    {"DATEDIF", "ddt", "n", false, difference},
    {"DAY", "d", "n", false, part_of_time<&CivilTime::day>},
    {"EXACT", "tt", "b", false, exact},
    {"FIND", "tt?n", "n", false, find},
    {"HOUR", "d", "n", false, part_of_time<&CivilTime::hour>},
    {"IF", "ba?a", "=1", true, if_else},
    {"IFERROR", "aa", "=0", true, if_fails},
    {"INT", "n", "n", false, floor_of},
    {"ISBLANK", "a", "b", false, blank},
    {"ISERROR", "a", "b", true, failed},
    {"ISNUMBER", "a", "b", false, is_number},
    {"ISTEXT", "a", "b", false, is_text},
    {"LEFT", "t?n", "t", false, left},
    {"LEN", "t", "n", false, length},
    {"LOWER", "t", "t", false, lower},
    {"MAX", "c*", "=0", false, most},
    {"MID", "tnn", "t", false, middle},
    {"MIN", "c*", "=0", false, least},
    {"MINUTE", "d", "n", false, part_of_time<&CivilTime::minute>},
    {"MOD", "nn", "n", false, modulo},
    {"MONTH", "d", "n", false, part_of_time<&CivilTime::month>},
    {"NOT", "b", "b", false, not_of},
    {"OR", "b*", "b", false, any_of},
    {"POWER", "nn", "n", false, power},
    {"PROPER", "t", "t", false, proper},
    {"REPLACE", "tnnt", "t", false, replace},
    {"REPT", "tn", "t", false, repeat},
    {"RIGHT", "t?n", "t", false, right},
    {"ROUND", "nn", "n", false, round_half},
    {"ROUNDDOWN", "nn", "n", false, round_down},
    {"ROUNDUP", "nn", "n", false, round_up},
    {"SEARCH", "tt?n", "n", false, search},
    {"SECOND", "d", "n", false, part_of_time<&CivilTime::second>},
    {"SIGN", "n", "n", false, sign},
    {"SQRT", "n", "n", false, square_root},
    {"SUBSTITUTE", "ttt", "t", false, substitute},
    {"SUM", "n*", "n", false, total},
    {"TEXT", "ct", "t", false, formatted},
    {"TRIM", "t", "t", false, trimmed},
    {"TRUNC", "n?n", "n", false, round_down},
    {"UPPER", "t", "t", false, upper},
    {"VALUE", "t", "n", false, number_in},
    {"WEEKDAY", "d?n", "n", false, weekday},
    {"YEAR", "d", "n", false, part_of_time<&CivilTime::year>},
};

}  // namespace

std::span<const FormulaFunction> formula_functions() { return all_functions; }

}  // namespace rollcall::lists
