// The embedded warehouse: KQL compiled and run on DuckDB, ingestion through one writer, the catalog in memory. Readers
// see a state between two ingestions, never half of one.
#include <chrono>
#include <mutex>

#include "base/check.hpp"
#include "base/text.hpp"
#include "kql/compile.hpp"
#include "warehouse/log_file.hpp"
#include "warehouse/observations.hpp"
#include "warehouse/query_places.hpp"
#include "warehouse/schema.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {
namespace {

std::chrono::steady_clock::duration to_duration(Timespan span) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<std::int64_t, std::ratio<1, ticks_per_second>>(span.ticks));
}

Error first_error(const kql::Diagnostics& diagnostics) {
  CHECK(!diagnostics.empty());
  return kql::to_error(diagnostics.front());
}

class Embedded final : public Warehouse {
 public:
  Embedded(std::unique_ptr<DuckDb> database, Connection writer, std::unique_ptr<QueryPlaces> places, const EmbeddedOptions& options)
      : database_(std::move(database)),
        writer_(std::move(writer)),
        places_(std::move(places)),
        log_file_(options.file, options.durability == Durability::power),
        keep_logs_(options.keep_logs) {}

  // Reads what the file holds; before anything else.
  Result<void> load() {
    TRY_DO(schema::prepare(writer_));
    TRY_DO(log_file_.committed());
    TRY(auto catalog, schema::load_catalog(writer_));
    catalog_ = std::make_shared<const kql::Catalog>(std::move(catalog));
    return observations_.load(writer_);
  }

  Result<std::vector<Table>> query_all(std::string_view text, const QueryOptions& options) override {
    const Stop stop{std::chrono::steady_clock::now() + to_duration(options.limits.timeout), options.cancelled};
    TRY(auto lease, places_->take(options.lane, stop));
    auto& connection = lease.connection();
    kql::Options compile_options{.now = options.now, .parameters = options.parameters, .probe = {}};
    compile_options.probe = [&](const sql::Query& query, std::size_t limit) { return connection.select_text(query, limit, stop); };
    const auto compiled = kql::compile(text, *catalog(), compile_options);
    if (!compiled) return std::unexpected(first_error(compiled.error()));
    std::vector<Table> tables;
    for (const auto& output : *compiled) {
      TRY(auto table, connection.select(*output.query, output.columns, stop, {options.limits.rows, options.limits.bytes}));
      if (!output.name.empty()) table.name = output.name;
      table.visualization = output.visualization;
      tables.push_back(std::move(table));
    }
    return tables;
  }

  Result<void> ingest(const telemetry::LogBatch& batch, Timestamp ingested_at) override {
    if (batch.empty()) return {};
    const std::lock_guard lock(write_mutex_);
    const auto write = [&]() -> Result<void> {
      TRY_DO(observations_.merge(writer_, batch, ingested_at));
      return keep_logs_ ? append_logs(batch, ingested_at) : Result<void>{};
    };
    const auto result = in_transaction(write, [&] { observations_.committed(); });
    if (!result) observations_.rolled_back();
    return result;
  }

  Result<void> ingest(std::string_view name, const Table& rows, Timestamp ingested_at) override {
    const auto current = catalog();
    TRY(const auto* table, user_table(*current, name));
    std::vector<std::size_t> sources;  // for each column of the table, the one of `rows`
    for (const auto& one : table->columns) sources.push_back(rows.find_column(one.name));
    for (const auto& one : rows.columns) {
      const auto target = std::find_if(table->columns.begin(), table->columns.end(), [&](const auto& c) { return c.name == one.name; });
      if (target == table->columns.end()) {
        return fail("WAREHOUSE0304", fmt::format("table {} has no column {}", name, one.name));
      }
      if (target->type != one.type) {
        return fail("WAREHOUSE0304", fmt::format("column {} of table {} is of type {}, not {}", one.name, name,
                                                 kql::name_of(target->type), kql::name_of(one.type)));
      }
    }
    const std::lock_guard lock(write_mutex_);
    return in_transaction([&] { return append_rows(*table, sources, rows, ingested_at); }, [] {});
  }

