#include "expr/number_format.hpp"

#include <fmt/format.h>
#include <unicode/dcfmtsym.h>
#include <unicode/decimfmt.h>
#include <unicode/numfmt.h>

#include <charconv>
#include <cmath>
#include <memory>

#include "expr/text.hpp"

namespace rollcall::expr {
namespace {

// 0.<digits> · 10^point, without leading zeros; zero has no digits.
struct Digits {
  bool negative = false;
  std::string digits;
  int point = 0;

  bool zero() const { return digits.empty(); }
  int whole_digits() const { return std::max(point, 0); }
  // The digit with the weight 10^exponent.
  char at(int exponent) const {
    const int i = point - 1 - exponent;
    return i < 0 || i >= static_cast<int>(digits.size()) ? '0'
                                                         : digits[static_cast<std::size_t>(i)];
  }
  void trim() {
    const std::size_t first = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, first);
    point -= static_cast<int>(first);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.empty()) point = 0;
  }
  // Keeps `places` digits behind the decimal point; halves go away from zero.
  void round(int places) {
    const int keep = point + places;
    if (keep >= static_cast<int>(digits.size())) return;
    if (keep < 0) {
      digits.clear();
      point = 0;
      return;
    }
    const bool up = digits[static_cast<std::size_t>(keep)] >= '5';
    digits.resize(static_cast<std::size_t>(keep));
    if (up) {
      int i = keep - 1;
      while (i >= 0 && digits[static_cast<std::size_t>(i)] == '9')
        digits[static_cast<std::size_t>(i--)] = '0';
      if (i >= 0) {
        ++digits[static_cast<std::size_t>(i)];
      } else {
        digits.insert(0, 1, '1');
        ++point;
      }
    }
    trim();
  }
};

