#include "connectors/sharepoint_site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "base/text.hpp"
#include "base/url.hpp"
#include "connectors/answer.hpp"
#include "connectors/custom/body.hpp"
#include "connectors/sharepoint_columns.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

enum Index : std::size_t {
  get_items,
  get_item,
  post_item,
  patch_item,
  delete_item,
  get_tables,
  http_request
};

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations{
      {"GetItems", Place::outside, "Get items", "get", "/datasets/{dataset}/tables/{table}/items"},
      {"GetItem", Place::outside, "Get item", "get",
       "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"PostItem", Place::outside, "Create item", "post",
       "/datasets/{dataset}/tables/{table}/items"},
      {"PatchItem", Place::outside, "Update item", "patch",
       "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"DeleteItem", Place::outside, "Delete item", "delete",
       "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"GetTables", Place::outside, "Get all lists", "get", "/datasets/{dataset}/tables"},
      {"HttpRequest", Place::outside, "Send an HTTP request to SharePoint", "post",
       "/datasets/{dataset}/httprequest"},
  };
  return operations;
}

constexpr std::int64_t most_items_ever = 100'000;
constexpr int page_size = 5'000;
constexpr Timespan columns_are_good_for = minutes(10);

std::unexpected<Error> wrong(std::string message) {
  return fail("CONNECTOR0201", std::move(message));
}

std::string text_of(const json::object& parameters, std::string_view name) {
  const auto* value = parameters.if_contains(name);
  return value == nullptr ? std::string() : plain_text(*value);
}

bool is_guid(std::string_view text) {
  return text.size() == 36 && std::ranges::all_of(text, [](char c) {
           return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                  (c >= 'A' && c <= 'F');
         });
}

// `lists(guid'…')` or `lists/getbytitle('…')`; an apostrophe in a title is doubled.
std::string list_path(std::string_view table) {
  if (is_guid(table)) return fmt::format("/_api/web/lists(guid'{}')", table);
  std::string doubled;
  for (const char c : table) doubled += c == '\'' ? "''" : std::string(1, c);
  return fmt::format("/_api/web/lists/getbytitle('{}')", http::encode_percent(doubled));
}

Result<std::string> id_of(const json::object& parameters) {
  auto id = text_of(parameters, "id");
  const bool digits = !id.empty() && id.size() < 11 &&
                      std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return wrong(fmt::format("parameter 'id' is no whole number: '{}'", id));
  return id;
}

// An answer that is a failure is the flow's to see.
struct Asked {
  http::Response response;
  json::value body;
  bool failed() const { return response.status >= 400; }
};

class SharePointSite final : public flow::Connector {
 public:
  SharePointSite(std::string site, std::unique_ptr<OAuthTokens> tokens, http::Client& client)
      : site_(std::move(site)), tokens_(std::move(tokens)), client_(client) {
    while (site_.ends_with('/')) site_.pop_back();
  }

