#include "base/json_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace rollcall {
namespace {

bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

constexpr std::uint64_t each_byte = 0x0101'0101'0101'0101;

// Whether none of eight characters needs an escape: of a byte below 0x20 or equal to one of the two the highest bit
// stays set. (Behind such a byte it may be set for another, too, which is no harm.)
bool are_plain(std::uint64_t bytes) {
  constexpr auto highest = each_byte << 7U;
  const auto below = [](std::uint64_t of, std::uint64_t limit) {
    return (of - each_byte * limit) & ~of;
  };
  return ((below(bytes, 0x20) | below(bytes ^ (each_byte * '"'), 1) |
           below(bytes ^ (each_byte * '\\'), 1)) &
          highest) == 0;
}

std::uint64_t eight_at(const char* text) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, 8);
  return bytes;
}

// Looked at eight at a time; the last eight of a longer text overlap those before.
bool is_plain(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() < 8) {
    std::uint64_t bytes = each_byte * ' ';
    std::memcpy(&bytes, text.data(), text.size());
    return are_plain(bytes);
  }
  for (std::size_t at = 0; at + 8 < text.size(); at += 8) {
    if (!are_plain(eight_at(text.data() + at))) return false;
  }
  return are_plain(eight_at(text.data() + text.size() - 8));
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
  if (is_plain(text)) {
    const auto before = out.size(), after = before + text.size() + 2;
    out.resize_and_overwrite(after, [&](char* data, std::size_t) {
      data[before] = '"';
      std::copy(text.begin(), text.end(), data + before + 1);
      data[after - 1] = '"';
      return after;
    });
    return;
  }
  out += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_plain(text[i])) continue;
    out.append(text, written, i - written);
    append_escaped(out, text[i]);
    written = i + 1;
  }
  out.append(text, written);
  out += '"';
}

void append_json(std::string& out, std::int64_t number) {
  std::array<char, 20> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), written.ptr);
}

}  // namespace rollcall
