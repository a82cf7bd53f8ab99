// What runs, what ran, what went wrong, and how the server is: `.show queries`, `.cancel query`, `.show ingestion failures`,
// `.show cluster`, `.show diagnostics`.
#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "base/json.hpp"
#include "warehouse/commands.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using std::string;

// What is not measured here is null: TotalCpu, MemoryPeak, the statistics of caches and extents.
Table queries_table() {
  return table_of({{"ClientActivityId", Type::string},
                   {"Text", Type::string},
                   {"Database", Type::string},
                   {"StartedOn", Type::datetime},
                   {"LastUpdatedOn", Type::datetime},
                   {"Duration", Type::timespan},
                   {"State", Type::string},
                   {"RootActivityId", Type::guid},
                   {"User", Type::string},
                   {"FailureReason", Type::string},
                   {"TotalCpu", Type::timespan},
                   {"CacheStatistics", Type::dynamic},
                   {"Application", Type::string},
                   {"MemoryPeak", Type::long_integer},
                   {"ScannedExtentsStatistics", Type::dynamic},
                   {"Principal", Type::string},
                   {"ClientRequestProperties", Type::dynamic},
                   {"ResultSetStatistics", Type::dynamic},
                   {"WorkloadGroup", Type::string}});
}

Table show_those(Command& command, bool only_running) {
  auto table = queries_table();
  const Cell unknown;
  for (const auto& one : command.warehouse.activity().queries(only_running)) {
    // Everybody sees his own; the admin sees all.
    if (!command.options.administers && one.principal != command.options.principal) continue;
    const json::object counts{{"TableCount", one.tables}, {"RowCount", one.rows}};
    add_row(table,
            {one.client_activity_id, one.text, string(database_name), one.started_on,
             one.started_on + one.duration, one.duration, one.state,
             one.activity_id.empty() ? unknown : Cell{one.activity_id}, to_string(one.principal),
             one.failure, unknown, unknown, one.application, unknown, unknown,
             to_string(one.principal), one.properties.empty() ? unknown : Cell{one.properties},
             json::serialize(counts), string("default")});
  }
  return table;
}

Result<Table> show_queries(Command& command) {
  TRY_DO(command.text.end());
  return show_those(command, false);
}

// .show running queries [by user NAME]
Result<Table> show_running_queries(Command& command) {
  auto table = show_those(command, true);
  if (!command.text.take("by")) {
    TRY_DO(command.text.end());
    return table;
  }
  TRY_DO(command.text.expect("user"));
  TRY(const auto name, command.text.text("a user's name"));
  TRY_DO(command.text.end());
  auto chosen = queries_table();
  const auto user = chosen.find_column("User");
  for (std::size_t i = 0; i < table.row_count(); ++i) {
    const auto row = table.row(i);
    if (row[user] == Cell{name}) chosen.cells.insert(chosen.cells.end(), row.begin(), row.end());
  }
  return chosen;
}

// .cancel query "client activity id" [with (reason = "…")]
Result<Table> cancel_query(Command& command) {
  TRY(const auto identifier, command.text.text("the query's ClientActivityId"));
  TRY(auto properties, command.text.properties());
  TRY_DO(command.text.end());
  const auto told = command.warehouse.activity().cancel(identifier, command.options.principal,
                                                        command.options.administers);
  auto table = table_of({{"ClientRequestId", Type::string},
                         {"RunningQueryCanceled", Type::boolean},
                         {"ReasonPhrase", Type::string}});
  add_row(table, {identifier, told > 0, properties["reason"]});
  return table;
}

