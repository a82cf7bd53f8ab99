// A Decimal is unpacked into a wide integer and a scale, worked on exactly, and packed again.
#include "expr/decimal.hpp"

#include <fmt/format.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>

namespace rollcall::expr {
namespace {

using Wide = boost::multiprecision::int512_t;

struct Unpacked {
  Wide mantissa;  // signed
  int scale = 0;
};

constexpr int max_scale = 28;

Wide power_of_ten(int exponent) {
  return boost::multiprecision::pow(Wide(10), static_cast<unsigned>(exponent));
}
Wide max_mantissa() { return (Wide(1) << 96) - 1; }

Unpacked unpack(const Decimal& value) {
  Wide mantissa = (Wide(value.high) << 64) + value.low;
  if (value.negative) mantissa = -mantissa;
  return {mantissa, value.scale};
}

// Rounds to nearest, ties to even, until scale and mantissa fit.
std::optional<Decimal> pack(Unpacked value) {
  const bool negative = value.mantissa < 0;
  Wide mantissa = negative ? Wide(-value.mantissa) : value.mantissa;
  int drop = std::max(0, value.scale - max_scale);
  while (mantissa / power_of_ten(drop) > max_mantissa()) ++drop;
  if (drop > value.scale) return std::nullopt;
  if (drop > 0) {
    const Wide unit = power_of_ten(drop);
    const Wide rest = mantissa % unit;
    mantissa /= unit;
    if (rest * 2 > unit || (rest * 2 == unit && mantissa % 2 == 1)) ++mantissa;
    if (mantissa > max_mantissa()) return std::nullopt;
  }
  Decimal result;
  result.low = static_cast<std::uint64_t>(mantissa & Wide(~std::uint64_t{0}));
  result.high = static_cast<std::uint32_t>(Wide(mantissa >> 64));
  result.scale = static_cast<std::uint8_t>(value.scale - drop);
  result.negative = negative;
  return result;
}

void align(Unpacked& a, Unpacked& b) {
  if (a.scale < b.scale) {
    a.mantissa *= power_of_ten(b.scale - a.scale);
    a.scale = b.scale;
  } else if (b.scale < a.scale) {
    b.mantissa *= power_of_ten(a.scale - b.scale);
    b.scale = a.scale;
  }
}

}  // namespace

std::optional<Decimal> decimal_from(std::int64_t value) { return pack({Wide(value), 0}); }

std::optional<Decimal> decimal_from(double value) {
  if (!std::isfinite(value) || std::abs(value) >= 7.9228162514264338e28) return std::nullopt;
  const std::string text = fmt::format("{:.14e}", value);
  const std::size_t e = text.find('e');
  std::string digits = text.substr(0, e);
  std::erase(digits, '.');
  int exponent = 0;
  const std::string_view after = std::string_view(text).substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(after.data(), after.data() + after.size(), exponent);
  Unpacked result{Wide(digits), 14 - exponent};
  while (result.scale > 0 && result.mantissa % 10 == 0) {
    result.mantissa /= 10;
    --result.scale;
  }
  if (result.scale < 0) {
    result.mantissa *= power_of_ten(-result.scale);
    result.scale = 0;
  }
  if (result.scale > 60) return Decimal{};
  return pack(result);
}

std::optional<Decimal> parse_decimal(std::string_view plain) {
  if (plain.size() > 120) return std::nullopt;
  Unpacked result{Wide(0), 0};
  const bool negative = plain.starts_with('-');
  if (negative) plain.remove_prefix(1);
  bool fraction = false;
  for (const char c : plain) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    result.mantissa = result.mantissa * 10 + (c - '0');
    if (fraction) ++result.scale;
  }
  if (negative) result.mantissa = -result.mantissa;
  auto packed = pack(result);
  if (packed) packed->negative = negative && (packed->low != 0 || packed->high != 0);
  return packed;
}

std::string to_string(const Decimal& value) {
  std::string digits = Wide((Wide(value.high) << 64) + value.low).str();
  const std::size_t scale = value.scale;
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, 1, '.');
  return (value.negative ? "-" : "") + digits;
}

double to_double(const Decimal& value) {
  const std::string text = to_string(value);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::optional<std::int64_t> to_int64(const Decimal& value) {
  const Unpacked wide = unpack(value);
  const Wide unit = power_of_ten(wide.scale);
  if (wide.mantissa % unit != 0) return std::nullopt;
  const Wide whole = wide.mantissa / unit;
  if (whole > std::numeric_limits<std::int64_t>::max() ||
      whole < std::numeric_limits<std::int64_t>::min())
    return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

std::optional<Decimal> add(const Decimal& a, const Decimal& b) {
  Unpacked x = unpack(a), y = unpack(b);
  align(x, y);
  return pack({Wide(x.mantissa + y.mantissa), x.scale});
}

std::optional<Decimal> subtract(const Decimal& a, const Decimal& b) {
  Unpacked x = unpack(a), y = unpack(b);
  align(x, y);
  return pack({Wide(x.mantissa - y.mantissa), x.scale});
}

std::optional<Decimal> multiply(const Decimal& a, const Decimal& b) {
  const Unpacked x = unpack(a), y = unpack(b);
  return pack({Wide(x.mantissa * y.mantissa), x.scale + y.scale});
}

std::optional<Decimal> divide(const Decimal& a, const Decimal& b) {
  const Unpacked x = unpack(a), y = unpack(b);
  if (y.mantissa == 0) return std::nullopt;
  constexpr int extra = 58;  // enough digits to round the 29th rightly
  Unpacked result{Wide(x.mantissa * power_of_ten(extra) / y.mantissa), extra + x.scale - y.scale};
  const int wanted = std::max(0, x.scale - y.scale);
  while (result.scale > wanted && result.mantissa % 10 == 0) {
    result.mantissa /= 10;
    --result.scale;
  }
  return pack(result);
}

std::optional<Decimal> remainder(const Decimal& a, const Decimal& b) {
  Unpacked x = unpack(a), y = unpack(b);
  if (y.mantissa == 0) return std::nullopt;
  align(x, y);
  return pack({Wide(x.mantissa % y.mantissa), x.scale});
}

std::strong_ordering compare(const Decimal& a, const Decimal& b) {
  Unpacked x = unpack(a), y = unpack(b);
  align(x, y);
  const int order = x.mantissa.compare(y.mantissa);
  return order < 0   ? std::strong_ordering::less
         : order > 0 ? std::strong_ordering::greater
                     : std::strong_ordering::equal;
}

}  // namespace rollcall::expr
