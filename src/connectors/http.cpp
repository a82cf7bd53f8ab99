#include "connectors/http.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"
#include "expr/template.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations{{"Request", Place::outside, "HTTP", {}, {}}};
  return operations;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t j) { return i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U; };
    const auto group = at(0) << 16U | at(1) << 8U | at(2);
    for (unsigned j = 0; j < 4; ++j) {
      const bool beyond = i + j > bytes.size();
      text += beyond ? '=' : digits[group >> (18U - 6U * j) & 63U];
    }
  }
  return text;
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

// Only what can be sent without a secret store: Basic, and Raw.
Result<void> authenticate(http::ClientRequest& request, const json::object& inputs) {
  const auto* given = inputs.if_contains("authentication");
  if (given == nullptr || !given->is_object() || given->get_object().empty()) return {};
  const auto& about = given->get_object();
  const auto type = text_of(about, "type");
  if (equals_ignoring_case(type, "Basic")) {
    request.headers.set("Authorization", "Basic " + base64(text_of(about, "username") + ":" + text_of(about, "password")));
    return {};
  }
  if (equals_ignoring_case(type, "Raw")) {
    request.headers.set("Authorization", text_of(about, "value"));
    return {};
  }
  return fail("CONNECTOR0402", fmt::format("authentication of type '{}' is not supported; there are Basic and Raw", type));
}

Result<http::ClientRequest> request_of(const Call& call) {
  http::ClientRequest request;
  const auto& inputs = call.parameters;
  if (const auto method = text_of(inputs, "method"); !method.empty()) request.method = method;
  for (auto& c : request.method) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  request.url = text_of(inputs, "uri");
  if (request.url.empty()) return fail("CONNECTOR0401", "the HTTP action has no uri");
  add_queries(request.url, inputs);
  if (const auto* headers = inputs.if_contains("headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) request.headers.add(std::string(name), expr::to_text(value));
  }
  TRY_DO(authenticate(request, inputs));
  const auto* body = inputs.if_contains("body");
  if (body != nullptr && !body->is_null()) {
    request.body = expr::to_text(*body);
    if (request.headers.find("Content-Type") == nullptr) {
      request.headers.set("Content-Type", body->is_string() ? "text/plain; charset=utf-8" : "application/json");
    }
  }
  if (request.headers.find("Idempotency-Key") == nullptr) request.headers.set("Idempotency-Key", call.key.to_string());
  return request;
}

json::value body_of(const http::Response& response) {
  const auto type = to_lower(response.headers.value_or("Content-Type"));
  if (response.body.empty()) return nullptr;
  if (type.find("json") != std::string::npos) {
    if (auto value = parse_json(response.body, 1'000)) return *std::move(value);
  }
  if (type.empty() || type.starts_with("text/") || type.find("json") != std::string::npos) return json::value(response.body);
  return json::object{{"$content-type", type}, {"$content", base64(response.body)}};
}

std::optional<Timespan> retry_after(const http::Response& response) {
  const auto text = response.headers.value_or("Retry-After");
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0 || count > 86'400) return std::nullopt;
  return seconds(count);
}

Outcome outcome_of(const http::Response& response) {
  json::object headers;
  for (const auto& header : response.headers) headers[header.name] = header.value;
  json::object outputs{{"statusCode", response.status}};
  outputs.emplace("headers", std::move(headers));
  outputs.emplace("body", body_of(response));
  Outcome outcome{std::move(outputs), {}, {}};
  if (response.status < 400) return outcome;
  const auto reason = http::reason_phrase(response.status);
  outcome.code = reason.empty() ? "HttpStatus" : std::string(reason);
  std::erase(outcome.code, ' ');
  outcome.message = fmt::format("the server answered {} {}", response.status, reason);
  outcome.may_retry = response.status == 408 || response.status == 429 || response.status >= 500;
  outcome.retry_after = retry_after(response);
  return outcome;
}

class Http final : public flow::Connector {
 public:
  explicit Http(http::Client& client) : client_(client) {}

  std::string_view id() const override { return "http"; }
  std::span<const Operation> operations() const override { return all_operations(); }

  Result<Outcome> call(std::size_t, const Call& call) override {
    const auto request = request_of(call);
    if (!request) return flow::refused(400, request.error().code, request.error().message);
    const auto response = client_.send(*request);
    if (response) return outcome_of(*response);
    const auto& error = response.error();
    auto outcome = flow::refused(error.code == "HTTP0201" ? 400 : 502, error.code, error.message);
    outcome.may_retry = error.code == "HTTP0202" || error.code == "HTTP0203";
    return outcome;
  }

 private:
  http::Client& client_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_http(http::Client& client) { return std::make_unique<Http>(client); }

}  // namespace rollcall::connectors
