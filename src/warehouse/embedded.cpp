// Opening, queries, functions and ingestion; see embedded.hpp. Tables are changed in embedded_tables.cpp.
#include "warehouse/embedded.hpp"

#include <chrono>

#include "base/check.hpp"
#include "base/text.hpp"
#include "kql/decimal.hpp"
#include "sql/limit.hpp"
#include "warehouse/export_file.hpp"
#include "warehouse/external_records.hpp"
#include "warehouse/records.hpp"
#include "warehouse/removals.hpp"
#include "warehouse/request_options.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

constexpr int most_displacements = 3;
constexpr std::chrono::seconds patience_with_people(10);

Error first_error(const kql::Diagnostics& diagnostics) {
  CHECK(!diagnostics.empty());
  return kql::to_error(diagnostics.front());
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
    case kql::Type::decimal:
      if (const auto* text = std::get_if<std::string>(&cell)) {
        const auto kept = kql::parse_decimal(*text);
        if (kept) appender.text(column, *kept);
        return kept.has_value();
      }
      return false;
    case kql::Type::real:
      if (const auto* real = std::get_if<double>(&cell)) return appender.real(column, *real), true;
      return false;
    case kql::Type::datetime:
      if (const auto* time = std::get_if<Timestamp>(&cell))
        return appender.bigint(column, time->ticks), true;
      return false;
    case kql::Type::timespan:
      if (const auto* span = std::get_if<Timespan>(&cell))
        return appender.bigint(column, span->ticks), true;
      return false;
    case kql::Type::string:
    case kql::Type::guid:
    case kql::Type::dynamic:
    case kql::Type::unknown:
      break;
  }
  if (const auto* text = std::get_if<std::string>(&cell)) return appender.text(column, *text), true;
  return false;
}

}  // namespace

Embedded::Embedded(std::unique_ptr<DuckDb> database, Connection writer,
                   std::unique_ptr<QueryPlaces> places, const EmbeddedOptions& options)
    : options_(options),
      database_(std::move(database)),
      writer_(std::move(writer)),
      places_(std::move(places)),
      log_file_(options.file, options.durability == Durability::power),
      queue_([this](const LogQueue::Group& group) { write_group(group); }) {}

Result<void> Embedded::load() {
  TRY_DO(schema::prepare(writer_));
  TRY(auto notes, TableNotes::load(writer_));
  TRY_DO(sent_.load(writer_));
  TRY_DO(removals::prepare(writer_));
  TRY_DO(log_file_.committed());
  TRY(auto catalog, schema::load_catalog(writer_));
  publish({std::move(catalog), std::move(notes)});
  return observations_.load(writer_);
}

Result<std::vector<Table>> Embedded::query_all(std::string_view text, const QueryOptions& given) {
  return run_all(text, given, {});
}

Result<std::vector<Table>> Embedded::run_all(std::string_view text, const QueryOptions& given,
                                             const kql::External& external) {
  QueryOptions options = given;
  const auto settings = set_statements(text);
  for (const auto& [name, value] : settings) TRY_DO(take_option(options, name, value));
  Activity::Query query(activity_, text, options);
  Stop stop = stop_of(options, query.killed());
  stop.displaced = query.displaced();
  auto result = run_queries(text, options, settings, stop, external);
  // The poll comes first: what people's queries hold is taken back for it. Those that waited may have begun meanwhile.
  for (int i = 0;
       i < most_displacements && !result && options.lane == QueryOptions::Lane::poll &&
       result.error().code == "WAREHOUSE0105" && activity_.displace_people(patience_with_people);
       ++i)
    result = run_queries(text, options, settings, stop, external);
  query.ended(result);
  return result;
}

