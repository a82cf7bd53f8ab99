#include "connectors/sharepointonline.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace rollcall::connectors {
namespace {

using flow::Call;
using flow::Operation;
using flow::Outcome;
using flow::Place;

enum Index : std::size_t { get_items, get_item, post_item, patch_item, delete_item, get_tables };

const std::vector<Operation>& all_operations() {
  static const std::vector<Operation> operations{
      {"GetItems", Place::store, "Get items", "get", "/datasets/{dataset}/tables/{table}/items"},
      {"GetItem", Place::store, "Get item", "get", "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"PostItem", Place::store, "Create item", "post", "/datasets/{dataset}/tables/{table}/items"},
      {"PatchItem", Place::store, "Update item", "patch", "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"DeleteItem", Place::store, "Delete item", "delete", "/datasets/{dataset}/tables/{table}/items/{id}"},
      {"GetTables", Place::store, "Get all lists", "get", "/datasets/{dataset}/tables"},
  };
  return operations;
}

constexpr std::string_view item_prefix = "item/";
constexpr std::int64_t most_items_ever = 100'000;

std::unexpected<Error> wrong(std::string message) { return fail("CONNECTOR0201", std::move(message)); }

// A number, or a text that is one, as expressions and designers give it; absent, null and "" are none.
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
  if (string == nullptr) return wrong(fmt::format("parameter '{}' is no text: {}", name, json::serialize(*value)));
  if (string->empty()) return std::nullopt;
  return std::string(*string);
}

Result<std::int64_t> id_of(const json::object& parameters) {
  TRY(const auto id, number(parameters, "id"));
  if (!id) return wrong("parameter 'id' is missing");
  return *id;
}

// DIFFERS: `view`, `folderPath` and `viewScopeOption` are accepted and have no effect, since lists here have
// neither views nor folders.
Result<odata::Options> options_of(const json::object& parameters) {
  static constexpr std::array<std::string_view, 12> known{"dataset", "table", "$filter", "$orderby", "$select", "$top",
                                                          "$skip", "$skiptoken", "$expand", "view", "folderPath", "viewScopeOption"};
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
  return options;
}

json::object person(std::string_view principal) {
  return {{"@odata.type", "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedUser"},
          {"Claims", principal},
          {"DisplayName", principal},
          {"Email", nullptr}};
}

// Our own lists' errors are the caller's; the store's are nobody's fault and undo the turn.
bool is_refusal(const Error& error) {
  return error.code.starts_with("LIST") || error.code.starts_with("ODATA") || error.code.starts_with("CONNECTOR");
}

class SharePointOnline final : public flow::Connector {
 public:
  explicit SharePointOnline(lists::ListStore& lists) : lists_(lists) {}

  std::string_view id() const override { return "shared_sharepointonline"; }
  std::span<const Operation> operations() const override { return all_operations(); }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    auto answer = carry_out(operation, call);
    if (answer) return flow::answered(200, *std::move(answer));
    if (is_refusal(answer.error())) return flow::refused(answer.error());
    return std::unexpected(std::move(answer).error());
  }

 private:
  Result<json::value> carry_out(std::size_t operation, const Call& call) {
    if (operation == get_tables) return tables(call);
    const auto* table = call.parameters.if_contains("table");
    const auto* name = table == nullptr ? nullptr : table->if_string();
    if (name == nullptr) return wrong("parameter 'table' is missing");
    TRY(const auto list, lists_.find_list(*call.transaction, *name));
    if (operation == get_items) return query(*list, call);
    if (operation == post_item) {
      TRY(const auto fields, fields_of(*list, call.parameters));
      TRY(auto item, lists_.create_item(*call.transaction, *list, fields, {call.principal, call.now}));
      return to_connector_item(*list, std::move(item));
    }
    TRY(const auto id, id_of(call.parameters));
    if (operation == get_item) {
      TRY(auto item, lists_.read_item(*call.transaction, *list, id));
      return to_connector_item(*list, std::move(item));
    }
    if (operation == delete_item) {
      TRY_DO(lists_.delete_item(*call.transaction, *list, id, std::nullopt, {call.principal, call.now}));
      return json::value();
    }
    TRY(const auto fields, fields_of(*list, call.parameters));
    TRY(auto item, lists_.update_item(*call.transaction, *list, id, std::nullopt, fields, {call.principal, call.now}));
    return to_connector_item(*list, std::move(item));
  }

  Result<json::value> query(const lists::List& list, const Call& call) {
    TRY(auto options, options_of(call.parameters));
    const auto wanted = std::min<std::int64_t>(call.most_items.value_or(0), most_items_ever);
    if (wanted > 0 && !options.top) options.top = lists::max_page_size;
    json::array items;
    std::optional<std::string> more;
    do {
      TRY(auto page, lists_.query(*call.transaction, list, options, call.now));
      for (auto& item : page.items) items.push_back(to_connector_item(list, std::move(item)));
      more = std::move(page.skiptoken);
      options.skiptoken = more;
    } while (more && static_cast<std::int64_t>(items.size()) < wanted);
    json::object answer;
    answer.emplace("value", std::move(items));
    if (more) answer.emplace("@odata.nextLink", fmt::format("/datasets/default/tables/{}/items?$skiptoken={}", list.guid, *more));
    return answer;
  }

  Result<json::value> tables(const Call& call) {
    TRY(const auto lists, lists_.all_lists(*call.transaction));
    json::array tables;
    for (const auto& list : lists) {
      tables.push_back(json::object{{"Name", list->guid}, {"DisplayName", list->name}, {"Type", "100"}});
    }
    return json::object{{"value", std::move(tables)}};
  }

  lists::ListStore& lists_;
};

// A choice is given as {"Value": "x"}, and a person or a look-up as an object, where a plain value is meant.
const json::value& plain(const json::value& value) {
  const auto* inner = find(value, "Value");
  return inner == nullptr ? value : *inner;
}

void set(const lists::List& list, json::object& fields, std::string_view name, const json::value& value) {
  const auto* column = list.column(name);
  const bool whole = column != nullptr && column->type == lists::ColumnType::json;
  fields.insert_or_assign(name, whole ? value : plain(value));
}

}  // namespace

