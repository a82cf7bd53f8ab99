#include "doors/kusto/request.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>

#include "base/check.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "warehouse/request_options.hpp"

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

// The options that say how the answer is framed; the warehouse takes all others.
Result<void> take_option(KustoRequest& read, std::string_view name, const std::string& value) {
  const bool yes = equals_ignoring_case(value, "true") || value == "1";
  if (name == "results_progressive_enabled" || name == "results_v2_progressive_enabled") {
    read.progressive = yes;
  } else if (name == "results_v2_fragment_primary_tables") {
    read.fragmented = yes;
  } else if (name == "deferpartialqueryfailures") {
    read.defer_failures = yes;
  } else if (name == "query_results_apply_getschema") {
    read.schema_only = yes;
  } else if (name == "results_error_reporting_placement") {
    using enum KustoRequest::Errors;
    read.errors = value == "end_of_table"     ? end_of_table
                  : value == "end_of_dataset" ? end_of_dataset
                                              : in_data;
  } else {
    return warehouse::take_option(read.options, name, value);
  }
  return {};
}

// The properties come as an object, or as a text that holds one.
Result<void> take_properties(KustoRequest& read, const json::value& given) {
  json::value properties = given;
  if (const auto* text = given.if_string()) {
    if (text->empty()) return {};
    auto parsed = parse_json(*text);
    if (!parsed) return fail("KUSTO0101", "the request's properties are " + parsed.error().message);
    properties = *std::move(parsed);
  }
  if (!properties.is_object()) return fail("KUSTO0101", "the request's properties are no object");
  if (const auto* options = find(properties, "Options");
      options != nullptr && options->is_object()) {
    for (const auto& member : options->get_object())
      TRY_DO(take_option(read, member.key(), text_of(member.value())));
    read.options.properties = json::serialize(*options);
  }
  if (const auto* parameters = find(properties, "Parameters");
      parameters != nullptr && parameters->is_object()) {
    for (const auto& member : parameters->get_object()) {
      read.options.parameters.emplace(std::string(member.key()), text_of(member.value()));
    }
  }
  if (const auto id = text_or(properties, "ClientRequestId");
      !id.empty() && read.client_request_id.empty()) {
    // It is answered in a header.
    const auto breaks = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (id.size() > 1024 || std::ranges::any_of(id, breaks))
      return fail("KUSTO0101", "ClientRequestId: 1024 printable characters at most were expected");
    read.client_request_id = id;
  }
  if (const auto name = text_or(properties, "Application"); !name.empty())
    read.options.application = name;
  return {};
}

Result<json::value> body_of(const http::Request& request) {
  if (request.method == "GET") {
    json::object body{{"db", request.query_value("db").value_or("")},
                      {"csl", request.query_value("csl").value_or("")}};
    if (auto properties = request.query_value("properties")) body["properties"] = *properties;
    return body;
  }
  auto parsed = parse_json(request.body);
  if (!parsed) return fail("KUSTO0101", "the body is " + parsed.error().message);
  return parsed;
}

}  // namespace

KustoRequest identified(const http::Request& request, Timestamp now) {
  KustoRequest read;
  read.options.now = now;
  read.options.asked_at = now;
  read.options.cancelled = request.gone.get();
  read.client_request_id = request.headers.value_or("x-ms-client-request-id");
  read.activity_id = random_guid();
  read.options.activity_id = read.activity_id;
  read.options.application = request.headers.value_or("x-ms-app");
  return read;
}

Result<KustoRequest> read_kusto_request(const http::Request& request, Timestamp now) {
  auto read = identified(request, now);
  read.options.partial = true;
  TRY(const auto body, body_of(request));
  read.text = text_or(body, "csl");
  read.database = text_or(body, "db");
  if (trim(read.text).empty())
    return fail("KUSTO0101",
                "the request has no csl: send {\"db\": \"Rollcall\", \"csl\": \"print 1\"}");
  if (const auto* properties = find(body, "properties");
      properties != nullptr && !properties->is_null()) {
    TRY_DO(take_properties(read, *properties));
  }
  if (!trim(read.text).starts_with('.')) {
    for (const auto& [name, value] : warehouse::set_statements(read.text))
      TRY_DO(take_option(read, name, value));
  }
  read.options.client_activity_id = read.client_request_id;
  return read;
}

}  // namespace rollcall::doors