  std::string_view id() const override { return "shared_sharepointonline"; }
  std::span<const Operation> operations() const override { return all_operations(); }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    auto outcome = carry_out(operation, call);
    if (outcome) return outcome;
    const auto& error = outcome.error();
    if (error.code.starts_with("HTTP")) return no_answer(error);
    auto refusal = flow::refused(error.code == "CONNECTOR0535"   ? 502
                                 : error.code == "CONNECTOR0531" ? 401
                                                                 : 400,
                                 error.code, error.message);
    refusal.may_retry = error.code == "CONNECTOR0535";
    return refusal;
  }

 private:
  Result<Outcome> carry_out(std::size_t operation, const Call& call) {
    if (operation == get_tables) return tables();
    if (operation == http_request) return any_request(call);
    const auto table = text_of(call.parameters, "table");
    if (table.empty()) return wrong("parameter 'table' is missing");
    const auto list = list_path(table);
    if (operation == delete_item) {
      TRY(const auto id, id_of(call.parameters));
      TRY(auto asked, write(fmt::format("{}/items({})", list, id), "DELETE", nullptr));
      return to_outcome(asked.response, std::move(asked.body));
    }
    TRY(const auto columns, columns_of(list, call.now));
    if (operation == get_items) return items(list, table, *columns, call);
    if (operation == get_item) {
      TRY(const auto id, id_of(call.parameters));
      return item(fmt::format("{}/items({})", list, id), table, *columns, 200);
    }
    return change(operation == post_item, list, table, *columns, call);
  }

  Result<http::Response> send(http::ClientRequest request) {
    for (int attempt = 1;; ++attempt) {
      TRY(const auto token, tokens_->token());
      if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
      TRY(auto response, client_.send(request));
      if (response.status != 401 || attempt == 2 || token.empty()) return response;
      tokens_->forget();
    }
  }

  Result<Asked> ask(http::ClientRequest request) {
    if (request.headers.find("Accept") == nullptr)
      request.headers.set("Accept", "application/json;odata=minimalmetadata");
    TRY(auto response, send(std::move(request)));
    auto body = body_of(response);
    return Asked{std::move(response), std::move(body)};
  }

  Result<Asked> get(const std::string& path) {
    http::ClientRequest request;
    request.url = path.starts_with("/_api") ? site_ + path : path;
    return ask(std::move(request));
  }

  // Without a token a digest says that the page was asked for before.
  Result<void> add_digest(http::ClientRequest& request) {
    TRY(const auto token, tokens_->token());
    if (!token.empty()) return {};
    http::ClientRequest digest;
    digest.method = "POST";
    digest.url = site_ + "/_api/contextinfo";
    TRY(const auto asked, ask(std::move(digest)));
    const auto value = text_or(asked.body, "FormDigestValue");
    if (!value.empty()) request.headers.set("X-RequestDigest", std::string(value));
    return {};
  }

  Result<Asked> write(const std::string& path, std::string_view method, const json::value& body) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = site_ + path;
    if (method != "POST") {
      request.headers.set("X-HTTP-Method", std::string(method));
      request.headers.set("IF-MATCH", "*");
    }
    if (!body.is_null()) {
      request.headers.set("Content-Type", "application/json;odata=nometadata");
      request.body = json::serialize(body);
    }
    TRY_DO(add_digest(request));
    return ask(std::move(request));
  }

  Result<std::shared_ptr<const SiteColumns>> columns_of(const std::string& list, Timestamp now) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = columns_.find(list);
      if (found != columns_.end() && now - found->second.second < columns_are_good_for)
        return found->second.first;
    }
    TRY(const auto asked,
        get(list + "/fields?$filter=Hidden%20eq%20false&$select=InternalName,TypeAsString"));
    if (asked.failed()) {
      const auto code =
          asked.response.status == 404 ? "the site has no such list" : "its columns cannot be read";
      return wrong(fmt::format("{}: the site answered {}", code, asked.response.status));
    }
    auto columns = std::make_shared<const SiteColumns>(read_site_columns(asked.body));
    const std::lock_guard lock(mutex_);
    columns_.insert_or_assign(list, std::pair{columns, now});
    return columns;
  }

  Result<Outcome> item(const std::string& path, const std::string& table,
                       const SiteColumns& columns, int status) {
    TRY(auto asked, get(path + "?" + item_query(columns)));
    if (asked.failed() || !asked.body.is_object())
      return to_outcome(asked.response, std::move(asked.body));
    return flow::answered(status, to_connector_item(asked.body.get_object(), columns, table));
  }

  Result<Outcome> items(const std::string& list, const std::string& table,
                        const SiteColumns& columns, const Call& call) {
    static constexpr std::array<std::string_view, 8> known{
        "dataset", "table", "$filter", "$orderby", "$top", "view", "folderPath", "viewScopeOption"};
    for (const auto& member : call.parameters) {
      if (std::ranges::find(known, std::string_view(member.key())) == known.end())
        return wrong(fmt::format("GetItems has no parameter '{}'", std::string_view(member.key())));
    }
    auto url = site_ + list + "/items?" + item_query(columns);
    for (const auto* name : {"$filter", "$orderby", "$top"}) {
      if (const auto text = text_of(call.parameters, name); !text.empty())
        url += fmt::format("&{}={}", name, http::encode_percent(text));
    }
    const auto wanted = std::clamp<std::int64_t>(call.most_items.value_or(0), 0, most_items_ever);
    if (wanted > 0 && text_of(call.parameters, "$top").empty())
      url += fmt::format("&$top={}", std::min<std::int64_t>(wanted, page_size));
    json::array all;
    for (;;) {
      TRY(auto asked, get(url));
      const auto* page = rollcall::find(asked.body, "value");
      if (asked.failed() || page == nullptr || !page->is_array())
        return to_outcome(asked.response, std::move(asked.body));
      for (const auto& one : page->get_array()) {
        if (one.is_object()) all.push_back(to_connector_item(one.get_object(), columns, table));
      }
      const auto next =
          text_or(asked.body, "odata.nextLink", text_or(asked.body, "@odata.nextLink"));
      const bool more = !next.empty() && !page->get_array().empty() &&
                        static_cast<std::int64_t>(all.size()) < wanted;
      if (!more) return flow::answered(200, with_link(std::move(all), next));
      // The token goes to the site, wherever the link leads.
      url = absolute_url(url, next);
      if (origin_of(url) != origin_of(site_))
        return wrong("the next page is on another host than the site");
    }
  }

  static json::object with_link(json::array all, std::string_view next) {
    json::object body;
    body.emplace("value", std::move(all));
    if (!next.empty()) body.emplace("@odata.nextLink", next);
    return body;
  }

  Result<Outcome> change(bool creates, const std::string& list, const std::string& table,
                         const SiteColumns& columns, const Call& call) {
    TRY(auto given, assemble(call.parameters, "item"));
    if (!given) {
      TRY(given, assemble(call.parameters, "body"));
    }
    if (!given || !given->is_object())
      return wrong("there is nothing to set: columns are given as item/NAME");
    TRY(const auto fields, to_site_fields(given->get_object(), columns));
    json::object body;
    for (const auto& field : fields) {
      // As the connector has it: what is null stays as it was.
      if (field.claims.empty() && field.value.is_null()) continue;
      if (field.claims.empty()) {
        body.insert_or_assign(field.name, field.value);
      } else {
        TRY(const auto id, user_id(field.claims));
        body.insert_or_assign(field.name, id);
      }
    }
    if (creates) {
      TRY(auto asked, write(list + "/items", "POST", body));
      const auto* id = rollcall::find(asked.body, "Id");
      if (asked.failed() || id == nullptr) return to_outcome(asked.response, std::move(asked.body));
      return item(fmt::format("{}/items({})", list, plain_text(*id)), table, columns, 200);
    }
    TRY(const auto id, id_of(call.parameters));
    const auto path = fmt::format("{}/items({})", list, id);
    TRY(auto asked, write(path, "MERGE", body));
    if (asked.failed()) return to_outcome(asked.response, std::move(asked.body));
    return item(path, table, columns, 200);
  }

  Result<json::value> user_id(const std::string& claims) {
    TRY(const auto asked,
        write("/_api/web/ensureuser", "POST", json::object{{"logonName", claims}}));
    const auto* id = rollcall::find(asked.body, "Id");
    if (asked.failed() || id == nullptr)
      return wrong(fmt::format("the site does not know '{}'", claims));
    return *id;
  }

  Result<Outcome> tables() {
    TRY(auto asked,
        get("/_api/web/lists?$filter=Hidden%20eq%20false&$select=Id,Title,BaseTemplate"));
    const auto* all = rollcall::find(asked.body, "value");
    if (asked.failed() || all == nullptr || !all->is_array())
      return to_outcome(asked.response, std::move(asked.body));
    json::array found;
    for (const auto& one : all->get_array()) {
      const auto* kind = rollcall::find(one, "BaseTemplate");
      found.push_back(json::object{{"Name", text_or(one, "Id")},
                                   {"DisplayName", text_or(one, "Title")},
                                   {"Type", kind == nullptr ? "100" : plain_text(*kind)}});
    }
    json::object body;
    body.emplace("value", std::move(found));
    return flow::answered(200, std::move(body));
  }

  // "parameters/method", "parameters/uri", "parameters/headers", "parameters/body"
  Result<Outcome> any_request(const Call& call) {
    TRY(auto given, assemble(call.parameters, "parameters"));
    if (!given) {
      TRY(given, assemble(call.parameters, "body"));
    }
    const auto about = given && given->is_object() ? given->get_object() : json::object();
    http::ClientRequest request;
    request.method = text_of(about, "method");
    if (request.method.empty()) request.method = "GET";
    auto uri = text_of(about, "uri");
    if (uri.empty()) return wrong("parameters/uri is missing");
    request.url = uri.find("://") == std::string::npos
                      ? site_ + (uri.starts_with('/') ? "" : "/") + uri
                      : uri;
    for (auto& c : request.url) c = c == '\r' || c == '\n' ? ' ' : c;
    for (auto at = request.url.find(' '); at != std::string::npos; at = request.url.find(' ', at))
      request.url.replace(at, 1, "%20");
    if (origin_of(request.url) != origin_of(site_))
      return wrong("the request would leave the site");
    if (const auto* headers = about.if_contains("headers");
        headers != nullptr && headers->is_object()) {
      for (const auto& [name, value] : headers->get_object())
        request.headers.set(std::string(name), plain_text(value));
    }
    if (const auto* body = about.if_contains("body")) request.body = body_text(*body);
    if (request.method != "GET") TRY_DO(add_digest(request));
    TRY(auto asked, ask(std::move(request)));
    return to_outcome(asked.response, std::move(asked.body));
  }

  std::string site_;
  std::unique_ptr<OAuthTokens> tokens_;
  http::Client& client_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::shared_ptr<const SiteColumns>, Timestamp>> columns_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_sharepoint_site(std::string site,
                                                      std::unique_ptr<OAuthTokens> tokens,
                                                      http::Client& client) {
  return std::make_unique<SharePointSite>(std::move(site), std::move(tokens), client);
}

}  // namespace rollcall::connectors
