#include "connectors/sharepointonline.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "connectors/sharepoint_changes.hpp"
#include "connectors/sharepoint_items.hpp"
#include "http/message.hpp"

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
  on_new,
  on_updated,
  on_changed,
  on_deleted
};

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations{
      {"GetItems", Place::store, "Get items", "get", "/datasets/{dataset}/tables/{table}/items"},
      {"GetItem", Place::store, "Get item", "get", "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"PostItem", Place::store, "Create item", "post", "/datasets/{dataset}/tables/{table}/items"},
      {"PatchItem", Place::store, "Update item", "patch",
       "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"DeleteItem", Place::store, "Delete item", "delete",
       "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"GetTables", Place::store, "Get all lists", "get", "/datasets/{dataset}/tables"},
      {"GetOnNewItems", Place::store, "When an item is created", "get",
       "/datasets/{dataset}/tables/{table}/onnewitems", true},
      {"GetOnUpdatedItems", Place::store, "When an item is created or modified", "get",
       "/datasets/{dataset}/tables/{table}/onupdateditems", true},
      {"GetOnChangedItems", Place::store, "When an item is modified", "get",
       "/datasets/{dataset}/tables/{table}/onchangeditems", true},
      {"GetOnDeletedItems", Place::store, "When an item is deleted", "get",
       "/datasets/{dataset}/tables/{table}/ondeleteditems", true},
  };
  return operations;
}

constexpr std::int64_t most_items_ever = 100'000;

std::unexpected<Error> wrong(std::string message) {
  return fail("CONNECTOR0201", std::move(message));
}

// A number, or a text that is one, as expressions and designers give it; absent, null and "" are
// none.
Result<std::optional<std::int64_t>> number(const json::object& parameters, std::string_view name) {
  const auto* value = parameters.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (const auto* text = value->if_string()) {
    if (text->empty()) return std::nullopt;
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), parsed);
    if (error == std::errc() && end == text->data() + text->size()) return parsed;
  }
  return wrong(fmt::format("parameter '{}' is no whole number: {}", name, json::serialize(*value)));
}

Result<std::optional<std::string>> text(const json::object& parameters, std::string_view name) {
  const auto* value = parameters.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto* string = value->if_string();
  if (string == nullptr)
    return wrong(fmt::format("parameter '{}' is no text: {}", name, json::serialize(*value)));
  if (string->empty()) return std::nullopt;
  return std::string(*string);
}

Result<std::int64_t> id_of(const json::object& parameters) {
  TRY(const auto id, number(parameters, "id"));
  if (!id) return wrong("parameter 'id' is missing");
  return *id;
}

// DIFFERS: `view`, `folderPath` and `viewScopeOption` are accepted and have no effect, since lists
// here have neither views nor folders.
Result<odata::Options> options_of(const json::object& parameters) {
  static constexpr std::array<std::string_view, 12> known{
      "dataset", "table",      "$filter", "$orderby", "$select",    "$top",
      "$skip",   "$skiptoken", "$expand", "view",     "folderPath", "viewScopeOption"};
  for (const auto& member : parameters) {
    if (std::find(known.begin(), known.end(), std::string_view(member.key())) == known.end()) {
      return wrong(fmt::format("GetItems has no parameter '{}'", std::string_view(member.key())));
    }
  }
  odata::Options options;
  TRY(options.filter, text(parameters, "$filter"));
  TRY(options.orderby, text(parameters, "$orderby"));
  TRY(options.select, text(parameters, "$select"));
  TRY(options.expand, text(parameters, "$expand"));
  TRY(options.skiptoken, text(parameters, "$skiptoken"));
  TRY(options.top, number(parameters, "$top"));
  TRY(options.skip, number(parameters, "$skip"));
  odata::trim_filter(options);
  return options;
}

// Our own lists' errors are the caller's; the store's are nobody's fault and undo the turn.
bool is_refusal(const Error& error) {
  return error.code.starts_with("LIST") || error.code.starts_with("ODATA") ||
         error.code.starts_with("CONNECTOR");
}

class SharePointOnline final : public flow::Connector {
 public:
  explicit SharePointOnline(lists::ListStore& lists) : lists_(lists) {}

  std::string_view id() const override { return "shared_sharepointonline"; }
  std::span<const Operation> operations() const override { return all_operations(); }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    if (operation >= on_new) {
      auto told = poll(operation, call);
      if (!told && is_refusal(told.error())) return flow::refused(told.error());
      return told;
    }
    std::string text;
    text.reserve(1'000);  // most answers are one item or none
    text += R"({"statusCode":200,"body":)";
    if (auto answer = carry_out(operation, call, text); !answer) {
      if (is_refusal(answer.error())) return flow::refused(answer.error());
      return std::unexpected(std::move(answer).error());
    }
    text += '}';
    return Outcome{flow::Document::of_text(std::move(text)), {}, {}};
  }

