#include "doors/sharepoint/batch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace rollcall::doors::sharepoint {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail("SP0106", "$batch: " + std::move(message));
}

// boundary=batch_…, with or without quotes.
std::string_view boundary_of(std::string_view content_type) {
  const auto at = to_lower(content_type).find("boundary=");
  if (at == std::string::npos) return {};
  auto boundary = content_type.substr(at + 9);
  boundary = trim(boundary.substr(0, boundary.find(';')));
  if (boundary.size() >= 2 && boundary.front() == '"' && boundary.back() == '"')
    boundary = boundary.substr(1, boundary.size() - 2);
  return boundary;
}

// The next line without its end; lines end in LF or CRLF.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// What stands between the lines `--boundary`.
Result<std::vector<std::string_view>> parts_of(std::string_view body, std::string_view boundary) {
  const auto open = fmt::format("--{}", boundary), close = open + "--";
  std::vector<std::string_view> parts;
  const char* begin = nullptr;
  for (auto rest = body; !rest.empty();) {
    const auto* line_begin = rest.data();
    const auto line = trim(take_line(rest));
    if (line != open && line != close) continue;
    if (begin != nullptr) parts.emplace_back(begin, static_cast<std::size_t>(line_begin - begin));
    if (line == close) return parts;
    if (parts.size() >= max_batch_requests)
      return wrong(fmt::format("at most {} requests are taken at once", max_batch_requests));
    begin = rest.data();
  }
  return wrong(fmt::format("the line {} is missing at the end", close));
}

http::Headers take_headers(std::string_view& text) {
  http::Headers headers;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (trim(line).empty()) break;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos)
      headers.add(std::string(trim(line.substr(0, colon))),
                  std::string(trim(line.substr(colon + 1))));
  }
  return headers;
}

// The path and query of an absolute or relative URL.
std::string_view target_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    const auto slash = url.find('/', scheme + 3);
    return slash == std::string_view::npos ? "/" : url.substr(slash);
  }
  return url;
}

Result<http::Request> read_request(std::string_view text) {
  const auto line = take_line(text);
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first ||
      !line.substr(last + 1).starts_with("HTTP/")) {
    return wrong(
        fmt::format("'{}' is no line of a request such as GET URL HTTP/1.1", line.substr(0, 100)));
  }
  http::Request request;
  request.method = line.substr(0, first);
  request.target = target_of(trim(line.substr(first + 1, last - first - 1)));
  request.headers = take_headers(text);
  request.body = trim(text);
  return request;
}

Result<void> read_parts(std::vector<http::Request>& requests, std::string_view body,
                        std::string_view boundary, bool in_change_set) {
  TRY(const auto parts, parts_of(body, boundary));
  for (auto part : parts) {
    const auto headers = take_headers(part);
    const auto type = headers.value_or("Content-Type");
    if (to_lower(type).starts_with("multipart/mixed")) {
      if (in_change_set || boundary_of(type).empty())
        return wrong("a change set stands in a change set, or has no boundary");
      TRY_DO(read_parts(requests, part, boundary_of(type), true));
      continue;
    }
    if (requests.size() >= max_batch_requests)
      return wrong(fmt::format("at most {} requests are taken at once", max_batch_requests));
    TRY(auto request, read_request(part));
    requests.push_back(std::move(request));
  }
  return {};
}

}  // namespace

Result<std::vector<http::Request>> read_batch(std::string_view content_type,
                                              std::string_view body) {
  const auto boundary = boundary_of(content_type);
  if (boundary.empty()) return wrong("Content-Type: multipart/mixed with a boundary was expected");
  std::vector<http::Request> requests;
  TRY_DO(read_parts(requests, body, boundary, false));
  return requests;
}

http::Response write_batch(const std::vector<http::Response>& answers,
                           std::string_view content_type) {
  // The client's own name for it; JSON has no line breaks, so no answer can hold it as a line.
  auto name = boundary_of(content_type);
  name = name.substr(name.find('_') + 1);
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  const auto boundary =
      fmt::format("batchresponse_{}", plain && name.size() <= 64 ? name : "answers");
  std::string body;
  for (const auto& answer : answers) {
    body += fmt::format(
        "--{}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: "
        "binary\r\n\r\nHTTP/1.1 {} {}\r\n",
        boundary, answer.status, http::reason_phrase(answer.status));
    for (const auto& header : answer.headers)
      body += fmt::format("{}: {}\r\n", header.name, header.value);
    body += "\r\n" + answer.body + "\r\n";
  }
  body += fmt::format("--{}--\r\n", boundary);
  return {200,
          {{"Content-Type", fmt::format("multipart/mixed; boundary={}", boundary)}},
          std::move(body)};
}

}  // namespace rollcall::doors::sharepoint