  Result<std::vector<TableSchema>> tables() override {
    std::vector<TableSchema> all = schema::built_in();
    for (const auto& [name, table] : catalog()->tables) {
      if (!is_built_in(name)) all.push_back({name, table.columns, false});
    }
    return all;
  }

  Result<void> create_table(const TableSchema& wanted, const Principal& principal) override;

  Result<void> drop_table(std::string_view name, const Principal&) override {
    const std::lock_guard lock(write_mutex_);
    auto next = *catalog();
    TRY_DO(user_table(next, name));
    next.tables.erase(next.tables.find(name));
    return in_transaction([&] { return schema::forget_table(writer_, std::string(name)); }, [&] { publish(std::move(next)); });
  }

  Result<void> create_or_alter_function(const kql::Function& function, const Principal& principal) override {
    const std::lock_guard lock(write_mutex_);
    auto next = *catalog();
    if (next.tables.contains(function.name)) {
      return fail("WAREHOUSE0305", fmt::format("there is a table named {}; a function needs another name", function.name));
    }
    // Syntax is checked here, names when it is called: what it needs may be made later.
    TRY_DO(kql::parse_function(fmt::format("{}{} {{ {}\n}}", function.name, function.parameters, function.body)));
    if (const auto wrong = kql::check_syntax(function.body); !wrong.empty()) {
      return fail(wrong.front().code, fmt::format("in the body of {}: {}", function.name, kql::to_error(wrong.front()).message));
    }
    next.functions.insert_or_assign(function.name, function);
    return in_transaction([&] { return schema::store_function(writer_, function, principal); },
                          [&] { publish(std::move(next)); });
  }

  Result<void> drop_function(std::string_view name, const Principal&) override {
    const std::lock_guard lock(write_mutex_);
    auto next = *catalog();
    const auto found = next.functions.find(name);
    if (found == next.functions.end()) return fail("WAREHOUSE0306", fmt::format("there is no function named {}", name));
    next.functions.erase(found);
    return in_transaction([&] { return schema::forget_function(writer_, std::string(name)); }, [&] { publish(std::move(next)); });
  }

  Result<std::vector<kql::Function>> functions() override {
    std::vector<kql::Function> all;
    for (const auto& [name, function] : catalog()->functions) all.push_back(function);
    return all;
  }

 private:
  std::shared_ptr<const kql::Catalog> catalog() const {
    const std::lock_guard lock(catalog_mutex_);
    return catalog_;
  }
  void publish(kql::Catalog next) {
    auto shared = std::make_shared<const kql::Catalog>(std::move(next));
    const std::lock_guard lock(catalog_mutex_);
    catalog_ = std::move(shared);
  }

  static bool is_built_in(std::string_view name) {
    const auto& all = schema::built_in();
    return std::any_of(all.begin(), all.end(), [&](const auto& table) { return table.name == name; });
  }
  Result<const kql::Table*> user_table(const kql::Catalog& catalog, std::string_view name) const {
    if (is_built_in(name)) {
      return fail("WAREHOUSE0301", fmt::format("table {} is Rollcall's own; logs are sent to OTelLogs as log rows", name));
    }
    const auto found = catalog.tables.find(name);
    if (found == catalog.tables.end()) return fail("WAREHOUSE0302", fmt::format("there is no table named {}", name));
    return &found->second;
  }

  // `committed` runs between the commit and its acknowledgement, which can still fail (the sync of a folder).
  template <class Work, class Committed>
  Result<void> in_transaction(Work work, Committed committed) {
    TRY_DO(writer_.begin());
    Result<void> result = work();
    if (result) result = writer_.commit();
    if (!result) {
      writer_.roll_back();
      return result;
    }
    committed();
    return log_file_.committed();
  }

