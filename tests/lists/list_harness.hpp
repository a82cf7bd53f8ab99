// A ListStore in memory driven by text cases: `time T`, `as PRINCIPAL`, `list`, `create LIST`, `update LIST ID
// [ETAG]`, `delete LIST ID`, `restore LIST ID VERSION`, `read LIST ID`, `versions LIST ID`, `query LIST
// [as_of=T] [known_at=T]`, and what changes definitions.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "lists/list_store.hpp"
#include "support/golden.hpp"
#include "support/test_database.hpp"

namespace rollcall::lists {

class ListHarness {
 public:
  explicit ListHarness(std::unique_ptr<store::Database> in = test::fresh_database())
      : database(std::move(in)), lists(ListStore::open(*database).value()) {
    write.now = *parse_iso("2026-01-01T00:00:00Z");
  }

  using Case = test::GoldenCase;

  test::Handlers handlers() {
    return {
        {"time",
         [this](const Case& one) {
           write.now = *parse_iso(one.arguments.at(0));
           return std::string();
         }},
        {"as",
         [this](const Case& one) {
           set_principal(one);
           return std::string();
         }},
        {"valid",
         [this](const Case& one) {
           set_valid(one);
           return std::string();
         }},
        {"list", [this](const Case& one) { return create_list(one.body); }},
        {"ensure", [this](const Case& one) { return ensure_list(one.body); }},
        {"items", [this](const Case& one) { return create_items(one); }},
        {"create", [this](const Case& one) { return create(one); }},
        {"update", [this](const Case& one) { return update(one); }},
        {"delete", [this](const Case& one) { return remove(one); }},
        {"restore", [this](const Case& one) { return restore(one); }},
        {"purge", [this](const Case& one) { return purge(one); }},
        {"read", [this](const Case& one) { return read(one); }},
        {"versions", [this](const Case& one) { return versions(one); }},
        {"query", [this](const Case& one) { return query(one); }},
        {"add-column", [this](const Case& one) { return change_column(one, true); }},
        {"change-column", [this](const Case& one) { return change_column(one, false); }},
        {"delete-column", [this](const Case& one) { return delete_column(one); }},
        {"rename", [this](const Case& one) { return rename(one); }},
        {"delete-list", [this](const Case& one) { return delete_list(one); }},
        {"apply", [this](const Case& one) { return apply(one); }},
        {"changes", [this](const Case& one) { return changes(one); }},
        {"deleted", [this](const Case& one) { return deleted(one); }},
        {"definition", [this](const Case& one) { return definition(one); }},
    };
  }

  template <class Work>
  auto writing(const std::string& list, Work&& work) {
    return database->write([&](store::Transaction& transaction)
                               -> std::invoke_result_t<Work, store::Transaction&, const List&> {
      TRY(const auto found, lists->find_list(transaction, list));
      return work(transaction, *found);
    });
  }
  template <class Work>
  auto reading(const std::string& list, Work&& work) {
    return database->read([&](store::Connection& connection)
                              -> std::invoke_result_t<Work, store::Connection&, const List&> {
      TRY(const auto found, lists->find_list(connection, list));
      return work(connection, *found);
    });
  }

  // `LIST0105 message`, with the place in $filter where there is one.
  static std::string show(const Error& error, std::string_view source = {}) {
    return rollcall::render(error, source);
  }
  static std::string show(const Item& item) {
    return fmt::format("v{} {}", item.version, json::serialize(item.fields));
  }
  template <class T>
  static std::string show(const Result<T>& result) {
    return result ? show(*result) : show(result.error());
  }

  static json::object object(const std::string& text) {
    const auto value = parse_json(text);
    EXPECT_TRUE(value && value->is_object()) << text;
    return value ? value->as_object() : json::object();
  }

  std::unique_ptr<store::Database> database;
  std::unique_ptr<ListStore> lists;
  Write write;

 private:
  // Names of lists in directives have `_` for a space.
  static std::string name(const Case& one) {
    auto text = one.arguments.at(0);
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
  }
  static std::int64_t number(const Case& one, std::size_t index) {
    return std::stoll(one.arguments.at(index));
  }

