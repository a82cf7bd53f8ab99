// URIs: encoding and parts.
#include <fmt/format.h>

#include "expr/functions.hpp"
#include "expr/text.hpp"
#include "expr/unicode.hpp"
#include "expr/uri.hpp"

namespace rollcall::expr {
namespace {

// Designers write several arguments where text and values stand side by side: they are put
// together.
Result<Value> encode(Arguments& arguments) {
  std::string text;
  for (const Value& value : arguments.values) TRY_DO(append_text(text, value));
  return text_value(encode_uri(text));
}

Result<Value> decode(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  return text_value(valid_utf8(decode_uri(text)));
}

Result<Value> to_binary(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  return envelope("application/octet-stream", decode_uri(text));
}

Result<UriParts> parts(Arguments& arguments) {
  TRY(const std::string_view text, arguments.text(0));
  auto parts = parse_uri(text);
  if (!parts) return arguments.wrong(0, "an absolute URI");
  return *std::move(parts);
}

Result<Value> host(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return text_value(uri.host);
}
Result<Value> path(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return text_value(uri.path);
}
Result<Value> path_and_query(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return text_value(uri.path + uri.query);
}
Result<Value> port(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return json::value(std::int64_t{uri.port});
}
Result<Value> query(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return text_value(uri.query);
}
Result<Value> scheme(Arguments& arguments) {
  TRY(const UriParts uri, parts(arguments));
  return text_value(uri.scheme);
}

constexpr Function rows[] = {
    {"decodeUriComponent", 1, 1, decode},
    {"encodeUriComponent", 1, any_number, encode},
    {"uriComponent", 1, any_number, encode},
    {"uriComponentToBinary", 1, 1, to_binary},
    {"uriComponentToString", 1, 1, decode},
    {"uriHost", 1, 1, host},
    {"uriPath", 1, 1, path},
    {"uriPathAndQuery", 1, 1, path_and_query},
    {"uriPort", 1, 1, port},
    {"uriQuery", 1, 1, query},
    {"uriScheme", 1, 1, scheme},
};

}  // namespace

std::span<const Function> uri_functions() { return rows; }

}  // namespace rollcall::expr
