// Dates and times as .NET reads and writes them: kinds, format strings, cultures, Windows time
// zones.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::expr {

// A time that was read with Z or an offset is UTC, and is written with Z; another is not said to be
// anything.
struct DateTime {
  Timestamp time;
  bool utc = false;
};

// ISO 8601, RFC 1123, and what people write in the culture: `03/15/2018 1 pm`, `20 octobre 2010`.
// EXPR0304.
Result<DateTime> parse_date(std::string_view text, std::string_view locale);
// By one of .NET's custom formats. EXPR0304: the text does not fit it.
Result<DateTime> parse_date_exact(std::string_view text, std::string_view locale,
                                  std::string_view format);
// A standard format (one letter) or a custom one. EXPR0303: the format or the locale is not known.
Result<std::string> format_date(DateTime value, std::string_view format, std::string_view locale);

// A Windows name (`Pacific Standard Time`) or a name of the tz database. EXPR0303: there is no such
// zone.
Result<DateTime> from_utc(Timestamp utc, std::string_view zone);
// Where a local time comes twice, the standard one is meant; where it is left out, the time before
// the gap.
Result<Timestamp> to_utc(Timestamp local, std::string_view zone);

// The names of a culture. English ones are built in.
struct DateCulture {
  std::string months[12], short_months[12], genitive_months[12];
  std::string days[7], short_days[7];  // from Sunday
  std::string am, pm;
  std::string order;  // of a date in digits: `mdy`, `dmy` or `ymd`
  std::string short_date, long_date, short_time, long_time, month_day,
      year_month;  // as .NET formats
  bool english = false;
};
// EXPR0303: there is no such locale. "" is English.
Result<const DateCulture*> date_culture(std::string_view locale);

// A token of a custom format: a run of one letter, a literal, or a single other character.
struct FormatToken {
  char letter = '\0';  // '\0': a literal
  std::size_t count = 0;
  std::string_view literal;
};
// Takes the next token off the format; nullopt at its end.
std::optional<FormatToken> next_token(std::string_view& format);

}  // namespace rollcall::expr
