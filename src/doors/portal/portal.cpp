#include "doors/portal/portal.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rollcall::doors {
namespace {

constexpr std::string_view not_built =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Rollcall</title>"
    "<body style=\"font:16px/1.5 system-ui;max-width:40em;margin:4em auto\"><h1>Rollcall</h1>"
    "<p>This binary was built without the portal. Run <code>scripts/install</code> and "
    "<code>scripts/portal</code>, "
    "then build again. The API is at <a "
    "href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></html>\n";

std::string_view content_type_of(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto ending = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
  if (ending == ".html") return "text/html; charset=utf-8";
  if (ending == ".js") return "text/javascript; charset=utf-8";
  if (ending == ".css") return "text/css; charset=utf-8";
  if (ending == ".svg") return "image/svg+xml";
  if (ending == ".png") return "image/png";
  if (ending == ".json" || ending == ".map") return "application/json";
  if (ending == ".woff2") return "font/woff2";
  return "application/octet-stream";
}

// FNV-1a: tells one build's file from another's; nothing secret depends on it.
std::string etag_of(std::string_view content) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return fmt::format("\"{:016x}\"", hash);
}

http::Response serve(const File& file, std::string_view etag, const http::Request& request) {
  http::Response answer{200, {{"Content-Type", std::string(content_type_of(file.name))}}, {}};
  answer.headers.add("ETag", std::string(etag));
  answer.headers.add("Cache-Control", "no-cache");  // asked again, and answered 304
  answer.headers.add("Content-Security-Policy",
                     "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:");
  answer.headers.add("X-Content-Type-Options", "nosniff");
  if (request.headers.value_or("If-None-Match") == etag) {
    answer.status = 304;
  } else {
    answer.body = file.content;
  }
  return answer;
}

}  // namespace

void add_portal(http::Router& router, std::span<const File> files) {
  const auto add = [&](std::string path, const File& file) {
    router.add("GET", std::move(path),
               [file, etag = etag_of(file.content)](const http::Request& request) {
                 return serve(file, etag, request);
               });
  };
  for (const auto& file : files) add("/" + std::string(file.name), file);
  const auto index = std::ranges::find(files, "index.html", &File::name);
  add("/", index == files.end() ? File{"index.html", not_built} : *index);
}

}  // namespace rollcall::doors
