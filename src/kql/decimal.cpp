#include "kql/decimal.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "kql/values.hpp"

// A decimal is unpacked into a wide integer and a power of ten, worked on exactly, and rounded when
// it is packed again.
//
// What is kept: `n`, `o` or `p` for less than, equal to or greater than 0; then the exponent of the
// first digit, five digits from 10000 up; then the digits without zeros at their end. Of a negative
// number each digit is taken from 9 and `~` stands at the end, so that what is larger by its amount
// is less.

namespace rollcall::kql {
namespace {

using Wide = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    768, 768, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

constexpr int most_digits = 34;
constexpr int most_exponent = 6144;                // of the first digit
constexpr int widest_shift = 2 * most_digits + 2;  // numbers that are farther apart do not meet
constexpr int exponent_bias = 10'000;

struct Number {
  Wide digits = 0;   // signed
  int exponent = 0;  // digits × 10^exponent
};

Wide power_of_ten(int exponent) {
  return boost::multiprecision::pow(Wide(10), static_cast<unsigned>(exponent));
}

int count_digits(const Wide& digits) {
  return digits == 0 ? 0 : static_cast<int>(Wide(abs(digits)).str().size());
}

std::string complement(std::string text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = static_cast<char>('0' + ('9' - c));
  }
  return text;
}

Wide divided_half_even(const Wide& amount, const Wide& unit) {
  Wide quotient = amount / unit;
  const Wide rest = amount % unit;
  if (rest * 2 > unit || (rest * 2 == unit && quotient % 2 == 1)) ++quotient;
  return quotient;
}

std::optional<std::string> pack(const Number& number) {
  if (number.digits == 0) return "o";
  const bool negative = number.digits < 0;
  Wide amount = abs(number.digits);
  int exponent = number.exponent;
  if (const int drop = count_digits(amount) - most_digits; drop > 0) {
    amount = divided_half_even(amount, power_of_ten(drop));
    exponent += drop;
  }
  std::string digits = amount.str();
  const int first = exponent + static_cast<int>(digits.size()) - 1;
  if (first > most_exponent) return std::nullopt;
  if (first < -most_exponent) return "o";
  digits.erase(digits.find_last_not_of('0') + 1);
  const std::string kept = fmt::format("{:05}{}", first + exponent_bias, digits);
  return negative ? "n" + complement(kept) + "~" : "p" + kept;
}

Number unpack(std::string_view kept) {
  constexpr std::size_t exponent_end = 6;
  if (kept.size() <= exponent_end || (kept[0] != 'p' && kept[0] != 'n')) return {};
  const bool negative = kept[0] == 'n';
  std::string text(kept.substr(1));
  if (negative) {
    text.pop_back();
    text = complement(std::move(text));
  }
  int first = 0;
  std::from_chars(text.data(), text.data() + exponent_end - 1, first);
  const std::string digits = text.substr(exponent_end - 1);
  if (digits.empty() || digits.size() > most_digits ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return {};
  // A leading 0 would be read as octal; the first digit never is one.
  Wide amount(digits);
  if (negative) amount = -amount;
  return {amount, first - exponent_bias - static_cast<int>(digits.size()) + 1};
}

// Both at one power of ten. Of numbers too far apart the smaller is nothing beside the larger.
void align(Number& a, Number& b) {
  if (a.digits == 0) a.exponent = b.exponent;
  if (b.digits == 0) b.exponent = a.exponent;
  Number& high = a.exponent > b.exponent ? a : b;
  Number& low = a.exponent > b.exponent ? b : a;
  const int shift = high.exponent - low.exponent;
  if (shift > widest_shift) {
    low = {Wide(0), high.exponent};
    return;
  }
  high.digits *= power_of_ten(shift);
  high.exponent = low.exponent;
}

// The whole number not above a / b; nullopt where a has more digits than meet.
std::optional<Number> floored_quotient(Number a, Number b) {
  if (a.exponent - b.exponent > widest_shift) return std::nullopt;
  if (b.exponent - a.exponent > widest_shift) return Number{a.digits < 0 ? Wide(-1) : Wide(0), 0};
  align(a, b);
  Wide quotient = a.digits / b.digits;
  if (quotient * b.digits != a.digits && (a.digits < 0) != (b.digits < 0)) --quotient;
  return Number{quotient, 0};
}

}  // namespace

std::optional<std::string> parse_decimal(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t e = text.find_first_of("eE");
  std::int64_t exponent = 0;
  if (e != std::string_view::npos) {
    const auto given = parse_long(text.substr(e + 1));
    if (!given || *given > 2 * most_exponent || *given < -2 * most_exponent) return std::nullopt;
    exponent = *given;
    text = text.substr(0, e);
  }
  std::string digits;
  bool behind_point = false, any = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any = true;
    constexpr std::size_t enough = 200;  // digits; what follows cannot change the 34 that are kept
    if (digits.size() < enough) {
      if (c != '0' || !digits.empty()) digits += c;
      exponent -= behind_point ? 1 : 0;
    } else {
      exponent += behind_point ? 0 : 1;
    }
  }
  if (!any) return std::nullopt;
  if (digits.empty()) return "o";
  Wide amount(digits);
  if (negative) amount = -amount;
  return pack({amount, static_cast<int>(std::clamp<std::int64_t>(exponent, -100'000, 100'000))});
}

