#include "doors/kusto/request.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>

#include "base/check.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "kql/values.hpp"

namespace rollcall::doors {
namespace {

std::string random_guid() {
  std::array<unsigned char, 16> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::string guid;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) guid += '-';
    guid += fmt::format("{:02x}", bytes[i]);
  }
  return guid;
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::serialize(value);
}

std::unexpected<Error> unreadable(std::string_view option, const json::value& value, std::string_view wanted) {
  return fail("KUSTO0101", fmt::format("option {}: {} is no {}", option, json::serialize(value), wanted));
}

Result<void> take_option(warehouse::QueryOptions& options, std::string_view name, const json::value& value) {
  if (name == "servertimeout") {
    const auto ticks = kql::parse_timespan(text_of(value));
    if (!ticks || *ticks <= 0) return unreadable(name, value, "timespan");
    options.limits.timeout = Timespan{std::min(*ticks, hours(1).ticks)};
  } else if (name == "truncationmaxrecords" || name == "truncationmaxsize") {
    const auto number = kql::parse_long(text_of(value));
    if (!number || *number <= 0) return unreadable(name, value, "positive number");
    auto& limit = name == "truncationmaxsize" ? options.limits.bytes : options.limits.rows;
    limit = static_cast<std::uint64_t>(*number);
  } else if (name == "query_now") {
    const auto ticks = kql::parse_datetime(text_of(value));
    if (!ticks) return unreadable(name, value, "datetime");
    options.now = Timestamp{*ticks};
  } else if (name == "notruncation" && (value == json::value(true) || text_of(value) == "true")) {
    options.limits.rows = 10'000'000;  // all the same a limit: an answer is held in memory
    options.limits.bytes = std::uint64_t{1} << 30U;
  }
  return {};
}

// The properties come as an object, or as a text that holds one.
Result<void> take_properties(KustoRequest& read, const json::value& given) {
  json::value properties = given;
  if (const auto* text = given.if_string()) {
    TRY(properties, parse_json(*text));
  }
  if (const auto* options = find(properties, "Options"); options != nullptr && options->is_object()) {
    for (const auto& member : options->get_object()) TRY_DO(take_option(read.options, member.key(), member.value()));
  }
  if (const auto* parameters = find(properties, "Parameters"); parameters != nullptr && parameters->is_object()) {
    for (const auto& member : parameters->get_object()) {
      read.options.parameters.emplace(std::string(member.key()), text_of(member.value()));
    }
  }
  return {};
}

}  // namespace

Result<KustoRequest> read_kusto_request(const http::Request& request, Timestamp now) {
  KustoRequest read;
  read.options.now = now;
  read.client_request_id = request.headers.value_or("x-ms-client-request-id");
  read.activity_id = random_guid();
  json::value body;
  if (request.method == "GET") {
    body = json::object{{"csl", request.query_value("csl").value_or("")}};
    if (auto properties = request.query_value("properties")) body.as_object()["properties"] = *properties;
  } else {
    auto parsed = parse_json(request.body);
    if (!parsed) return fail("KUSTO0101", "the body is " + parsed.error().message);
    body = *std::move(parsed);
  }
  read.text = text_or(body, "csl");
  if (trim(read.text).empty()) return fail("KUSTO0101", "the request has no csl: send {\"db\": \"Rollcall\", \"csl\": \"print 1\"}");
  if (const auto* properties = find(body, "properties"); properties != nullptr && !properties->is_null()) {
    TRY_DO(take_properties(read, *properties));
  }
  return read;
}

}  // namespace rollcall::doors
