// POST /api/v1/query: KQL in, columns and rows out. POST /api/v1/command: Kusto's management commands.
#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"
#include "doors/table_json.hpp"

namespace rollcall::doors {
namespace {

Result<warehouse::QueryOptions> options_of(const json::value& body, const Principal& principal,
                                           Timestamp now) {
  warehouse::QueryOptions options;
  options.now = now;
  options.principal = principal;
  const auto* parameters = find(body, "parameters");
  if (parameters == nullptr) return options;
  if (!parameters->is_object())
    return fail("API0102", "parameters: an object of KQL literals was expected");
  for (const auto& member : parameters->get_object()) {
    const auto* text = member.value().if_string();
    if (text == nullptr) {
      return fail("API0102", fmt::format("parameters.{}: a KQL literal in a string was expected, "
                                         "such as \"datetime(2026-01-01)\"",
                                         std::string_view(member.key())));
    }
    options.parameters.emplace(std::string(member.key()), std::string(*text));
  }
  return options;
}

// `member` holds the text: `query`, or `command`, which begins with a dot.
http::Response run(Services& services, const http::Request& request, const Principal& principal,
                   std::string_view member) {
  const auto body = parse_json(request.body);
  if (!body) return refuse(body.error());
  const auto text = trim(text_or(*body, member));
  if (text.empty()) return refuse({"API0102", fmt::format("the body has no text `{}`", member)});
  const bool command = member == "command";
  if (command != text.starts_with('.')) {
    return refuse({"API0102", command ? "a command begins with a dot; queries go to /api/v1/query"
                                      : "commands, which begin with a dot, go to /api/v1/command"});
  }
  auto options = options_of(*body, principal, services.clock.now());
  if (!options) return refuse(options.error());
  options->administers = command;
  options->cancelled = request.gone.get();
  services.metrics.queries.fetch_add(1, std::memory_order_relaxed);
  const auto table = command ? services.warehouse.execute(text, *options)
                             : services.warehouse.query(text, *options);
  if (!table) return refuse(table.error(), text);
  auto answer = fmt::format("{{\"columns\":{},\"rows\":{}", json::serialize(columns_json(*table)),
                            rows_json(*table));
  if (!table->visualization.empty()) answer += ",\"visualization\":" + table->visualization;
  return {200, {{"Content-Type", "application/json"}}, answer + "}\n"};
}

}  // namespace

Operations query_operations(Services& services) {
  return {{"POST",
           "/api/v1/query",
           Scope::read,
           "query",
           "Runs a KQL query over the warehouse.",
           [&services](const http::Request& request, const Principal& principal) {
             return run(services, request, principal, "query");
           },
           {},
           "{\"query\": KQL, \"parameters\": {name: KQL literal}}"},
          {"POST",
           "/api/v1/command",
           Scope::admin,
           "command",
           "Runs a management command, such as .show tables.",
           [&services](const http::Request& request, const Principal& principal) {
             return run(services, request, principal, "command");
           },
           {},
           "{\"command\": \".show tables\"}"}};
}

}  // namespace rollcall::doors
