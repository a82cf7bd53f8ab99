#include "connectors/mail.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "connectors/answer.hpp"
#include "connectors/custom/body.hpp"
#include "connectors/mail_message.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

constexpr std::size_t max_attachments_bytes = std::size_t{32} << 20;

const std::vector<Operation>& operations_of(bool office) {
  static const std::vector<Operation> of_office{
      {"SendEmailV2", Place::outside, "Send an email (V2)", "post", "/v2/Mail"},
      {"SendEmail", Place::outside, "Send an email", "post", "/Mail"}};
  static const std::vector<Operation> of_smtp{
      {"SendEmailV3", Place::outside, "Send Email (V3)", "post", "/SendEmailV3"},
      {"SendEmailV2", Place::outside, "Send Email (V2)", "post", "/SendEmailV2"},
      {"SendEmail", Place::outside, "Send Email", "post", "/SendEmail"}};
  return office ? of_office : of_smtp;
}

// Members of emailMessage, letter case ignored, as its two connectors differ in it.
const json::value* member(const json::object& message, std::string_view name) {
  for (const auto& one : message) {
    if (equals_ignoring_case(one.key(), name))
      return one.value().is_null() ? nullptr : &one.value();
  }
  return nullptr;
}

std::string text_of(const json::object& message, std::string_view name) {
  const auto* value = member(message, name);
  return value == nullptr ? std::string() : plain_text(*value);
}

Result<json::object> message_of(const json::object& parameters) {
  for (const auto* name : {"emailMessage", "body"}) {
    TRY(auto message, assemble(parameters, name));
    if (message && message->is_object()) return std::move(message->get_object());
  }
  return fail(
      "CONNECTOR0602",
      "there is no mail: emailMessage/To, emailMessage/Subject and emailMessage/Body are wanted");
}

// {"Name", "ContentBytes"} of one connector, {"FileName", "ContentData", "ContentType"} of the
// other. The content is an envelope, or base64.
Result<Attachment> attachment_of(const json::value& given) {
  const auto* object = given.if_object();
  if (object == nullptr)
    return fail("CONNECTOR0603", "an attachment is no object with Name and ContentBytes");
  Attachment attachment;
  for (const auto* name : {"Name", "FileName"}) {
    if (attachment.name.empty()) attachment.name = text_of(*object, name);
  }
  attachment.content_type = text_of(*object, "ContentType");
  const auto* content = member(*object, "ContentBytes");
  if (content == nullptr) content = member(*object, "ContentData");
  if (attachment.name.empty() || content == nullptr)
    return fail("CONNECTOR0603", "an attachment lacks Name or ContentBytes");
  if (expr::is_envelope(*content) && attachment.content_type.empty())
    attachment.content_type = expr::envelope_type(*content);
  const auto decoded =
      content->is_string() ? expr::base64_decode(content->get_string()) : std::nullopt;
  attachment.bytes = decoded ? *decoded : body_text(*content);
  return attachment;
}

class Mailing final : public flow::Connector {
 public:
  Mailing(bool office, MailSettings settings, http::Mailer& mailer)
      : office_(office), settings_(std::move(settings)), mailer_(mailer) {}

  std::string_view id() const override { return office_ ? "shared_office365" : "shared_smtp"; }
  std::span<const Operation> operations() const override { return operations_of(office_); }

  Result<Outcome> call(std::size_t, const Call& call) override {
    const auto mail = mail_of(call);
    if (!mail) return flow::refused(400, mail.error().code, mail.error().message);
    http::MailRequest request{settings_.url,    settings_.username,       settings_.password,
                              settings_.plain,  bare_address(mail->from), {},
                              to_message(*mail)};
    for (const auto* list : {&mail->to, &mail->cc, &mail->bcc}) {
      for (const auto& address : *list) request.to.push_back(bare_address(address));
    }
    const auto sent = mailer_.send(request);
    if (sent) return flow::answered(200, nullptr);
    const bool again = sent.error().code == "HTTP0212";
    auto outcome = flow::refused(again ? 503 : 400, sent.error().code, sent.error().message);
    outcome.may_retry = again;
    return outcome;
  }

 private:
  Result<Mail> mail_of(const Call& call) const {
    TRY(const auto message, message_of(call.parameters));
    Mail mail;
    mail.from = text_of(message, "From");
    if (mail.from.empty()) mail.from = settings_.from;
    TRY(const auto senders, parse_addresses(mail.from));
    if (senders.size() != 1)
      return fail("CONNECTOR0602",
                  "the mail needs one sender: emailMessage/From, or `from` of the connection");
    mail.from = senders.front();
    TRY(mail.to, parse_addresses(text_of(message, "To")));
    TRY(mail.cc, parse_addresses(text_of(message, "Cc")));
    TRY(mail.bcc, parse_addresses(text_of(message, "Bcc")));
    if (mail.to.empty() && mail.cc.empty() && mail.bcc.empty())
      return fail("CONNECTOR0602", "the mail has no recipient: emailMessage/To is missing");
    TRY(const auto reply, parse_addresses(text_of(message, "ReplyTo")));
    if (!reply.empty()) mail.reply_to = reply.front();
    mail.subject = text_of(message, "Subject");
    mail.body = text_of(message, "Body");
    const auto is_html = text_of(message, "IsHtml");
    mail.html = office_ || (is_html.empty() ? mail.body.starts_with('<')
                                            : equals_ignoring_case(is_html, "true"));
    mail.importance = text_of(message, "Importance");
    TRY_DO(add_attachments(message, mail));
    mail.date = call.now;
    auto key = call.key;
    key.attempt = 1;  // one that is tried again is the same mail
    mail.id = fmt::format("{:016x}.{}@rollcall", xxhash64(key.to_string()), key.run);
    return mail;
  }

  static Result<void> add_attachments(const json::object& message, Mail& mail) {
    const auto* given = member(message, "Attachments");
    if (given == nullptr || !given->is_array()) return {};
    std::size_t bytes = 0;
    for (const auto& one : given->get_array()) {
      TRY(auto attachment, attachment_of(one));
      bytes += attachment.bytes.size();
      if (bytes > max_attachments_bytes)
        return fail("CONNECTOR0603",
                    fmt::format("the attachments are larger than {} bytes", max_attachments_bytes));
      mail.attachments.push_back(std::move(attachment));
    }
    return {};
  }

  const bool office_;
  const MailSettings settings_;
  http::Mailer& mailer_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_mail(std::string_view id, MailSettings settings,
                                           http::Mailer& mailer) {
  CHECK(id == "shared_smtp" || id == "shared_office365");
  return std::make_unique<Mailing>(id == "shared_office365", std::move(settings), mailer);
}

}  // namespace rollcall::connectors
