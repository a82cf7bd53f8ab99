// The mail's seam, and the one that goes over the network (SMTP, libcurl). One message, one
// attempt. https://www.rfc-editor.org/rfc/rfc5321
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::http {

struct MailRequest {
  std::string url;  // smtp://host:587, or smtps://host:465 which speaks TLS from the start
  std::string username, password;  // empty: the server asks nobody who he is
  bool plain = false;  // smtp:// may go on without TLS; else a server without it is refused
  std::string from;
  std::vector<std::string> to;  // all recipients, also those that no header names
  std::string message;          // RFC 5322, with CRLF
  Timespan timeout = seconds(100);
};

class Mailer {
 public:
  virtual ~Mailer() = default;
  // The server has taken the message for all recipients. HTTP0211: it refuses it for good (an
  // address, the password, no TLS); HTTP0212: it may be tried again (no connection, no answer in
  // time, a 4xx).
  virtual Result<void> send(const MailRequest& mail) = 0;
};

// May be used by several threads at once.
std::unique_ptr<Mailer> make_mailer();

}  // namespace rollcall::http
