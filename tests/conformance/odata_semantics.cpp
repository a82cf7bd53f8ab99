// odata/semantics_cases: filters over a few items and the ids that they find; odata/reject_cases:
// filters that must be refused. Both through a list in a database, as a request would: in SQLite, and in
// PostgreSQL where the tests have a server (with_postgresql.sh).
#include <algorithm>

#include "base/check.hpp"
#include "conformance/conformance.hpp"
#include "lists/list_store.hpp"
#include "support/test_database.hpp"

namespace rollcall::lists {
namespace {

// A list whose columns have the types of the rows' values, and the rows as its items.
class Rows {
 public:
  Rows(const json::value& rows, std::unique_ptr<store::Database> database)
      : database_(std::move(database)), lists_(ListStore::open(*database_).value()) {
    ListDefinition definition{.name = "Rows"};
    definition.columns = {{.name = "Title"},
                          {.name = "N", .type = ColumnType::number},
                          {.name = "At", .type = ColumnType::datetime},
                          {.name = "Active", .type = ColumnType::boolean},
                          {.name = "Stage", .type = ColumnType::choice},
                          {.name = "X", .type = ColumnType::integer}};
    const auto created = database_->write([&](store::Transaction& transaction) -> Result<void> {
      TRY(list_, lists_->create_list(transaction, definition, {}));
      std::vector<json::object> items;
      for (const auto& row : rows.as_array()) items.push_back(row.as_object());
      std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
        return a.at("Id").as_int64() < b.at("Id").as_int64();
      });
      for (auto& item : items) {
        item.erase("Id");
        TRY_DO(lists_->create_item(transaction, *list_, item, {}));
      }
      return {};
    });
    CHECK(created.has_value());
  }

  Result<std::vector<std::int64_t>> find(std::string_view filter) {
    return database_->read([&](store::Connection& connection) -> Result<std::vector<std::int64_t>> {
      odata::Options options;
      options.filter = filter;
      TRY(const auto page, lists_->query(connection, *list_, options, {}));
      std::vector<std::int64_t> ids;
      for (const auto& item : page.items) ids.push_back(item.id);
      return ids;
    });
  }

 private:
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<ListStore> lists_;
  ListPtr list_;
};

using Open = std::unique_ptr<store::Database> (*)();

std::unique_ptr<store::Database> open_postgresql() {
  return test::postgresql_server() == nullptr ? nullptr : test::fresh_postgresql();
}

void semantics(conformance::Run& run, Open open) {
  const auto items = run.document("odata/semantics_rows.json");
  auto database = open();
  if (!database) run.missing("a PostgreSQL server (tests/support/with_postgresql.sh)");
  if (!items.is_array() || !database) return;
  Rows rows(items, std::move(database));
  std::size_t number = 0;
  for (const auto& one : run.lines("odata/semantics_cases.jsonl")) {
    ++number;
    const auto filter = text_or(one, "filter");
    const auto found = rows.find(filter);
    const auto expected = json::value_to<std::vector<std::int64_t>>(one.at("expect"));
    run.check(found && *found == expected, std::to_string(number),
              std::string(filter) + (found ? "" : ": " + found.error().message));
  }
}

void rejects(conformance::Run& run, Open open) {
  const auto items = run.document("odata/semantics_rows.json");
  const auto filters = run.document("odata/reject_cases.json");
  auto database = open();
  if (!database) run.missing("a PostgreSQL server (tests/support/with_postgresql.sh)");
  if (!items.is_array() || !filters.is_array() || !database) return;
  Rows rows(items, std::move(database));
  std::size_t number = 0;
  for (const auto& filter : filters.as_array()) {
    ++number;
    const auto found = rows.find(filter.as_string());
    // Refused by us, before a database has seen it.
    run.check(!found && found.error().code.starts_with("ODATA"), std::to_string(number),
              filter.as_string());
  }
}

const conformance::Suite suites[]{
    {"odata/semantics_cases", [](auto& run) { semantics(run, test::fresh_sqlite); }},
    {"odata/semantics_cases in PostgreSQL", [](auto& run) { semantics(run, open_postgresql); }},
    {"odata/reject_cases", [](auto& run) { rejects(run, test::fresh_sqlite); }},
    {"odata/reject_cases in PostgreSQL", [](auto& run) { rejects(run, open_postgresql); }},
};

}  // namespace
}  // namespace rollcall::lists
