#include "doors/datasets/datasets.hpp"

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "connectors/sharepoint_items.hpp"
#include "doors/api/list_requests.hpp"
#include "doors/datasets/requests.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {
namespace datasets {

std::string twice_decoded(std::string_view part) { return http::decode_percent(part, false); }

Result<lists::ListPtr> list_of(Services& services, store::Connection& connection,
                               const http::Request& request) {
  return services.lists.find_list(connection, twice_decoded(request.path_value("table")));
}

http::Response json_text(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

http::Response refuse(const Error& error) {
  const int status = error.code.starts_with("CONNECTOR") ? 400 : status_of(error);
  const json::object body{{"status", status},
                          {"message", error.message},
                          {"error", json::object{{"message", error.message}}},
                          {"code", error.code}};
  auto response = json_text(status, json::serialize(body));
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

std::string own_url(const http::Request& request) {
  return fmt::format("http://{}{}", request.headers.value_or("Host", "localhost"), request.path());
}

namespace {

using connectors::append_sharepoint_item;

Result<http::Response> get_items(Services& services, const http::Request& request,
                                 const Principal&) {
  auto query = http::parse_query(request.query());
  TRY(auto options, odata::parse_options(query));
  odata::trim_filter(options);
  return services.database.read([&](store::Connection& connection) -> Result<http::Response> {
    TRY(const auto list, list_of(services, connection, request));
    connectors::expand_lookups(*list, options);
    std::string body = R"({"value":[)";
    TRY(const auto page, services.lists.query(connection, *list, options, services.clock.now(), {},
                                              [&](const lists::ItemView& item) {
                                                if (!body.ends_with('[')) body += ',';
                                                append_sharepoint_item(body, *list, item);
                                              }));
    body += ']';
    if (page.skiptoken) {
      auto next = own_url(request) + "?";
      for (const auto& [name, value] : query) {
        if (name != "$skiptoken" && name != "$skip")
          next += http::encode_percent(name) + "=" + http::encode_percent(value) + "&";
      }
      body += R"(,"@odata.nextLink":)";
      append_json(body, next + "%24skiptoken=" + http::encode_percent(*page.skiptoken));
    }
    if (page.count) body += fmt::format(R"(,"@odata.count":{})", *page.count);
    return json_text(200, body + "}");
  });
}

Result<http::Response> get_item(Services& services, const http::Request& request,
                                const Principal&) {
  TRY(const auto id, item_id(request));
  return services.database.read([&](store::Connection& connection) -> Result<http::Response> {
    TRY(const auto list, list_of(services, connection, request));
    odata::Options options;
    options.filter = fmt::format("ID eq {}", id);
    connectors::expand_lookups(*list, options);
    std::string body;
    TRY_DO(services.lists.query(
        connection, *list, options, services.clock.now(), {},
        [&](const lists::ItemView& item) { append_sharepoint_item(body, *list, item); }));
    if (body.empty())
      return fail("LIST0102", fmt::format("list '{}' has no item {}", list->name, id));
    return json_text(200, std::move(body));
  });
}

// Creates an item, or updates the one that the path names.
Result<http::Response> put_item(Services& services, const http::Request& request,
                                const Principal& principal) {
  TRY(const auto body, parse_json(request.body));
  const bool is_new = request.path_value("id").empty();
  std::int64_t id = 0;
  if (!is_new) {
    TRY(id, item_id(request));
  }
  return services.database.write([&](store::Transaction& transaction) -> Result<http::Response> {
    TRY(const auto list, list_of(services, transaction, request));
    TRY(const auto fields, connectors::sharepoint_fields(*list, {{"item", body}}));
    std::string text;
    const auto see = [&](const lists::ItemView& item) {
      append_sharepoint_item(text, *list, item);
    };
    const lists::Write write{principal, services.clock.now()};
    if (is_new) {
      TRY_DO(services.lists.create_item(transaction, *list, fields, write, see));
    } else {
      TRY_DO(services.lists.update_item(transaction, *list, id, std::nullopt, fields, write, see));
    }
    return json_text(200, std::move(text));
  });
}

Result<http::Response> delete_item(Services& services, const http::Request& request,
                                   const Principal& principal) {
  TRY(const auto id, item_id(request));
  return services.database.write([&](store::Transaction& transaction) -> Result<http::Response> {
    TRY(const auto list, list_of(services, transaction, request));
    TRY_DO(services.lists.delete_item(transaction, *list, id, std::nullopt,
                                      {principal, services.clock.now()}));
    return http::Response{200, {}, {}};
  });
}

Result<http::Response> get_datasets(Services&, const http::Request& request, const Principal&) {
  const auto site = fmt::format("http://{}", request.headers.value_or("Host", "localhost"));
  return http::json_response(
      200, json::object{
               {"value", json::array{json::object{{"Name", site}, {"DisplayName", "Rollcall"}}}}});
}

Result<http::Response> get_tables(Services& services, const http::Request&, const Principal&) {
  return services.database.read([&](store::Connection& connection) -> Result<http::Response> {
    TRY(const auto lists, services.lists.all_lists(connection));
    json::array tables;
    for (const auto& list : lists)
      tables.push_back(
          json::object{{"Name", list->guid}, {"DisplayName", list->name}, {"Type", "100"}});
    return http::json_response(200, json::object{{"value", std::move(tables)}});
  });
}

Result<http::Response> get_metadata(Services& services, const http::Request& request,
                                    const Principal&) {
  if (request.path_value("table").empty()) {
    const json::object tabular{{"source", "mru"},
                               {"displayName", "site"},
                               {"urlEncoding", "double"},
                               {"tableDisplayName", "list"},
                               {"tablePluralName", "lists"}};
    return http::json_response(200, json::object{{"tabular", tabular}, {"blob", nullptr}});
  }
  return services.database.read([&](store::Connection& connection) -> Result<http::Response> {
    TRY(const auto list, list_of(services, connection, request));
    return http::json_response(200, table_metadata(*list));
  });
}

template <Trigger trigger>
Result<http::Response> poll(Services& services, const http::Request& request, const Principal&) {
  return answer_trigger(services, request, trigger);
}

using Work = Result<http::Response> (*)(Services&, const http::Request&, const Principal&);
struct Route {
  const char* method;
  const char* path;
  Scope scope;
  Work work;
};
constexpr Route routes[] = {
    {"GET", "/datasets", Scope::read, get_datasets},
    {"GET", "/datasets/{dataset}/tables", Scope::read, get_tables},
    {"GET", "/$metadata.json/datasets", Scope::read, get_metadata},
    {"GET", "/$metadata.json/datasets/{dataset}/tables/{table}", Scope::read, get_metadata},
    {"GET", "/datasets/{dataset}/tables/{table}/items", Scope::read, get_items},
    {"POST", "/datasets/{dataset}/tables/{table}/items", Scope::write, put_item},
    {"GET", "/datasets/{dataset}/tables/{table}/items/{id}", Scope::read, get_item},
    {"PATCH", "/datasets/{dataset}/tables/{table}/items/{id}", Scope::write, put_item},
    {"DELETE", "/datasets/{dataset}/tables/{table}/items/{id}", Scope::write, delete_item},
    {"GET", "/datasets/{dataset}/tables/{table}/onnewitems", Scope::read, poll<Trigger::created>},
    {"GET", "/datasets/{dataset}/tables/{table}/onupdateditems", Scope::read,
     poll<Trigger::created_or_modified>},
    {"GET", "/datasets/{dataset}/tables/{table}/onchangeditems", Scope::read,
     poll<Trigger::modified>},
    {"GET", "/datasets/{dataset}/tables/{table}/ondeleteditems", Scope::read,
     poll<Trigger::deleted>},
};

http::Handler guarded(Services& services, const Route& route) {
  return [&services, &route](const http::Request& request) {
    const auto answer = [&]() -> Result<http::Response> {
      TRY(const auto caller, services.access.identify(request));
      TRY_DO(Access::require(caller, route.scope));
      return route.work(services, request, caller.principal);
    }();
    return answer ? *answer : refuse(answer.error());
  };
}

}  // namespace
}  // namespace datasets

void add_datasets(http::Router& router, Services& services) {
  for (const auto* above : {"", "/apim/sharepointonline/{connection}"}) {
    for (const auto& route : datasets::routes) {
      router.add(route.method, std::string(above) + route.path, datasets::guarded(services, route));
    }
  }
}

}  // namespace rollcall::doors
