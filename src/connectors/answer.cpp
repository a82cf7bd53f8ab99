#include "connectors/answer.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

using flow::Outcome;

// It is kept inside other JSON, which is read back 1,000 deep.
constexpr std::size_t most_json_levels = 900;

std::optional<Timespan> retry_after(const http::Response& response) {
  const auto text = response.headers.value_or("Retry-After");
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0 || count > 86'400)
    return std::nullopt;
  return seconds(count);
}

}  // namespace

json::value body_of(const http::Response& response) {
  const auto type = to_lower(response.headers.value_or("Content-Type"));
  if (response.body.empty()) return nullptr;
  if (type.find("json") != std::string::npos) {
    if (auto value = parse_json(response.body, most_json_levels)) return *std::move(value);
  }
  if (type.empty() || type.starts_with("text/") || type.find("json") != std::string::npos)
    return json::value(response.body);
  return expr::envelope(type, response.body);
}

Outcome to_outcome(const http::Response& response) {
  return to_outcome(response, body_of(response));
}

Outcome to_outcome(const http::Response& response, json::value body) {
  json::object headers;
  for (const auto& header : response.headers) headers[header.name] = header.value;
  json::object outputs{{"statusCode", response.status}};
  outputs.emplace("headers", std::move(headers));
  outputs.emplace("body", std::move(body));
  Outcome outcome{std::move(outputs), {}, {}};
  // A 202 says when to look again.
  outcome.retry_after = retry_after(response);
  if (response.status < 400) return outcome;
  const auto reason = http::reason_phrase(response.status);
  outcome.code = reason.empty() ? "HttpStatus" : std::string(reason);
  std::erase(outcome.code, ' ');
  outcome.message = fmt::format("the server answered {} {}", response.status, reason);
  outcome.may_retry = response.status == 408 || response.status == 429 || response.status >= 500;
  return outcome;
}

Outcome no_answer(const Error& error) {
  auto outcome = flow::refused(error.code == "HTTP0201" ? 400 : 502, error.code, error.message);
  outcome.may_retry = error.code == "HTTP0202" || error.code == "HTTP0203";
  return outcome;
}

std::string body_text(const json::value& body) {
  if (const auto* text = body.if_string()) return std::string(*text);
  if (expr::is_envelope(body)) {
    if (auto bytes = expr::envelope_bytes(body)) return *std::move(bytes);
  }
  return body.is_null() ? std::string() : expr::to_json(body);
}

std::string plain_text(const json::value& value) {
  if (value.is_null()) return {};
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* number = value.if_double()) return expr::format_double(*number);
  return expr::to_json(value);
}

}  // namespace rollcall::connectors
