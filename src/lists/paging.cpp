#include "lists/paging.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "odata/options.hpp"

namespace rollcall::lists {
namespace {

// Everything but letters and digits, so that the text passes through any URL.
std::string encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string write_value(const sql::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("i{}", *integer);
  if (const auto* real = std::get_if<double>(&value))
    return fmt::format("r{}", encode(fmt::format("{}", *real)));
  if (const auto* text = std::get_if<std::string>(&value)) return fmt::format("s{}", encode(*text));
  if (const auto* truth = std::get_if<bool>(&value)) return fmt::format("b{}", *truth ? 1 : 0);
  return "n";
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<sql::Value> read_value(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto decoded = odata::percent_decode(text.substr(1));
  if (!decoded) return std::nullopt;
  switch (text.front()) {
    case 'n':
      return sql::Value();
    case 's':
      return *decoded;
    case 'b':
      return *decoded == "1";
    case 'i':
      if (const auto integer = number<std::int64_t>(*decoded)) return *integer;
      return std::nullopt;
    case 'r':
      if (const auto real = number<double>(*decoded)) return *real;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string write_skiptoken(const PageEnd& end) {
  auto token = fmt::format("Paged=TRUE&p_ID={}", end.id);
  for (std::size_t i = 0; i < end.order.size(); ++i)
    token += fmt::format("&p_{}={}", i, write_value(end.order[i]));
  return token;
}

Result<PageEnd> read_skiptoken(std::string_view token) {
  const auto broken = [&] {
    return fail("ODATA0204", fmt::format("'{}' is no $skiptoken of a page", token));
  };
  PageEnd end;
  bool has_id = false;
  for (const auto part : split(token, '&')) {
    if (part == "Paged=TRUE") continue;
    if (part.starts_with("p_ID=")) {
      const auto id = number<std::int64_t>(part.substr(5));
      if (!id) return broken();
      end.id = *id;
      has_id = true;
      continue;
    }
    const auto name = fmt::format("p_{}=", end.order.size());
    if (!part.starts_with(name)) return broken();
    const auto value = read_value(part.substr(name.size()));
    if (!value) return broken();
    end.order.push_back(*value);
  }
  if (!has_id) return broken();
  return end;
}

}  // namespace rollcall::lists