  void set_principal(const Case& one) {
    const auto text = one.arguments.at(0);
    write.principal =
        text.starts_with("flow_run:") ? Principal{Principal::Kind::flow_run, text.substr(9)}
        : text.starts_with("person:") ? Principal{Principal::Kind::person, text.substr(7)}
                                      : Principal{};
  }
  void set_valid(const Case& one) {
    write.valid_from = one.arguments.at(0) == "now" ? std::nullopt : parse_iso(one.arguments.at(0));
  }

  std::string create_list(const std::string& body) {
    const auto parsed = parse_list_definition(object(body));
    if (!parsed) return show(parsed.error());
    const auto made = database->write(
        [&](auto& transaction) { return lists->create_list(transaction, *parsed, write); });
    return made ? "" : show(made.error());
  }
  std::string ensure_list(const std::string& body) {
    const auto parsed = parse_list_definition(object(body));
    if (!parsed) return show(parsed.error());
    const auto made = database->write(
        [&](auto& transaction) { return lists->ensure_list(transaction, *parsed, write); });
    return made ? "" : show(made.error());
  }
  std::string create_items(const Case& one) {
    std::string text;
    for (const auto line : split(one.body, '\n')) {
      const auto fields = object(std::string(line));
      const auto made = writing(name(one), [&](auto& transaction, const List& list) {
        return lists->create_item(transaction, list, fields, write);
      });
      if (!made) text += show(made.error()) + "\n";
    }
    return text;
  }
  std::string create(const Case& one) {
    return show(writing(name(one), [&](auto& transaction, const List& list) {
      return lists->create_item(transaction, list, object(one.body), write);
    }));
  }
  std::string update(const Case& one) {
    std::optional<std::int64_t> if_match;
    if (one.arguments.size() > 2) if_match = number(one, 2);
    return show(writing(name(one), [&](auto& transaction, const List& list) {
      return lists->update_item(transaction, list, number(one, 1), if_match, object(one.body),
                                write);
    }));
  }
  std::string remove(const Case& one) {
    const auto removed = writing(name(one), [&](auto& transaction, const List& list) {
      return lists->delete_item(transaction, list, number(one, 1), std::nullopt, write);
    });
    return removed ? "deleted" : show(removed.error());
  }
  std::string restore(const Case& one) {
    return show(writing(name(one), [&](auto& transaction, const List& list) {
      return lists->restore_version(transaction, list, number(one, 1), number(one, 2), write);
    }));
  }
  std::string purge(const Case& one) {
    const auto purged = writing(name(one), [&](auto& transaction, const List& list) {
      return lists->purge_item(transaction, list, number(one, 1), write);
    });
    return purged ? "purged" : show(purged.error());
  }
  std::string read(const Case& one) {
    return show(reading(name(one), [&](auto& connection, const List& list) {
      return lists->read_item(connection, list, number(one, 1), times(one, 2));
    }));
  }
  std::string versions(const Case& one) {
    const auto all = reading(name(one), [&](auto& connection, const List& list) {
      return lists->read_versions(connection, list, number(one, 1));
    });
    if (!all) return show(all.error());
    std::string text;
    for (const auto& version : *all) {
      auto fields = version.fields;
      for (const char* own : {"ID", "Created", "Modified", "Author", "Editor"}) fields.erase(own);
      text += fmt::format("v{} valid {} known {} by {}{} {}\n", version.version,
                          format_iso_seconds(version.valid_from),
                          format_iso_seconds(version.known_from), version.principal,
                          version.deleted ? " deleted" : "", json::serialize(fields));
    }
    return text;
  }
  std::string apply(const Case& one) {
    const auto options = odata::parse_query_text(one.body);
    if (!options) return show(options.error());
    const auto rows = reading(name(one), [&](auto& connection, const List& list) {
      return lists->aggregate(connection, list, *options, write.now);
    });
    const auto source =
        rows || rows.error().message.starts_with("$apply") ? options->apply : options->filter;
    if (!rows) return show(rows.error(), source.value_or(""));
    std::string text;
    for (const auto& row : rows->rows) text += json::serialize(row) + "\n";
    if (rows->count) text += fmt::format("count {}\n", *rows->count);
    return text.empty() ? "none" : text;
  }
  // `changes LIST AFTER`
  std::string changes(const Case& one) {
    const auto all = reading(name(one), [&](auto& connection, const List& list) {
      return lists->read_changes(connection, list, number(one, 1), 100);
    });
    if (!all) return show(all.error());
    std::string text;
    for (const auto& change : *all) {
      text += fmt::format(
          "{}: item {} v{}{} by {}{}\n", change.number, change.version.id, change.version.version,
          change.version.deleted ? " deleted" : "", change.version.principal,
          change.version.deleted && change.version.fields.at("Title").is_null() ? ", empty" : "");
    }
    return text.empty() ? "none" : text;
  }
  std::string deleted(const Case& one) {
    const auto all = reading(name(one), [&](auto& connection, const List& list) {
      return lists->read_deleted(connection, list, 100);
    });
    if (!all) return show(all.error());
    std::string text;
    for (const auto& version : *all)
      text += fmt::format("item {} v{} by {}\n", version.id, version.version, version.principal);
    return text.empty() ? "none" : text;
  }
  static Reading times(const Case& one, std::size_t from) {
    Reading reading;
    for (std::size_t i = from; i < one.arguments.size(); ++i) {
      const auto& argument = one.arguments[i];
      if (argument.starts_with("as_of=")) reading.as_of = parse_iso(argument.substr(6));
      if (argument.starts_with("known_at=")) reading.known_at = parse_iso(argument.substr(9));
    }
    return reading;
  }
  std::string query(const Case& one) {
    const auto options = odata::parse_query_text(one.body);
    if (!options) return show(options.error());
    const auto page = reading(name(one), [&](auto& connection, const List& list) {
      return lists->query(connection, list, *options, write.now, times(one, 1));
    });
    if (!page) return show(page.error(), options->filter.value_or(""));
    std::string text;
    for (const auto& item : page->items) text += json::serialize(item.fields) + "\n";
    if (page->count) text += fmt::format("count {}\n", *page->count);
    if (page->skiptoken) text += fmt::format("next {}\n", *page->skiptoken);
    return text.empty() ? "none" : text;
  }
  std::string change_column(const Case& one, bool is_new) {
    const auto parsed = parse_list_definition(
        json::object{{"name", "x"}, {"columns", json::array{object(one.body)}}});
    if (!parsed) return show(parsed.error());
    const bool unique = one.arguments.size() > 1 && one.arguments[1] == "unique";
    const auto changed = writing(name(one), [&](auto& transaction, const List& list) {
      return is_new ? lists->add_column(transaction, list, parsed->columns.at(0), unique, write)
                    : lists->change_column(transaction, list, parsed->columns.at(0), unique, write);
    });
    return changed ? "" : show(changed.error());
  }
  std::string delete_column(const Case& one) {
    const auto changed = writing(name(one), [&](auto& transaction, const List& list) {
      return lists->delete_column(transaction, list, one.arguments.at(1), write);
    });
    return changed ? "" : show(changed.error());
  }
  std::string rename(const Case& one) {
    const auto changed = writing(name(one), [&](auto& transaction, const List& list) {
      return lists->rename_list(transaction, list, one.body, "", write);
    });
    return changed ? "" : show(changed.error());
  }
  std::string delete_list(const Case& one) {
    const auto changed = writing(name(one), [&](auto& transaction, const List& list) {
      return lists->delete_list(transaction, list, write);
    });
    return changed ? "" : show(changed.error());
  }
  std::string definition(const Case& one) {
    const auto found =
        database->read([&](auto& connection) { return lists->find_list(connection, name(one)); });
    return found ? json::serialize(to_json(**found)) : show(found.error());
  }
};

}  // namespace rollcall::lists
