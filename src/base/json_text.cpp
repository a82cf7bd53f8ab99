#include "base/json_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace rollcall {
namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

// How many characters at the front need no escape; looked at eight at a time.
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t each = 0x0101'0101'0101'0101, highest = each << 7U;
  // The highest bit of each byte that is below `limit` (at most 0x80); perhaps also of bytes behind such a one.
  const auto below = [](std::uint64_t bytes, std::uint64_t limit) {
    return (bytes - each * limit) & ~bytes & highest;
  };
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, 8);
    if ((below(bytes, 0x20) | below(bytes ^ (each * '"'), 1) | below(bytes ^ (each * '\\'), 1)) !=
        0)
      break;
  }
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

void append_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto end = plain_length(text);
    out.append(text.data(), end);
    text.remove_prefix(end);
    if (text.empty()) break;
    append_escaped(out, text.front());
    text.remove_prefix(1);
  }
  out += '"';
}

void append_json(std::string& out, std::int64_t number) {
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), written.ptr);
}

}  // namespace rollcall
