#include "doors/kusto/kusto.hpp"

#include "base/text.hpp"
#include "doors/errors.hpp"
#include "doors/kusto/answers.hpp"

namespace rollcall::doors {
namespace {

enum class Protocol { v1, v2 };

http::Response answer(int status, std::string body, const KustoRequest& request) {
  http::Response response{status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
  if (!request.client_request_id.empty()) response.headers.add("x-ms-client-request-id", request.client_request_id);
  response.headers.add("x-ms-activity-id", request.activity_id);
  return response;
}

Result<std::vector<warehouse::Table>> carry_out(Services& services, const KustoRequest& request) {
  if (!trim(request.text).starts_with('.')) return services.warehouse.query_all(request.text, request.options);
  TRY(auto table, warehouse::execute_command(services.warehouse, request.text, request.options));
  std::vector<warehouse::Table> one;
  one.push_back(std::move(table));
  return one;
}

http::Response run(Services& services, const http::Request& request, const Principal& principal, Protocol protocol) {
  const auto now = services.clock.now();
  auto read = read_kusto_request(request, now);
  if (!read) return answer(status_of(read.error()), error_answer(read.error(), {}, now), {});
  read->options.principal = principal;
  services.metrics.queries.fetch_add(1, std::memory_order_relaxed);
  const auto results = carry_out(services, *read);
  if (!results) return answer(status_of(results.error()), error_answer(results.error(), *read, now), *read);
  return answer(200, protocol == Protocol::v1 ? v1_answer(*results, *read, now) : v2_answer(*results, *read, now), *read);
}

// Commands that only show may be asked by whoever may read; all others write.
bool writes(const http::Request& request, Timestamp now) {
  const auto read = read_kusto_request(request, now);
  if (!read) return false;
  const auto text = to_lower(trim(read->text));
  return text.starts_with('.') && !text.starts_with(".show");
}

}  // namespace

void add_kusto(http::Router& router, Services& services) {
  const auto add = [&](const std::string& path, Protocol protocol) {
    const Access::Handler answering = [&services, protocol](const http::Request& request, const Principal& principal) {
      return run(services, request, principal, protocol);
    };
    const auto reading = services.access.guard(Scope::read, answering);
    const auto writing = services.access.guard(Scope::admin, answering);
    const http::Handler handler = [&services, reading, writing](const http::Request& request) {
      return writes(request, services.clock.now()) ? writing(request) : reading(request);
    };
    router.add("POST", path, handler);
    router.add("GET", path, services.access.guard(Scope::read, [answering](const http::Request& request, const Principal& principal) {
      // What a link can ask must not write.
      if (trim(request.query_value("csl").value_or("")).starts_with('.')) return refuse({"KUSTO0101", "commands are sent by POST"});
      return answering(request, principal);
    }));
  };
  add("/v1/rest/query", Protocol::v1);
  add("/v2/rest/query", Protocol::v2);
  add("/v1/rest/mgmt", Protocol::v1);
}

}  // namespace rollcall::doors
