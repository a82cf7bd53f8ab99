#include "doors/kusto/kusto.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/kusto/answers.hpp"
#include "doors/kusto/errors.hpp"

namespace rollcall::doors {
namespace {

enum class Protocol { v1, v2, management };

http::Response answer(int status, std::string body, const KustoRequest& request) {
  http::Response response{
      status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
  if (!request.client_request_id.empty())
    response.headers.add("x-ms-client-request-id", request.client_request_id);
  response.headers.add("x-ms-activity-id", request.activity_id);
  return response;
}

http::Response refusal(const Error& error, const KustoRequest& request, Timestamp now) {
  const int status = kusto_status(error);
  auto response = answer(status, json::serialize(one_api_error(error, request, now)), request);
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  if (status == 429) response.headers.add("Retry-After", "1");
  return response;
}

bool is_command(const KustoRequest& request) { return trim(request.text).starts_with('.'); }

Scope scope_of(const KustoRequest& request) {
  if (!is_command(request)) return Scope::read;
  switch (warehouse::kind_of_command(request.text)) {
    case warehouse::CommandKind::show:
      return Scope::read;
    case warehouse::CommandKind::ingest:
      return Scope::ingest;
    case warehouse::CommandKind::write:
      return Scope::admin;
  }
  return Scope::admin;
}

Result<std::string> carry_out(Services& services, KustoRequest& request, Protocol protocol,
                              Timestamp now) {
  services.metrics.queries.fetch_add(1, std::memory_order_relaxed);
  if (is_command(request)) {
    TRY(const auto table, services.warehouse.execute(request.text, request.options));
    return protocol == Protocol::v2 ? v2_answer(std::span(&table, 1), request, now)
                                    : v1_command_answer(table);
  }
  TRY(auto tables, services.warehouse.query_all(request.text, request.options));
  if (request.schema_only) std::ranges::transform(tables, tables.begin(), schema_of);
  return protocol == Protocol::v2 ? v2_answer(tables, request, now)
                                  : v1_answer(tables, request, now);
}

// Who asks is known before his request is read.
http::Response run(Services& services, const http::Request& request, Protocol protocol) {
  const auto now = services.clock.now();
  const auto caller = services.access.identify(request);
  if (!caller) return refusal(caller.error(), identified(request, now), now);
  auto read = read_kusto_request(request, now);
  if (!read) return refusal(read.error(), identified(request, now), now);
  read->options.principal = caller->principal;
  read->options.administers = caller->scopes.allow(Scope::admin);
  const auto allowed = Access::require(*caller, scope_of(*read));
  if (!allowed) return refusal(allowed.error(), *read, now);
  // What a link can ask must not write.
  if (request.method == "GET" && is_command(*read))
    return refusal({"KUSTO0101", "commands are sent by POST"}, *read, now);
  auto body = carry_out(services, *read, protocol, now);
  if (!body) return refusal(body.error(), *read, now);
  return answer(200, *std::move(body), *read);
}

// POST /v1/rest/ingest/{database}/{table}?streamFormat=…&mappingName=…
Result<std::uint64_t> ingest(Services& services, const http::Request& request, KustoRequest& read) {
  TRY(const auto caller, services.access.identify(request));
  TRY_DO(Access::require(caller, Scope::ingest));
  read.options.principal = caller.principal;
  if (request.query_value("sourceKind").value_or("") == "uri") {
    return fail("KUSTO0102",
                "sourceKind=uri: rows are sent in the body; nothing is fetched from elsewhere");
  }
  const auto format = request.query_value("streamFormat").value_or("");
  if (format.empty())
    return fail("KUSTO0101", "the URL lacks streamFormat, such as streamFormat=csv");
  const auto mapping = request.query_value("mappingName").value_or("");
  const warehouse::RecordText text{request.body, format, mapping, false, "streaming"};
  return services.warehouse.ingest_text(request.path_value("table"), text, read.options);
}

http::Response stream_in(Services& services, const http::Request& request) {
  const auto now = services.clock.now();
  auto read = identified(request, now);
  const auto rows = ingest(services, request, read);
  if (!rows) return refusal(rows.error(), read, now);
  services.metrics.rows_ingested.fetch_add(*rows, std::memory_order_relaxed);
  warehouse::Table table;
  table.columns = {{"ConsumedRecordsCount", kql::Type::long_integer}};
  table.cells = {static_cast<std::int64_t>(*rows)};
  return answer(200, v1_command_answer(table), read);
}

// The public cloud's, which clients take for themselves when they are told nothing. A token of ours needs none of it.
http::Response auth_metadata(const http::Request&) {
  const json::object directory{
      {"LoginEndpoint", "https://login.microsoftonline.com"},
      {"LoginMfaRequired", false},
      {"KustoClientAppId", "db662dc1-0cfe-4e1c-a843-19a68e65be58"},
      {"KustoClientRedirectUri", "https://microsoft/kustoclient"},
      {"KustoServiceResourceId", "https://kusto.kusto.windows.net"},
      {"FirstPartyAuthorityUrl",
       "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a"}};
  return http::json_response(200, json::object{{"AzureAD", directory}});
}

}  // namespace

void add_kusto(http::Router& router, Services& services) {
  const auto add = [&](const std::string& path, Protocol protocol) {
    const http::Handler handler = [&services, protocol](const http::Request& request) {
      return run(services, request, protocol);
    };
    router.add("POST", path, handler);
    router.add("GET", path, handler);
  };
  add("/v1/rest/query", Protocol::v1);
  add("/v2/rest/query", Protocol::v2);
  add("/v1/rest/mgmt", Protocol::management);
  router.add("POST", "/v1/rest/ingest/{database}/{table}",
             [&services](const http::Request& request) { return stream_in(services, request); });
  // Without a token, as clients ask it before they have one.
  router.add("GET", "/v1/rest/auth/metadata", auth_metadata);
}

}  // namespace rollcall::doors
