// Lists, read through our own API: which there are, their items by OData, one item, its versions.
#include <fmt/format.h>

#include <charconv>

#include "doors/api/list_requests.hpp"
#include "doors/api/operations.hpp"
#include "doors/errors.hpp"

namespace rollcall::doors {

Result<std::int64_t> item_id(const http::Request& request) {
  const auto text = request.path_value("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail("API0103", fmt::format("'{}' is no item's ID", text));
  }
  return id;
}

json::object with_version(const lists::Item& item) {
  json::object fields = item.fields;
  fields["@odata.etag"] = fmt::format("\"{}\"", item.version);
  return fields;
}

Result<std::int64_t> number_of(const http::Request& request, std::string_view name,
                               std::int64_t otherwise, std::int64_t most, std::int64_t least) {
  const auto text = request.query_value(name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < least ||
      number > most) {
    return fail("API0103", fmt::format("{}={}: a number from {} to {} was expected", name, *text,
                                       least, most));
  }
  return number;
}

namespace {

json::object to_json(const lists::ItemVersion& version) {
  json::object made{{"version", version.version},
                    {"validFrom", format_iso_seconds(version.valid_from)},
                    {"knownFrom", format_iso_seconds(version.known_from)},
                    {"principal", version.principal},
                    {"deleted", version.deleted},
                    {"fields", version.fields}};
  if (lists::is_purge(version)) made["purged"] = true;
  return made;
}

Result<json::object> all_lists(Services& services) {
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto lists, services.lists.all_lists(connection));
    json::array all;
    for (const auto& list : lists) {
      TRY(const auto count, services.lists.count_items(connection, *list));
      auto one = lists::to_json(*list);
      one["items"] = count;
      all.push_back(std::move(one));
    }
    return json::object{{"lists", std::move(all)}};
  });
}

Result<json::object> items(Services& services, const http::Request& request) {
  TRY(const auto options, odata::parse_query_text(request.query()));
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    if (options.apply) {
      TRY(auto groups, services.lists.aggregate(connection, *list, options, services.clock.now()));
      json::object answer;
      if (groups.count) answer["@odata.count"] = *groups.count;
      answer["value"] = std::move(groups.rows);
      return answer;
    }
    TRY(const auto page, services.lists.query(connection, *list, options, services.clock.now()));
    json::object answer;
    if (page.count) answer["@odata.count"] = *page.count;
    json::array values;
    for (const auto& item : page.items) values.push_back(with_version(item));
    answer["value"] = std::move(values);
    if (page.skiptoken) answer["skiptoken"] = *page.skiptoken;
    return answer;
  });
}

Result<json::object> item(Services& services, const http::Request& request) {
  TRY(const auto id, item_id(request));
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto found, services.lists.read_item(connection, *list, id));
    return with_version(found);
  });
}

Result<json::object> versions(Services& services, const http::Request& request) {
  TRY(const auto id, item_id(request));
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto found, services.lists.read_versions(connection, *list, id));
    json::array all;
    for (const auto& version : found) all.push_back(to_json(version));
    return json::object{{"versions", std::move(all)}};
  });
}

Result<json::object> one_list(Services& services, const http::Request& request) {
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto count, services.lists.count_items(connection, *list));
    TRY(const auto last, services.lists.last_change(connection, *list));
    auto answer = lists::to_json(*list);
    answer["guid"] = list->guid;
    answer["items"] = count;
    answer["lastChange"] = last;
    return answer;
  });
}

// What was written behind a number; the answer's `last` is where to go on.
Result<json::object> changes(Services& services, const http::Request& request) {
  TRY(const auto after, number_of(request, "after", 0, std::numeric_limits<std::int64_t>::max()));
  TRY(const auto top, number_of(request, "top", lists::default_page_size, lists::max_page_size));
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto found, services.lists.read_changes(connection, *list, after, top));
    json::array all;
    for (const auto& change : found) {
      auto one = to_json(change.version);
      one["change"] = change.number;
      one["id"] = change.version.id;
      all.push_back(std::move(one));
    }
    return json::object{{"changes", std::move(all)},
                        {"last", found.empty() ? after : found.back().number}};
  });
}

