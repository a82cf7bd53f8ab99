// Sending mail over SMTP: Power Automate's connectors shared_smtp and shared_office365 (its actions
// that send; the server stands for Exchange). https://learn.microsoft.com/connectors/smtp and
// https://learn.microsoft.com/connectors/office365
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "http/mail.hpp"

namespace rollcall::connectors {

struct MailSettings {
  std::string url;  // smtp://host:587
  std::string username, password;
  bool plain = false;
  std::string from;  // when the action names nobody
};

// `id` is shared_smtp or shared_office365. The mailer must outlive the connector.
std::unique_ptr<flow::Connector> make_mail(std::string_view id, MailSettings settings,
                                           http::Mailer& mailer);

}  // namespace rollcall::connectors
