// Reading dates: ISO first, then what a person may write in a culture.
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "expr/date_time.hpp"
#include "expr/unicode.hpp"

namespace rollcall::expr {
namespace {

std::unexpected<Error> no_date(std::string_view text) {
  return fail("EXPR0304", fmt::format("'{}' is no date that can be read", text.substr(0, 60)));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The index of the name that the text begins with, the longest one; its length is taken off the
// text.
std::optional<int> take_name(std::string_view& text, std::span<const std::string> names) {
  const std::u32string folded = fold_case(text.substr(0, 64));
  std::size_t best = 0;
  std::optional<int> found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() <= best || !folded.starts_with(fold_case(names[i]))) continue;
    best = names[i].size();
    found = static_cast<int>(i);
  }
  text.remove_prefix(std::min(best, text.size()));
  return found;
}

std::optional<int> take_month(std::string_view& text, const DateCulture& culture) {
  for (const auto* names : {&culture.months, &culture.genitive_months, &culture.short_months})
    if (auto month = take_name(text, *names)) return *month + 1;
  return std::nullopt;
}

int full_year(int year, std::size_t digits) {
  return digits > 2 ? year : year + (year < 50 ? 2000 : 1900);
}

std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t count = 0;
  while (count < text.size() && count < most && is_digit(text[count])) ++count;
  if (count < least || count == 0) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + count, value);
  text.remove_prefix(count);
  return value;
}

// [+-]hh[:mm] in minutes
std::optional<int> take_offset(std::string_view& text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 1, 2);
  if (!hours || *hours > 14) return std::nullopt;
  if (text.starts_with(':')) text.remove_prefix(1);
  const auto minutes = take_number(text, 2, 2);
  return sign * (*hours * 60 + minutes.value_or(0));
}

// A fraction of a second in ticks.
int take_fraction(std::string_view& text, std::size_t most) {
  int ticks = 0;
  std::size_t count = 0;
  for (; count < most && count < text.size() && is_digit(text[count]); ++count)
    if (count < 7) ticks = ticks * 10 + (text[count] - '0');
  text.remove_prefix(count);
  for (std::size_t i = count; i < 7; ++i) ticks *= 10;
  return ticks;
}

struct Parts {
  CivilTime civil{.year = 0, .month = 0, .day = 0};
  std::optional<bool> afternoon;
  std::optional<int> offset;  // minutes

  std::optional<DateTime> finish() const {
    CivilTime whole = civil;
    if (afternoon) {
      if (whole.hour < 1 || whole.hour > 12) return std::nullopt;
      whole.hour = whole.hour % 12 + (*afternoon ? 12 : 0);
    }
    const auto time = from_civil(whole);
    if (!time) return std::nullopt;
    if (!offset) return DateTime{*time, false};
    const Timestamp utc = *time - minutes(*offset);
    if (utc < Timestamp{} || utc > timestamp_max) return std::nullopt;
    return DateTime{utc, true};
  }
};

// Reads word by word: numbers, names of months and days, times, AM and PM, an offset. Answers
// nothing when a piece is left that means nothing.
class FreeReader {
 public:
  FreeReader(std::string_view text, const DateCulture& culture) : rest_(text), culture_(culture) {}

  std::optional<DateTime> read() {
    while (skip_separators(), !rest_.empty())
      if (!piece()) return std::nullopt;
    if (!place_numbers()) return std::nullopt;
    return parts_.finish();
  }

 private:
  void skip_separators() {
    const std::size_t end = rest_.find_first_not_of(" \t,./-");
    // A sign behind a time is an offset.
    if (time_seen_ && !rest_.empty() && rest_[0] == '-') return;
    rest_.remove_prefix(std::min(end, rest_.size()));
  }