Result<std::vector<kql::Output>> Embedded::compile_on(Connection& connection, std::string_view text,
                                                      const QueryOptions& options,
                                                      const SetStatements& settings,
                                                      const Stop& stop,
                                                      const kql::External& external) {
  kql::Options compile_options{.now = options.now, .parameters = options.parameters, .probe = {}};
  compile_options.probe = [&](const sql::Query& query, std::size_t limit) {
    return connection.select_text(query, limit, stop);
  };
  compile_options.external = external;
  if (!external && !options_.ingest_folder.empty()) {
    compile_options.external = [&](const kql::ExternalRecords& wanted) {
      return read_external_records(options_.ingest_folder, wanted);
    };
  }
  for (const auto& [name, value] : settings) {
    if (name == "query_bin_auto_size") compile_options.bin_auto_size = value;
    if (name == "query_bin_auto_at") compile_options.bin_auto_at = value;
  }
  auto compiled = kql::compile(text, state()->catalog, compile_options);
  if (!compiled) return std::unexpected(first_error(compiled.error()));
  return *std::move(compiled);
}

Result<std::vector<Table>> Embedded::run_queries(std::string_view text, const QueryOptions& options,
                                                 const SetStatements& settings, const Stop& stop,
                                                 const kql::External& external) {
  TRY(auto lease, places_->take(options.lane, stop));
  auto& connection = lease.connection();
  TRY(const auto compiled, compile_on(connection, text, options, settings, stop, external));
  std::vector<Table> tables;
  Budget budget{options.limits.rows, options.limits.bytes,
                options.partial};  // of all results together
  for (const auto& output : compiled) {
    const auto query =
        options.take_records ? sql::at_most(*output.query, *options.take_records) : *output.query;
    TRY(auto table, connection.select(query, output.columns, stop, budget));
    if (!output.name.empty()) table.name = output.name;
    table.visualization = output.visualization;
    budget.rows -= std::min<std::uint64_t>(budget.rows, table.row_count());
    budget.bytes -= std::min<std::uint64_t>(budget.bytes, table.cells.size() * sizeof(Cell));
    tables.push_back(std::move(table));
  }
  return tables;
}

Result<void> Embedded::ingest(const telemetry::LogBatch& batch, Timestamp ingested_at) {
  TRY_DO(take(batch, {.at = ingested_at}));
  return {};
}

Result<Taken> Embedded::take(const telemetry::LogBatch& batch, const Ingestion& ingestion) {
  if (batch.empty() && !ingestion.position) return Taken::now;
  return queue_.put(batch, ingestion);
}

Result<std::string> Embedded::position(std::string_view source) {
  const std::lock_guard lock(write_mutex_);
  return std::string(sent_.position(source));
}

void Embedded::write_group(const LogQueue::Group& group) {
  const std::lock_guard lock(write_mutex_);
  struct RollBack {  // nothing is left to roll back of what was committed
    Embedded& owner;
    ~RollBack() {
      owner.observations_.rolled_back();
      owner.sent_.rolled_back();
    }
  } const roll_back{*this};
  // First of all: what came more than an hour ago is no "before" any more.
  if (const auto forgot = forget_sent_if_due(group.front()->ingestion.at); !forgot) {
    for (auto* one : group) one->result = std::unexpected(forgot.error());
    return;
  }
  LogQueue::Group fresh;
  for (auto* one : group) {
    if (one->ingestion.once && sent_.has(*one->ingestion.once)) {
      one->result = Taken::before;
      continue;
    }
    fresh.push_back(one);
    sent_.add(one->ingestion);
  }
  Result<void> result;
  if (fresh.empty()) {
    result =
        log_file_
            .committed();  // the earlier commit may have been refused for its folder's sync alone
  } else if (fresh.size() == 1) {
    result = write_logs(fresh[0]->batch, fresh[0]->ingestion.at);
  } else {
    telemetry::LogBatch together;
    for (const auto* one : fresh) together.append(one->batch, one->ingestion.at);
    result = write_logs(together, fresh[0]->ingestion.at);
  }
  for (auto* one : group) {
    if (!result)
      one->result = std::unexpected(result.error());  // also who sent the same a moment later
  }
}

Result<void> Embedded::write_logs(const telemetry::LogBatch& batch, Timestamp ingested_at) {
  const auto write = [&]() -> Result<void> {
    TRY_DO(sent_.write(writer_));
    TRY_DO(observations_.merge(writer_, batch, ingested_at));
    return options_.keep_logs ? append_logs(batch, ingested_at) : Result<void>{};
  };
  return in_transaction(write, [&] {
    observations_.committed();
    sent_.committed();
  });
}

Result<void> Embedded::ingest(std::string_view name, const Table& rows, Timestamp ingested_at) {
  TRY_DO(take(name, rows, {.at = ingested_at}));
  return {};
}

