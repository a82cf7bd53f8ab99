// An HTTP/1.1 server: one thread moves bytes, a small pool of workers runs the handler. Everything has a
// limit: header, body (packed and unpacked), time to send a request, connections, requests in wait.
// Handlers run on any worker, several at once; they may block.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/time.hpp"
#include "http/router.hpp"

namespace rollcall::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 takes a free one
  unsigned workers =
      96;  // at most; so many requests may be waiting for something, such as a turn to query
  std::size_t max_header_bytes = 32 * 1024;
  std::size_t max_body_bytes = 64 * 1024 * 1024;  // as sent, and again once unpacked
  std::size_t max_connections = 1024;
  std::size_t max_waiting = 256;        // requests waiting for a worker; more are answered 503
  Timespan idle_timeout = seconds(60);  // between requests
  Timespan read_timeout =
      seconds(30);  // without a byte inside a request, or without taking one of the answer
};

class Server {
 public:
  // HTTP0101 the port is in use; HTTP0102 the address cannot be listened on.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  virtual ~Server() = default;  // stops
  // The port listened on, also when 0 was asked for.
  virtual std::uint16_t port() const = 0;
  // Stops accepting, lets requests under way finish (at most 5 seconds), then closes. May be called twice.
  virtual void stop() = 0;
};

// `127.0.0.1`, `::1`, `localhost` and the rest of 127/8.
bool is_loopback_address(std::string_view address);

}  // namespace rollcall::http
