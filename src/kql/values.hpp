// Texts of KQL's values, both ways: what literals and conversions read, and what tostring and JSON
// show. Reading never fails loudly: a text that is no such value is nullopt, as in Kusto's to…()
// functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace rollcall::kql {

// Ticks since 0001-01-01: ISO 8601 in all its lengths, `12-02-2022` (month first), `8 Nov 14
// 15:05:02 GMT`.
std::optional<std::int64_t> parse_datetime(std::string_view text);
// Ticks: `1.5h`, `10 minutes`, `2.03:04:05.6`, `00:00:10`, a plain number of days.
std::optional<std::int64_t> parse_timespan(std::string_view text);
// Decimal or hexadecimal, blanks around allowed.
std::optional<std::int64_t> parse_long(std::string_view text);
std::optional<double> parse_real(std::string_view text);
std::optional<bool> parse_bool(std::string_view text);
// In lower case with dashes.
std::optional<std::string> parse_guid(std::string_view text);

// The shortest text that reads back as the number, with `.0` when it is whole.
std::string real_text(double value);
// `2017-01-01T00:00:00.0000000Z`
std::string datetime_text(std::int64_t ticks);
std::string timespan_text(std::int64_t ticks);

// Compact JSON, reals as real_text writes them.
void write_json(const json::value& value, std::string& out);
std::string json_text(const json::value& value);
std::string json_string(std::string_view text);
// The value of a dynamic's text; null when the text is no JSON.
std::optional<json::value> read_json(std::string_view text);

}  // namespace rollcall::kql
