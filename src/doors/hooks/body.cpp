#include "doors/hooks/body.hpp"

#include <charconv>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t most_parts = 1'000;
constexpr int most_levels = 8;  // of multipart in multipart; deeper ones stay bytes
constexpr std::size_t most_json_levels =
    900;  // it is kept inside other JSON, which is read back 1,000 deep

std::string parameter_of(std::string_view header, std::string_view name) {
  for (const auto part : split(header, ';')) {
    const auto trimmed = trim(part);
    const auto equals = trimmed.find('=');
    if (equals == std::string_view::npos ||
        !equals_ignoring_case(trim(trimmed.substr(0, equals)), name))
      continue;
    auto value = trim(trimmed.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

Result<json::value> read(std::string_view type, std::string_view body, int level);

// RFC 2046, 5.1: {"$content-type", "$multipart": [{"headers", "body"}]}
Result<json::value> read_parts(std::string_view type, std::string_view body, int level) {
  const auto boundary = "--" + parameter_of(type, "boundary");
  json::array parts;
  auto at = body.find(boundary);
  while (at != std::string_view::npos && parts.size() < most_parts) {
    auto begin = at + boundary.size();
    if (body.substr(begin).starts_with("--")) break;
    begin = body.find("\r\n", begin);
    const auto end = begin == std::string_view::npos ? begin : body.find("\r\n" + boundary, begin);
    if (end == std::string_view::npos) break;
    const auto part = body.substr(begin, end - begin);
    const auto gap = part.find("\r\n\r\n");
    const auto head = part.substr(0, std::min(gap, part.size()));
    json::object headers;
    for (const auto line : split(head, '\n')) {
      const auto colon = line.find(':');
      if (colon != std::string_view::npos)
        headers[trim(line.substr(0, colon))] = json::value(trim(line.substr(colon + 1)));
    }
    const auto content = gap == std::string_view::npos ? std::string_view() : part.substr(gap + 4);
    const auto inner = headers.contains("Content-Type")
                           ? json::value_to<std::string>(headers["Content-Type"])
                           : "text/plain";
    TRY(auto value, read(inner, content, level + 1));
    json::object made{{"headers", std::move(headers)}};
    made.emplace("body", std::move(value));
    parts.push_back(std::move(made));
    at = end + 2;
  }
  json::object made{{"$content-type", type}};
  made.emplace("$multipart", std::move(parts));
  return made;
}

Result<json::value> read(std::string_view type, std::string_view body, int level) {
  const auto kind = to_lower(trim(type.substr(0, type.find(';'))));
  if (body.empty()) return json::value();
  if (kind == "application/json" || kind.ends_with("+json"))
    return parse_json(body, most_json_levels);
  if (kind.starts_with("multipart/") && level < most_levels) return read_parts(type, body, level);
  if (kind.empty()) {  // as most who forget it mean it
    if (auto value = parse_json(body, most_json_levels)) return *std::move(value);
  }
  const bool text = kind.empty() || (kind.starts_with("text/") && kind != "text/xml");
  if (text && is_utf8(body)) return json::value(body);
  return expr::envelope(kind.empty() ? "application/octet-stream" : type, body);
}

int status_of(const json::value& outputs) {
  const auto* status = find(outputs, "statusCode");
  if (status == nullptr) return 200;
  const auto text = expr::to_text(*status);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number >= 200 && number <= 599 ? number : 500;
}

// What the server writes itself.
bool is_ours(std::string_view header) {
  for (const auto name : {"Content-Length", "Transfer-Encoding", "Connection", "Date", "Host"}) {
    if (equals_ignoring_case(header, name)) return true;
  }
  return false;
}

}  // namespace

Result<json::value> read_body(const http::Request& request) {
  return read(request.headers.value_or("Content-Type"), request.body, 0);
}

http::Response to_response(const json::value& outputs) {
  http::Response response;
  response.status = status_of(outputs);
  if (const auto* headers = find(outputs, "headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      if (!is_ours(name)) response.headers.set(name, expr::to_text(value));
    }
  }
  const auto* body = find(outputs, "body");
  if (body == nullptr || body->is_null()) return response;
  const auto bytes = expr::bytes_of(*body);
  const bool whole = expr::is_envelope(*body) || body->is_string();
  response.body = whole && bytes ? *bytes : expr::to_json(*body);
  if (response.headers.find("Content-Type") == nullptr) {
    response.headers.set("Content-Type", expr::is_envelope(*body)
                                             ? std::string(expr::envelope_type(*body))
                                         : body->is_string() ? "text/plain; charset=utf-8"
                                                             : "application/json; charset=utf-8");
  }
  return response;
}

}  // namespace rollcall::doors