  Result<void> append_logs(const telemetry::LogBatch& batch, Timestamp ingested_at);
  Result<void> append_rows(const kql::Table& table, const std::vector<std::size_t>& sources, const Table& rows, Timestamp ingested_at);

  std::unique_ptr<DuckDb> database_;
  std::mutex write_mutex_;  // of writer_, observations_, log_file_ and changes of the catalog
  Connection writer_;
  std::unique_ptr<QueryPlaces> places_;
  LogFile log_file_;
  ObservationKeeper observations_;
  mutable std::mutex catalog_mutex_;
  std::shared_ptr<const kql::Catalog> catalog_;
  bool keep_logs_;
};

Result<void> check_names(const TableSchema& wanted) {
  const auto bad = [](std::string_view name) { return name.empty() || name.front() == '$' || name.size() > 1024 || name.contains('\0'); };
  if (bad(wanted.name)) return fail("WAREHOUSE0303", "a table's name has 1 to 1024 characters and does not begin with $");
  if (wanted.columns.empty()) return fail("WAREHOUSE0303", fmt::format("table {} needs a column at least", wanted.name));
  for (std::size_t i = 0; i < wanted.columns.size(); ++i) {
    const auto& name = wanted.columns[i].name;
    if (bad(name)) return fail("WAREHOUSE0303", fmt::format("a column of table {} has no name, or one that begins with $", wanted.name));
    for (std::size_t j = 0; j < i; ++j) {
      if (!equals_ignoring_case(wanted.columns[j].name, name)) continue;
      return fail("WAREHOUSE0303", fmt::format("table {} has the columns {} and {}: names must differ by more than letter case",
                                               wanted.name, wanted.columns[j].name, name));
    }
  }
  return {};
}

Result<void> Embedded::create_table(const TableSchema& wanted, const Principal& principal) {
  TRY_DO(check_names(wanted));
  const std::lock_guard lock(write_mutex_);
  auto next = *catalog();
  if (is_built_in(wanted.name)) return fail("WAREHOUSE0301", fmt::format("table {} is Rollcall's own", wanted.name));
  for (const auto& [name, table] : next.tables) {
    if (name != wanted.name && equals_ignoring_case(name, wanted.name)) {
      return fail("WAREHOUSE0303", fmt::format("there is a table {}; names must differ by more than letter case", name));
    }
  }
  if (next.functions.contains(wanted.name)) {
    return fail("WAREHOUSE0305", fmt::format("there is a function named {}; a table needs another name", wanted.name));
  }
  auto& table = next.tables[wanted.name];
  table.name = wanted.name;
  const std::size_t old_columns = table.columns.size();
  for (const auto& one : wanted.columns) {
    const auto same = std::find_if(table.columns.begin(), table.columns.end(),
                                   [&](const auto& old) { return equals_ignoring_case(old.name, one.name); });
    if (same == table.columns.end()) {
      table.columns.push_back(one);
    } else if (!(*same == one)) {
      return fail("WAREHOUSE0304", fmt::format("table {} has a column {} of type {} already", wanted.name, same->name, kql::name_of(same->type)));
    }
  }
  if (table.columns.size() == old_columns) return {};
  return in_transaction([&] { return schema::store_table(writer_, table, old_columns, principal); },
                        [&] { publish(std::move(next)); });
}

Result<void> Embedded::append_logs(const telemetry::LogBatch& batch, Timestamp ingested_at) {
  TRY(auto appender, Appender::into_table(writer_, schema::logs, schema::storage_of(schema::built_in()[0].columns, true)));
  const telemetry::TextColumn* const names[] = {&batch.environment, &batch.role, &batch.region, &batch.version, &batch.instance, &batch.host};
  const telemetry::TextColumn* const texts[] = {&batch.severity_text, &batch.body, &batch.trace_id, &batch.span_id};
  const telemetry::TextColumn* const documents[] = {&batch.resource_attributes, &batch.log_attributes};
  for (std::size_t row = 0; row < batch.size(); ++row) {
    std::size_t at = 0;
    appender.bigint(at++, batch.timestamp[row].ticks);
    appender.bigint(at++, batch.observed_timestamp[row].ticks);
    for (const auto* column : names) appender.text(at++, (*column)[row]);
    const auto severity = batch.severity_number[row];
    severity == telemetry::no_severity ? appender.null(at) : appender.integer(at, severity);
    ++at;
    for (const auto* column : texts) appender.text(at++, (*column)[row]);
    for (const auto* column : documents) {
      const auto document = (*column)[row];
      document.empty() ? appender.null(at) : appender.text(at, document);
      ++at;
    }
    appender.bigint(at, batch.ingestion(row, ingested_at).ticks);
    TRY_DO(appender.end_row());
  }
  return appender.finish();
}

