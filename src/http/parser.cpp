#include "http/parser.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::http {
namespace beast = boost::beast::http;

struct RequestParser::Impl {
  beast::request_parser<beast::string_body> parser;
  std::size_t max_header_bytes;
  std::size_t max_body_bytes;
  bool started = false;
  bool continued = false;
  Response refusal;

  Response refuse(const boost::system::error_code& error) const {
    if (error == beast::error::header_limit) {
      return problem(
          431, "HTTP0306",
          fmt::format("the request's headers are larger than {} bytes", max_header_bytes));
    }
    if (error == beast::error::body_limit || error == beast::error::buffer_overflow) {
      return problem(
          413, "HTTP0305",
          fmt::format("the body is larger than {} bytes; send it in parts", max_body_bytes));
    }
    return problem(400, "HTTP0307", fmt::format("not an HTTP/1.1 request: {}", error.message()));
  }
};

RequestParser::RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
    : impl_(std::make_unique<Impl>()) {
  impl_->max_header_bytes = max_header_bytes;
  impl_->max_body_bytes = max_body_bytes;
  impl_->parser.eager(true);
  impl_->parser.header_limit(static_cast<std::uint32_t>(max_header_bytes));
  impl_->parser.body_limit(max_body_bytes);
}

RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

RequestParser::State RequestParser::feed(std::string_view bytes, std::size_t& taken) {
  auto& parser = impl_->parser;
  impl_->started = impl_->started || !bytes.empty();
  taken = 0;
  // Beast 1.81 asserts that an empty chunked body comes in one piece; five bytes are the least still to come.
  if (!parser.is_done() && parser.is_header_done() && parser.chunked() && bytes.size() < 5) {
    return State::wants_more;
  }
  while (!parser.is_done() && taken < bytes.size()) {
    boost::system::error_code error;
    const auto rest = bytes.substr(taken);
    const std::size_t now = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
    taken += now;
    if (error && error != beast::error::need_more) {
      impl_->refusal = impl_->refuse(error);
      return State::failed;
    }
    if (error == beast::error::need_more || now == 0) break;
  }
  if (parser.is_done()) return State::complete;
  if (parser.is_header_done() && !std::exchange(impl_->continued, true) &&
      equals_ignoring_case(std::string_view(parser.get()[beast::field::expect]), "100-continue")) {
    return State::wants_continue;
  }
  return State::wants_more;
}

bool RequestParser::started() const { return impl_->started; }

Request RequestParser::take() {
  CHECK(impl_->parser.is_done());
  auto& message = impl_->parser.get();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message)
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  return request;
}

bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }

const Response& RequestParser::refusal() const { return impl_->refusal; }

}  // namespace rollcall::http
