#include "app/commands/list.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "app/text_table.hpp"
#include "base/text.hpp"

namespace rollcall::app {
namespace {

using Pointer = std::unique_ptr<Connection>;

// Connects, does it, and says what went wrong.
int with_connection(const ListOptions& options, const Console& console, const Clock& clock,
                    bool create, const std::function<Result<void>(Connection&)>& work) {
  auto how = options.connect;
  how.create = create;
  const auto connection = connect(how, clock, console);
  if (!connection) return report(console, connection.error());
  const auto done_work = work(**connection);
  return done_work ? done : report(console, done_work.error(), options.filter);
}

http::Request request_to(std::string method, std::string target, const json::value& body) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!body.is_null()) {
    request.headers.add("Content-Type", "application/json");
    request.body = json::serialize(body);
  }
  return request;
}

std::string query_of(const ListOptions& options) {
  std::string query = fmt::format("?%24top={}", options.top);
  for (const auto& [name, value] :
       {std::pair("filter", &options.filter), std::pair("orderby", &options.orderby),
        std::pair("select", &options.select)}) {
    if (!value->empty()) query += fmt::format("&%24{}={}", name, http::encode_percent(*value));
  }
  return query;
}

// name=value: texts, which the columns take for what they are; `name=` empties.
Result<json::object> fields_of(const ListOptions& options) {
  json::object fields;
  for (const auto& one : options.fields) {
    const auto equals = one.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail("APP0106", fmt::format("'{}': NAME=VALUE was expected", one));
    const auto value = std::string_view(one).substr(equals + 1);
    fields[std::string_view(one).substr(0, equals)] =
        value.empty() ? json::value(nullptr) : json::value(value);
  }
  if (fields.empty()) return fail("APP0106", "nothing to set: give NAME=VALUE");
  return fields;
}

void print_items(const json::array& items, const Console& console) {
  if (items.empty()) return console.out("no items\n");
  std::vector<std::vector<std::string>> rows{{}};
  std::vector<std::string> names;
  for (const auto& member : items.front().as_object()) {
    const std::string name(member.key());
    if (name.starts_with('@') || name == "Created" || name == "Author" || name == "Editor")
      continue;
    names.push_back(name);
  }
  rows.front() = names;
  for (const auto& item : items) {
    auto& row = rows.emplace_back();
    for (const auto& name : names) row.push_back(shown_value(item.at(name)));
  }
  console.out(text_table(rows));
}

void print_columns(const json::value& list, const Console& console) {
  std::vector<std::vector<std::string>> rows{{"Column", "Type", "", "Description"}};
  for (const auto& column : list.at("columns").as_array()) {
    std::string notes;
    for (const char* note : {"required", "indexed", "guarded"}) {
      if (find(column, note) != nullptr) notes += (notes.empty() ? "" : ", ") + std::string(note);
    }
    if (const auto formula = text_or(column, "formula"); !formula.empty())
      notes += (notes.empty() ? "" : ", ") + std::string(formula);
    rows.push_back({std::string(text_or(column, "name")), std::string(text_or(column, "type")),
                    notes, std::string(text_or(column, "description"))});
  }
  console.out(text_table(rows));
  if (const auto* keys = find(list, "uniqueKeys"))
    console.out(fmt::format("unique: {}\n", json::serialize(*keys)));
}

Result<void> show(const ListOptions& options, const Console& console, Connection& connection) {
  if (options.id != 0) {
    TRY(const auto item,
        connection.get(list_target(options, fmt::format("/items/{}", options.id))));
    if (options.json) console.out(pretty(item));
    if (options.json) return {};
    for (const auto& member : item.as_object())
      console.out(
          fmt::format("{}: {}\n", std::string_view(member.key()), shown_value(member.value())));
    return {};
  }
  TRY(const auto list, connection.get(list_target(options)));
  TRY(const auto page, connection.get(list_target(options, "/items") + query_of(options)));
  if (options.json) {
    auto whole = list.as_object();
    whole["value"] = page.at("value");
    console.out(pretty(whole));
    return {};
  }
  console.out(
      fmt::format("{}: {} items\n\n", text_or(list, "name"), json::serialize(list.at("items"))));
  print_columns(list, console);
  console.out("\n");
  print_items(page.at("value").as_array(), console);
  if (find(page, "skiptoken") != nullptr)
    console.out(fmt::format("… the first {}; --top, --filter or export for more\n", options.top));
  return {};
}

