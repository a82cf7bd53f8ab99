#include "connectors/http.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "base/url.hpp"
#include "connectors/answer.hpp"
#include "connectors/http_authentication.hpp"
#include "connectors/http_chunks.hpp"
#include "expr/template.hpp"
#include "expr/text.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

constexpr int most_items_ever = 100'000;
constexpr int most_pages = 1'000;

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations{{"Request", Place::outside, "HTTP", {}, {}}};
  return operations;
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? std::string() : expr::to_text(*value);
}

void add_queries(std::string& url, const json::object& inputs) {
  const auto* queries = inputs.if_contains("queries");
  if (queries == nullptr || !queries->is_object()) return;
  for (const auto& [name, value] : queries->get_object()) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += http::encode_percent(name) + "=" + http::encode_percent(expr::to_text(value));
  }
}

Result<http::ClientRequest> request_of(const Call& call, HttpAuthentication& authentication) {
  http::ClientRequest request;
  const auto& inputs = call.parameters;
  if (const auto method = text_of(inputs, "method"); !method.empty()) request.method = method;
  for (auto& c : request.method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  request.url = text_of(inputs, "uri");
  if (request.url.empty()) return fail("CONNECTOR0401", "the HTTP action has no uri");
  add_queries(request.url, inputs);
  if (const auto* headers = inputs.if_contains("headers");
      headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object())
      request.headers.add(std::string(name), expr::to_text(value));
  }
  if (const auto* about = inputs.if_contains("authentication");
      about != nullptr && about->is_object() && !about->get_object().empty())
    TRY_DO(authentication.add(request, about->get_object()));
  const auto* body = inputs.if_contains("body");
  if (body != nullptr && !body->is_null()) {
    request.body = expr::to_text(*body);
    if (request.headers.find("Content-Type") == nullptr) {
      request.headers.set("Content-Type",
                          body->is_string() ? "text/plain; charset=utf-8" : "application/json");
    }
  }
  if (request.headers.find("Idempotency-Key") == nullptr)
    request.headers.set("Idempotency-Key", call.key.to_string());
  return request;
}

// Where a page says that the next one is: in its body, or in a header as GitHub's.
// https://www.rfc-editor.org/rfc/rfc8288#section-3
std::string next_page(const http::Response& response, const json::value& body) {
  for (const auto name : {"nextLink", "@odata.nextLink", "odata.nextLink"}) {
    if (const auto link = rollcall::text_or(body, name); !link.empty()) return std::string(link);
  }
  const auto* header = response.headers.find("Link");
  if (header == nullptr) return {};
  for (const auto part : split(*header, ',')) {
    const auto one = trim(part);
    const auto end = one.find('>');
    if (!one.starts_with('<') || end == std::string_view::npos) continue;
    const auto about = to_lower(one.substr(end));
    if (about.find("rel=\"next\"") != std::string::npos ||
        about.find("rel=next") != std::string::npos)
      return std::string(one.substr(1, end - 1));
  }
  return {};
}

// The items of a page: the array itself, or its `value`; nullptr: it is none.
json::array* items_of(json::value& body) {
  auto* items = body.is_object() ? body.get_object().if_contains("value") : &body;
  return items == nullptr ? nullptr : items->if_array();
}

class Http final : public flow::Connector {
 public:
  Http(http::Client& client, const Clock& clock)
      : client_(client), authentication_(client, clock) {}

  std::string_view id() const override { return "http"; }
  std::span<const Operation> operations() const override { return all_operations(); }

  Result<Outcome> call(std::size_t, const Call& call) override {
    const auto request = request_of(call, authentication_);
    if (!request) return no_request(request.error());
    auto response = call.chunked ? send_in_chunks(client_, *request) : client_.send(*request);
    if (!response) return no_answer(response.error());
    // Whoever asks there later does not know the request's URL.
    if (const auto* location = response->headers.find("Location");
        location != nullptr && !location->empty())
      response->headers.set("Location", absolute_url(request->url, *location));
    if (call.most_items && response->status < 300)
      return all_pages(*request, *std::move(response), *call.most_items);
    return to_outcome(*response);
  }

 private:
  // The first page, with the items of those behind it, and the link that is left over when that is
  // enough. A page that fails is the answer in its place. Pages of another origin are asked for
  // without headers and credentials.
  Outcome all_pages(const http::ClientRequest& first, http::Response response, int wanted) const {
    auto body = body_of(response);
    const auto most = static_cast<std::size_t>(std::clamp(wanted, 0, most_items_ever));
    auto* items = items_of(body);
    if (items == nullptr) return to_outcome(response, std::move(body));
    auto link = next_page(response, body);
    auto request = first;
    for (int pages = 1; !link.empty() && items->size() < most; ++pages) {
      auto url = absolute_url(request.url, link);
      if (pages == most_pages || url == request.url) break;
      if (origin_of(url) != origin_of(request.url)) request.headers = {};
      request.method = "GET";
      request.body.clear();
      for (const auto name : {"Content-Type", "Idempotency-Key"}) request.headers.erase(name);
      request.url = std::move(url);
      auto next = client_.send(request);
      if (!next) return no_answer(next.error());
      auto page = body_of(*next);
      auto* more = next->status < 300 ? items_of(page) : nullptr;
      if (more == nullptr) return to_outcome(*next, std::move(page));
      link = next_page(*next, page);
      items->insert(items->end(), std::make_move_iterator(more->begin()),
                    std::make_move_iterator(more->end()));
    }
    if (auto* whole = body.if_object()) {
      for (const auto name : {"nextLink", "@odata.nextLink", "odata.nextLink"}) whole->erase(name);
      if (!link.empty()) whole->emplace("nextLink", absolute_url(request.url, link));
    }
    return to_outcome(response, std::move(body));
  }

  // Whoever gives tokens may be there again in a moment; what is wrong with the request stays wrong.
  static Outcome no_request(const Error& error) {
    auto refusal = flow::refused(400, error.code, error.message);
    refusal.may_retry = error.code == "CONNECTOR0535" || error.code == "KUSTO0202";
    return refusal;
  }

  http::Client& client_;
  HttpAuthentication authentication_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_http(http::Client& client, const Clock& clock) {
  return std::make_unique<Http>(client, clock);
}

}  // namespace rollcall::connectors
