#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "connectors/notifications.hpp"

namespace rollcall::connectors {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80U) {
    out += static_cast<char>(code);
  } else if (code < 0x800U) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else if (code < 0x10000U) {
    out += static_cast<char>(0xE0U | code >> 12U);
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0U | code >> 18U);
    out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
    out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// `&amp;`, `&#65;`; false: it is none.
bool append_entity(std::string& out, std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known{
      {{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};
  const auto found =
      std::ranges::find(known, name, &std::pair<std::string_view, std::string_view>::first);
  if (found != known.end()) {
    out += found->second;
    return true;
  }
  if (!name.starts_with('#')) return false;
  const bool hex = name.starts_with("#x") || name.starts_with("#X");
  const auto digits = name.substr(hex ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  const bool fine = error == std::errc() && end == digits.data() + digits.size() && code > 0 &&
                    code < 0x110000U && (code < 0xD800U || code > 0xDFFFU);
  if (fine) append_utf8(out, code);
  return fine;
}

std::string attribute(std::string_view tag, std::string_view name) {
  const auto lower = to_lower(tag);
  const auto at = lower.find(std::string(name) + "=");
  if (at == std::string::npos || at + name.size() + 1 >= tag.size()) return {};
  const auto rest = tag.substr(at + name.size() + 1);
  const char quote = rest.front();
  if (quote != '"' && quote != '\'') return std::string(rest.substr(0, rest.find_first_of(" >")));
  return std::string(rest.substr(1, rest.find(quote, 1) - 1));
}

class Converter {
 public:
  std::string convert(std::string_view html) {
    for (std::size_t at = 0; at < html.size();) {
      const auto rest = html.substr(at);
      if (rest.front() == '<') {
        const auto end = rest.find('>');
        if (end == std::string_view::npos) {
          out_ += rest;
          break;
        }
        tag(rest.substr(1, end - 1));
        at += end + 1;
      } else if (rest.front() == '&') {
        const auto end = rest.substr(0, 12).find(';');
        const bool known =
            end != std::string_view::npos && append_entity(out_, rest.substr(1, end - 1));
        if (!known) out_ += '&';
        at += known ? end + 1 : 1;
      } else {
        out_ += rest.front();
        ++at;
      }
    }
    return std::string(trim(out_));
  }

 private:
  void tag(std::string_view text) {
    const bool closes = text.starts_with('/');
    if (closes) text.remove_prefix(1);
    const auto name = to_lower(text.substr(0, text.find_first_of(" \t\r\n/")));
    if (name == "b" || name == "strong")
      out_ += "**";
    else if (name == "i" || name == "em")
      out_ += "_";
    else if (name == "br")
      out_ += "\n\n";
    else if (name == "li")
      out_ += closes ? "\n" : "- ";
    else if (name == "p" || name == "div" || name == "tr" || name == "ul" || name == "ol" ||
             (name.size() == 2 && name.front() == 'h'))
      out_ += closes ? "\n\n" : "";
    else if (name == "td" || name == "th")
      out_ += closes ? " " : "";
    else if (name == "a")
      link(text, closes);
  }

  void link(std::string_view text, bool closes) {
    if (!closes) {
      target_ = attribute(text, "href");
      if (!target_.empty()) out_ += '[';
    } else if (!target_.empty()) {
      out_ += fmt::format("]({})", std::exchange(target_, {}));
    }
  }

  std::string out_, target_;
};

}  // namespace

std::string to_markdown(std::string_view html) {
  // A text without tags is one already.
  if (html.find('<') == std::string_view::npos && html.find('&') == std::string_view::npos)
    return std::string(html);
  return Converter().convert(html);
}

}  // namespace rollcall::connectors