Digits from_plain(std::string_view text) {
  Digits result;
  if (text.starts_with('-')) {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t dot = std::min(text.find('.'), text.size());
  result.digits = text.substr(0, dot);
  result.point = static_cast<int>(dot);
  if (dot < text.size()) result.digits += text.substr(dot + 1);
  result.trim();
  return result;
}

Digits from_double(double value, int significant) {
  const std::string text = fmt::format("{:.{}e}", value, significant - 1);
  const std::size_t e = text.find('e');
  Digits result = from_plain(std::string_view(text).substr(0, e));
  if (result.zero()) return result;
  int exponent = 0;
  const char* from = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(from, text.data() + text.size(), exponent);
  result.point += exponent;
  return result;
}

// Custom formats see 15 digits of a float, standard ones all of them.
Digits digits_of(const Number& number, bool exact) {
  if (const auto* integer = std::get_if<std::int64_t>(&number))
    return from_plain(fmt::format("{}", *integer));
  if (const auto* real = std::get_if<double>(&number)) return from_double(*real, exact ? 60 : 15);
  return from_plain(to_string(std::get<Decimal>(number)));
}

struct Culture {
  std::string point = ".", group = ",", minus = "-", percent = "%";
  std::string before_currency = "\xc2\xa4", after_currency, before_percent, after_percent = "%";
};

// The parts of a pattern such as `¤#,##0.00` around its digits.
void affixes(const std::string& pattern, const std::string& mark, const std::string& symbol,
             std::string& before, std::string& after) {
  const std::string positive = pattern.substr(0, pattern.find(';'));
  const std::size_t first = positive.find_first_of("#0");
  const std::size_t last = positive.find_last_of("#0");
  if (first == std::string::npos) return;
  const auto fill = [&](std::string text) {
    if (const std::size_t at = text.find(mark); at != std::string::npos)
      text.replace(at, mark.size(), symbol);
    return text;
  };
  before = fill(positive.substr(0, first));
  after = fill(positive.substr(last + 1));
}

Result<Culture> culture_of(std::string_view locale_name) {
  Culture culture;
  const auto basic = number_culture(locale_name);
  if (!basic) return fail("EXPR0303", fmt::format("there is no locale '{}'", locale_name));
  if (locale_name.empty()) return culture;
  culture.point = basic->decimal_point;
  culture.group = basic->group;
  const icu::Locale locale = icu::Locale::createCanonical(std::string(locale_name).c_str());
  UErrorCode status = U_ZERO_ERROR;
  const icu::DecimalFormatSymbols symbols(locale, status);
  std::string symbol;
  symbols.getSymbol(icu::DecimalFormatSymbols::kCurrencySymbol).toUTF8String(symbol);
  const auto pattern_of = [&](UNumberFormatStyle style) {
    std::string pattern;
    const std::unique_ptr<icu::NumberFormat> format(
        icu::NumberFormat::createInstance(locale, style, status));
    icu::UnicodeString text;
    if (const auto* decimal = dynamic_cast<const icu::DecimalFormat*>(format.get()))
      decimal->toPattern(text);
    text.toUTF8String(pattern);
    return pattern;
  };
  affixes(pattern_of(UNUM_CURRENCY), "\xc2\xa4", symbol, culture.before_currency,
          culture.after_currency);
  affixes(pattern_of(UNUM_PERCENT), "%", "%", culture.before_percent, culture.after_percent);
  return culture;
}

std::string fixed(const Digits& digits, int places, const Culture& culture, bool grouped) {
  std::string out;
  const int whole = std::max(digits.whole_digits(), 1);
  for (int exponent = whole - 1; exponent >= 0; --exponent) {
    out += digits.at(exponent);
    if (grouped && exponent > 0 && exponent % 3 == 0) out += culture.group;
  }
  if (places > 0) out += culture.point;
  for (int exponent = -1; exponent >= -places; --exponent) out += digits.at(exponent);
  return out;
}

std::string with_sign(const Digits& digits, std::string text) {
  return digits.negative && !digits.zero() ? "-" + text : text;
}

// d.ddd…E+003
std::string scientific(Digits digits, int places, char letter, int least_exponent_digits,
                       const Culture& culture) {
  const int exponent = digits.zero() ? 0 : digits.point - 1;
  digits.point -= exponent;
  digits.round(places);
  const int carry = digits.point > 1 ? 1 : 0;  // 9.99 became 10.0
  digits.point -= carry;
  const int shown = exponent + carry;
  return with_sign(digits,
                   fmt::format("{}{}{}{:0{}}", fixed(digits, places, culture, false), letter,
                               shown < 0 ? '-' : '+', std::abs(shown), least_exponent_digits));
}

std::string general(const Number& number, int precision, char letter, const Culture& culture) {
  std::string text;
  if (precision <= 0) {
    if (const auto* real = std::get_if<double>(&number))
      text = format_double(*real);
    else
      text = std::holds_alternative<Decimal>(number)
                 ? to_string(std::get<Decimal>(number))
                 : fmt::format("{}", std::get<std::int64_t>(number));
  } else {
    Digits digits = digits_of(number, true);
    digits.round(precision - digits.point);
    const int exponent = digits.zero() ? 0 : digits.point - 1;
    const int places = std::max(static_cast<int>(digits.digits.size()) - digits.point, 0);
    if (exponent >= precision || exponent <= -5)
      return scientific(digits, std::max(static_cast<int>(digits.digits.size()) - 1, 0),
                        letter == 'G' ? 'E' : 'e', 2, culture);
    return with_sign(digits, fixed(digits, places, culture, false));
  }
  if (const std::size_t dot = text.find('.'); dot != std::string::npos)
    text.replace(dot, 1, culture.point);
  if (letter == 'g') std::ranges::replace(text, 'E', 'e');
  return text;
}

std::unexpected<Error> unknown_format(std::string_view format) {
  return fail("EXPR0303", fmt::format("the format '{}' does not fit this number", format));
}

Result<std::string> standard(const Number& number, char letter, int precision,
                             const Culture& culture, std::string_view format) {
  Digits digits = digits_of(number, true);
  const auto places = [&](int usual) { return precision < 0 ? usual : precision; };
  const auto* integer = std::get_if<std::int64_t>(&number);
  switch (letter) {
    case 'C':
    case 'c':
      digits.round(places(2));
      return with_sign(digits, culture.before_currency + fixed(digits, places(2), culture, true) +
                                   culture.after_currency);
    case 'N':
    case 'n':
      digits.round(places(2));
      return with_sign(digits, fixed(digits, places(2), culture, true));
    case 'F':
    case 'f':
      digits.round(places(2));
      return with_sign(digits, fixed(digits, places(2), culture, false));
    case 'P':
    case 'p':
      if (!digits.zero()) digits.point += 2;
      digits.round(places(2));
      return with_sign(digits, culture.before_percent + fixed(digits, places(2), culture, true) +
                                   culture.after_percent);
    case 'E':
    case 'e':
      return scientific(digits, places(6), letter, 3, culture);
    case 'G':
    case 'g':
      return general(number, precision, letter, culture);
    case 'R':
    case 'r':
      return general(number, 0, 'G', culture);
    case 'D':
    case 'd':
      if (!integer) return unknown_format(format);
      return with_sign(
          digits, fmt::format("{:0>{}}", digits.zero() ? "0" : fixed(digits, 0, culture, false),
                              places(1)));
    case 'X':
      if (!integer) return unknown_format(format);
      return fmt::format("{:0{}X}", static_cast<std::uint64_t>(*integer), places(1));
    case 'x':
      if (!integer) return unknown_format(format);
      return fmt::format("{:0{}x}", static_cast<std::uint64_t>(*integer), places(1));
    default:
      return unknown_format(format);
  }
}

// One section of a custom format, read once before it is written.
struct Section {
  struct Piece {
    enum class Kind { literal, digit, point, exponent } kind;
    std::string text;  // of a literal; `0` or `#` of a digit; `E+` and the like of an exponent
    int exponent_digits = 0;
  };
  std::vector<Piece> pieces;
  int whole = 0, places = 0;  // digit placeholders before and behind the point
  int first_zero = -1,
      last_zero = 0;  // of them: the first 0 before the point, the last 0 behind it
  bool grouped = false, point = false, exponent = false;
  int scale = 0;  // powers of ten: % and ‰ up, commas before the point down
};

std::vector<std::string_view> sections_of(std::string_view format) {
  std::vector<std::string_view> result;
  char quote = '\0';
  std::size_t from = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == '\\')
      ++i;
    else if (quote != '\0')
      quote = c == quote ? '\0' : quote;
    else if (c == '\'' || c == '"')
      quote = c;
    else if (c == ';') {
      result.push_back(format.substr(from, i - from));
      from = i + 1;
    }
  }
  result.push_back(format.substr(from));
  return result;
}