Result<json::object> deleted(Services& services, const http::Request& request) {
  TRY(const auto top, number_of(request, "top", lists::default_page_size, lists::max_page_size));
  return services.database.read([&](store::Connection& connection) -> Result<json::object> {
    TRY(const auto list, services.lists.find_list(connection, request.path_value("list")));
    TRY(const auto found, services.lists.read_deleted(connection, *list, top));
    json::array all;
    for (const auto& version : found) {
      auto one = to_json(version);
      one["id"] = version.id;
      all.push_back(std::move(one));
    }
    return json::object{{"deleted", std::move(all)}};
  });
}

// The option in whose text an error's place is: the message begins with it when it is not $filter.
std::string text_in_question(const http::Request& request, const Error& error) {
  for (const std::string_view option : {"$apply", "$orderby", "$select", "$search"}) {
    if (error.message.starts_with(option) && error.message.substr(option.size()).starts_with(": "))
      return request.query_value(option).value_or("");
  }
  return request.query_value("$filter").value_or("");
}

Access::Handler answering(Services& services,
                          Result<json::object> (*read)(Services&, const http::Request&)) {
  return [&services, read](const http::Request& request, const Principal&) {
    const auto answer = read(services, request);
    return answer ? http::json_response(200, *answer)
                  : refuse(answer.error(), text_in_question(request, answer.error()));
  };
}

}  // namespace

Operations list_operations(Services& services) {
  return {{"GET", "/api/v1/lists", Scope::read, "getLists",
           "The lists, their columns and how many items they have.",
           [&services](const http::Request&, const Principal&) {
             const auto answer = all_lists(services);
             return answer ? http::json_response(200, *answer) : refuse(answer.error());
           }},
          {"GET", "/api/v1/lists/{list}", Scope::read, "getList",
           "One list: its columns, how many items it has, its last change.",
           answering(services, one_list)},
          {"GET",
           "/api/v1/lists/{list}/changes",
           Scope::read,
           "getChanges",
           "What was written to a list, in the order of commits; nothing is missed when `last` is "
           "asked behind. The change with `purged` says that a deleted item was purged.",
           answering(services, changes),
           {{"after", "the `last` of the answer before; 0 when absent", "integer"},
            {"top", "how many at most; 100 when absent", "integer"}}},
          {"GET",
           "/api/v1/lists/{list}/deleted",
           Scope::read,
           "getDeleted",
           "Items that are deleted and can be brought back, newest first.",
           answering(services, deleted),
           {{"top", "how many at most; 100 when absent", "integer"}}},
          {"GET",
           "/api/v1/lists/{list}/items",
           Scope::read,
           "getItems",
           "Items of a list, by OData.",
           answering(services, items),
           {{"$filter", "such as Region eq 'westeurope' and Percent lt 100"},
            {"$orderby", "such as StartedAt desc"},
            {"$select", "columns, with commas between"},
            {"$top", "how many at most; 100 when absent", "integer"},
            {"$skip", "how many to leave out", "integer"},
            {"$count", "also say how many match", "boolean"},
            {"$apply",
             "such as groupby((Region),aggregate($count as n)); the others are of its result"},
            {"$skiptoken", "the `skiptoken` of the page before"}}},
          {"GET", "/api/v1/lists/{list}/items/{id}", Scope::read, "getItem", "One item.",
           answering(services, item)},
          {"GET", "/api/v1/lists/{list}/items/{id}/versions", Scope::read, "getItemVersions",
           "All versions of an item, oldest first, with who made each and when.",
           answering(services, versions)}};
}

}  // namespace rollcall::doors
