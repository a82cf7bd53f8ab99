// KQL's text cases: `table` makes a table, `function` a stored function; `query` answers as people
// read it, `error` gives the diagnostics one a line. Queries run in an embedded warehouse; now() is
// 2026-01-01T12:00:00Z.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "kql/compile.hpp"
#include "kql/format.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall {
namespace {

using test::GoldenCase;

class World {
 public:
  World() : warehouse_(*warehouse::open_embedded({})), now_(*parse_iso("2026-01-01T12:00:00Z")) {}

  std::string table(const GoldenCase& one) {
    warehouse::Table table;
    table.name = one.arguments.at(0);
    std::vector<std::string_view> lines = split(one.body, '\n');
    for (const auto word : words(lines.at(0))) {
      const auto colon = word.find(':');
      table.columns.push_back(
          {std::string(word.substr(0, colon)), kql::type_named(word.substr(colon + 1)).value()});
    }
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto cells = words(lines[i]);
      for (std::size_t j = 0; j < table.columns.size(); ++j)
        table.cells.push_back(cell(cells.at(j), table.columns[j].type));
    }
    if (auto made = warehouse_->create_table({table.name, table.columns, false}, {}); !made)
      return made.error().message;
    if (auto filled = warehouse_->ingest(table.name, table, now_); !filled)
      return filled.error().message;
    catalog_.tables[table.name] = {table.name, table.columns, true, ""};
    return "";
  }

  std::string function(const GoldenCase& one) {
    auto function = kql::parse_function(one.body);
    if (!function) return function.error().message;
    if (auto made = warehouse_->create_or_alter_function(*function, {}); !made)
      return made.error().message;
    catalog_.functions[function->name] = *function;
    return "";
  }

  std::string query(const GoldenCase& one) {
    warehouse::QueryOptions options;
    options.now = now_;
    for (const auto& argument : one.arguments) {
      const auto equals = argument.find('=');
      options.parameters[argument.substr(0, equals)] = argument.substr(equals + 1);
    }
    auto tables = warehouse_->query_all(one.body, options);
    if (!tables) return render(tables.error(), one.body);
    std::string text;
    for (const auto& table : *tables) {
      std::vector<std::vector<std::string>> rows(1);
      for (const auto& column : table.columns)
        rows[0].push_back(column.name + ":" + std::string(name_of(column.type)));
      for (std::size_t i = 0; i < table.row_count(); ++i) {
        rows.emplace_back();
        for (std::size_t j = 0; j < table.columns.size(); ++j) {
          const std::string shown = warehouse::to_text(table.at(i, j));
          rows.back().push_back(warehouse::is_null(table.at(i, j)) ? "null"
                                : shown.empty()                    ? "''"
                                                                   : shown);
        }
      }
      text += (text.empty() ? "" : "\n---\n") + test::align(rows);
      while (text.ends_with('\n')) text.pop_back();
    }
    return text;
  }

  std::string error(const GoldenCase& one) {
    kql::Options options;
    options.now = now_;
    const auto compiled = kql::compile(one.body, catalog_, options);
    if (compiled) return "no error";
    std::string text;
    for (const auto& diagnostic : compiled.error())
      text += (text.empty() ? "" : "\n") + render(to_error(diagnostic), one.body);
    return text;
  }

 private:
  // Cells stand two spaces apart.
  static std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> cells;
    while (!(line = trim(line)).empty()) {
      const std::size_t end = std::min(line.find("  "), line.size());
      cells.push_back(line.substr(0, end));
      line.remove_prefix(end);
    }
    return cells;
  }

  static warehouse::Cell cell(std::string_view text, kql::Type type) {
    if (text == "null") return {};
    switch (type) {
      case kql::Type::boolean:
        return text == "true";
      case kql::Type::integer:
      case kql::Type::long_integer:
        return std::int64_t{std::stoll(std::string(text))};
      case kql::Type::real:
      case kql::Type::decimal:
        return std::stod(std::string(text));
      case kql::Type::datetime:
        return parse_iso(text).value();
      case kql::Type::timespan:
        return Timespan{std::stoll(std::string(text)) * ticks_per_second};
      case kql::Type::string:
      case kql::Type::dynamic:
      case kql::Type::guid:
      case kql::Type::unknown:
        break;
    }
    return std::string(text == "''" ? "" : text);
  }

  std::unique_ptr<warehouse::Warehouse> warehouse_;
  Timestamp now_;
  kql::Catalog catalog_;
};

std::string laid_out(const std::string& text) {
  auto formatted = kql::format(text);
  if (!formatted) return render(to_error(formatted.error().front()), text);
  formatted->pop_back();  // the last line's end
  return *formatted;
}

test::Handlers make() {
  auto world = std::make_shared<World>();
  return {{"table", [world](const GoldenCase& one) { return world->table(one); }},
          {"function", [world](const GoldenCase& one) { return world->function(one); }},
          {"query", [world](const GoldenCase& one) { return world->query(one); }},
          {"format", [](const GoldenCase& one) { return laid_out(one.body); }},
          {"error", [world](const GoldenCase& one) { return world->error(one); }}};
}

const test::Registration golden{[] { test::register_golden("Kql", TEST_FOLDER, make); }};

TEST(KqlText, MustBeUtf8) {
  const auto refused = kql::check_syntax("print 'caf\xe9'");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].message, "the query is not valid UTF-8");
  EXPECT_TRUE(kql::check_syntax("print 'caf\xc3\xa9'").empty());
}

}  // namespace
}  // namespace rollcall