// name:type:required:indexed:unique, the type's choices as choice(a|b); name:type:=formula.
Result<json::object> column_of(std::string_view text, json::array& keys) {
  json::object column;
  bool first = true, second = true;
  if (const auto formula = text.find(":="); formula != std::string_view::npos) {
    column["formula"] = text.substr(formula + 1);
    text = text.substr(0, formula);
  }
  for (const auto part : split(text, ':')) {
    if (first) {
      column["name"] = part;
      first = false;
    } else if (second) {
      const auto open = part.find('(');
      column["type"] = part.substr(0, open);
      if (open != std::string_view::npos && part.ends_with(')')) {
        json::array choices;
        for (const auto choice : split(part.substr(open + 1, part.size() - open - 2), '|'))
          choices.emplace_back(choice);
        column["choices"] = std::move(choices);
      }
      second = false;
    } else if (part == "required" || part == "indexed") {
      column[part] = true;
    } else if (part == "unique") {
      keys.push_back(json::array{column["name"]});
    } else {
      return fail("APP0106", fmt::format("'{}' in '{}': required, indexed or unique was expected",
                                         part, text));
    }
  }
  return column;
}

Result<json::object> definition_of(const ListOptions& options) {
  json::object definition;
  if (!options.definition.empty()) {
    std::ifstream file(options.definition, std::ios::binary);
    if (!file) return fail("APP0107", fmt::format("{} cannot be opened", options.definition));
    std::ostringstream text;
    text << file.rdbuf();
    TRY(const auto parsed, parse_json(text.str()));
    if (!parsed.is_object())
      return fail("APP0107", fmt::format("{} holds no JSON object", options.definition));
    definition = parsed.get_object();
  }
  definition["name"] = options.list;
  json::array columns, keys;
  if (const auto* there = definition.if_contains("columns"); there != nullptr && there->is_array())
    columns = there->get_array();
  if (const auto* there = definition.if_contains("uniqueKeys");
      there != nullptr && there->is_array())
    keys = there->get_array();
  for (const auto& one : options.columns) {
    TRY(auto column, column_of(one, keys));
    columns.emplace_back(std::move(column));
  }
  if (columns.empty()) columns.push_back(json::object{{"name", "Title"}});
  definition["columns"] = std::move(columns);
  definition["uniqueKeys"] = std::move(keys);
  return definition;
}

Result<void> send_item(const ListOptions& options, const Console& console, Connection& connection,
                       http::Request request) {
  if (options.if_match != 0)
    request.headers.add("If-Match", fmt::format("\"{}\"", options.if_match));
  TRY(const auto item, connection.call(std::move(request)));
  if (options.json)
    console.out(pretty(item));
  else
    console.out(fmt::format("item {}, version {}\n", json::serialize(item.at("ID")),
                            text_or(item, "@odata.etag")));
  return {};
}

