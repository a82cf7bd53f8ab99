// What goes out, taken by servers of our own on the loopback: notifications by an HTTP server, mail
// by one that speaks as much SMTP as libcurl asks for.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/check.hpp"
#include "connectors/custom/custom.hpp"
#include "connectors/mail.hpp"
#include "connectors/notifications.hpp"
#include "http/server.hpp"

namespace rollcall::test {
namespace {

const auto now = *parse_iso("2026-01-01T12:00:00Z");

flow::Outcome call(flow::Connector& connector, std::string_view operation,
                   std::string_view inputs) {
  const auto parameters = parse_json(inputs);
  const Principal principal{Principal::Kind::flow_run, "7"};
  const flow::IdempotencyKey key{7, "Action", {}, 1};
  const auto index = connector.find(operation);
  CHECK(index && parameters);
  auto outcome =
      connector.call(*index, {parameters->get_object(), "", principal, key, now, nullptr});
  CHECK(outcome);
  return *std::move(outcome);
}

// Remembers what it is sent, and answers 200.
class Listener {
 public:
  Listener() {
    auto started =
        http::Server::start({.port = 0, .workers = 2}, [this](const http::Request& request) {
          const std::lock_guard lock(mutex_);
          last_ = request;
          return http::json_response(200, json::object{{"ok", true}});
        });
    CHECK(started);
    server_ = *std::move(started);
    url_ = fmt::format("http://127.0.0.1:{}", server_->port());
  }
  ~Listener() { server_->stop(); }
  const std::string& url() const { return url_; }
  http::Request last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  std::mutex mutex_;
  http::Request last_;
  std::unique_ptr<http::Server> server_;
  std::string url_;
};

TEST(Notifications, ReachWhomTheyAreFor) {
  Listener listener;
  const auto client = http::make_client();
  struct Case {
    std::string_view id, operation, inputs, type, holds;
  };
  for (const auto& one :
       {Case{"shared_teams", "PostMessageToConversation", R"({"body/messageBody": "<b>1.4</b>"})",
             "application/json", R"("**1.4**")"},
        Case{"shared_slack", "PostMessage", R"({"text": "1.4"})", "application/json",
             R"({"text":"1.4"})"},
        Case{"webhook", "Post", R"({"body": {"version": "1.4"}})", "application/json",
             R"({"version":"1.4"})"},
        Case{
            "cdevents", "Send",
            R"({"type": "incident.resolved", "subjectId": "i1", "content/environment/id": "prod"})",
            "application/cloudevents+json", R"("type":"dev.cdevents.incident.resolved.0.2.0")"}}) {
    const auto connector =
        connectors::make_notifications(one.id, {listener.url() + "/in?k=1", {}, {}, {}}, *client);
    const auto outcome = call(*connector, one.operation, one.inputs);
    EXPECT_TRUE(outcome.succeeded()) << one.id << ": " << outcome.message;
    const auto taken = listener.last();
    EXPECT_EQ(taken.method + " " + taken.target, "POST /in?k=1") << one.id;
    EXPECT_EQ(taken.headers.value_or("Content-Type"), one.type);
    EXPECT_NE(taken.body.find(one.holds), std::string::npos) << taken.body;
  }
}

TEST(Notifications, AnAddressIsASecret) {
  const auto client = http::make_client();
  const auto connector = connectors::make_notifications(
      "shared_teams", {"http://127.0.0.1:1/s3cret", {}, {}, {}}, *client);
  const auto outcome =
      call(*connector, "PostMessageToConversation", R"({"body/messageBody": "x"})");
  EXPECT_EQ(outcome.code, "HTTP0202");
  EXPECT_TRUE(outcome.may_retry);
  EXPECT_EQ(outcome.message.find("s3cret"), std::string::npos) << outcome.message;
}

TEST(Custom, IsCalledOverTheNetwork) {
  Listener listener;
  const auto client = http::make_client();
  const auto definition = connectors::read_api_definition(
      {fmt::format(R"json({{"swagger": "2.0", "host": "{}", "schemes": ["http"], "basePath": "/api",
        "securityDefinitions": {{"k": {{"type": "apiKey", "in": "query", "name": "key"}}}},
        "paths": {{"/a({{id}})": {{"put": {{"operationId": "Put", "parameters": [{{"name": "id", "in": "path", "required": true, "type": "string"}},
          {{"name": "item", "in": "body", "schema": {{}}}}]}}}}}}}})json",
                   listener.url().substr(7)),
       "", false});
  ASSERT_TRUE(definition) << definition.error().message;
  connectors::CustomConnection connection;
  connection.values.emplace("k", "s/1");
  const auto connector = connectors::make_custom(
      "shared_x", std::make_shared<const connectors::ApiDefinition>(*definition),
      std::move(connection), *client);
  const auto outcome = call(*connector, "Put", R"({"id": "a/b", "item/n": 1})");
  EXPECT_TRUE(outcome.succeeded()) << outcome.message;
  EXPECT_EQ(listener.last().target, "/api/a(a%2Fb)?key=s%2F1");
  EXPECT_EQ(listener.last().body, R"({"n":1})");
}