Result<Taken> Embedded::take(std::string_view name, const Table& rows, const Ingestion& ingestion) {
  const std::lock_guard lock(write_mutex_);
  TRY_DO(forget_sent_if_due(ingestion.at));
  if (ingestion.once && sent_.has(*ingestion.once)) {
    TRY_DO(log_file_.committed());
    return Taken::before;
  }
  const auto current = state();
  TRY(const auto* table, user_table(current->catalog, name));
  std::vector<std::size_t> sources;  // for each column of the table, the one of `rows`
  for (const auto& one : table->columns) sources.push_back(rows.find_column(one.name));
  for (const auto& one : rows.columns) {
    const auto target = std::find_if(table->columns.begin(), table->columns.end(),
                                     [&](const auto& c) { return c.name == one.name; });
    if (target == table->columns.end()) {
      return fail("WAREHOUSE0304", fmt::format("table {} has no column {}", name, one.name));
    }
    if (target->type != one.type) {
      return fail("WAREHOUSE0304",
                  fmt::format("column {} of table {} is of type {}, not {}", one.name, name,
                              kql::name_of(target->type), kql::name_of(one.type)));
    }
  }
  struct RollBack {
    SentBatches& sent;
    ~RollBack() { sent.rolled_back(); }
  } const roll_back{sent_};
  sent_.add(ingestion);
  const auto write = [&]() -> Result<void> {
    TRY_DO(sent_.write(writer_));
    return append_rows(*table, sources, rows, ingestion.at);
  };
  TRY_DO(in_transaction(write, [&] { sent_.committed(); }));
  return Taken::now;
}

Result<std::uint64_t> Embedded::ingest_text(std::string_view table, const RecordText& text,
                                            const QueryOptions& options) {
  const auto at = options.asked_at.value_or(options.now);
  auto taken_records = ingest_records(table, text, at);
  if (!taken_records) {
    activity_.note({std::string(table), std::string(text.source), std::string(text.format), at,
                    taken_records.error(), options.principal, options.activity_id});
  }
  return taken_records;
}

Result<std::uint64_t> Embedded::ingest_records(std::string_view name, const RecordText& text,
                                               Timestamp now) {
  TRY(const auto table, stored_table(name));
  std::string mapping;
  if (!text.mapping.empty()) {
    TRY(const auto kind, mapping_kind_of(text.format));
    mapping = notes().find(name, mapping_note(kind, text.mapping));
    if (mapping.empty()) {
      return fail("WAREHOUSE0308", fmt::format("table {} has no ingestion {} mapping '{}'", name,
                                               kind, text.mapping));
    }
  }
  Table rows;
  rows.columns = table.columns;
  TRY_DO(read_records(rows, text, mapping));
  if (name != schema::logs) {
    TRY_DO(ingest(name, rows, now));
  } else {
    TRY(const auto batch, to_log_batch(rows));
    TRY_DO(ingest(batch, now));
  }
  return rows.row_count();
}

Result<std::vector<TableSchema>> Embedded::tables() {
  std::vector<TableSchema> all = schema::built_in();
  for (const auto& [name, table] : state()->catalog.tables) {
    if (!is_built_in(name)) all.push_back({name, table.columns, false});
  }
  return all;
}

Result<void> Embedded::create_or_alter_function(const kql::Function& function,
                                                const Principal& principal) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  if (next.catalog.tables.contains(function.name)) {
    return fail(
        "WAREHOUSE0305",
        fmt::format("there is a table named {}; a function needs another name", function.name));
  }
  // Syntax is checked here, names when it is called: what it needs may be made later.
  TRY_DO(kql::parse_function(
      fmt::format("{}{} {{ {}\n}}", function.name, function.parameters, function.body)));
  if (const auto wrong = kql::check_syntax(function.body); !wrong.empty()) {
    return fail(wrong.front().code, fmt::format("in the body of {}: {}", function.name,
                                                kql::to_error(wrong.front()).message));
  }
  next.catalog.functions.insert_or_assign(function.name, function);
  return in_transaction([&] { return schema::store_function(writer_, function, principal); },
                        [&] { publish(std::move(next)); });
}