// Puts a cell into a column of that type; false when the cell is of another.
bool put_cell(Appender& appender, std::size_t column, kql::Type type, const Cell& cell) {
  if (is_null(cell)) {
    type == kql::Type::string ? appender.text(column, "") : appender.null(column);
    return true;
  }
  const auto* integer = std::get_if<std::int64_t>(&cell);
  switch (type) {
    case kql::Type::boolean:
      if (const auto* flag = std::get_if<bool>(&cell)) return appender.boolean(column, *flag), true;
      return false;
    case kql::Type::integer:
      if (integer == nullptr || *integer != static_cast<std::int32_t>(*integer)) return false;
      return appender.integer(column, static_cast<std::int32_t>(*integer)), true;
    case kql::Type::long_integer:
      if (integer != nullptr) return appender.bigint(column, *integer), true;
      return false;
    case kql::Type::real:
    case kql::Type::decimal:
      if (const auto* real = std::get_if<double>(&cell)) return appender.real(column, *real), true;
      return false;
    case kql::Type::datetime:
      if (const auto* time = std::get_if<Timestamp>(&cell)) return appender.bigint(column, time->ticks), true;
      return false;
    case kql::Type::timespan:
      if (const auto* span = std::get_if<Timespan>(&cell)) return appender.bigint(column, span->ticks), true;
      return false;
    case kql::Type::string:
    case kql::Type::guid:
    case kql::Type::dynamic:
    case kql::Type::unknown: break;
  }
  if (const auto* text = std::get_if<std::string>(&cell)) return appender.text(column, *text), true;
  return false;
}

Result<void> Embedded::append_rows(const kql::Table& table, const std::vector<std::size_t>& sources, const Table& rows,
                                   Timestamp ingested_at) {
  TRY(auto appender, Appender::into_table(writer_, table.name, schema::storage_of(table.columns, true)));
  const Cell absent;
  for (std::size_t row = 0; row < rows.row_count(); ++row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& cell = sources[i] == Table::npos ? absent : rows.at(row, sources[i]);
      if (!put_cell(appender, i, table.columns[i].type, cell)) {
        return fail("WAREHOUSE0304", fmt::format("row {}: column {} takes a {}, not {}", row + 1, table.columns[i].name,
                                                 kql::name_of(table.columns[i].type), to_text(cell)));
      }
    }
    appender.bigint(table.columns.size(), ingested_at.ticks);
    TRY_DO(appender.end_row());
  }
  return appender.finish();
}

}  // namespace

Result<Table> Warehouse::query(std::string_view kql, const QueryOptions& options) {
  TRY(auto tables, query_all(kql, options));
  CHECK(!tables.empty());
  return std::move(tables.front());
}

Result<std::unique_ptr<Warehouse>> open_embedded(const EmbeddedOptions& options) {
  TRY(auto database, DuckDb::open({options.file, options.memory_limit_bytes, options.threads}));
  TRY(auto writer, database->connect());
  TRY(auto places, QueryPlaces::open(*database, std::max(1U, options.concurrent_queries), options.queued_queries));
  auto embedded = std::make_unique<Embedded>(std::move(database), std::move(writer), std::move(places), options);
  TRY_DO(embedded->load());
  return embedded;
}

}  // namespace rollcall::warehouse
