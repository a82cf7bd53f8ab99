// TEXT(): a number or a date by its picture. Of a number `0` digits that are always there, `#` those that are when they
// count, `,` between them groups of thousands, `%` hundredths; of a date y, m, d, h, s in their numbers, AM/PM. What
// stands in "…" or behind \ is itself, and so is everything else.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.hpp"
#include "lists/formula_tree.hpp"

namespace rollcall::lists {
namespace {

constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                            "July",    "August",   "September", "October", "November", "December"};
constexpr std::array weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                              "Thursday", "Friday", "Saturday"};

bool is_one_of(char c, std::string_view all) { return all.find(c) != std::string_view::npos; }

// A letter and how often it is repeated; or a text that is itself.
struct Piece {
  char letter = 0;
  std::size_t count = 0;
  std::string text;
};

std::vector<Piece> pieces_of(std::string_view format, std::string_view letters) {
  std::vector<Piece> pieces;
  const auto add = [&](std::string_view text) {
    if (pieces.empty() || pieces.back().letter != 0) pieces.emplace_back();
    pieces.back().text += text;
  };
  for (std::size_t i = 0; i < format.size();) {
    const char c = format[i];
    if (c == '"') {
      const auto end = std::min(format.find('"', i + 1), format.size());
      add(format.substr(i + 1, end - i - 1));
      i = end + 1;
    } else if (c == '\\' && i + 1 < format.size()) {
      add(format.substr(i + 1, 1));
      i += 2;
    } else if (is_one_of(c, letters)) {
      auto end = i;
      while (end < format.size() && format[end] == c) ++end;
      pieces.push_back({c, end - i, {}});
      i = end;
    } else {
      add(format.substr(i++, 1));
    }
  }
  return pieces;
}

std::string padded(int value, std::size_t count) {
  return count >= 2 ? fmt::format("{:02}", value) : fmt::format("{}", value);
}

std::string named(const char* name, std::size_t count) {
  return count == 3 ? std::string(name).substr(0, 3) : std::string(name);
}

std::string format_time(Timestamp time, std::string_view given) {
  auto format = to_lower(given);
  bool halves = false;
  if (const auto at = format.find("am/pm"); at != std::string::npos) {
    halves = true;
    format.replace(at, 5, "p");
  }
  const auto civil = to_civil(time);
  std::string out;
  char before = 0;  // m behind h, or before s, is minutes
  const auto pieces = pieces_of(format, halves ? "ymdhsp" : "ymdhs");
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& [letter, count, text] = pieces[i];
    if (letter == 0) {
      out += text;
      continue;
    }
    const auto next =
        std::ranges::find_if(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1, pieces.end(),
                             [](const Piece& one) { return one.letter != 0; });
    const bool minutes =
        letter == 'm' && (before == 'h' || (next != pieces.end() && next->letter == 's'));
    before = letter;
    if (letter == 'y')
      out += count <= 2 ? fmt::format("{:02}", civil.year % 100) : fmt::format("{:04}", civil.year);
    else if (letter == 'm' && minutes)
      out += padded(civil.minute, count);
    else if (letter == 'm')
      out += count >= 3 ? named(months[static_cast<std::size_t>(civil.month - 1)], count)
                        : padded(civil.month, count);
    else if (letter == 'd')
      out += count >= 3 ? named(weekdays[static_cast<std::size_t>(day_of_week(time))], count)
                        : padded(civil.day, count);
    else if (letter == 'h')
      out += padded(halves ? (civil.hour + 11) % 12 + 1 : civil.hour, count);
    else if (letter == 's')
      out += padded(civil.second, count);
    else
      out += civil.hour < 12 ? "AM" : "PM";
  }
  return out;
}

// Digits of the whole part, with their groups.
std::string whole_digits(std::string digits, std::size_t least, bool grouped) {
  if (digits == "0" && least == 0) digits.clear();
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  if (!grouped) return digits;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

FormulaValue format_number(double number, std::string_view format) {
  const auto first = format.find_first_of("0#");
  if (first == std::string_view::npos) return std::string(format);
  const auto last = format.find_last_of("0#");
  const auto picture = format.substr(first, last - first + 1);
  const auto percents = std::ranges::count(format, '%');
  for (std::ptrdiff_t i = 0; i < percents; ++i) number *= 100;
  const auto point = picture.find('.');
  const auto whole = picture.substr(0, point);
  const auto fraction = point == std::string_view::npos ? "" : picture.substr(point + 1);
  const auto places = static_cast<std::size_t>(
      std::ranges::count_if(fraction, [](char c) { return is_one_of(c, "0#"); }));
  const auto kept = static_cast<std::size_t>(std::ranges::count(fraction, '0'));
  if (places > 15 || !(std::abs(number) < 1e21)) return CannotBe{};
  const double scale = std::pow(10.0, static_cast<double>(places));
  const double scaled = std::abs(number) * scale;
  const double half = std::round(scaled * 2) / 2;
  const bool is_half = std::abs(scaled - half) < 1e-9 * std::max(1.0, scaled);
  auto digits = fmt::format("{:.{}f}", std::round(is_half ? half : scaled) / scale, places);
  const bool negative = number < 0 && digits.find_first_of("123456789") != std::string::npos;
  std::string decimals;
  if (const auto dot = digits.find('.'); dot != std::string::npos) {
    decimals = digits.substr(dot + 1);
    digits.resize(dot);
  }
  while (decimals.size() > kept && decimals.ends_with('0')) decimals.pop_back();
  const auto least = static_cast<std::size_t>(std::ranges::count(whole, '0'));
  std::string out = negative ? "-" : "";
  for (const auto& piece : pieces_of(format.substr(0, first), "")) out += piece.text;
  out += whole_digits(std::move(digits), least, whole.contains(','));
  if (!decimals.empty()) out += '.' + decimals;
  for (const auto& piece : pieces_of(format.substr(last + 1), "")) out += piece.text;
  return out;
}

}  // namespace

FormulaValue format_value(const FormulaValue& value, std::string_view format) {
  if (const auto* time = std::get_if<Timestamp>(&value)) return format_time(*time, format);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (std::holds_alternative<std::monostate>(value)) return std::string();
  const auto number = number_of(value);
  return number ? format_number(*number, format) : FormulaValue(CannotBe{});
}

}  // namespace rollcall::lists
