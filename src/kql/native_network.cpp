#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "kql/native_table.hpp"

// Addresses: IPv4 as numbers with masks, IPv6 as 128 bits, addresses in texts. Units and punycode
// stand here too.

namespace rollcall::kql {
namespace {

struct Address4 {
  std::uint32_t value = 0;
  std::int64_t bits = 32;  // of the prefix
};

std::optional<Address4> parse4(std::string_view s) {
  Address4 a;
  s = trim(s);
  if (const auto slash = s.find('/'); slash != std::string_view::npos) {
    const auto bits = parse_long(s.substr(slash + 1));
    if (!bits || *bits < 0 || *bits > 32) return std::nullopt;
    a.bits = *bits;
    s = s.substr(0, slash);
  }
  const auto parts = split(s, '.');
  if (parts.size() != 4) return std::nullopt;
  for (const auto part : parts) {
    if (part.empty() || part.size() > 3 ||
        !std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }))
      return std::nullopt;
    const auto n = parse_long(part);
    if (!n || *n > 255) return std::nullopt;
    a.value = a.value << 8 | static_cast<std::uint32_t>(*n);
  }
  return a;
}
std::uint32_t mask4(std::int64_t bits) {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffffU : ~(0xffffffffU >> bits);
}
std::string text4(std::uint32_t v) {
  return fmt::format("{}.{}.{}.{}", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

using Words = std::array<std::uint16_t, 8>;
struct Address6 {
  Words words{};
  std::int64_t bits = 128;
};
std::optional<Address6> parse6(std::string_view s) {
  Address6 a;
  s = trim(s);
  if (const auto v4 = parse4(s)) {  // an IPv4 address within IPv6
    a.words = {0,
               0,
               0,
               0,
               0,
               0xffff,
               static_cast<std::uint16_t>(v4->value >> 16),
               static_cast<std::uint16_t>(v4->value)};
    a.bits = 96 + v4->bits;
    return a;
  }
  if (const auto slash = s.find('/'); slash != std::string_view::npos) {
    const auto bits = parse_long(s.substr(slash + 1));
    if (!bits || *bits < 0 || *bits > 128) return std::nullopt;
    // behind an IPv4 spelling the mask is IPv4's
    a.bits = s.contains('.') && *bits <= 32 ? 96 + *bits : *bits;
    s = s.substr(0, slash);
  }
  const auto read = [](std::string_view part) -> std::optional<std::vector<std::uint16_t>> {
    std::vector<std::uint16_t> words;
    if (part.empty()) return words;
    for (const auto word : split(part, ':')) {
      if (word.contains('.')) {
        const auto v4 = parse4(word);
        if (!v4) return std::nullopt;
        words.push_back(static_cast<std::uint16_t>(v4->value >> 16));
        words.push_back(static_cast<std::uint16_t>(v4->value));
        continue;
      }
      const auto n =
          word.empty() || word.size() > 4 ? std::nullopt : parse_long("0x" + std::string(word));
      if (!n) return std::nullopt;
      words.push_back(static_cast<std::uint16_t>(*n));
    }
    return words;
  };
  const auto gap = s.find("::");
  const auto head = read(s.substr(0, gap));
  const auto tail = gap == std::string_view::npos ? std::optional(std::vector<std::uint16_t>{})
                                                  : read(s.substr(gap + 2));
  if (!head || !tail) return std::nullopt;
  if (gap == std::string_view::npos ? head->size() != 8 : head->size() + tail->size() > 7)
    return std::nullopt;
  std::ranges::copy(*head, a.words.begin());
  std::ranges::copy(*tail, a.words.end() - static_cast<std::ptrdiff_t>(tail->size()));
  return a;
}
Words masked(Words words, std::int64_t bits) {
  for (std::size_t i = 0; i < 8; ++i) {
    const std::int64_t left =
        std::clamp<std::int64_t>(bits - static_cast<std::int64_t>(i) * 16, 0, 16);
    words[i] = static_cast<std::uint16_t>(left == 0 ? 0 : words[i] & (0xffffU << (16 - left)));
  }
  return words;
}
std::string text6(const Words& words) {
  std::string out;
  for (const auto word : words) out += fmt::format("{}{:04x}", out.empty() ? "" : ":", word);
  return out;
}

Cell compare4(Arguments a, Scratch&) {
  const auto x = parse4(text(a[0])), y = parse4(text(a[1]));
  if (!x || !y) return {};
  const std::int64_t bits = std::min({x->bits, y->bits, whole(a[2], 32)});
  const auto p = x->value & mask4(bits), q = y->value & mask4(bits);
  return std::int64_t{p < q ? -1 : p > q ? 1 : 0};
}
// An address whose end is spelled as IPv4's is compared as IPv4's.
std::optional<Address6> comparable6(std::string_view s) {
  auto address = parse6(s);
  const bool ends_like_4 =
      address && s.contains('.') &&
      std::ranges::all_of(std::span(address->words).first(6), [](auto word) { return word == 0; });
  if (ends_like_4) address->words[5] = 0xffff;
  return address;
}
Cell compare6(Arguments a, Scratch&) {
  const auto x = comparable6(text(a[0])), y = comparable6(text(a[1]));
  if (!x || !y) return {};
  const std::int64_t bits = std::min({x->bits, y->bits, whole(a[2], 128)});
  const auto p = masked(x->words, bits), q = masked(y->words, bits);
  return std::int64_t{p < q ? -1 : p > q ? 1 : 0};
}
std::optional<bool> in_range4(std::string_view address, std::string_view range) {
  const auto x = parse4(address), y = parse4(range);
  if (!x || !y) return std::nullopt;
  return (x->value & mask4(y->bits)) == (y->value & mask4(y->bits));
}
std::optional<bool> in_range6(std::string_view address, std::string_view range) {
  const auto x = parse6(address), y = parse6(range);
  if (!x || !y) return std::nullopt;
  return masked(x->words, y->bits) == masked(y->words, y->bits);
}

// The listed texts: dynamics hold several.
std::vector<std::string> listed(Arguments a) {
  std::vector<std::string> out;
  for (const auto& argument : a) {
    const auto value = read_json(text(argument));
    if (value && value->is_array())
      for (const auto& v : value->get_array())
        if (v.is_string()) out.emplace_back(v.get_string());
    if (value && value->is_string()) out.emplace_back(value->get_string());
  }
  return out;
}
template <std::optional<bool> (*test)(std::string_view, std::string_view)>
Cell in_any_range(Arguments a, Scratch&) {
  std::optional<bool> found;
  for (const auto& range : listed(a.subspan(1))) {
    const auto one = test(text(a[0]), range);
    if (one && *one) return true;
    if (one) found = false;
  }
  return cell(found);
}

// Whether the text has the address, not touched by letters, digits or dots; a prefix may go on
// behind.
bool has_address(std::string_view s, std::string_view wanted, bool prefix) {
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (prefix && !wanted.ends_with('.') && !parse4(wanted)) return false;
  if (!prefix && !parse4(wanted)) return false;
  for (std::size_t at = s.find(wanted); at != std::string_view::npos; at = s.find(wanted, at + 1)) {
    if (at > 0 && (word(s[at - 1]) || s[at - 1] == '.')) continue;
    std::size_t end = at;
    while (end < s.size() && ((s[end] >= '0' && s[end] <= '9') || s[end] == '.')) ++end;
    std::string_view address = s.substr(at, end - at);
    while (address.ends_with('.') && address.size() > wanted.size()) address.remove_suffix(1);
    if (end < s.size() && word(s[end])) continue;
    if (prefix ? parse4(address).has_value() : address == wanted) return true;
  }
  return false;
}

Cell is_private(Arguments a, Scratch&) {
  const auto x = parse4(text(a[0]));
  if (!x) return {};
  for (const char* range : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}) {
    const auto y = parse4(range);
    if (x->bits >= y->bits && (x->value & mask4(y->bits)) == y->value) return true;
  }
  return false;
}

Cell format4(Arguments a, bool with_mask) {
  std::optional<Address4> x;
  if (const auto number = parse_long(text(a[0])); number && *number >= 0 && *number <= 0xffffffffLL)
    x = Address4{static_cast<std::uint32_t>(*number), 32};
  else
    x = parse4(text(a[0]));
  const std::int64_t wanted = whole(a[1], 32);
  if (!x || wanted < 0 || wanted > 32) return cell("");
  const std::int64_t bits = std::min(x->bits, wanted);
  const std::string out = text4(x->value & mask4(bits));
  return cell(with_mask ? fmt::format("{}/{}", out, bits) : out);
}

Cell range_to_cidr(Arguments a, Scratch&) {
  const auto x = parse4(text(a[0])), y = parse4(text(a[1]));
  if (!x || !y || x->value > y->value) return {};
  json::array out;
  std::uint64_t at = x->value;
  const std::uint64_t end = y->value;
  while (at <= end && out.size() < 1000) {
    std::int64_t bits = 32;
    while (bits > 0 && (at & (1ULL << (32 - bits))) == 0 && at + (2ULL << (32 - bits)) - 1 <= end)
      --bits;
    out.emplace_back(
        json::string(fmt::format("{}/{}", text4(static_cast<std::uint32_t>(at)), bits)));
    at += 1ULL << (32 - bits);
  }
  return cell(json::value(out));
}

}  // namespace