  bool piece() {
    if (is_digit(rest_[0])) return number_or_time();
    if (time_seen_ && (rest_[0] == '+' || rest_[0] == '-')) {
      parts_.offset = take_offset(rest_);
      return parts_.offset.has_value();
    }
    const std::string_view word =
        rest_.substr(0, std::min(rest_.find_first_of(" \t,./-"), rest_.size()));
    if (equals_ignoring_case(word, "Z") || equals_ignoring_case(word, "GMT") ||
        equals_ignoring_case(word, "UTC")) {
      parts_.offset = 0;
      rest_.remove_prefix(word.size());
      return true;
    }
    if (equals_ignoring_case(word, "T") || equals_ignoring_case(word, "de") ||
        equals_ignoring_case(word, "of")) {
      rest_.remove_prefix(word.size());
      return true;
    }
    for (const auto& [name, afternoon] :
         {std::pair{&culture_.am, false}, std::pair{&culture_.pm, true}})
      if (!name->empty() && fold_case(word) == fold_case(*name)) return half(word, afternoon);
    if (equals_ignoring_case(word, "am") || equals_ignoring_case(word, "pm"))
      return half(word, equals_ignoring_case(word, "pm"));
    // `mar` is a month and the beginning of `martes`: a whole day's name comes first.
    if (whole_word(culture_.days, word)) return true;
    if (parts_.civil.month == 0)
      if (const auto month = take_month(rest_, culture_)) {
        parts_.civil.month = *month;
        return true;
      }
    return whole_word(culture_.short_days, word);
  }

  bool whole_word(std::span<const std::string> names, std::string_view word) {
    std::string_view ahead = rest_;
    if (!take_name(ahead, names) || rest_.size() - ahead.size() < word.size()) return false;
    rest_ = ahead;
    return true;
  }

  bool half(std::string_view word, bool afternoon) {
    if (!time_seen_) {  // `1 pm`: the last number was the hour
      if (numbers_.empty()) return false;
      parts_.civil.hour = numbers_.back().value;
      numbers_.pop_back();
      time_seen_ = true;
    }
    parts_.afternoon = afternoon;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool number_or_time() {
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    if (digits > 4) return false;
    const int value = *take_number(rest_, 1, 4);
    if (!rest_.starts_with(':')) {
      numbers_.push_back({value, digits});
      if (rest_.starts_with('T') && rest_.size() > 1 && is_digit(rest_[1])) rest_.remove_prefix(1);
      return true;
    }
    if (time_seen_) return false;
    time_seen_ = true;
    rest_.remove_prefix(1);
    parts_.civil.hour = value;
    const auto minute = take_number(rest_, 1, 2);
    if (!minute) return false;
    parts_.civil.minute = *minute;
    if (!rest_.starts_with(':')) return true;
    rest_.remove_prefix(1);
    const auto second = take_number(rest_, 1, 2);
    if (!second) return false;
    parts_.civil.second = *second;
    if (rest_.starts_with('.') && rest_.size() > 1 && is_digit(rest_[1])) {
      rest_.remove_prefix(1);
      parts_.civil.fraction = take_fraction(rest_, 20);
    }
    return true;
  }

  // Gives year, month and day to the numbers in the culture's order; a long number is the year.
  bool place_numbers() {
    const bool month_named = parts_.civil.month != 0;
    if (numbers_.size() != (month_named ? 2U : 3U)) return false;
    std::string order = culture_.order;
    if (month_named) std::erase(order, 'm');
    const bool year_first = numbers_.front().digits > 2;
    if (year_first) order = month_named ? "yd" : "ymd";
    if (!year_first && order.starts_with('y') && numbers_.back().digits > 2)
      order = month_named ? "dy" : "dmy";
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      if (order[i] == 'y')
        parts_.civil.year = full_year(numbers_[i].value, numbers_[i].digits);
      else if (numbers_[i].digits > 2)
        return false;
      else
        (order[i] == 'm' ? parts_.civil.month : parts_.civil.day) = numbers_[i].value;
    }
    return true;
  }

  struct Number {
    int value;
    std::size_t digits;
  };
  std::string_view rest_;
  const DateCulture& culture_;
  Parts parts_;
  std::vector<Number> numbers_;
  bool time_seen_ = false;
};