void add_digit(Section& section, char c) {
  section.pieces.push_back({Section::Piece::Kind::digit, std::string(1, c), 0});
  if (section.point) {
    ++section.places;
    if (c == '0') section.last_zero = section.places;
  } else {
    if (c == '0' && section.first_zero < 0) section.first_zero = section.whole;
    ++section.whole;
  }
}

Section read_section(std::string_view format, const Culture& culture) {
  using Kind = Section::Piece::Kind;
  Section section;
  int commas = 0;  // since the last digit
  const auto literal = [&](std::string_view text) {
    section.pieces.push_back({Kind::literal, std::string(text), 0});
  };
  for (std::size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if (c == '0' || c == '#') {
      if (commas > 0 && section.whole > 0 && !section.point) section.grouped = true;
      commas = 0;
      add_digit(section, c);
    } else if (c == ',') {
      ++commas;
    } else if (c == '.') {
      if (section.point) continue;
      section.point = true;
      section.scale -= 3 * commas;
      commas = 0;
      section.pieces.push_back({Kind::point, {}, 0});
    } else if (c == '%') {
      section.scale += 2;
      literal(culture.percent);
    } else if (format.substr(i).starts_with("\xe2\x80\xb0")) {
      section.scale += 3;
      literal("\xe2\x80\xb0");
      i += 2;
    } else if (c == '\'' || c == '"') {
      const std::size_t end = std::min(format.find(c, i + 1), format.size());
      literal(format.substr(i + 1, end - i - 1));
      i = end;
    } else if (c == '\\') {
      if (i + 1 < format.size()) literal(format.substr(++i, 1));
    } else if (c == 'E' || c == 'e') {
      std::size_t zero = i + 1;
      if (zero < format.size() && (format[zero] == '+' || format[zero] == '-')) ++zero;
      const std::size_t end = std::min(format.find_first_not_of('0', zero), format.size());
      if (end == zero) {
        literal(format.substr(i, 1));
        continue;
      }
      section.exponent = true;
      section.pieces.push_back(
          {Kind::exponent, std::string(format.substr(i, zero - i)), static_cast<int>(end - zero)});
      i = end - 1;
    } else {
      literal(format.substr(i, 1));
    }
  }
  if (!section.point) section.scale -= 3 * commas;
  return section;
}

