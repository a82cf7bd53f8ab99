#include "connectors/mail_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t max_addresses = 500;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

// What may stand in a header: other characters as words of RFC 2047, each of whole UTF-8
// characters.
std::string header_text(std::string_view given) {
  auto text = repaired_utf8(given);
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  if (is_printable(text) && text.size() < 500 && text.find("=?") == std::string::npos) return text;
  constexpr std::size_t most_bytes = 42;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(at + most_bytes, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ",
                       expr::base64_encode(std::string_view(text).substr(at, end - at)));
    at = end;
  }
  return out;
}

// Grace =?…?= <grace@example.com>
std::string address_text(std::string_view address) {
  const auto open = address.rfind('<');
  if (open == std::string_view::npos) return std::string(address);
  const auto name = trim(address.substr(0, open));
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
  });
  if (plain) return fmt::format("{} <{}>", name, bare_address(address));
  std::string quoted;
  for (const char c : name) {
    if (c != '"' && c != '\\') quoted += c;
  }
  return fmt::format("{} <{}>", is_printable(quoted) ? "\"" + quoted + "\"" : header_text(quoted),
                     bare_address(address));
}

std::string address_list(const std::vector<std::string>& addresses) {
  std::string text;
  for (const auto& address : addresses)
    text += (text.empty() ? "" : ",\r\n ") + address_text(address);
  return text;
}

std::string lines_of_base64(std::string_view bytes) {
  const auto text = expr::base64_encode(bytes);
  std::string lines;
  for (std::size_t at = 0; at < text.size(); at += 76) lines += text.substr(at, 76) + "\r\n";
  return lines;
}

std::string date_text(Timestamp time) {
  static constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto civil = to_civil(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                     days[static_cast<std::size_t>(day_of_week(time))], civil.day,
                     months[static_cast<std::size_t>(civil.month - 1)], civil.year, civil.hour,
                     civil.minute, civil.second);
}

std::string body_part(const Mail& mail) {
  return fmt::format(
      "Content-Type: text/{}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
      mail.html ? "html" : "plain", lines_of_base64(mail.body));
}

std::string attachment_part(const Attachment& attachment) {
  auto type = attachment.content_type;
  if (type.find('/') == std::string::npos || !is_printable(type)) type = "application/octet-stream";
  return fmt::format(
      "Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: "
      "attachment;\r\n filename*=UTF-8''{}\r\n\r\n{}",
      type,
      [&] {
        std::string name;  // RFC 2231
        for (const char c : attachment.name) {
          const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
          if (plain)
            name += c;
          else
            name += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
        return name;
      }(),
      lines_of_base64(attachment.bytes));
}

std::string priority_of(const Mail& mail) {
  if (equals_ignoring_case(mail.importance, "High")) return "Importance: high\r\nX-Priority: 1\r\n";
  if (equals_ignoring_case(mail.importance, "Low")) return "Importance: low\r\nX-Priority: 5\r\n";
  return {};
}

}  // namespace

std::string bare_address(std::string_view address) {
  const auto open = address.rfind('<'), close = address.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::string(trim(address));
  return std::string(trim(address.substr(open + 1, close - open - 1)));
}

Result<std::vector<std::string>> parse_addresses(std::string_view text) {
  std::vector<std::string> all;
  std::string one;
  bool quoted = false;
  const auto take = [&]() -> Result<void> {
    const std::string address(trim(std::exchange(one, {})));
    if (address.empty()) return {};
    const auto bare = bare_address(address);
    const auto at = bare.find('@');
    const bool fine = at != std::string::npos && at > 0 && at + 1 < bare.size() &&
                      bare.find_first_of(" \t\r\n<>\"") == std::string::npos;
    if (!fine) return fail("CONNECTOR0601", fmt::format("'{}' is no mail address", address));
    if (all.size() == max_addresses)
      return fail("CONNECTOR0601", fmt::format("there are more than {} addresses", max_addresses));
    all.push_back(address);
    return {};
  };
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if ((c == ';' || c == ',') && !quoted)
      TRY_DO(take());
    else
      one += c;
  }
  TRY_DO(take());
  return all;
}

std::string to_message(const Mail& mail) {
  std::string message =
      fmt::format("Date: {}\r\nFrom: {}\r\n", date_text(mail.date), address_text(mail.from));
  if (!mail.to.empty()) message += "To: " + address_list(mail.to) + "\r\n";
  if (!mail.cc.empty()) message += "Cc: " + address_list(mail.cc) + "\r\n";
  if (!mail.reply_to.empty()) message += "Reply-To: " + address_text(mail.reply_to) + "\r\n";
  message += fmt::format("Message-ID: <{}>\r\nSubject: {}\r\n{}MIME-Version: 1.0\r\n", mail.id,
                         header_text(mail.subject), priority_of(mail));
  if (mail.attachments.empty()) return message + body_part(mail);
  // Base64 holds no underscore and no equals sign before its end, so that this is in none of the
  // parts.
  const auto boundary = fmt::format("=_rollcall_{:016x}", xxhash64(mail.id));
  message += fmt::format("Content-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n--{}\r\n{}",
                         boundary, boundary, body_part(mail));
  for (const auto& attachment : mail.attachments)
    message += fmt::format("--{}\r\n{}", boundary, attachment_part(attachment));
  return message + fmt::format("--{}--\r\n", boundary);
}

}  // namespace rollcall::connectors