// One letter of an exact format.
bool read_token(const FormatToken& token, std::string_view& text, const DateCulture& culture,
                Parts& parts) {
  const auto number = [&](int& to) {
    const auto value = take_number(text, token.count >= 2 ? 2 : 1, 2);
    if (value) to = *value;
    return value.has_value();
  };
  CivilTime& civil = parts.civil;
  switch (token.letter) {
    case 'd':
      if (token.count <= 2) return number(civil.day);
      return take_name(text, token.count == 3 ? culture.short_days : culture.days).has_value();
    case 'M': {
      if (token.count <= 2) return number(civil.month);
      const auto month = take_month(text, culture);
      civil.month = month.value_or(0);
      return month.has_value();
    }
    case 'y': {
      const auto year = take_number(text, token.count,
                                    std::max<std::size_t>(token.count, token.count <= 2 ? 2 : 4));
      if (year) civil.year = full_year(*year, token.count <= 2 ? 2 : 4);
      return year.has_value();
    }
    case 'h':
    case 'H':
      return number(civil.hour);
    case 'm':
      return number(civil.minute);
    case 's':
      return number(civil.second);
    case 'f':
      if (text.size() < token.count || !std::ranges::all_of(text.substr(0, token.count), is_digit))
        return false;
      civil.fraction = take_fraction(text, token.count);
      return true;
    case 'F':
      civil.fraction = take_fraction(text, token.count);
      return true;
    case 't': {
      const std::string halves[] = {culture.am.substr(0, token.count == 1 ? 1 : culture.am.size()),
                                    culture.pm.substr(0, token.count == 1 ? 1 : culture.pm.size())};
      const auto half = take_name(text, halves);
      if (half) parts.afternoon = *half == 1;
      return half.has_value();
    }
    case 'K':
      if (text.starts_with('Z')) {
        text.remove_prefix(1);
        parts.offset = 0;
        return true;
      }
      if (text.empty()) return true;
      [[fallthrough]];
    case 'z':
      parts.offset = take_offset(text);
      return parts.offset.has_value();
    default:
      return true;
  }
}

}  // namespace

Result<DateTime> parse_date(std::string_view text, std::string_view locale) {
  const std::string_view trimmed = trim(text);
  if (const auto time = parse_iso(trimmed)) {
    const std::size_t time_part = trimmed.find_first_of("T ");
    const std::string_view clock = trimmed.substr(std::min(time_part, trimmed.size()));
    return DateTime{*time, clock.find_first_of("Zz+-") != std::string_view::npos};
  }
  TRY(const DateCulture* culture, date_culture(locale));
  if (trimmed.size() > 200) return no_date(text);
  auto result = FreeReader(trimmed, *culture).read();
  if (!result && !culture->english) {
    TRY(const DateCulture* english, date_culture(""));
    result = FreeReader(trimmed, *english).read();
  }
  if (!result) return no_date(text);
  return *result;
}

Result<DateTime> parse_date_exact(std::string_view text, std::string_view locale,
                                  std::string_view format) {
  TRY(const DateCulture* culture, date_culture(locale));
  std::string_view rest = trim(text), tokens = format;
  Parts parts{.civil = {.year = 1, .month = 1, .day = 1},
              .afternoon = std::nullopt,
              .offset = std::nullopt};
  while (const auto token = next_token(tokens)) {
    bool fits = true;
    if (token->letter == '\0') {
      fits = rest.starts_with(token->literal);
      rest.remove_prefix(fits ? token->literal.size() : 0);
    } else {
      fits = read_token(*token, rest, *culture, parts);
    }
    if (!fits)
      return fail("EXPR0304",
                  fmt::format("'{}' does not fit the format '{}'", text.substr(0, 60), format));
  }
  const auto result = parts.finish();
  if (!result || !rest.empty())
    return fail("EXPR0304",
                fmt::format("'{}' does not fit the format '{}'", text.substr(0, 60), format));
  return *result;
}

}  // namespace rollcall::expr
