#include "expr/unicode.hpp"

#include <unicode/locid.h>
#include <unicode/uchar.h>

namespace rollcall::expr {
namespace {

constexpr std::int32_t no_character = -1;

struct Decoded {
  std::int32_t character = no_character;  // when the bytes are not UTF-8
  std::size_t bytes = 1;
};

// The character at `at`, which must be within the text.
Decoded decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {static_cast<std::int32_t>(lead), 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {};
  std::uint32_t code = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {static_cast<std::int32_t>(code), size};
}

void append(std::string& out, std::int32_t character) {
  const auto code = static_cast<std::uint32_t>(character);
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | code >> 6U);
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3fU));
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

template <class Map>
std::string map_letters(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Decoded next = decode(text, i);
    if (next.character == no_character)
      out += text[i];
    else
      append(out, map(next.character));
    i += next.bytes;
  }
  return out;
}

}  // namespace

std::string to_lower_invariant(std::string_view text) { return map_letters(text, u_tolower); }
std::string to_upper_invariant(std::string_view text) { return map_letters(text, u_toupper); }

std::u32string fold_case(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Decoded next = decode(text, i);
    // A byte that is not UTF-8 stands for itself, beyond all characters.
    out += next.character == no_character
               ? 0x110000U + static_cast<unsigned char>(text[i])
               : static_cast<char32_t>(u_foldCase(next.character, U_FOLD_CASE_DEFAULT));
    i += next.bytes;
  }
  return out;
}

std::string valid_utf8(std::string bytes) {
  std::string out;
  std::size_t plain = 0;  // everything before is in `out`
  for (std::size_t i = 0; i < bytes.size();) {
    if (static_cast<unsigned char>(bytes[i]) < 0x80) {
      ++i;
      continue;
    }
    const Decoded next = decode(bytes, i);
    if (next.character == no_character) {
      out.append(bytes, plain, i - plain).append("\xef\xbf\xbd");
      plain = i + 1;
    }
    i += next.bytes;
  }
  if (plain == 0) return bytes;
  return out.append(bytes, plain);
}

std::string_view trim_white_space(std::string_view text) {
  while (!text.empty()) {
    const Decoded next = decode(text, 0);
    if (next.character == no_character || !u_isUWhiteSpace(next.character)) break;
    text.remove_prefix(next.bytes);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xc0U) == 0x80U) --start;
    const Decoded last = decode(text, start);
    if (last.character == no_character || !u_isUWhiteSpace(last.character)) break;
    text.remove_suffix(text.size() - start);
  }
  return text;
}

bool known_locale(std::string_view name) {
  if (name.size() > 80) return false;
  const icu::Locale wanted = icu::Locale::createCanonical(std::string(name).c_str());
  std::int32_t count = 0;
  const icu::Locale* all = icu::Locale::getAvailableLocales(count);
  for (std::int32_t i = 0; i < count; ++i) {
    if (all[i] == wanted) return true;
    // `zh-TW` is listed with its script, as `zh-Hant-TW`.
    if (std::string_view(all[i].getLanguage()) == wanted.getLanguage() &&
        *wanted.getScript() == '\0' && std::string_view(all[i].getCountry()) == wanted.getCountry())
      return true;
  }
  return false;
}

}  // namespace rollcall::expr
