// Properties: how a request is cut into packets changes nothing; packing and escaping lose nothing.
#include "http/parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "http/gzip.hpp"

namespace rollcall::http {
namespace {

RC_GTEST_PROP(RequestParser, CutsDoNotMatter,
              (std::string body, bool chunked, std::vector<unsigned char> cuts)) {
  std::string wire = "POST /a?b=c HTTP/1.1\r\nX-One: 1\r\n";
  if (chunked) {
    wire += "Transfer-Encoding: chunked\r\n\r\n";
    for (const char c : body) wire += std::string("1\r\n") + c + "\r\n";
    wire += "0\r\n\r\n";
  } else {
    wire += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  wire += "GET /next";
  RequestParser parser(8192, 1 << 20);
  std::string unread;
  auto state = RequestParser::State::wants_more;
  for (std::size_t at = 0, n = 0; at < wire.size() && state == RequestParser::State::wants_more;
       ++n) {
    const std::size_t cut = cuts.empty() ? wire.size() : 1 + cuts[n % cuts.size()] % 40U;
    unread += wire.substr(at, cut);
    at += cut;
    std::size_t taken = 0;
    state = parser.feed(unread, taken);
    unread.erase(0, taken);
  }
  RC_ASSERT(state == RequestParser::State::complete);
  RC_ASSERT(std::string("GET /next").starts_with(unread));
  const auto request = parser.take();
  RC_ASSERT(request.method == "POST");
  RC_ASSERT(request.target == "/a?b=c");
  RC_ASSERT(request.headers.value_or("x-one") == "1");
  RC_ASSERT(request.body == body);
}

RC_GTEST_PROP(Gzip, UnpacksWhatItPacked, (const std::string& text)) {
  RC_ASSERT(gunzip(gzip(text), text.size() + 1).value() == text);
}

RC_GTEST_PROP(Percent, DecodesWhatItEncoded, (const std::string& text, bool plus_is_space)) {
  RC_ASSERT(decode_percent(encode_percent(text), plus_is_space) == text);
}

TEST(Gzip, StopsAtItsLimit) {
  const auto bomb = gzip(std::string(1'000'000, '0'));
  EXPECT_EQ(gunzip(bomb, 999'999).error().code, "HTTP0305");
  EXPECT_EQ(gunzip(bomb.substr(0, bomb.size() / 2), 2'000'000).error().code, "HTTP0304");
  EXPECT_EQ(gunzip("plain", 100).error().code, "HTTP0304");
}

}  // namespace
}  // namespace rollcall::http
