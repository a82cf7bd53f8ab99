#include "connectors/http_chunks.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "base/url.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::size_t usual_chunk = std::size_t{8} << 20;

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string header(const http::Response& response, std::string_view name) {
  const auto* value = response.headers.find(name);
  return value == nullptr ? std::string() : *value;
}

// What the other side wishes for, if it does.
std::size_t chunk_size(const http::Response& response, std::size_t otherwise) {
  const auto wish = number(trim(header(response, "x-ms-chunk-size")));
  return wish && *wish > 0 ? std::min(*wish, most_chunked_bytes) : otherwise;
}

// `bytes 0-99/1000`: which bytes came, of how many. https://www.rfc-editor.org/rfc/rfc9110#section-14.4
struct ContentRange {
  std::size_t first, last, whole;
};
std::optional<ContentRange> content_range(const http::Response& response) {
  const auto text = header(response, "Content-Range");
  const auto dash = text.find('-'), slash = text.find('/');
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit) || dash == std::string::npos || slash == std::string::npos ||
      slash < dash)
    return std::nullopt;
  const std::string_view all = text;
  const auto first = number(all.substr(unit.size(), dash - unit.size()));
  const auto last = number(all.substr(dash + 1, slash - dash - 1));
  const auto whole = number(all.substr(slash + 1));
  if (!first || !last || !whole || *first > *last || *last >= *whole) return std::nullopt;
  return ContentRange{*first, *last, *whole};
}

Result<http::Response> download(http::Client& client, const http::ClientRequest& request) {
  auto asked = request;
  asked.headers.set("Range", fmt::format("bytes=0-{}", usual_chunk - 1));
  TRY(auto answer, client.send(asked));
  if (answer.status == 416) return client.send(request);  // there is nothing, so no part of it
  if (answer.status != 206) return answer;
  auto whole = std::move(answer);
  std::string content = std::move(whole.body);
  const auto tag = header(whole, "ETag");
  auto range = content_range(whole);
  for (std::size_t next = 0; range;) {
    if (range->first != next || range->last + 1 != content.size()) break;
    if (range->whole > most_chunked_bytes) {
      return fail("CONNECTOR0404", fmt::format("the content has {} bytes; at most {} are taken",
                                               range->whole, most_chunked_bytes));
    }
    if (content.size() == range->whole) {
      whole.status = 200;
      whole.headers.erase("Content-Range");
      whole.body = std::move(content);
      return whole;
    }
    next = content.size();
    asked.headers.set(
        "Range", fmt::format("bytes={}-{}", next, std::min(next + usual_chunk, range->whole) - 1));
    TRY(auto part, client.send(asked));
    if (part.status != 206) return part;
    if (header(part, "ETag") != tag)
      return fail("CONNECTOR0403", "the content changed while it was fetched in pieces");
    range = content_range(part);
    content += part.body;
  }
  return fail("CONNECTOR0403",
              "a piece came without a Content-Range, or with one that was not asked for");
}

Result<http::Response> upload(http::Client& client, const http::ClientRequest& request) {
  if (request.body.size() > most_chunked_bytes) {
    return fail("CONNECTOR0404", fmt::format("the content has {} bytes; at most {} are sent",
                                             request.body.size(), most_chunked_bytes));
  }
  auto asked = request;
  asked.body.clear();
  asked.headers.erase("Content-Type");
  asked.headers.set("x-ms-transfer-mode", "chunked");
  asked.headers.set("x-ms-content-length", std::to_string(request.body.size()));
  TRY(auto answer, client.send(asked));
  if (answer.status >= 300) return answer;
  const auto location = header(answer, "Location");
  if (location.empty()) {
    return fail("CONNECTOR0403",
                "the other side does not say where the pieces of the content shall go (Location); "
                "it does not take chunks: take contentTransfer away");
  }
  auto piece = request;
  piece.method = "PATCH";
  piece.url = absolute_url(request.url, location);
  if (origin_of(piece.url) != origin_of(request.url)) {
    for (const auto name : {"Authorization", "Cookie"}) piece.headers.erase(name);
    piece.certificate.clear();
  }
  auto size = chunk_size(answer, usual_chunk);
  for (std::size_t sent = 0; sent < request.body.size();) {
    piece.body = request.body.substr(sent, size);
    piece.headers.set(
        "Content-Range",
        fmt::format("bytes={}-{}/{}", sent, sent + piece.body.size() - 1, request.body.size()));
    TRY(answer, client.send(piece));
    if (answer.status >= 300) return answer;
    sent += piece.body.size();
    size = chunk_size(answer, size);
  }
  return answer;
}

}  // namespace

Result<http::Response> send_in_chunks(http::Client& client, const http::ClientRequest& request) {
  if (!request.body.empty()) return upload(client, request);
  const bool whole = request.headers.find("Range") == nullptr;
  return request.method == "GET" && whole ? download(client, request) : client.send(request);
}

}  // namespace rollcall::connectors
