// HTTP requests and answers as plain structs: what handlers, doors, tests and the client speak.
// The server fills a Request completely (body read and unpacked) before a handler sees it.
#pragma once
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace rollcall::http {

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};

// In the order they came; names are compared ignoring ASCII case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : all_(headers) {}
  // The first value of that name; null when there is none.
  const std::string* find(std::string_view name) const;
  std::string_view value_or(std::string_view name, std::string_view otherwise = {}) const;
  void add(std::string name, std::string value) {
    all_.push_back({std::move(name), std::move(value)});
  }
  // Replaces every value of that name.
  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }
  bool empty() const { return all_.empty(); }
  bool operator==(const Headers&) const = default;

 private:
  std::vector<Header> all_;
};

using Parameters = std::vector<std::pair<std::string, std::string>>;  // decoded name, decoded value

struct Request {
  std::string method = "GET";
  std::string target = "/";  // as sent: path, and query after '?'; still percent-encoded
  Headers headers;
  std::string body;            // unpacked when it came with Content-Encoding: gzip
  bool loopback = false;       // the peer's address is of this machine
  Parameters path_parameters;  // filled by the router
  // Set when the client goes away before it is answered; null where nobody looks.
  std::shared_ptr<std::atomic<bool>> gone = {};

  std::string_view path() const;   // still percent-encoded
  std::string_view query() const;  // without '?'; still percent-encoded
  // The first query parameter of that name (case matters), decoded.
  std::optional<std::string> query_value(std::string_view name) const;
  // "" when the route has no such part.
  std::string_view path_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// `%41` → `A`; with `plus_is_space` (queries and forms) also `+` → ` `. A stray `%` stays as it is.
std::string decode_percent(std::string_view text, bool plus_is_space);
// Everything but letters, digits and `-._~` becomes `%XX`.
std::string encode_percent(std::string_view text);
// `a=1&b=x%20y` → pairs, decoded.
Parameters parse_query(std::string_view query);

Response text_response(int status, std::string text);
Response json_response(int status, const json::value& value);
// RFC 9457: {"type":"about:blank","title":…,"status":…,"detail":…,"code":…}; the title follows the status.
Response problem(int status, std::string_view code, std::string_view detail);
// `Not Found` for 404; "" for a status that has no name.
std::string_view reason_phrase(int status);

}  // namespace rollcall::http
