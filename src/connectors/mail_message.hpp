// A mail as bytes: headers, a text or HTML, attachments. Pure.
// https://www.rfc-editor.org/rfc/rfc5322 and RFC 2045–2047
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::connectors {

struct Attachment {
  std::string name, content_type, bytes;
};

struct Mail {
  std::string from, reply_to;
  std::vector<std::string> to, cc, bcc;  // bcc is in no header
  std::string subject, body;
  bool html = true;
  std::string importance = "Normal";  // Low, Normal, High
  std::vector<Attachment> attachments;
  std::string id;  // of the message, without angle brackets; equal for one that is sent again
  Timestamp date;
};

// `ada@example.com; Grace <grace@example.com>`; separators are semicolons and commas.
// CONNECTOR0601: one is no address.
Result<std::vector<std::string>> parse_addresses(std::string_view text);
// The address alone, of `Grace <grace@example.com>`.
std::string bare_address(std::string_view address);
std::string to_message(const Mail& mail);

}  // namespace rollcall::connectors