  // Each write of the list.
  Result<std::string> announcement(std::size_t operation, const json::object& parameters,
                                   store::Connection& connection) override {
    if (operation < on_new) return std::string();
    TRY(const auto table, text(parameters, "table"));
    if (!table) return std::string();
    TRY(const auto list, lists_.find_list(connection, *table));
    return lists::news_of(*list);
  }

 private:
  // A polling trigger: the Location carries what was told last. Without news 202.
  Result<Outcome> poll(std::size_t operation, const Call& call) {
    static constexpr std::array kinds{ItemTrigger::created, ItemTrigger::created_or_modified,
                                      ItemTrigger::modified, ItemTrigger::deleted};
    TRY(const auto table, text(call.parameters, "table"));
    if (!table) return wrong("parameter 'table' is missing");
    TRY(const auto list, lists_.find_list(*call.transaction, *table));
    std::optional<std::int64_t> since;
    if (!call.location.empty()) {
      const json::object state{{"state", call.location.substr(call.location.rfind('=') + 1)}};
      TRY(since, number(state, "state"));
    }
    TRY(const auto told,
        tell_changes(lists_, *call.transaction, *list, kinds[operation - on_new], since, call.now));
    const auto& path = all_operations()[operation].path;
    const auto location =
        fmt::format("/datasets/default/tables/{}{}?triggerstate={}", http::encode_percent(*table),
                    path.substr(path.rfind('/')), told.state);
    std::string answer = fmt::format(R"({{"statusCode":{},"headers":{{"Location":")",
                                     told.items.empty() ? 202 : 200);
    answer += location +
              "\"},\"body\":" + (told.items.empty() ? "null" : "{\"value\":[" + told.items + "]}") +
              "}";
    return Outcome{flow::Document::of_text(std::move(answer)), {}, {}};
  }

  // Writes the body of the answer behind `out`.
  Result<void> carry_out(std::size_t operation, const Call& call, std::string& out) {
    if (operation == get_tables) return tables(call, out);
    const auto* table = call.parameters.if_contains("table");
    const auto* name = table == nullptr ? nullptr : table->if_string();
    if (name == nullptr) return wrong("parameter 'table' is missing");
    TRY(const auto list, lists_.find_list(*call.transaction, *name));
    const auto see = [&](const lists::ItemView& item) { append_sharepoint_item(out, *list, item); };
    if (operation == get_items) return query(*list, call, out);
    if (operation == post_item) {
      TRY(const auto fields, sharepoint_fields(*list, call.parameters));
      return lists_.create_item(*call.transaction, *list, fields, {call.principal, call.now}, see);
    }
    TRY(const auto id, id_of(call.parameters));
    if (operation == get_item) return lists_.read_item(*call.transaction, *list, id, {}, see);
    if (operation == delete_item) {
      out += "null";
      return lists_.delete_item(*call.transaction, *list, id, std::nullopt,
                                {call.principal, call.now});
    }
    TRY(const auto fields, sharepoint_fields(*list, call.parameters));
    return lists_.update_item(*call.transaction, *list, id, std::nullopt, fields,
                              {call.principal, call.now}, see);
  }

  Result<void> query(const lists::List& list, const Call& call, std::string& out) {
    TRY(auto options, options_of(call.parameters));
    expand_lookups(list, options);
    const auto wanted = std::min<std::int64_t>(call.most_items.value_or(0), most_items_ever);
    if (wanted > 0 && !options.top) options.top = lists::max_page_size;
    out += R"({"value":[)";
    std::int64_t count = 0;
    const auto see = [&](const lists::ItemView& item) {
      if (count++ > 0) out += ',';
      append_sharepoint_item(out, list, item);
    };
    do {
      TRY(auto page, lists_.query(*call.transaction, list, options, call.now, {}, see));
      options.skiptoken = std::move(page.skiptoken);
    } while (options.skiptoken && count < wanted);
    out += ']';
    if (options.skiptoken) {
      out += ',';
      append_json(out, "@odata.nextLink");
      out += ':';
      append_json(out, fmt::format("/datasets/default/tables/{}/items?$skiptoken={}", list.guid,
                                   *options.skiptoken));
    }
    out += '}';
    return {};
  }

  Result<void> tables(const Call& call, std::string& out) {
    TRY(const auto lists, lists_.all_lists(*call.transaction));
    json::array tables;
    for (const auto& list : lists) {
      tables.push_back(
          json::object{{"Name", list->guid}, {"DisplayName", list->name}, {"Type", "100"}});
    }
    out += json::serialize(json::object{{"value", std::move(tables)}});
    return {};
  }

  lists::ListStore& lists_;
};

}  // namespace

std::unique_ptr<flow::Connector> make_sharepointonline(lists::ListStore& lists) {
  return std::make_unique<SharePointOnline>(lists);
}

}  // namespace rollcall::connectors