Result<json::object> fields_of(const lists::List& list, const json::object& parameters) {
  json::object fields;
  fields.reserve(parameters.size());
  for (const auto& member : parameters) {
    std::string_view name = member.key();
    if (name.starts_with(item_prefix)) {
      name.remove_prefix(item_prefix.size());
      if (name.ends_with("/Value")) name.remove_suffix(6);
      set(list, fields, name, member.value());
    } else if (name == "item" || name == "body") {
      const auto* item = member.value().if_object();
      if (item == nullptr) return wrong(fmt::format("parameter '{}' is no object", name));
      for (const auto& field : *item) set(list, fields, field.key(), field.value());
    } else if (name != "dataset" && name != "table" && name != "id" && name != "view") {
      return wrong(fmt::format("there is no parameter '{}'; columns are given as item/{}", name, name));
    }
  }
  return fields;
}

json::object to_connector_item(const lists::List& list, lists::Item item) {
  json::object shown;
  shown.reserve(item.fields.size() + 9);
  const auto id = std::to_string(item.id);
  shown.emplace("@odata.etag", fmt::format("\"{}\"", item.version));
  shown.emplace("ItemInternalId", id);
  std::string title;
  for (auto& field : item.fields) {
    const std::string_view name = field.key();
    auto& value = field.value();
    if (name == "Author" || name == "Editor") {
      const std::string_view principal = value.is_string() ? std::string_view(value.get_string()) : "";
      shown.emplace(name, person(principal));
      shown.emplace(fmt::format("{}#Claims", name), principal);
      continue;
    }
    const auto* column = list.column(name);
    if (column != nullptr && column->type == lists::ColumnType::choice && value.is_string()) {
      json::object choice{{"@odata.type", "#Microsoft.Azure.Connectors.SharePoint.SPListExpandedReference"}, {"Id", 0}};
      choice.emplace("Value", std::move(value));
      shown.emplace(name, std::move(choice));
      continue;
    }
    if (name == "Title" && value.is_string()) title = value.get_string();
    shown.emplace(name, std::move(value));
  }
  shown.emplace("{Identifier}", fmt::format("Lists/{}/{}_.000", list.name, id));
  shown.emplace("{IsFolder}", false);
  shown.emplace("{Name}", title);
  shown.emplace("{Path}", fmt::format("Lists/{}/", list.name));
  shown.emplace("{HasAttachments}", false);
  shown.emplace("{VersionNumber}", fmt::format("{}.0", item.version));
  return shown;
}

std::unique_ptr<flow::Connector> make_sharepointonline(lists::ListStore& lists) {
  return std::make_unique<SharePointOnline>(lists);
}

}  // namespace rollcall::connectors
