// Text cases over a warehouse in a file. `command` runs a management command, `query` a query, `ingest AT` log lines (NDJSON)
// that arrive at that time, `rows TABLE AT` records for a table of the user's, `file NAME` puts one where `.ingest into` may read,
// `retain AT` removes what is too old then, `reopen` closes the file and opens it again. `command AT` is given at that time.
#include "warehouse/warehouse.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/cases.hpp"
#include "support/golden.hpp"
#include "telemetry/reader.hpp"
#include "temporary_folder.hpp"
#include "warehouse/rows.hpp"

namespace rollcall::warehouse {
namespace {

std::string show(const Error& error, std::string_view source) {
  return render(error, source) + "\n";
}

std::string show(const Table& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const auto& one : table.columns)
    lines[0].push_back(fmt::format("{}:{}", one.name, kql::name_of(one.type)));
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    std::vector<std::string> line;
    for (const auto& cell : table.row(i)) {
      auto text = to_text(cell);
      if (is_null(cell)) text = "null";
      if (text.empty()) text = "''";
      line.push_back(std::move(text));
    }
    lines.push_back(std::move(line));
  }
  return test::align(lines);
}

class Cases {
 public:
  Cases() { open(); }

  test::Handlers handlers(const std::shared_ptr<Cases>& self) {
    return {{"command", [self](const auto& one) { return self->command(one); }},
            {"file", [self](const auto& one) { return self->file(one.arguments.at(0), one.body); }},
            {"query", [self](const auto& one) { return self->query(one.body); }},
            {"ingest",
             [self](const auto& one) {
               return self->ingest(*parse_iso(one.arguments.at(0)), one.body);
             }},
            {"rows",
             [self](const auto& one) {
               return self->rows(one.arguments.at(0), *parse_iso(one.arguments.at(1)), one.body);
             }},
            {"retain",
             [self](const auto& one) { return self->retain(*parse_iso(one.arguments.at(0))); }},
            {"reopen", [self](const auto&) { return self->reopen(); }}};
  }

 private:
  static QueryOptions options() {
    return {.now = *parse_iso("2026-01-02"), .parameters = {}, .limits = {}, .principal = {}};
  }
  void open() {
    EmbeddedOptions options;
    options.file = folder_.path() / "warehouse.duckdb";
    options.ingest_folder = folder_.path() / "incoming";
    std::filesystem::create_directories(options.ingest_folder);
    auto opened = open_embedded(options);
    ASSERT_TRUE(opened) << opened.error().message;
    warehouse_ = *std::move(opened);
  }
  std::string command(const test::GoldenCase& one) {
    auto given = options();
    given.administers = true;
    if (!one.arguments.empty()) given.now = *parse_iso(one.arguments[0]);
    return answer(warehouse_->execute(one.body, given), one.body);
  }
  std::string file(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() / "incoming" / name, std::ios::binary) << content;
    return "";
  }
  std::string reopen() {
    warehouse_.reset();
    open();
    return "";
  }
  std::string retain(Timestamp now) {
    for (;;) {
      const auto more = warehouse_->apply_retention(now);
      if (!more) return show(more.error(), "");
      if (!*more) return "";
    }
  }
  static std::string answer(const Result<Table>& table, std::string_view source) {
    return table ? show(*table) : show(table.error(), source);
  }
  std::string query(const std::string& text) {
    const auto tables = warehouse_->query_all(text, options());
    if (!tables) return show(tables.error(), text);
    std::string shown;
    for (const auto& table : *tables)
      shown += show(table) + (table.visualization.empty() ? "" : table.visualization + "\n");
    return shown;
  }
  std::string ingest(Timestamp at, const std::string& lines) {
    telemetry::LogReader reader(
        {}, [&](telemetry::LogBatch& batch) { return warehouse_->ingest(batch, at); });
    auto fed = reader.feed(lines);
    const auto report = reader.finish();
    if (!report) return show(report.error(), "");
    return fmt::format("{} rows, {} bad\n", report->rows, report->bad);
  }
  std::string rows(const std::string& name, Timestamp at, const std::string& lines) {
    const auto schemas = warehouse_->tables();
    Table table;
    for (const auto& one : *schemas) {
      if (one.name == name) table.columns = one.columns;
    }
    std::string shown;
    telemetry::RecordReader reader(
        {}, [&](telemetry::Record& record) { return append_record(table, record); });
    auto fed = reader.feed(lines);
    const auto report = reader.finish();
    for (const auto& [line, reason] : report->bad_lines)
      shown += fmt::format("line {}: {}\n", line, reason);
    const auto result = warehouse_->ingest(name, table, at);
    return shown + (result ? fmt::format("{} rows\n", report->rows) : show(result.error(), ""));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Warehouse> warehouse_;
};

const test::Registration golden{[] {
  test::register_golden("Warehouse", TEST_FOLDER, [] {
    const auto cases = std::make_shared<Cases>();
    return cases->handlers(cases);
  });
}};

}  // namespace
}  // namespace rollcall::warehouse