std::span<const Native> network_natives() {
  static const Native table[] = {
      {"kql_parse_ipv4", "s:l",
       [](Arguments a, Scratch&) -> Cell {
         const auto x = parse4(text(a[0]));
         return x ? Cell(std::int64_t{x->value & mask4(x->bits)}) : Cell{};
       }},
      {"kql_parse_ipv4_mask", "s l:l",
       [](Arguments a, Scratch&) -> Cell {
         const auto x = parse4(text(a[0]));
         return x ? Cell(std::int64_t{x->value & mask4(std::min(x->bits, whole(a[1], 32)))})
                  : Cell{};
       }},
      {"kql_parse_ipv6", "s:s",
       [](Arguments a, Scratch&) {
         const auto x = parse6(text(a[0]));
         return x ? cell(text6(masked(x->words, x->bits))) : cell("");
       }},
      {"kql_parse_ipv6_mask", "s l:s",
       [](Arguments a, Scratch&) {
         const auto x = parse6(text(a[0]));
         return x ? cell(text6(masked(x->words, std::min(x->bits, whole(a[1], 128))))) : cell("");
       }},
      {"kql_ipv4_compare", "s s l?:l", compare4},
      {"kql_ipv6_compare", "s s l?:l", compare6},
      {"kql_ipv4_is_match", "s s l?:b",
       [](Arguments a, Scratch& s) -> Cell {
         const Cell c = compare4(a, s);
         return std::holds_alternative<std::monostate>(c) ? Cell{}
                                                          : Cell(std::get<std::int64_t>(c) == 0);
       }},
      {"kql_ipv6_is_match", "s s l?:b",
       [](Arguments a, Scratch& s) -> Cell {
         const Cell c = compare6(a, s);
         return std::holds_alternative<std::monostate>(c) ? Cell{}
                                                          : Cell(std::get<std::int64_t>(c) == 0);
       }},
      {"kql_ipv4_is_in_range", "s s:b",
       [](Arguments a, Scratch&) { return cell(in_range4(text(a[0]), text(a[1]))); }},
      {"kql_ipv6_is_in_range", "s s:b",
       [](Arguments a, Scratch&) { return cell(in_range6(text(a[0]), text(a[1]))); }},
      {"kql_ipv4_is_in_any_range", "s a*:b", in_any_range<in_range4>},
      {"kql_ipv6_is_in_any_range", "s a*:b", in_any_range<in_range6>},
      {"kql_ipv4_is_private", "s:b", is_private},
      {"kql_ipv4_netmask_suffix", "s:l",
       [](Arguments a, Scratch&) -> Cell {
         const auto x = parse4(text(a[0]));
         return x ? Cell(x->bits) : Cell{};
       }},
      {"kql__ipv6_suffix", "s:l",
       [](Arguments a, Scratch&) -> Cell {
         const auto x = parse6(text(a[0]));
         return x ? Cell(x->bits) : Cell{};
       }},
      {"kql_format_ipv4", "x l?:s", [](Arguments a, Scratch&) { return format4(a, false); }},
      {"kql_format_ipv4_mask", "x l?:s", [](Arguments a, Scratch&) { return format4(a, true); }},
      {"kql_ipv4_range_to_cidr_list", "s s:j", range_to_cidr},
      {"kql_has_ipv4", "s s:b",
       [](Arguments a, Scratch&) -> Cell { return has_address(text(a[0]), text(a[1]), false); }},
      {"kql_has_ipv4_prefix", "s s:b",
       [](Arguments a, Scratch&) -> Cell { return has_address(text(a[0]), text(a[1]), true); }},
      {"kql_has_any_ipv4", "s a*:b",
       [](Arguments a, Scratch&) -> Cell {
         return std::ranges::any_of(listed(a.subspan(1)), [&](const auto& w) {
           return has_address(text(a[0]), w, false);
         });
       }},
      {"kql_has_any_ipv4_prefix", "s a*:b",
       [](Arguments a, Scratch&) -> Cell {
         return std::ranges::any_of(
             listed(a.subspan(1)), [&](const auto& w) { return has_address(text(a[0]), w, true); });
       }},
  };
  return table;
}

}  // namespace rollcall::kql
