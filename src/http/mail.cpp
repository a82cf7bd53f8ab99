#include "http/mail.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace rollcall::http {
namespace {

struct Reading {
  std::string_view rest;
};

std::size_t give(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& reading = *static_cast<Reading*>(from);
  const auto bytes = std::min(size * count, reading.rest.size());
  std::memcpy(buffer, reading.rest.data(), bytes);
  reading.rest.remove_prefix(bytes);
  return bytes;
}

// A line break in an address would be a command of its own.
bool is_address(std::string_view text) {
  return !text.empty() && text.find('@') != std::string_view::npos &&
         std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) <= ' ' || c == '<' || c == '>' || c == 127;
         });
}

std::unexpected<Error> failed(const MailRequest& mail, CURLcode code, long status) {
  const bool for_good = status >= 500 || code == CURLE_LOGIN_DENIED ||
                        code == CURLE_USE_SSL_FAILED || code == CURLE_URL_MALFORMAT ||
                        code == CURLE_UNSUPPORTED_PROTOCOL ||
                        code == CURLE_PEER_FAILED_VERIFICATION;
  const auto said = status >= 400 ? fmt::format(" (the server said {})", status) : std::string();
  return fail(for_good ? "HTTP0211" : "HTTP0212",
              fmt::format("{}: {}{}", mail.url, curl_easy_strerror(code), said));
}

class CurlMailer final : public Mailer {
 public:
  CurlMailer() { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
  ~CurlMailer() override { curl_global_cleanup(); }
  CurlMailer(const CurlMailer&) = delete;
  CurlMailer& operator=(const CurlMailer&) = delete;

  Result<void> send(const MailRequest& mail) override {
    if (!is_address(mail.from))
      return fail("HTTP0211", fmt::format("'{}' is no address to send from", mail.from));
    if (mail.to.empty()) return fail("HTTP0211", "the mail has no recipient");
    for (const auto& to : mail.to) {
      if (!is_address(to))
        return fail("HTTP0211", fmt::format("'{}' is no address to send to", to));
    }
    CURL* curl = curl_easy_init();
    CHECK(curl != nullptr);
    curl_slist* recipients = nullptr;
    for (const auto& to : mail.to)
      recipients = curl_slist_append(recipients, ("<" + to + ">").c_str());
    Reading reading{mail.message};
    set(curl, mail, recipients, reading);
    const CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) return failed(mail, code, status);
    return {};
  }

 private:
  static void set(CURL* curl, const MailRequest& mail, curl_slist* recipients, Reading& reading) {
    curl_easy_setopt(curl, CURLOPT_URL, mail.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    const long tls = mail.plain ? CURLUSESSL_TRY : CURLUSESSL_ALL;
    curl_easy_setopt(curl, CURLOPT_USE_SSL, tls);
    if (!mail.username.empty()) {
      curl_easy_setopt(curl, CURLOPT_USERNAME, mail.username.c_str());
      curl_easy_setopt(curl, CURLOPT_PASSWORD, mail.password.c_str());
    }
    const auto timeout_ms =
        std::max(1L, static_cast<long>(mail.timeout.ticks / ticks_per_millisecond));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::min(timeout_ms, 10'000L));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, ("<" + mail.from + ">").c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
  }
};

}  // namespace

std::unique_ptr<Mailer> make_mailer() { return std::make_unique<CurlMailer>(); }

}  // namespace rollcall::http
