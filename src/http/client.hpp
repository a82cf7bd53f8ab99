// The HTTP client's seam, and the one that goes over the network (libcurl). One request, one answer, no
// retries: whoever calls knows what may be repeated.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace rollcall::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  Timespan timeout = seconds(100);
  std::size_t max_response_bytes = 64 * 1024 * 1024;
  bool follow_redirects = false;
  std::string certificate,
      certificate_password;  // the client's own and its key, PKCS #12; "": none
};

class Client {
 public:
  virtual ~Client() = default;
  // An answer of any status is an answer. HTTP0201 the URL cannot be asked (not http or https, malformed);
  // HTTP0202 no connection; HTTP0203 no answer in time; HTTP0204 the answer is larger than allowed.
  virtual Result<Response> send(const ClientRequest& request) = 0;
};

// May be used by several threads at once. Speaks http and https, checks certificates, takes gzip.
std::unique_ptr<Client> make_client();

}  // namespace rollcall::http
