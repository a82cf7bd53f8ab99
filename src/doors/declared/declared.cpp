#include "doors/declared/declared.hpp"

#include <fmt/format.h>

#include "base/hmac.hpp"
#include "base/text.hpp"
#include "doors/api/items.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/errors.hpp"
#include "fleet/well_known_lists.hpp"

namespace rollcall::doors {
namespace {

constexpr std::size_t most_at_once = 10'000;
constexpr std::size_t most_compared = 200'000;

using Handler = Access::Handler;

http::Response answer(const Result<Recorded>& recorded) {
  if (!recorded) return refuse(recorded.error());
  return http::json_response(200, json::object{{"declared", recorded->declared},
                                               {"updated", recorded->updated},
                                               {"known", recorded->known}});
}

// By the body's HMAC when there is a secret; a token's holder is let in as well.
http::Handler let_in(Services& services, std::string_view secret, std::string_view sender,
                     Handler handler) {
  const auto by_token = services.access.guard(Scope::ingest, handler);
  if (secret.empty()) return by_token;
  return [secret = std::string(secret),
          principal = Principal{Principal::Kind::token, std::string(sender)}, by_token,
          handler = std::move(handler)](const http::Request& request) {
    if (same_bytes(request.headers.value_or("X-Hub-Signature-256"),
                   hub_signature(secret, request.body)))
      return handler(request, principal);
    if (request.headers.find("Authorization") != nullptr) return by_token(request);
    return http::problem(401, "DECLARED0102",
                         "X-Hub-Signature-256 is missing, or is not the HMAC of the body under the "
                         "configured secret");
  };
}

// One CDEvent, a CloudEvent around it, or a batch of either.
Result<void> read_events(const json::value& body, const WebhookOptions& options,
                         std::vector<fleet::Declaration>& all) {
  if (body.is_array()) {
    for (const auto& one : body.get_array()) TRY_DO(read_events(one, options, all));
    return {};
  }
  if (all.size() >= most_at_once)
    return fail("DECLARED0101",
                fmt::format("more than {} events at once; send them in parts", most_at_once));
  const auto* data = find(body, "context") == nullptr ? find(body, "data") : nullptr;
  TRY(auto some, read_cdevent(data == nullptr ? body : *data, options));
  std::move(some.begin(), some.end(), std::back_inserter(all));
  return {};
}

http::Response take_cdevents(Services& services, const http::Request& request,
                             const Principal& principal) {
  const auto body = parse_json(request.body);
  if (!body) return refuse(body.error());
  std::vector<fleet::Declaration> all;
  if (const auto read = read_events(*body, services.webhooks, all); !read)
    return refuse(read.error());
  return answer(record(services, all, principal));
}

http::Response take_github(Services& services, const http::Request& request,
                           const Principal& principal) {
  const auto body = parse_json(request.body);
  if (!body) return refuse(body.error());
  const auto all =
      read_github(request.headers.value_or("X-GitHub-Event"), *body, services.webhooks);
  if (!all) return refuse(all.error());
  return answer(record(services, *all, principal));
}

http::Response take_plain(Services& services, const http::Request& request,
                          const Principal& principal) {
  const auto body = parse_json(request.body);
  if (!body) return refuse(body.error());
  const auto* several = find(*body, "deployments");
  const json::array one{*body};
  if (several != nullptr && !several->is_array())
    return refuse({"DECLARED0101", "'deployments' must be an array of declarations"});
  const auto& given = several == nullptr ? one : several->get_array();
  if (given.size() > most_at_once)
    return refuse(
        {"DECLARED0101",
         fmt::format("more than {} declarations at once; send them in parts", most_at_once)});
  std::vector<fleet::Declaration> all;
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto read = read_plain(given[i], services.clock.now(), principal);
    if (!read)
      return refuse({read.error().code, several == nullptr ? read.error().message
                                                           : fmt::format("deployments[{}]: {}", i,
                                                                         read.error().message)});
    all.push_back(*std::move(read));
  }
  return answer(record(services, all, principal));
}

json::object shown(const fleet::Declaration& one) {
  return {{"id", one.declaration_id},
          {"environment", one.cell.environment},
          {"role", one.cell.role},
          {"region", one.cell.region},
          {"version", one.version},
          {"kind", fleet::to_string(one.kind)},
          {"status", fleet::to_string(one.status)},
          {"at", format_iso_seconds(one.at)},
          {"source", one.source},
          {"change", one.change},
          {"url", one.url},
          {"by", one.by},
          {"description", one.description}};
}

Result<json::value> declared(Services& services, const http::Request& request) {
  TRY(const auto top, number_of(request, "top", 50, 5'000, 1));
  std::vector<std::pair<std::string, std::string>> equal;
  for (const auto& [parameter, column] : {std::pair{"environment", "Environment"},
                                          {"role", "Role"},
                                          {"region", "Region"},
                                          {"version", "Version"},
                                          {"source", "Source"}}) {
    if (auto value = request.query_value(parameter)) equal.emplace_back(column, *value);
  }
  odata::Options options;
  if (!equal.empty()) options.filter = exact_filter(equal);
  options.orderby = "At desc";
  TRY(const auto items,
      read_items(services, fleet::declared_list, options, static_cast<std::size_t>(top), true));
  json::array all;
  for (const auto& item : items) {
    TRY(const auto one, fleet::parse_declaration(item.fields));
    all.push_back(shown(one));
  }
  return json::object{{"deployments", std::move(all)}};
}

json::object shown(const fleet::Finding& finding) {
  json::object one{{"finding", fleet::to_string(finding.agreement)},
                   {"environment", finding.cell.environment},
                   {"role", finding.cell.role},
                   {"region", finding.cell.region}};
  if (finding.declared != nullptr) {
    one["declared"] = {{"id", finding.declared->declaration_id},
                       {"version", finding.declared->version},
                       {"at", format_iso_seconds(finding.declared->at)},
                       {"change", finding.declared->change}};
  }
  if (finding.seen != nullptr) {
    one["seen"] = {{"deploymentId", finding.seen->deployment_id},
                   {"version", finding.seen->version},
                   {"startedAt", format_iso_seconds(finding.seen->started_at)}};
  }
  return one;
}

Result<json::value> reconciliation(Services& services, const http::Request& request) {
  const auto now = services.clock.now();
  TRY(const auto tolerance, number_of(request, "tolerance", 120, 60 * 24 * 30, 1));
  auto since = now - days(7);
  if (const auto text = request.query_value("since")) {
    const auto given = parse_iso(*text);
    if (!given)
      return fail("API0103",
                  fmt::format("since={}: a time was expected, such as 2026-01-01", *text));
    since = *given;
  }
  const auto from = [&](const char* column) {
    odata::Options options;
    options.filter = fmt::format("{} ge datetime'{}'", column, format_iso(since));
    return options;
  };
  std::vector<fleet::Declaration> said;
  TRY(const auto said_items,
      read_items(services, fleet::declared_list, from("At"), most_compared, false));
  for (const auto& item : said_items) {
    TRY(auto one, fleet::parse_declaration(item.fields));
    said.push_back(std::move(one));
  }
  std::vector<fleet::Deployment> seen;
  TRY(const auto seen_items, read_items(services, fleet::deployment_history_list, from("StartedAt"),
                                        most_compared, false));
  for (const auto& item : seen_items) {
    TRY(auto one, fleet::parse_deployment(item.fields));
    seen.push_back(std::move(one));
  }
  json::array findings;
  std::int64_t agree = 0;
  for (const auto& finding : fleet::compare(said, seen, minutes(tolerance), now)) {
    if (finding.agreement == fleet::Agreement::agrees)
      ++agree;
    else
      findings.push_back(shown(finding));
  }
  return json::object{{"since", format_iso_seconds(since)},
                      {"toleranceMinutes", tolerance},
                      {"agree", agree},
                      {"findings", std::move(findings)}};
}

}  // namespace

Operations declared_operations(Services& services) {
  const auto reads = [&services](Result<json::value> (*read)(Services&, const http::Request&)) {
    return [&services, read](const http::Request& request, const Principal&) {
      const auto found = read(services, request);
      return found ? http::json_response(200, *found) : refuse(found.error());
    };
  };
  return {
      {"POST",
       "/api/v1/deployments",
       Scope::ingest,
       "declareDeployments",
       "Declares deployments, rollbacks, removals, configuration or flag changes.",
       [&services](const http::Request& request, const Principal& principal) {
         return take_plain(services, request, principal);
       },
       {},
       "{\"environment\", \"role\", \"region\", \"version\", \"kind\", \"status\", \"at\", \"id\", "
       "\"change\", \"url\", \"by\", \"description\"}, or {\"deployments\": […]}"},
      {"GET",
       "/api/v1/deployments",
       Scope::read,
       "getDeclaredDeployments",
       "What was declared, newest first.",
       reads(declared),
       {{"environment", "only this environment"},
        {"role", "only this role"},
        {"region", "only this region"},
        {"version", "only this version"},
        {"source", "api, cdevents, github or git"},
        {"top", "how many at most; 50 when absent", "integer"}}},
      {"GET",
       "/api/v1/deployments/reconciliation",
       Scope::read,
       "getReconciliation",
       "What was declared against what the logs show: never seen, never declared, version differs.",
       reads(reconciliation),
       {{"since", "from this time on; a week ago when absent"},
        {"tolerance", "minutes that the two may be apart; 120 when absent", "integer"}}}};
}

void add_declared(http::Router& router, Services& services) {
  router.add("POST", "/cdevents",
             let_in(services, services.webhooks.cdevents_secret, "cdevents",
                    [&services](const http::Request& request, const Principal& principal) {
                      return take_cdevents(services, request, principal);
                    }));
  router.add("POST", "/webhooks/github",
             let_in(services, services.webhooks.github_secret, "github",
                    [&services](const http::Request& request, const Principal& principal) {
                      return take_github(services, request, principal);
                    }));
}

}  // namespace rollcall::doors
