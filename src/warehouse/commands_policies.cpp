// Retention and caching policies of tables, and their ingestion mappings: what is kept as notes of a table.
#include <fmt/format.h>

#include <thread>

#include "base/text.hpp"
#include "kql/values.hpp"
#include "warehouse/commands.hpp"
#include "warehouse/policies.hpp"
#include "warehouse/records.hpp"

namespace rollcall::warehouse {
namespace {

using kql::Type;
using std::string;

Table policy_table() {
  return text_table({"PolicyName", "EntityName", "Policy", "ChildEntities", "EntityType"});
}

void add_policy(Table& result, std::string_view kind, const string& table,
                std::string_view policy) {
  add_row(result, {string(kind == retention_note ? "RetentionPolicy" : "CachingPolicy"),
                   fmt::format("[{}].[{}]", database_name, table),
                   string(policy.empty() ? "null" : policy), string(), string("Table")});
}

Result<std::string_view> policy_kind(Command& command) {
  if (command.text.take("retention")) return retention_note;
  if (command.text.take("caching")) return caching_note;
  return fail(
      "WAREHOUSE0401",
      fmt::format("the policy '{}' is not known here; retention and caching are",
                  command.text.rest().substr(0, command.text.rest().find_first_of(" \n\t"))));
}

Result<Table> one_policy(Command& command, std::string_view kind, const string& table) {
  auto result = policy_table();
  add_policy(result, kind, table, command.warehouse.notes().find(table, kind));
  return result;
}

// retention = JSON / [ "softdelete" "=" timespan ] [ "recoverability" "=" ( "enabled" / "disabled" ) ]
Result<string> retention(Command& command, std::string_view old) {
  json::object given;
  if (command.text.take("softdelete")) {
    TRY_DO(command.text.expect("="));
    TRY(const auto period, command.text.text("a timespan"));
    const auto ticks = kql::parse_timespan(period);
    given["SoftDeletePeriod"] = ticks ? format_timespan(Timespan{*ticks}) : period;
  }
  if (command.text.take("recoverability")) {
    TRY_DO(command.text.expect("="));
    TRY(const auto word, command.text.text("enabled or disabled"));
    given["Recoverability"] = equals_ignoring_case(word, "enabled") ? "Enabled" : "Disabled";
  }
  if (!given.empty()) return read_retention_policy(json::serialize(given), old);
  TRY(const auto document, command.text.text("the policy, as JSON"));
  return read_retention_policy(document, old);
}

// caching = "hot" "=" timespan
Result<string> caching(Command& command) {
  TRY_DO(command.text.expect("hot"));
  TRY_DO(command.text.expect("="));
  TRY(const auto period, command.text.text("a timespan"));
  const auto ticks = kql::parse_timespan(period);
  if (!ticks || *ticks < 0)
    return fail("WAREHOUSE0408", fmt::format("'{}' is no timespan", period));
  return caching_policy(Timespan{*ticks});
}

Result<string> mapping_kind(Command& command) {
  for (const char* kind : {"json", "csv"}) {
    if (command.text.take(kind)) return string(kind);
  }
  return fail("WAREHOUSE0401", "ingestion mappings are of csv or of json here");
}

Table mapping_table() { return text_table({"Name", "Kind", "Mapping", "Database", "Table"}); }

}  // namespace

Result<Table> show_policy(Command& command, const string& table) {
  const bool all = command.text.take("*") || command.text.rest().empty();
  auto result = policy_table();
  const auto notes = command.warehouse.notes();
  if (all) {
    for (const auto kind : {retention_note, caching_note})
      add_policy(result, kind, table, notes.find(table, kind));
    return result;
  }
  TRY(const auto kind, policy_kind(command));
  TRY_DO(command.text.end());
  add_policy(result, kind, table, notes.find(table, kind));
  return result;
}

Result<Table> alter_policy(Command& command, const string& table) {
  TRY(const auto kind, policy_kind(command));
  const bool observed = kind == retention_note && table == observations;
  if (!observed) TRY_DO(command.warehouse.stored_table(table));
  const bool merge = command.whole.substr(0, 12) == ".alter-merge";
  const auto notes = command.warehouse.notes();
  const auto old = merge ? notes.find(table, kind) : std::string_view();
  TRY(const auto policy, kind == retention_note ? retention(command, old) : caching(command));
  TRY_DO(command.text.end());
  if (observed && kept_by(policy).value_or(observations_kept) < least_observations_kept) {
    return fail("WAREHOUSE0408",
                "deployments are found by Observations: keep them for two days at least, and for "
                "as long as "
                "the tracker may be down");
  }
  TRY_DO(command.warehouse.put_note(table, string(kind), policy, command.options.principal));
  for (bool more = kind == retention_note; more;) {
    TRY(more, command.warehouse.apply_retention(command.now()));
    if (more) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // whoever ingests first
  }
  return one_policy(command, kind, table);
}

Result<Table> delete_policy(Command& command, const string& table) {
  TRY(const auto kind, policy_kind(command));
  TRY_DO(command.text.end());
  if (kind != retention_note || table != observations)
    TRY_DO(command.warehouse.stored_table(table));
  TRY_DO(command.warehouse.put_note(table, string(kind), "", command.options.principal));
  return one_policy(command, kind, table);
}

// … table T ingestion (csv | json) mapping "Name" ['[…]']
Result<Table> change_mapping(Command& command, const string& table, MappingChange change) {
  TRY(const auto kind, mapping_kind(command));
  TRY_DO(command.text.expect("mapping"));
  TRY(const auto name, command.text.text("the mapping's name"));
  TRY(const auto schema, command.warehouse.stored_table(table));
  const auto note = mapping_note(kind, name);
  const bool there = !command.warehouse.notes().find(table, note).empty();
  const bool must_be = change == MappingChange::alter || change == MappingChange::drop;
  if (must_be && !there)
    return fail("WAREHOUSE0308",
                fmt::format("table {} has no ingestion {} mapping '{}'", table, kind, name));
  if (change == MappingChange::create && there) {
    return fail(
        "WAREHOUSE0307",
        fmt::format("table {} has an ingestion {} mapping '{}' already; use .create-or-alter",
                    table, kind, name));
  }
  string mapping;
  while (change != MappingChange::drop && !command.text.rest().empty() &&
         command.text.rest() != ";") {
    TRY(const auto piece, command.text.text("the mapping, as JSON"));
    mapping += piece;  // several strings are one
  }
  TRY_DO(command.text.end());
  if (change != MappingChange::drop) TRY_DO(check_mapping(schema.columns, kind, mapping));
  TRY_DO(command.warehouse.put_note(table, note, mapping, command.options.principal));
  auto result = mapping_table();
  if (change != MappingChange::drop)
    add_row(result, {name, kind, mapping, string(database_name), table});
  return result;
}

// .show table T ingestion [csv | json] (mappings | mapping "Name")
Result<Table> show_mappings(Command& command, const string& table) {
  std::optional<string> kind, name;
  if (!command.text.at("mappings") && !command.text.at("mapping")) {
    TRY(kind, mapping_kind(command));
  }
  if (command.text.take("mapping")) {
    TRY(name, command.text.text("the mapping's name"));
  } else {
    TRY_DO(command.text.expect("mappings"));
  }
  TRY_DO(command.text.end());
  auto result = mapping_table();
  const auto notes = command.warehouse.notes();
  for (const auto& [note, mapping] : notes.of(table)) {
    if (!note.starts_with("mapping ")) continue;
    const auto space = note.find(' ', 8);
    const string its_kind = note.substr(8, space - 8), its_name = note.substr(space + 1);
    if ((kind && *kind != its_kind) || (name && *name != its_name)) continue;
    add_row(result, {its_name, its_kind, mapping, string(database_name), table});
  }
  return result;
}

}  // namespace rollcall::warehouse