// One connection at a time; answers each command, and keeps what it heard.
class MailServer {
 public:
  explicit MailServer(std::string refuse = {})
      : refuse_(std::move(refuse)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
          ::listen(socket_, 4) == 0);
    CHECK(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~MailServer() {
    ::shutdown(socket_, SHUT_RDWR);
    ::close(socket_);
    thread_.join();
  }
  std::string url() const { return fmt::format("smtp://127.0.0.1:{}", port_); }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      talk(peer);
      ::close(peer);
    }
  }
  static void say(int peer, std::string_view text) {
    (void)!::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
  }
  void talk(int peer) {
    say(peer, "220 here\r\n");
    std::string line;
    bool data = false;
    for (char c = 0; ::recv(peer, &c, 1, 0) == 1;) {
      line += c;
      if (!line.ends_with("\r\n")) continue;
      {
        const std::lock_guard lock(mutex_);
        heard_ += line;
      }
      const auto answer = answer_to(line, data);
      if (!answer.empty()) say(peer, answer);
      if (line == "QUIT\r\n") return;
      line.clear();
    }
  }
  std::string answer_to(std::string_view line, bool& data) const {
    if (data) {
      data = line != ".\r\n";
      return data ? "" : "250 taken\r\n";
    }
    if (!refuse_.empty() && line.starts_with(refuse_)) return "550 not here\r\n";
    if (line.starts_with("EHLO")) return "250-here\r\n250 AUTH PLAIN\r\n";
    if (line.starts_with("AUTH PLAIN\r")) return "334 \r\n";
    if (line.starts_with("DATA")) {
      data = true;
      return "354 go on\r\n";
    }
    if (line.starts_with("QUIT")) return "221 bye\r\n";
    return line.starts_with("AUTH") || line.starts_with("AHIs") || line.starts_with("AHJv")
               ? "235 you are\r\n"
               : "250 ok\r\n";
  }

  const std::string refuse_;
  int socket_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string heard_;
  std::thread thread_;
};

constexpr std::string_view a_mail =
    R"({"emailMessage/To": "ada@example.com", "emailMessage/Bcc": "b@example.com", "emailMessage/Subject": "1.4", "emailMessage/Body": "<p>is there</p>"})";

TEST(Mail, IsTakenByAServer) {
  MailServer server;
  const auto mailer = http::make_mailer();
  const auto connector = connectors::make_mail(
      "shared_office365", {server.url(), "robot", "secret", true, "robot@example.com"}, *mailer);
  const auto outcome = call(*connector, "SendEmailV2", a_mail);
  EXPECT_TRUE(outcome.succeeded()) << outcome.message;
  const auto heard = server.heard();
  for (const auto* line :
       {"MAIL FROM:<robot@example.com>", "RCPT TO:<ada@example.com>", "RCPT TO:<b@example.com>",
        "To: ada@example.com\r\n", "Subject: 1.4\r\n", "PHA+aXMgdGhlcmU8L3A+\r\n", "\r\n.\r\n"}) {
    EXPECT_NE(heard.find(line), std::string::npos) << line << " in\n" << heard;
  }
  EXPECT_EQ(heard.find("Bcc"), std::string::npos);
}

TEST(Mail, WithoutTlsIsNotSentUnlessThatWasAllowed) {
  MailServer server;
  const auto mailer = http::make_mailer();
  const auto connector = connectors::make_mail(
      "shared_smtp", {server.url(), "robot", "secret", false, "robot@example.com"}, *mailer);
  const auto outcome = call(*connector, "SendEmailV3", a_mail);
  EXPECT_EQ(outcome.code, "HTTP0211") << outcome.message;
  EXPECT_EQ(server.heard().find("AUTH"), std::string::npos);
}

TEST(Mail, OneThatIsRefusedHasFailedForGood) {
  MailServer server("RCPT");
  const auto mailer = http::make_mailer();
  const auto connector = connectors::make_mail(
      "shared_smtp", {server.url(), {}, {}, true, "robot@example.com"}, *mailer);
  const auto outcome = call(*connector, "SendEmailV3", a_mail);
  EXPECT_EQ(outcome.code, "HTTP0211") << outcome.message;
  EXPECT_FALSE(outcome.may_retry);
}

}  // namespace
}  // namespace rollcall::test
