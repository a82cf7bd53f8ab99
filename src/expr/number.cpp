#include "expr/number.hpp"

#include <unicode/dcfmtsym.h>
#include <unicode/locid.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "expr/unicode.hpp"

namespace rollcall::expr {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (prefix.empty() || !text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string symbol(const icu::DecimalFormatSymbols& symbols,
                   icu::DecimalFormatSymbols::ENumberFormatSymbol which) {
  std::string out;
  symbols.getSymbol(which).toUTF8String(out);
  return out;
}

// Cultures that group by a narrow or unbreakable space are written with any space.
bool take_group(std::string_view& text, const std::string& group) {
  if (take(text, group)) return true;
  const bool space = group == "\xc2\xa0" || group == "\xe2\x80\xaf";
  return space && (take(text, " ") || take(text, "\xc2\xa0") || take(text, "\xe2\x80\xaf"));
}

}  // namespace

std::optional<Number> number_of(const Value& value) {
  if (const Decimal* decimal = value.decimal()) return *decimal;
  if (const std::int64_t* integer = value->if_int64()) return *integer;
  if (const std::uint64_t* integer = value->if_uint64()) return static_cast<double>(*integer);
  if (const double* number = value->if_double()) return *number;
  return std::nullopt;
}

Value value_of(const Number& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number)) return json::value(*integer);
  if (const auto* real = std::get_if<double>(&number)) return json::value(*real);
  return std::get<Decimal>(number);
}

double as_double(const Number& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number))
    return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&number)) return *real;
  return to_double(std::get<Decimal>(number));
}

std::optional<Decimal> as_decimal(const Number& number) {
  if (const auto* integer = std::get_if<std::int64_t>(&number)) return decimal_from(*integer);
  if (const auto* real = std::get_if<double>(&number)) return decimal_from(*real);
  return std::get<Decimal>(number);
}

std::optional<NumberCulture> number_culture(std::string_view locale_name) {
  if (locale_name.empty()) return NumberCulture{};
  if (!known_locale(locale_name)) return std::nullopt;
  const icu::Locale locale = icu::Locale::createCanonical(std::string(locale_name).c_str());
  UErrorCode status = U_ZERO_ERROR;
  const icu::DecimalFormatSymbols symbols(locale, status);
  if (U_FAILURE(status)) return std::nullopt;
  using Symbols = icu::DecimalFormatSymbols;
  return NumberCulture{symbol(symbols, Symbols::kDecimalSeparatorSymbol),
                       symbol(symbols, Symbols::kGroupingSeparatorSymbol),
                       symbol(symbols, Symbols::kInfinitySymbol),
                       symbol(symbols, Symbols::kNaNSymbol)};
}

std::optional<std::string> plain_number(std::string_view text, const NumberCulture& culture,
                                        bool exponent) {
  text = trim(text);
  bool negative = false, sign = false;
  const auto take_sign = [&] {
    if (sign || text.empty() || (text.front() != '+' && text.front() != '-')) return false;
    negative = text.front() == '-';
    sign = true;
    text.remove_prefix(1);
    return true;
  };
  take_sign();
  std::string digits, tail;
  bool point = false, any = false;
  while (!text.empty()) {
    if (text.front() >= '0' && text.front() <= '9') {
      digits += text.front();
      text.remove_prefix(1);
      any = true;
    } else if (!point && take(text, culture.decimal_point)) {
      point = true;
      digits += '.';
    } else if (point || !any || !take_group(text, culture.group)) {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (exponent && !text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    tail = 'e';
    text.remove_prefix(1);
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
      if (text.front() == '-') tail += '-';
      text.remove_prefix(1);
    }
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      tail += text.front();
      text.remove_prefix(1);
    }
  }
  text = trim(text);
  take_sign();
  if (!trim(text).empty()) return std::nullopt;
  if (digits.starts_with('.')) digits.insert(0, 1, '0');
  if (digits.ends_with('.')) digits.pop_back();
  return (negative ? "-" : "") + digits + tail;
}

std::optional<double> parse_double(std::string_view text, const NumberCulture& culture) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::string_view word = trim(text);
  if (equals_ignoring_case(word, culture.not_a_number))
    return std::numeric_limits<double>::quiet_NaN();
  if (equals_ignoring_case(word, culture.infinity)) return infinity;
  if (word.starts_with('-') && equals_ignoring_case(word.substr(1), culture.infinity))
    return -infinity;
  const auto plain = plain_number(text, culture, true);
  if (!plain) return std::nullopt;
  double value = 0;
  const auto read = std::from_chars(plain->data(), plain->data() + plain->size(), value);
  if (read.ec != std::errc::result_out_of_range) return value;
  // from_chars says only that it does not fit: too large, unless its exponent is negative.
  const bool tiny = plain->find("e-") != std::string::npos;
  return (plain->starts_with('-') ? -1.0 : 1.0) * (tiny ? 0.0 : infinity);
}

}  // namespace rollcall::expr