std::string exponent_text(const Section::Piece& piece, int exponent) {
  const bool plus = piece.text.ends_with('+');
  return fmt::format("{}{}{:0{}}", piece.text[0],
                     exponent < 0 ? "-"
                     : plus       ? "+"
                                  : "",
                     std::abs(exponent), piece.exponent_digits);
}

std::string write_section(const Section& section, Digits digits, const Culture& culture) {
  using Kind = Section::Piece::Kind;
  int exponent = 0;
  if (section.exponent) {
    if (!digits.zero()) {
      exponent = digits.point - section.whole;
      digits.point = section.whole;
    }
  } else if (!digits.zero()) {
    digits.point += section.scale;
  }
  digits.round(section.places);
  const int least_whole = section.first_zero < 0 ? 0 : section.whole - section.first_zero;
  const int whole = std::max(digits.whole_digits(), least_whole);
  const int places =
      std::max(section.last_zero,
               std::min(section.places, static_cast<int>(digits.digits.size()) - digits.point));
  std::string out;
  int placeholder = section.whole;  // of the whole part, still to come
  int written = 0;                  // of the fraction
  const auto put_whole = [&](int at) {
    out += digits.at(at);
    if (section.grouped && at > 0 && at % 3 == 0) out += culture.group;
  };
  for (const auto& piece : section.pieces) {
    if (piece.kind == Kind::literal) {
      out += piece.text;
    } else if (piece.kind == Kind::exponent) {
      out += exponent_text(piece, exponent);
    } else if (piece.kind == Kind::point) {
      if (section.whole == 0)
        for (int at = whole - 1; at >= 0; --at) put_whole(at);
      if (places > 0) out += culture.point;
    } else if (placeholder > 0) {
      // The first placeholder writes all digits that have none of their own.
      if (placeholder == section.whole)
        for (int at = whole - 1; at >= placeholder; --at) put_whole(at);
      --placeholder;
      if (placeholder < whole) put_whole(placeholder);
    } else if (written < places) {
      out += digits.at(-++written);
    }
  }
  return out;
}

std::string custom(const Number& number, std::string_view format, const Culture& culture) {
  Digits digits = digits_of(number, false);
  const auto sections = sections_of(format);
  std::string_view chosen = sections[0];
  bool sign = digits.negative;
  if (digits.zero() && sections.size() > 2 && !sections[2].empty()) {
    chosen = sections[2];
  } else if (digits.negative && sections.size() > 1 && !sections[1].empty()) {
    chosen = sections[1];
    sign = false;
  }
  const Section section = read_section(chosen, culture);
  Digits rounded = digits;
  if (!rounded.zero() && !section.exponent) rounded.point += section.scale;
  if (!section.exponent) rounded.round(section.places);
  if (rounded.zero() && sections.size() > 2 && !sections[2].empty() &&
      chosen.data() != sections[2].data())
    return write_section(read_section(sections[2], culture), {}, culture);
  return (sign && !rounded.zero() ? "-" : "") + write_section(section, digits, culture);
}

}  // namespace

Result<std::string> format_number(const Number& number, std::string_view format,
                                  std::string_view locale) {
  TRY(const Culture culture, culture_of(locale));
  if (const auto* real = std::get_if<double>(&number); real && !std::isfinite(*real))
    return format_double(*real);
  if (format.empty()) return general(number, 0, 'G', culture);
  const char letter = format[0];
  const bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
  const bool precision_only = format.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (is_letter && precision_only) {
    if (format.size() > 4) return unknown_format(format.substr(0, 40));
    int precision = -1;
    std::from_chars(format.data() + 1, format.data() + format.size(), precision);
    return standard(number, letter, precision, culture, format);
  }
  if (format.size() > 1'000) return unknown_format(format.substr(0, 40));
  return custom(number, format, culture);
}

}  // namespace rollcall::expr