std::optional<std::string> decimal_of(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return parse_decimal(fmt::format("{}", value));
}

std::string decimal_of(std::int64_t value) { return *pack({Wide(value), 0}); }

std::string decimal_text(std::string_view decimal) {
  const Number number = unpack(decimal);
  if (number.digits == 0) return "0";
  constexpr int widest_plain = 60;
  std::string digits = Wide(abs(number.digits)).str();
  const int count = static_cast<int>(digits.size()), first = number.exponent + count - 1;
  if (first >= widest_plain || -number.exponent > widest_plain) {
    if (digits.size() > 1) digits.insert(1, ".");
    digits += fmt::format("E{}{}", first < 0 ? "-" : "+", std::abs(first));
  } else if (number.exponent >= 0) {
    digits.append(static_cast<std::size_t>(number.exponent), '0');
  } else if (first < 0) {
    digits.insert(0, "0." + std::string(static_cast<std::size_t>(-first - 1), '0'));
  } else {
    digits.insert(static_cast<std::size_t>(first + 1), ".");
  }
  return number.digits < 0 ? "-" + digits : digits;
}

double decimal_real(std::string_view decimal) {
  return parse_real(decimal_text(decimal)).value_or(0);
}

std::optional<std::int64_t> decimal_long(std::string_view decimal) {
  const Number number = unpack(decimal);
  if (number.exponent > 19) return std::nullopt;
  if (number.exponent < -widest_shift) return 0;
  const Wide value = number.exponent < 0 ? Wide(number.digits / power_of_ten(-number.exponent))
                                         : Wide(number.digits * power_of_ten(number.exponent));
  if (value > INT64_MAX || value < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::string> decimal_add(std::string_view a, std::string_view b) {
  Number x = unpack(a), y = unpack(b);
  align(x, y);
  return pack({x.digits + y.digits, x.exponent});
}

std::optional<std::string> decimal_subtract(std::string_view a, std::string_view b) {
  Number x = unpack(a), y = unpack(b);
  align(x, y);
  return pack({x.digits - y.digits, x.exponent});
}

std::optional<std::string> decimal_multiply(std::string_view a, std::string_view b) {
  const Number x = unpack(a), y = unpack(b);
  return pack({x.digits * y.digits, x.exponent + y.exponent});
}

std::optional<std::string> decimal_divide(std::string_view a, std::string_view b) {
  const Number x = unpack(a), y = unpack(b);
  if (y.digits == 0) return std::nullopt;
  // Two digits more than are kept, and a last one that says whether a rest is left.
  const int shift = most_digits + 2 + count_digits(y.digits);
  const Wide amount = x.digits * power_of_ten(shift);
  Wide quotient = amount / y.digits * 10;
  if (amount % y.digits != 0) quotient += (amount < 0) != (y.digits < 0) ? -1 : 1;
  return pack({quotient, x.exponent - y.exponent - shift - 1});
}

std::optional<std::string> decimal_modulo(std::string_view a, std::string_view b) {
  Number x = unpack(a), y = unpack(b);
  if (y.digits == 0) return std::nullopt;
  y.digits = abs(y.digits);
  const auto quotient = floored_quotient(x, y);
  if (!quotient) return std::nullopt;
  align(x, y);
  if (y.digits == 0) return pack(x);
  return pack({x.digits - quotient->digits * y.digits, x.exponent});
}

std::string decimal_abs(std::string_view decimal) {
  if (!decimal.starts_with('n')) return std::string(decimal);
  Number number = unpack(decimal);
  number.digits = abs(number.digits);
  return pack(number).value_or("o");
}

std::optional<std::string> decimal_round(std::string_view decimal, std::int64_t places) {
  const Number number = unpack(decimal);
  const std::int64_t drop = -places - number.exponent;
  if (drop <= 0) return std::string(decimal);
  if (drop > most_digits + 1) return "o";
  const Wide unit = power_of_ten(static_cast<int>(drop));
  Wide amount = (abs(number.digits) + unit / 2) / unit;
  if (number.digits < 0) amount = -amount;
  return pack({amount, static_cast<int>(-places)});
}

std::optional<std::string> decimal_ceiling(std::string_view decimal) {
  Number number = unpack(decimal);
  if (number.exponent >= 0) return std::string(decimal);
  number.digits = -number.digits;
  auto floor = floored_quotient(number, {Wide(1), 0});
  if (!floor) return std::string(decimal);
  floor->digits = -floor->digits;
  return pack(*floor);
}

std::optional<std::string> decimal_bin(std::string_view decimal, std::string_view size) {
  const Number number = unpack(decimal), width = unpack(size);
  if (width.digits <= 0) return std::nullopt;
  const auto steps = floored_quotient(number, width);
  if (!steps) return std::string(decimal);
  return pack({steps->digits * width.digits, width.exponent});
}

}  // namespace rollcall::kql