Result<void> print_history(const ListOptions& options, const Console& console,
                           Connection& connection) {
  TRY(const auto answer,
      connection.get(list_target(options, fmt::format("/items/{}/versions", options.id))));
  if (options.json) {
    console.out(pretty(answer));
    return {};
  }
  std::vector<std::vector<std::string>> rows{{"Version", "Known", "Valid", "By", "What changed"}};
  json::object before;
  for (const auto& version : answer.at("versions").as_array()) {
    std::string what = version.at("deleted").as_bool() ? "deleted" : "";
    for (const auto& field : version.at("fields").as_object()) {
      const std::string_view name = field.key();
      if (!what.empty() && what == "deleted") break;
      if (name == "ID" || name == "Created" || name == "Modified" || name == "Author" ||
          name == "Editor")
        continue;
      const auto* was = before.if_contains(name);
      if (was == nullptr ? field.value().is_null() : *was == field.value()) continue;
      what += fmt::format("{}{}={}", what.empty() ? "" : ", ", name, shown_value(field.value()));
    }
    before = version.at("fields").as_object();
    rows.push_back({json::serialize(version.at("version")),
                    std::string(text_or(version, "knownFrom")),
                    std::string(text_or(version, "validFrom")),
                    std::string(text_or(version, "principal")), what});
  }
  console.out(text_table(rows));
  return {};
}

}  // namespace

std::string list_target(const ListOptions& options, std::string_view behind) {
  return fmt::format("/api/v1/lists/{}{}", http::encode_percent(options.list), behind);
}

std::string shown_value(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return fmt::format("{}", value.get_double());
  if (value.is_array()) {
    std::string joined;
    for (const auto& one : value.get_array()) {
      if (!one.is_string()) return json::serialize(value);
      joined += (joined.empty() ? "" : ";#") + std::string(one.get_string());
    }
    return joined;
  }
  if (const auto url = text_or(value, "Url"); !url.empty())
    return fmt::format("{}, {}", url, text_or(value, "Description"));
  return json::serialize(value);
}

int list_lists(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(
      options, console, clock, false, [&](Connection& connection) -> Result<void> {
        TRY(const auto answer, connection.get("/api/v1/lists"));
        if (options.json) {
          console.out(pretty(answer));
          return {};
        }
        std::vector<std::vector<std::string>> rows{{"List", "Items", "Columns"}};
        for (const auto& list : answer.at("lists").as_array()) {
          rows.push_back({std::string(text_or(list, "name")), json::serialize(list.at("items")),
                          std::to_string(list.at("columns").as_array().size())});
        }
        console.out(text_table(rows));
        return {};
      });
}

int show_list(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(options, console, clock, false, [&](Connection& connection) {
    return show(options, console, connection);
  });
}

int create_list(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(
      options, console, clock, true, [&](Connection& connection) -> Result<void> {
        TRY(const auto definition, definition_of(options));
        TRY(const auto made, connection.post("/api/v1/lists", definition));
        console.out(options.json ? pretty(made)
                                 : fmt::format("made the list '{}'\n", options.list));
        return {};
      });
}

int add_item(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(
      options, console, clock, false, [&](Connection& connection) -> Result<void> {
        TRY(const auto fields, fields_of(options));
        return send_item(options, console, connection,
                         request_to("POST", list_target(options, "/items"), fields));
      });
}

int edit_item(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(
      options, console, clock, false, [&](Connection& connection) -> Result<void> {
        TRY(const auto fields, fields_of(options));
        return send_item(
            options, console, connection,
            request_to("PATCH", list_target(options, fmt::format("/items/{}", options.id)),
                       fields));
      });
}

int remove_item(const ListOptions& options, const Console& console, const Clock& clock) {
  if ((options.id == 0) != options.whole_list) {
    return report(console,
                  {"APP0106",
                   "name an item's ID, or say --whole-list to delete the list with all its items"});
  }
  return with_connection(
      options, console, clock, false, [&](Connection& connection) -> Result<void> {
        const auto behind = options.id == 0 ? std::string() : fmt::format("/items/{}", options.id);
        TRY_DO(connection.call(request_to("DELETE", list_target(options, behind), nullptr)));
        console.out(options.id == 0
                        ? fmt::format("deleted the list '{}'\n", options.list)
                        : fmt::format("deleted item {} of '{}'\n", options.id, options.list));
        return {};
      });
}

int item_history(const ListOptions& options, const Console& console, const Clock& clock) {
  return with_connection(options, console, clock, false, [&](Connection& connection) {
    return print_history(options, console, connection);
  });
}

}  // namespace rollcall::app
