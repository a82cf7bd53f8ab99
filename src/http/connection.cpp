#include "http/connection.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <exception>

#include "base/text.hpp"
#include "http/gzip.hpp"

namespace rollcall::http {
namespace {

using boost::system::error_code;

constexpr std::size_t worth_packing_bytes = 1024;
constexpr int max_drained_chunks = 1024;  // at most 64 MiB of a body that was refused

bool accepts_gzip(const Headers& headers) {
  for (const auto part : split(headers.value_or("Accept-Encoding"), ',')) {
    const auto name = trim(part.substr(0, part.find(';')));
    if (equals_ignoring_case(name, "gzip"))
      return part.find("q=0") == std::string_view::npos ||
             part.find("q=0.") != std::string_view::npos;
  }
  return false;
}

// The handler's answer, or what stands in its way. Runs on a worker.
Response carry_out(const Handler& handler, Request request, std::size_t max_body_bytes) {
  const auto encoding = request.headers.value_or("Content-Encoding", "identity");
  const bool zstd = equals_ignoring_case(encoding, "zstd");
  if (zstd || equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip")) {
    auto plain = zstd ? unzstd(request.body, max_body_bytes) : gunzip(request.body, max_body_bytes);
    if (!plain)
      return problem(plain.error().code == "HTTP0305" ? 413 : 400, plain.error().code,
                     plain.error().message);
    request.body = *std::move(plain);
    request.headers.erase("Content-Encoding");
  } else if (!equals_ignoring_case(encoding, "identity")) {
    return problem(
        415, "HTTP0308",
        fmt::format("Content-Encoding {} is not known; send gzip, zstd or identity", encoding));
  }
  const bool pack = accepts_gzip(request.headers);
  try {
    auto response = handler(request);
    if (pack && response.body.size() >= worth_packing_bytes &&
        response.headers.find("Content-Encoding") == nullptr) {
      response.body = gzip(response.body);
      response.headers.set("Content-Encoding", "gzip");
      response.headers.set("Vary", "Accept-Encoding");
    }
    return response;
  } catch (const std::exception& exception) {
    return problem(500, "HTTP0901", fmt::format("the server failed: {}", exception.what()));
  }
}

// RFC 9110, 5.6.2
bool is_token(std::string_view name) {
  constexpr std::string_view characters =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.find_first_not_of(characters) == std::string_view::npos;
}

std::string serialize(const Response& response, bool keep_alive, bool head) {
  std::string bytes =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  for (const auto& header : response.headers) {
    if (head && equals_ignoring_case(header.name, "Content-Length")) continue;
    if (!is_token(header.name) || header.value.find_first_of("\r\n") != std::string::npos)
      continue;  // it would be another header, or a body
    bytes += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  const auto* stated = response.headers.find("Content-Length");
  if (head && stated != nullptr) {
    bytes += fmt::format("Content-Length: {}\r\n", *stated);
  } else if (response.status != 204 && response.status != 304) {
    bytes += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  bytes += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  if (!head) bytes += response.body;
  return bytes;
}

bool is_loopback(const boost::asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .is_loopback();
  }
  return address.is_loopback();
}

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, const ServerOptions& options,
                       const Handler& handler, Workers workers, Closed closed)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      options_(options),
      handler_(handler),
      workers_(workers),
      closed_(std::move(closed)),
      parser_(options.max_header_bytes, options.max_body_bytes) {}

void Connection::start() {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  loopback_ = !error && is_loopback(peer.address());
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), error);
  read();
}

void Connection::finish() {
  finishing_ = true;
  if (!busy_ && !parser_.started()) close();
}

void Connection::close() {
  if (std::exchange(is_closed_, true)) return;
  if (gone_) *gone_ = true;  // what still works for it may stop
  error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
  closed_(shared_from_this());
}

void Connection::arm(Timespan span) {
  deadline_ = std::chrono::steady_clock::now() +
              std::chrono::milliseconds(span.ticks / ticks_per_millisecond);
  if (deadline_ < waits_until_) wait();
}

void Connection::wait() {
  waits_until_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (error) return;  // closed, or another wait began
    self->waits_until_ = std::chrono::steady_clock::time_point::max();
    if (std::chrono::steady_clock::now() >= self->deadline_) return self->close();
    if (self->deadline_ != self->waits_until_) self->wait();
  });
}

