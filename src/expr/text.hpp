// Values as text, and the envelopes that carry bytes and XML inside JSON.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/json.hpp"
#include "expr/value.hpp"

namespace rollcall::expr {

// Compact JSON as .NET writes it: 5.0, 1E+50; non-ASCII characters stay.
void append_json(std::string& out, const json::value& value);
std::string to_json(const json::value& value);
// 5, 0.32, 9.223372036854776E+18, NaN: the shortest text that reads back as the same number.
std::string format_double(double value);

// What interpolation and concat append. The error: an envelope whose content type or base64 is not
// valid.
Result<void> append_text(std::string& out, const Value& value);
Result<void> append_text(std::string& out, const json::value& value);
// The same, but an envelope's bytes as they are: the one way in which they may be no UTF-8.
Result<std::string> bytes_of(const json::value& value);

// {"$content-type": type, "$content": base64 of bytes}
json::value envelope(std::string_view content_type, std::string_view bytes);
bool is_envelope(const json::value& value);
std::string_view envelope_type(const json::value& value);
Result<std::string> envelope_bytes(const json::value& value);

std::string base64_encode(std::string_view bytes);
// White space is skipped; the padding must be there. nullopt: not base64.
std::optional<std::string> base64_decode(std::string_view text);

// A member's name as a step of a JSON pointer, with its slash.
std::string pointer_step(std::string_view name);

// Strings count in UTF-16 code units, as .NET has it. Positions beyond the end are the end.
std::size_t utf16_length(std::string_view text);
// The byte offset of the code unit `units` (of the character it belongs to, when inside a pair).
std::size_t utf16_offset(std::string_view text, std::size_t units);

}  // namespace rollcall::expr