Result<Table> show_ingestion_failures(Command& command) {
  TRY(const auto properties, command.text.properties());
  TRY_DO(command.text.end());
  auto table = table_of({{"OperationId", Type::guid},
                         {"Database", Type::string},
                         {"Table", Type::string},
                         {"FailedOn", Type::datetime},
                         {"IngestionSourcePath", Type::string},
                         {"Details", Type::string},
                         {"FailureKind", Type::string},
                         {"RootActivityId", Type::guid},
                         {"OperationKind", Type::string},
                         {"OriginatesFromUpdatePolicy", Type::boolean},
                         {"ErrorCode", Type::string},
                         {"Principal", Type::string},
                         {"User", Type::string},
                         {"IngestionProperties", Type::string},
                         {"NumberOfSources", Type::integer},
                         {"ShouldRetry", Type::boolean}});
  const auto wanted = properties.find("operationid");
  for (const auto& one : command.warehouse.activity().failures()) {
    const string activity = one.activity_id.empty() ? no_guid : one.activity_id;
    if (wanted != properties.end() && wanted->second != activity) continue;
    // What is wrong with the data stays wrong; a full disk or a busy server does not.
    const bool again = one.error.code.starts_with("WAREHOUSE01");
    add_row(table, {activity, string(database_name), one.table, one.failed_on, one.source,
                    one.error.message, string(again ? "Transient" : "Permanent"), activity,
                    string("DataIngestPull"), false, one.error.code, to_string(one.principal),
                    to_string(one.principal), fmt::format("Format={}", one.format), std::int64_t{1},
                    again});
  }
  return table;
}

std::int64_t memory_pages(int name) {
  return static_cast<std::int64_t>(sysconf(name)) *
         static_cast<std::int64_t>(sysconf(_SC_PAGESIZE));
}

Result<Table> show_cluster(Command& command) {
  TRY_DO(command.text.end());
  auto table = table_of({{"NodeId", Type::string},
                         {"Address", Type::string},
                         {"Name", Type::string},
                         {"StartTime", Type::datetime},
                         {"IsAdmin", Type::boolean},
                         {"MachineTotalMemory", Type::long_integer},
                         {"MachineAvailableMemory", Type::long_integer},
                         {"ProcessorCount", Type::integer},
                         {"EnvironmentDescription", Type::string}});
  add_row(table, {string("Rollcall_0"), string(), fmt::format("Rollcall_0/{}", getpid()), Cell{},
                  true, memory_pages(_SC_PHYS_PAGES), memory_pages(_SC_AVPHYS_PAGES),
                  static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency())),
                  string("{}")});
  return table;
}

Result<Table> show_diagnostics(Command& command) {
  TRY_DO(command.text.end());
  auto table = table_of({{"IsHealthy", Type::boolean},
                         {"IsAttentionRequired", Type::boolean},
                         {"NotHealthyReason", Type::string},
                         {"MachinesTotal", Type::long_integer},
                         {"MachinesOffline", Type::long_integer},
                         {"NumberOfDatabases", Type::integer},
                         {"RunningQueries", Type::long_integer},
                         {"FailedIngestOperations", Type::long_integer},
                         {"ProductVersion", Type::string}});
  auto& activity = command.warehouse.activity();
  add_row(table, {true, false, string(), std::int64_t{1}, std::int64_t{0}, std::int64_t{1},
                  static_cast<std::int64_t>(activity.queries(true).size()),
                  static_cast<std::int64_t>(activity.failures().size()), string("Rollcall")});
  return table;
}

// No command works behind its answer, so there is never one under way.
Result<Table> show_operations(Command&) {
  return table_of({{"OperationId", Type::guid},
                   {"Operation", Type::string},
                   {"NodeId", Type::string},
                   {"StartedOn", Type::datetime},
                   {"LastUpdatedOn", Type::datetime},
                   {"Duration", Type::timespan},
                   {"State", Type::string},
                   {"Status", Type::string}});
}

}  // namespace

std::span<const CommandEntry> query_commands() {
  static const CommandEntry entries[] = {
      {{".show", "queries"}, CommandKind::show, show_queries},
      {{".show", "running", "queries"}, CommandKind::show, show_running_queries},
      {{".cancel", "query"}, CommandKind::show, cancel_query},
      {{".show", "ingestion", "failures"}, CommandKind::show, show_ingestion_failures},
      {{".show", "cluster"}, CommandKind::show, show_cluster},
      {{".show", "diagnostics"}, CommandKind::show, show_diagnostics},
      {{".show", "operations"}, CommandKind::show, show_operations},
  };
  return entries;
}

}  // namespace rollcall::warehouse
