#include "http/client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::http {
namespace {

struct Answer {
  Response response;
  std::size_t max_bytes = 0;
  bool too_large = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& answer = *static_cast<Answer*>(to);
  const std::size_t bytes = size * count;
  if (answer.response.body.size() + bytes > answer.max_bytes) {
    answer.too_large = true;
    return 0;
  }
  answer.response.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& answer = *static_cast<Answer*>(to);
  const std::string_view line = trim(std::string_view(data, size * count));
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    answer.response.headers = {};  // of an interim answer or a redirect
  } else if (colon != std::string_view::npos) {
    answer.response.headers.add(std::string(line.substr(0, colon)),
                                std::string(trim(line.substr(colon + 1))));
  }
  return size * count;
}

std::string_view failure_code(CURLcode code) {
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return "HTTP0201";
  return code == CURLE_OPERATION_TIMEDOUT ? "HTTP0203" : "HTTP0202";
}

// One easy handle is kept for each thread at work, so that connections are reused.
class CurlClient final : public Client {
 public:
  CurlClient() { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); }
  ~CurlClient() override {
    for (auto* handle : idle_) curl_easy_cleanup(handle);
    curl_global_cleanup();
  }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Result<Response> send(const ClientRequest& request) override {
    for (const auto& header : request.headers) {
      if ((header.name + header.value).find_first_of("\r\n") != std::string::npos) {
        return fail("HTTP0201",
                    fmt::format("header {} holds a line break", encode_percent(header.name)));
      }
    }
    CURL* curl = borrow();
    auto result = perform(curl, request);
    give_back(curl);
    return result;
  }

 private:
  static Result<Response> perform(CURL* curl, const ClientRequest& request) {
    Answer answer{{}, request.max_response_bytes, false};
    curl_slist* headers = nullptr;
    for (const auto& header : request.headers) {
      // curl takes `Name;` for a header without a value.
      const auto line =
          header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
      headers = curl_slist_append(headers, line.c_str());
    }
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    const auto timeout_ms = static_cast<long>(request.timeout.ticks / ticks_per_millisecond);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, std::max(1L, timeout_ms));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, std::min(timeout_ms, 10'000L)));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (request.method == "HEAD") {
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
               request.method == "PATCH") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else {
      curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    if (!request.certificate.empty()) {
      curl_blob certificate{const_cast<char*>(request.certificate.data()),
                            request.certificate.size(), CURL_BLOB_COPY};
      curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &certificate);
      curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "P12");
      curl_easy_setopt(curl, CURLOPT_KEYPASSWD, request.certificate_password.c_str());
    }
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    // The queries may hold keys.
    const auto place = std::string_view(request.url).substr(0, request.url.find('?'));
    if (answer.too_large) {
      return fail("HTTP0204",
                  fmt::format("{} answered more than {} bytes", place, request.max_response_bytes));
    }
    if (code != CURLE_OK) {
      return fail(std::string(failure_code(code)),
                  fmt::format("{}: {}", place, curl_easy_strerror(code)));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.response.status = static_cast<int>(status);
    return std::move(answer.response);
  }

  CURL* borrow() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      CURL* made = curl_easy_init();
      CHECK(made != nullptr);
      return made;
    }
    CURL* curl = idle_.back();
    idle_.pop_back();
    return curl;
  }

  void give_back(CURL* curl) {
    curl_easy_reset(curl);  // keeps its connections
    const std::lock_guard lock(mutex_);
    idle_.push_back(curl);
  }

  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

std::unique_ptr<Client> make_client() { return std::make_unique<CurlClient>(); }

}  // namespace rollcall::http