void Connection::read() {
  if (ended_) return close();
  arm(parser_.started() ? options_.read_timeout : options_.idle_timeout);
  if (watching_) {
    wants_read_ = true;
    return;
  }
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](error_code error, std::size_t got) {
                            if (self->is_closed_) return;
                            if (error) return self->close();
                            self->unread_.append(self->chunk_.data(), got);
                            self->feed();
                          });
}

void Connection::feed() {
  std::size_t taken = 0;
  const auto state = parser_.feed(unread_, taken);
  unread_.erase(0, taken);
  switch (state) {
    case RequestParser::State::wants_more:
      return read();
    case RequestParser::State::wants_continue:
      return write("HTTP/1.1 100 Continue\r\n\r\n", true);
    case RequestParser::State::failed:
      keep_alive_ = false;
      return answer(parser_.refusal(), false);
    case RequestParser::State::complete:
      return handle();
  }
}

void Connection::handle() {
  disarm();
  busy_ = true;
  keep_alive_ = parser_.keep_alive();
  auto request = std::make_shared<Request>(parser_.take());
  request->loopback = loopback_;
  gone_ = request->gone = std::make_shared<std::atomic<bool>>(false);
  watch();
  const bool head = request->method == "HEAD";
  auto& workers = request->method == "GET" || head ? workers_.readers : workers_.writers;
  const bool taken = workers.submit([self = shared_from_this(), request, head] {
    auto response = std::make_shared<Response>(
        carry_out(self->handler_, std::move(*request), self->options_.max_body_bytes));
    boost::asio::post(self->socket_.get_executor(),
                      [self, response, head] { self->answer(std::move(*response), head); });
  });
  if (taken) return;
  auto busy = problem(503, "HTTP0309", "too many requests are waiting; try again in a second");
  busy.headers.add("Retry-After", "1");
  answer(std::move(busy), head);
}

// Reads ahead while the handler works, to hear of a client that goes away. What it sends is the next request's.
void Connection::watch() {
  if (watching_ || ended_ || unread_.size() >= chunk_.size()) return;
  watching_ = true;
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](error_code error, std::size_t got) {
                            self->watching_ = false;
                            if (self->is_closed_) return;
                            if (error) {
                              self->ended_ = true;
                              *self->gone_ = true;
                            }
                            if (self->drained_chunks_ > 0) return self->drain();
                            self->unread_.append(self->chunk_.data(), got);
                            if (std::exchange(self->wants_read_, false))
                              return self->ended_ ? self->close() : self->feed();
                            if (self->busy_) self->watch();
                          });
}

void Connection::answer(Response response, bool head) {
  if (is_closed_) return;
  busy_ = true;
  keep_alive_ = keep_alive_ && !finishing_;
  write(serialize(response, keep_alive_, head), false);
}

// `then_read` says that the request under way goes on: only an interim answer was written.
void Connection::write(std::string bytes, bool then_read) {
  outgoing_ = std::move(bytes);
  arm(options_.read_timeout);
  boost::asio::async_write(
      socket_, boost::asio::buffer(outgoing_),
      [self = shared_from_this()](error_code error, std::size_t) -> std::size_t {
        if (error) return 0;
        self->arm(self->options_.read_timeout);  // it moves: the limit is on standing still
        return 64 * 1024;
      },
      [self = shared_from_this(), then_read](error_code error, std::size_t) {
        if (self->is_closed_) return;
        if (error) return self->close();
        if (then_read) return self->read();
        if (!self->keep_alive_) return self->drain();
        self->busy_ = false;
        if (self->finishing_) return self->close();
        self->parser_ =
            RequestParser(self->options_.max_header_bytes, self->options_.max_body_bytes);
        if (self->unread_.empty()) return self->read();
        self->feed();
      });
}

// Closing with unread bytes would reset the connection and could take the answer with it.
void Connection::drain() {
  error_code ignored;
  if (drained_chunks_ == 0) {
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    arm(seconds(2));
  }
  if (ended_ || ++drained_chunks_ > max_drained_chunks) return close();
  if (watching_) return;  // goes on here when it has read
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](error_code error, std::size_t) {
                            if (self->is_closed_) return;
                            if (error) return self->close();
                            self->drain();
                          });
}

}  // namespace rollcall::http