Result<void> Embedded::drop_function(std::string_view name, const Principal&) {
  const std::lock_guard lock(write_mutex_);
  auto next = *state();
  const auto found = next.catalog.functions.find(name);
  if (found == next.catalog.functions.end())
    return fail("WAREHOUSE0306", fmt::format("there is no function named {}", name));
  next.catalog.functions.erase(found);
  return in_transaction([&] { return schema::forget_function(writer_, std::string(name)); },
                        [&] { publish(std::move(next)); });
}

Result<std::vector<kql::Function>> Embedded::functions() {
  std::vector<kql::Function> all;
  for (const auto& [name, function] : state()->catalog.functions) all.push_back(function);
  return all;
}

std::shared_ptr<const Embedded::State> Embedded::state() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

void Embedded::publish(State next) {
  auto shared = std::make_shared<const State>(std::move(next));
  const std::lock_guard lock(state_mutex_);
  state_ = std::move(shared);
}

Result<void> Embedded::append_logs(const telemetry::LogBatch& batch, Timestamp ingested_at) {
  TRY(auto appender, Appender::into_table(writer_, schema::logs,
                                          schema::storage_of(schema::built_in()[0].columns, true)));
  const telemetry::TextColumn* const names[] = {&batch.environment, &batch.role,     &batch.region,
                                                &batch.version,     &batch.instance, &batch.host};
  const telemetry::TextColumn* const texts[] = {&batch.severity_text, &batch.body, &batch.trace_id,
                                                &batch.span_id};
  const telemetry::TextColumn* const documents[] = {&batch.resource_attributes,
                                                    &batch.log_attributes};
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

Result<void> Embedded::append_rows(const kql::Table& table, const std::vector<std::size_t>& sources,
                                   const Table& rows, Timestamp ingested_at) {
  TRY(auto appender,
      Appender::into_table(writer_, table.name, schema::storage_of(table.columns, true)));
  const Cell absent;
  for (std::size_t row = 0; row < rows.row_count(); ++row) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& cell = sources[i] == Table::npos ? absent : rows.at(row, sources[i]);
      if (!put_cell(appender, i, table.columns[i].type, cell)) {
        return fail(
            "WAREHOUSE0304",
            fmt::format("row {}: column {} takes a {}, not {}", row + 1, table.columns[i].name,
                        kql::name_of(table.columns[i].type), to_text(cell)));
      }
    }
    appender.bigint(table.columns.size(), ingested_at.ticks);
    TRY_DO(appender.end_row());
  }
  return appender.finish();
}

Result<Table> Warehouse::query(std::string_view kql, const QueryOptions& options) {
  TRY(auto tables, query_all(kql, options));
  CHECK(!tables.empty());
  return std::move(tables.front());
}

Result<Taken> Warehouse::take(const telemetry::LogBatch& batch, const Ingestion& ingestion) {
  TRY_DO(ingest(batch, ingestion.at));
  return Taken::now;
}

Result<Taken> Warehouse::take(std::string_view table, const Table& rows,
                              const Ingestion& ingestion) {
  TRY_DO(ingest(table, rows, ingestion.at));
  return Taken::now;
}

Result<bool> Warehouse::apply_retention(Timestamp) { return false; }

Result<std::string> Warehouse::position(std::string_view) {
  return fail("WAREHOUSE0111",
              "this warehouse keeps no positions of sources; sources need the embedded one");
}

Result<std::unique_ptr<Warehouse>> open_embedded(const EmbeddedOptions& given) {
  EmbeddedOptions options = given;
  if (!options.export_folder.empty()) {
    TRY(options.export_folder, make_export_folder(options.export_folder));
  }
  TRY(auto database, DuckDb::open({options.file, options.memory_limit_bytes, options.threads,
                                   options.checkpoint_bytes, options.export_folder}));
  TRY(auto writer, database->connect());
  TRY(auto places, QueryPlaces::open(*database, std::max(1U, options.concurrent_queries),
                                     options.queued_queries));
  auto embedded = std::make_unique<Embedded>(std::move(database), std::move(writer),
                                             std::move(places), options);
  TRY_DO(embedded->load());
  return embedded;
}

}  // namespace rollcall::warehouse
