// odata/semantics_cases: filters over a few items and the ids that they find; odata/reject_cases:
// filters that must be refused. Both through a list in a database, as a request would.
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
  explicit Rows(const json::value& rows)
      : database_(test::fresh_database()),
        lists_(ListStore::open(*database_).value()) {
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

const conformance::Suite semantics{
    "odata/semantics_cases", [](conformance::Run& run) {
      const auto items = run.document("odata/semantics_rows.json");
      if (!items.is_array()) return;
      Rows rows(items);
      std::size_t number = 0;
      for (const auto& one : run.lines("odata/semantics_cases.jsonl")) {
        ++number;
        const auto filter = text_or(one, "filter");
        const auto found = rows.find(filter);
        const auto expected = json::value_to<std::vector<std::int64_t>>(one.at("expect"));
        run.check(found && *found == expected, std::to_string(number),
                  std::string(filter) + (found ? "" : ": " + found.error().message));
      }
    }};

const conformance::Suite rejects{"odata/reject_cases", [](conformance::Run& run) {
                                   const auto items = run.document("odata/semantics_rows.json");
                                   const auto filters = run.document("odata/reject_cases.json");
                                   if (!items.is_array() || !filters.is_array()) return;
                                   Rows rows(items);
                                   std::size_t number = 0;
                                   for (const auto& filter : filters.as_array()) {
                                     ++number;
                                     run.check(!rows.find(filter.as_string()).has_value(),
                                               std::to_string(number), filter.as_string());
                                   }
                                 }};

}  // namespace
}  // namespace rollcall::lists
