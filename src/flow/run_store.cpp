#include "flow/run_store.hpp"

#include <fmt/format.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "flow/history.hpp"
#include "store/database.hpp"

namespace rollcall::flow {
namespace {

using namespace sql;  // NOLINT: this file writes SQL
using store::Argument;
using store::Prepared;
using store::Row;
// Both namespaces have one.
using Insertion = sql::Insert;

constexpr std::size_t most_runs = 1'000;

ColumnDefinition defined(std::string name, Type type, bool not_null, bool key = false) {
  ColumnDefinition definition;
  definition.name = std::move(name);
  definition.type = type;
  definition.not_null = not_null;
  definition.primary_key = key;
  return definition;
}
ColumnDefinition text(std::string name) { return defined(std::move(name), Type::text, true); }
ColumnDefinition number(std::string name) { return defined(std::move(name), Type::bigint, true); }
ColumnDefinition maybe(std::string name) { return defined(std::move(name), Type::bigint, false); }
ColumnDefinition id() { return defined("Id", Type::bigint, true, true); }

CreateTable create(std::string name, std::vector<ColumnDefinition> columns,
                   std::vector<std::string> key = {}) {
  CreateTable made;
  made.name = std::move(name);
  made.columns = std::move(columns);
  made.primary_key = std::move(key);
  return made;
}

CreateIndex create_index(std::string name, std::string on, const std::vector<std::string>& columns,
                         ExprPtr where = nullptr) {
  CreateIndex made;
  made.name = std::move(name);
  made.table = std::move(on);
  for (const auto& one : columns) made.terms.push_back({column(one)});
  made.where = std::move(where);
  return made;
}

Insertion insert_into(std::string name, std::vector<std::string> columns,
                      std::vector<ExprPtr> row = {}) {
  for (std::size_t i = row.size(); i < columns.size(); ++i) row.push_back(slot(i));
  Insertion insert;
  insert.table = std::move(name);
  insert.columns = std::move(columns);
  insert.rows.push_back(std::move(row));
  return insert;
}

Update update(std::string name, std::vector<std::pair<std::string, ExprPtr>> set, ExprPtr where) {
  Update made;
  made.table = std::move(name);
  made.set = std::move(set);
  made.where = std::move(where);
  return made;
}

const std::vector<std::string> flow_columns{"Name",     "Version",     "Definition", "Settings",
                                            "Enabled",  "DeployedAt",  "DeployedBy", "NextFire",
                                            "LastFire", "TriggerState"};
const std::vector<std::string> run_columns{
    "Id",     "Flow",           "Version",  "Trigger",   "Status",   "Started", "Ended",
    "Wake",   "Code",           "Message",  "Principal", "Response", "Events",  "Rows",
    "Parent", "ParentInstance", "Tracking", "Resumed",   "Origin",   "Owner"};

ColumnDefinition added_text(std::string name) {
  auto definition = text(std::move(name));
  definition.default_value = literal(std::string());
  return definition;
}

// Correlation, resuming, and what triggers remember.
std::vector<Statement> second() {
  return {
      AddColumn{"Flows", added_text("TriggerState")},
      AddColumn{"FlowRuns", added_text("Tracking")},
      AddColumn{"FlowRuns", maybe("Resumed")},
      AddColumn{"FlowRuns", maybe("Origin")},
      create_index("FlowRunsByTracking", "FlowRuns", {"Tracking"},
                   binary(BinaryOperator::not_equal, column("Tracking"), literal(std::string()))),
      create_index("FlowRunsByStatus", "FlowRuns", {"Status", "Id"})};
}

// Which process has a run.
std::vector<Statement> third() {
  auto owner = number("Owner");
  owner.default_value = literal(std::int64_t{0});
  return {AddColumn{"FlowRuns", std::move(owner)},
          create("FlowWorkers", {id(), number("Beat"), text("Key")}),
          create_index("FlowRunsByOwner", "FlowRuns", {"Owner", "Flow"},
                       unary(UnaryOperator::is_null, column("Ended")))};
}

std::vector<store::Migration> migrations() {
  const auto flows =
      create("Flows",
             {text("Name"), number("Version"), defined("Enabled", Type::boolean, true),
              maybe("NextFire"), maybe("LastFire")},
             {"Name"});
  const auto versions = create("FlowVersions",
                               {text("Name"), number("Version"), text("Definition"),
                                text("Settings"), number("DeployedAt"), text("DeployedBy")},
                               {"Name", "Version"});
  const auto runs =
      create("FlowRuns", {id(), text("Flow"), number("Version"), text("Trigger"), text("Status"),
                          number("Started"), maybe("Ended"), maybe("Wake"), text("Code"),
                          text("Message"), text("Principal"), text("Response"), number("Events"),
                          number("Rows"), maybe("Parent"), text("ParentInstance")});
  const auto events =
      create("FlowEvents", {number("Run"), number("Part"), defined("Events", Type::blob, true)},
             {"Run", "Part"});
  const auto letters = create("FlowLetters", {id(), number("Run"), text("Event")});
  const auto counters = create("FlowCounters", {text("Name"), number("Value")}, {"Name"});
  const auto counter = insert_into("FlowCounters", {"Name", "Value"},
                                   {literal(std::string("run")), literal(std::int64_t{0})});
  const auto by_flow = create_index("FlowRunsByFlow", "FlowRuns", {"Flow", "Id"});
  const auto unfinished = create_index("FlowRunsUnfinished", "FlowRuns", {"Id"},
                                       unary(UnaryOperator::is_null, column("Ended")));
  const auto by_run = create_index("FlowLettersByRun", "FlowLetters", {"Run"});
  return {
      {{flows, versions, runs, events, letters, counters, counter, by_flow, unfinished, by_run}},
      {second()},
      {third()}};
}

ExprPtr equals(std::string name, std::size_t at) {
  return binary(BinaryOperator::equal, column(std::move(name)), slot(at));
}

std::vector<SelectItem> items(const std::vector<std::string>& names) {
  std::vector<SelectItem> selected;
  for (const auto& name : names) selected.push_back({column(name), {}});
  return selected;
}

Statement select_from(TableRefPtr from, std::vector<SelectItem> selected, ExprPtr where,
                      std::vector<OrderTerm> order, ExprPtr limit = nullptr) {
  sql::Select select;
  select.items = std::move(selected);
  select.from = std::move(from);
  select.where = std::move(where);
  Query made;
  made.body = std::move(select);
  made.order_by = std::move(order);
  made.limit = std::move(limit);
  return std::make_shared<const Query>(std::move(made));
}

// A flow with the version that the flow is at, or (`slots` > 1) with the one in slot 1.
Statement flow_query(std::size_t slots) {
  std::vector<SelectItem> selected;
  for (const auto& name : flow_columns) {
    const bool of_flow =
        name == "Enabled" || name == "NextFire" || name == "LastFire" || name == "TriggerState";
    selected.push_back({column(of_flow ? "f" : "v", name), {}});
  }
  auto on = binary(BinaryOperator::equal, column("f", "Name"), column("v", "Name"));
  if (slots < 2)
    on =
        and_also(on, binary(BinaryOperator::equal, column("f", "Version"), column("v", "Version")));
  ExprPtr where;
  if (slots > 0) where = binary(BinaryOperator::equal, column("v", "Name"), slot(0));
  if (slots > 1)
    where = and_also(where, binary(BinaryOperator::equal, column("v", "Version"), slot(1)));
  const auto join = std::make_shared<const TableRef>(
      TableRef{sql::Join{slots > 1 ? JoinKind::left : JoinKind::inner, table("FlowVersions", "v"),
                         table("Flows", "f"), on}});
  return select_from(join, std::move(selected), where, {{column("v", "Name")}});
}

Statement put_flow_statement() {
  auto insert =
      insert_into("Flows", {"Name", "Version", "Enabled", "NextFire", "LastFire", "TriggerState"});
  insert.conflict_columns = {"Name"};
  insert.conflict_set = {
      {"Version", slot(1)}, {"Enabled", slot(2)}, {"NextFire", slot(3)}, {"TriggerState", slot(5)}};
  return insert;
}

Statement insert_letter_statement() {
  auto insert = insert_into("FlowLetters", {"Run", "Event"});
  insert.returning = {"Id"};
  return insert;
}

// The run, unless it has gone further than the events in the last slot but one, or has another owner.
Statement update_run() {
  const std::vector<std::string> changing{"Status",  "Ended",    "Wake",   "Code",
                                          "Message", "Response", "Events", "Rows"};
  std::vector<std::pair<std::string, ExprPtr>> set;
  for (std::size_t i = 0; i < changing.size(); ++i) set.emplace_back(changing[i], slot(i));
  const auto run = changing.size();
  return update(
      "FlowRuns", std::move(set),
      and_also(and_also(equals("Id", run), equals("Events", run + 1)), equals("Owner", run + 2)));
}

std::optional<Timestamp> maybe_time(const Row& row, std::size_t at) {
  if (row.is_null(at)) return std::nullopt;
  return row.time(at);
}

FlowRecord read_flow(const Row& row) {
  return {std::string(row.text(0)), row.integer(1),
          std::string(row.text(2)), std::string(row.text(3)),
          row.boolean(4),           row.time(5),
          std::string(row.text(6)), maybe_time(row, 7),
          maybe_time(row, 8),       row.is_null(9) ? std::string() : std::string(row.text(9))};
}

RunRecord read_run(const Row& row) {
  RunRecord run;
  run.id = row.integer(0);
  run.flow = row.text(1);
  run.version = row.integer(2);
  run.trigger = row.text(3);
  run.status = parse_status(row.text(4)).value_or(Status::failed);
  run.started = row.time(5);
  run.ended = maybe_time(row, 6);
  run.wake = maybe_time(row, 7);
  run.code = row.text(8);
  run.message = row.text(9);
  run.principal = row.text(10);
  run.response = row.text(11);
  run.events = row.integer(12);
  run.rows = row.integer(13);
  if (!row.is_null(14)) run.parent = row.integer(14);
  run.parent_instance = row.text(15);
  run.tracking = row.text(16);
  if (!row.is_null(17)) run.resumed = row.integer(17);
  if (!row.is_null(18)) run.origin = row.integer(18);
  run.owner = row.integer(19);
  return run;
}

ExprPtr under_way() { return unary(UnaryOperator::is_null, column("FlowRuns", "Ended")); }

// Slot 0 is who asks. Its own are never orphans, whether its lease is written already or not.
ExprPtr is_orphan() {
  sql::Select all;
  all.items = items({"Id"});
  all.from = table("FlowWorkers");
  Query workers;
  workers.body = std::move(all);
  const auto known =
      make(InQuery{column("Owner"), std::make_shared<const Query>(std::move(workers)), true});
  return and_also(
      and_also(under_way(), binary(BinaryOperator::not_equal, column("Owner"), slot(0))), known);
}

// Flow, all, begun; slot 0 is who asks, slot 1 (`one`) the flow.
Statement count_of_others(bool one) {
  sql::Select select;
  const auto begun =
      make(Case{{{binary(BinaryOperator::greater, column("Events"), literal(std::int64_t{0})),
                  literal(std::int64_t{1})}},
                literal(std::int64_t{0})});
  select.items = {{call("max", {column("Flow")}), "f"},
                  {call("count", {column("Id")}), "n"},
                  {cast(call("sum", {begun}), Type::bigint), "b"}};
  select.from = table("FlowRuns");
  select.where = and_also(under_way(), binary(BinaryOperator::not_equal, column("Owner"), slot(0)));
  if (one) select.where = and_also(select.where, equals("Flow", 1));
  select.group_by = {column("Flow")};
  Query made;
  made.body = std::move(select);
  return std::make_shared<const Query>(std::move(made));
}

Statement letters_of_owner() {
  const auto join = std::make_shared<const TableRef>(
      TableRef{sql::Join{JoinKind::inner, table("FlowLetters", "l"), table("FlowRuns", "r"),
                         binary(BinaryOperator::equal, column("l", "Run"), column("r", "Id"))}});
  return select_from(
      join, {{column("l", "Run"), {}}, {column("l", "Id"), {}}, {column("l", "Event"), {}}},
      binary(BinaryOperator::equal, column("r", "Owner"), slot(0)), {{column("l", "Id")}});
}

OthersRuns read_others(const Row& row) {
  return {static_cast<std::size_t>(row.integer(1)), static_cast<std::size_t>(row.integer(2))};
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

struct RunStore::Statements {
  explicit Statements(const store::Database& database)
      : all_flows(database.prepare(flow_query(0))),
        one_flow(database.prepare(flow_query(1))),
        one_version(database.prepare(flow_query(2))),
        put_flow(database.prepare(put_flow_statement())),
        put_version(database.prepare(insert_into(
            "FlowVersions",
            {"Name", "Version", "Definition", "Settings", "DeployedAt", "DeployedBy"}))),
        set_enabled(database.prepare(update("Flows", {{"Enabled", slot(1)}}, equals("Name", 0)))),
        set_fire(database.prepare(
            update("Flows", {{"LastFire", slot(1)}, {"NextFire", slot(2)}}, equals("Name", 0)))),
        fired(database.prepare(update("Flows", {{"LastFire", slot(1)}, {"NextFire", slot(2)}},
                                      and_also(equals("Name", 0), equals("NextFire", 1))))),
        remove_flow(database.prepare(Delete{"Flows", equals("Name", 0)})),
        one_run(database.prepare(
            select_from(table("FlowRuns"), items(run_columns), equals("Id", 0), {}))),
        unfinished(database.prepare(select_from(table("FlowRuns"), items({"Id"}),
                                                and_also(under_way(), equals("Owner", 0)),
                                                {{column("Id")}}))),
        count_unfinished(database.prepare(select_from(
            table("FlowRuns"), {{call("count", {column("Id")}), "n"}},
            and_also(unary(UnaryOperator::is_null, column("Ended")), equals("Flow", 0)), {}))),
        next_id(database.prepare(update(
            "FlowCounters",
            {{"Value", binary(BinaryOperator::add, column("Value"), literal(std::int64_t{1}))}},
            binary(BinaryOperator::equal, column("Name"), literal(std::string("run")))))),
        last_id(database.prepare(select_from(
            table("FlowCounters"), items({"Value"}),
            binary(BinaryOperator::equal, column("Name"), literal(std::string("run"))), {}))),
        insert_run(database.prepare(insert_into("FlowRuns", run_columns))),
        update_run(database.prepare(flow::update_run())),
        insert_events(database.prepare(insert_into("FlowEvents", {"Run", "Part", "Events"}))),
        events(database.prepare(select_from(table("FlowEvents"), items({"Events"}),
                                            equals("Run", 0), {{column("Part")}}))),
        insert_letter(database.prepare(insert_letter_statement())),
        letters(database.prepare(select_from(table("FlowLetters"), items({"Id", "Event"}),
                                             equals("Run", 0), {{column("Id")}}))),
        delete_letter(database.prepare(Delete{"FlowLetters", equals("Id", 0)})),
        delete_letters(database.prepare(Delete{"FlowLetters", equals("Run", 0)})),
        set_trigger_state(
            database.prepare(update("Flows", {{"TriggerState", slot(1)}}, equals("Name", 0)))),
        ended_runs(database.prepare(select_from(table("FlowRuns"), items({"Id"}), ended_of_flow(),
                                                {{column("Id"), true}}, slot(1)))),
        old_runs(database.prepare(select_from(table("FlowRuns"), items({"Id"}), old_of_flow(),
                                              {{column("Id")}}, literal(runs_at_once)))),
        delete_events(database.prepare(Delete{"FlowEvents", equals("Run", 0)})),
        delete_run(database.prepare(Delete{"FlowRuns", equals("Id", 0)})),
        workers(database.prepare(select_from(table("FlowWorkers"), items({"Id", "Beat", "Key"}),
                                             nullptr, {{column("Id")}}))),
        flows_in_short(database.prepare(select_from(
            table("Flows"),
            items({"Name", "Version", "Enabled", "NextFire", "LastFire", "TriggerState"}), nullptr,
            {{column("Name")}}))),
        all_of_others(database.prepare(count_of_others(false))),
        some_of_others(database.prepare(count_of_others(true))),
        letters_here(database.prepare(letters_of_owner())),
        orphans(database.prepare(select_from(table("FlowRuns"), items({"Id"}), is_orphan(), {},
                                             literal(std::int64_t{1})))),
        put_worker(database.prepare(insert_into("FlowWorkers", {"Id", "Beat", "Key"}))),
        beat(database.prepare(update(
            "FlowWorkers",
            {{"Beat", binary(BinaryOperator::add, column("Beat"), literal(std::int64_t{1}))}},
            equals("Id", 0)))),
        end_worker(database.prepare(Delete{"FlowWorkers", equals("Id", 0)})),
        end_silent_worker(
            database.prepare(Delete{"FlowWorkers", and_also(equals("Id", 0), equals("Beat", 1))})),
        take_orphans(database.prepare(update("FlowRuns", {{"Owner", slot(0)}}, is_orphan()))) {}

  static constexpr std::int64_t runs_at_once = 200;  // that one pruning forgets

  static ExprPtr ended_of_flow() {
    return and_also(equals("Flow", 0), unary(UnaryOperator::is_not_null, column("Ended")));
  }
  // Not newer than the run in slot 2, or ended before slot 1.
  static ExprPtr old_of_flow() {
    return and_also(
        ended_of_flow(),
        binary(BinaryOperator::or_, binary(BinaryOperator::less, column("Ended"), slot(1)),
               binary(BinaryOperator::less_equal, column("Id"), slot(2))));
  }

  Prepared all_flows, one_flow, one_version, put_flow, put_version, set_enabled, set_fire, fired,
      remove_flow, one_run, unfinished, count_unfinished, next_id, last_id, insert_run, update_run,
      insert_events, events, insert_letter, letters, delete_letter, delete_letters,
      set_trigger_state, ended_runs, old_runs, delete_events, delete_run, workers, flows_in_short,
      all_of_others, some_of_others, letters_here, orphans, put_worker, beat, end_worker,
      end_silent_worker, take_orphans;
};

RunStore::RunStore(store::Database& database)
    : database_(database), history_memory_(std::make_unique<HistoryMemory>()) {}
RunStore::~RunStore() = default;

std::int64_t RunStore::newest_format() { return static_cast<std::int64_t>(migrations().size()); }

Result<void> RunStore::open() {
  TRY_DO(store::migrate(database_, "flow", migrations()));
  statements_ = std::make_unique<const Statements>(database_);
  return {};
}

Result<std::vector<FlowRecord>> RunStore::flows() {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<FlowRecord>> {
    std::vector<FlowRecord> all;
    TRY_DO(connection.query(statements_->all_flows, {},
                            [&](const Row& row) { all.push_back(read_flow(row)); }));
    return all;
  });
}

Result<std::optional<FlowRecord>> RunStore::flow(std::string_view name) {
  return database_.read([&](store::Connection& connection) {
    return connection.first(statements_->one_flow, {name}, read_flow);
  });
}

Result<std::optional<FlowRecord>> RunStore::flow_version(std::string_view name,
                                                         std::int64_t version) {
  return database_.read([&](store::Connection& connection) {
    return connection.first(statements_->one_version, {name, version}, read_flow);
  });
}

Result<std::vector<RunRecord>> RunStore::runs(const RunQuery& query) {
  ExprPtr where;
  std::vector<Argument> arguments;
  const auto narrow = [&](BinaryOperator op, std::string name, Argument argument) {
    where = and_also(where, binary(op, column(std::move(name)), slot(arguments.size())));
    arguments.push_back(argument);
  };
  if (!query.flow.empty()) narrow(BinaryOperator::equal, "Flow", query.flow);
  if (query.status) narrow(BinaryOperator::equal, "Status", to_string(*query.status));
  if (query.from) narrow(BinaryOperator::greater_equal, "Started", *query.from);
  if (query.to) narrow(BinaryOperator::less, "Started", *query.to);
  const auto lower_trigger = to_lower(query.trigger);
  if (!query.trigger.empty()) {
    where = and_also(where, binary(BinaryOperator::equal, call("lower", {column("Trigger")}),
                                   slot(arguments.size())));
    arguments.emplace_back(lower_trigger);
  }
  const auto lower_text = to_lower(query.text);
  if (!query.text.empty()) {
    ExprPtr any;
    for (const auto* name : {"Code", "Message", "Tracking", "Principal"}) {
      auto found = binary(BinaryOperator::greater,
                          call("instr", {call("lower", {column(name)}), slot(arguments.size())}),
                          literal(std::int64_t{0}));
      any = any == nullptr ? found : binary(BinaryOperator::or_, any, found);
    }
    where = and_also(where, any);
    arguments.emplace_back(lower_text);
  }
  if (query.before) narrow(BinaryOperator::less, "Id", *query.before);
  const auto limit = literal(static_cast<std::int64_t>(std::min(query.limit, most_runs)));
  const auto statement = database_.prepare(
      select_from(table("FlowRuns"), items(run_columns), where, {{column("Id"), true}}, limit));
  return database_.read([&](store::Connection& connection) -> Result<std::vector<RunRecord>> {
    std::vector<RunRecord> found;
    TRY_DO(connection.query(statement, std::span<const Argument>(arguments),
                            [&](const Row& row) { found.push_back(read_run(row)); }));
    return found;
  });
}

Result<std::optional<RunRecord>> RunStore::run(RunId id) {
  return database_.read([&](store::Connection& connection) {
    return connection.first(statements_->one_run, {id}, read_run);
  });
}

Result<std::vector<Event>> RunStore::events(RunId id, const Workflow& workflow) {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<Event>> {
    std::vector<Event> all;
    TRY_DO(connection.query(statements_->events, {id}, [&](const Row& row) -> Result<void> {
      TRY(auto events, unpack_events(row.blob(0), workflow));
      std::move(events.begin(), events.end(), std::back_inserter(all));
      return {};
    }));
    return all;
  });
}

Result<std::vector<RunId>> RunStore::unfinished() {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<RunId>> {
    std::vector<RunId> ids;
    TRY_DO(connection.query(statements_->unfinished, {owner_},
                            [&](const Row& row) { ids.push_back(row.integer(0)); }));
    return ids;
  });
}

Result<std::int64_t> RunStore::count_unfinished(std::string_view flow) {
  return database_.read([&](store::Connection& connection) -> Result<std::int64_t> {
    TRY(const auto count, connection.first(statements_->count_unfinished, {flow},
                                           [](const Row& row) { return row.integer(0); }));
    return count.value_or(0);
  });
}

Result<std::vector<Letter>> RunStore::letters(RunId run) {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<Letter>> {
    std::vector<Letter> found;
    TRY_DO(connection.query(statements_->letters, {run}, [&](const Row& row) {
      found.push_back({row.integer(0), std::string(row.text(1))});
    }));
    return found;
  });
}

Result<void> RunStore::put_flow(store::Transaction& transaction, const FlowRecord& flow) {
  TRY_DO(transaction.execute(
      statements_->put_flow,
      {flow.name, flow.version, flow.enabled, flow.next_fire, flow.last_fire, flow.trigger_state}));
  TRY_DO(transaction.execute(statements_->put_version,
                             {flow.name, flow.version, flow.definition, flow.settings,
                              flow.deployed_at, flow.deployed_by}));
  return {};
}

Result<void> RunStore::set_enabled(store::Transaction& transaction, std::string_view name,
                                   bool enabled) {
  TRY_DO(transaction.execute(statements_->set_enabled, {name, enabled}));
  return {};
}

Result<void> RunStore::set_fire(store::Transaction& transaction, std::string_view name,
                                std::optional<Timestamp> last, std::optional<Timestamp> next) {
  TRY_DO(transaction.execute(statements_->set_fire, {name, last, next}));
  return {};
}

Result<void> RunStore::set_trigger_state(store::Transaction& transaction, std::string_view name,
                                         std::string_view state) {
  TRY_DO(transaction.execute(statements_->set_trigger_state, {name, state}));
  return {};
}

Result<void> RunStore::fired(store::Transaction& transaction, std::string_view name, Timestamp due,
                             Timestamp next) {
  TRY(const auto changed, transaction.execute(statements_->fired, {name, due, next}));
  if (changed != 1)
    return fail("FLOW0404", fmt::format("flow '{}' was fired by another process", name));
  return {};
}

Result<void> RunStore::remove_flow(store::Transaction& transaction, std::string_view name) {
  TRY_DO(transaction.execute(statements_->remove_flow, {name}));
  return {};
}

Result<void> RunStore::create_run(store::Transaction& transaction, RunRecord& run) {
  TRY_DO(transaction.execute(statements_->next_id));
  TRY(const auto id,
      transaction.first(statements_->last_id, {}, [](const Row& row) { return row.integer(0); }));
  CHECK(id.has_value());
  run.id = *id;
  run.owner = owner_;
  TRY_DO(transaction.execute(
      statements_->insert_run,
      {run.id,     run.flow, run.version, run.trigger,         to_string(run.status), run.started,
       run.ended,  run.wake, run.code,    run.message,         run.principal,         run.response,
       run.events, run.rows, run.parent,  run.parent_instance, run.tracking,          run.resumed,
       run.origin, run.owner}));
  return {};
}

Result<void> RunStore::append(store::Transaction& transaction, RunRecord& run, std::string_view row,
                              std::int64_t events) {
  if (events > 0)
    TRY_DO(transaction.execute(statements_->insert_events, {run.id, run.rows, bytes_of(row)}));
  const auto rows = run.rows + (events > 0 ? 1 : 0);
  TRY(const auto changed,
      transaction.execute(statements_->update_run,
                          {to_string(run.status), run.ended, run.wake, run.code, run.message,
                           run.response, run.events + events, rows, run.id, run.events, owner_}));
  if (changed != 1)
    return fail("FLOW0404", fmt::format("run {} was taken forward by another process", run.id));
  run.events += events;
  run.rows = rows;
  return {};
}

Result<std::int64_t> RunStore::send(store::Transaction& transaction, RunId to,
                                    std::string_view event) {
  TRY(const auto id, transaction.first(statements_->insert_letter, {to, event},
                                       [](const Row& row) { return row.integer(0); }));
  CHECK(id.has_value());
  return *id;
}

Result<void> RunStore::delete_letter(store::Transaction& transaction, std::int64_t id) {
  TRY_DO(transaction.execute(statements_->delete_letter, {id}));
  return {};
}

Result<void> RunStore::delete_letters(store::Transaction& transaction, RunId run) {
  TRY_DO(transaction.execute(statements_->delete_letters, {run}));
  return {};
}

Result<std::int64_t> RunStore::prune(store::Transaction& transaction, std::string_view flow,
                                     std::optional<Timestamp> before,
                                     std::optional<std::int64_t> keep) {
  RunId oldest = 0;  // and those before it are too many
  if (keep) {
    std::int64_t newer = 0;
    TRY_DO(transaction.query(statements_->ended_runs, {flow, *keep + 1}, [&](const Row& row) {
      if (newer++ == *keep) oldest = row.integer(0);
    }));
  }
  std::vector<RunId> old;
  TRY_DO(transaction.query(statements_->old_runs, {flow, before.value_or(Timestamp{}), oldest},
                           [&](const Row& row) { old.push_back(row.integer(0)); }));
  for (const auto run : old) {
    TRY_DO(transaction.execute(statements_->delete_events, {run}));
    TRY_DO(transaction.execute(statements_->delete_run, {run}));
  }
  return static_cast<std::int64_t>(old.size());
}

// ---- several processes

Result<std::vector<Worker>> RunStore::workers() {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<Worker>> {
    std::vector<Worker> all;
    TRY_DO(connection.query(statements_->workers, {}, [&](const Row& row) {
      all.push_back({row.integer(0), row.integer(1), std::string(row.text(2))});
    }));
    return all;
  });
}

Result<std::vector<FlowRecord>> RunStore::flows_in_short() {
  return database_.read([&](store::Connection& connection) -> Result<std::vector<FlowRecord>> {
    std::vector<FlowRecord> all;
    TRY_DO(connection.query(statements_->flows_in_short, {}, [&](const Row& row) {
      auto& flow = all.emplace_back();
      flow.name = row.text(0);
      flow.version = row.integer(1);
      flow.enabled = row.boolean(2);
      flow.next_fire = maybe_time(row, 3);
      flow.last_fire = maybe_time(row, 4);
      flow.trigger_state = row.text(5);
    }));
    return all;
  });
}

Result<std::map<std::string, OthersRuns, std::less<>>> RunStore::runs_of_others() {
  return database_.read(
      [&](store::Connection& connection) -> Result<std::map<std::string, OthersRuns, std::less<>>> {
        std::map<std::string, OthersRuns, std::less<>> all;
        TRY_DO(connection.query(statements_->all_of_others, {owner_}, [&](const Row& row) {
          all.emplace(row.text(0), read_others(row));
        }));
        return all;
      });
}

Result<OthersRuns> RunStore::runs_of_others(store::Connection& connection, std::string_view flow) {
  TRY(const auto found, connection.first(statements_->some_of_others, {owner_, flow}, read_others));
  return found.value_or(OthersRuns{});
}

Result<std::vector<std::pair<RunId, Letter>>> RunStore::letters_here() {
  return database_.read(
      [&](store::Connection& connection) -> Result<std::vector<std::pair<RunId, Letter>>> {
        std::vector<std::pair<RunId, Letter>> found;
        TRY_DO(connection.query(statements_->letters_here, {owner_}, [&](const Row& row) {
          found.emplace_back(row.integer(0), Letter{row.integer(1), std::string(row.text(2))});
        }));
        return found;
      });
}

Result<bool> RunStore::has_orphans() {
  return database_.read([&](store::Connection& connection) -> Result<bool> {
    TRY(const auto found, connection.first(statements_->orphans, {owner_},
                                           [](const Row& row) { return row.integer(0); }));
    return found.has_value();
  });
}

Result<void> RunStore::put_worker(store::Transaction& transaction, const Worker& worker) {
  TRY_DO(transaction.execute(statements_->put_worker, {worker.id, worker.beat, worker.key}));
  return {};
}

Result<bool> RunStore::beat(store::Transaction& transaction) {
  TRY(const auto changed, transaction.execute(statements_->beat, {owner_}));
  return changed == 1;
}

Result<bool> RunStore::end_worker(store::Transaction& transaction, std::int64_t id,
                                  std::optional<std::int64_t> beat) {
  TRY(const auto gone, beat ? transaction.execute(statements_->end_silent_worker, {id, *beat})
                            : transaction.execute(statements_->end_worker, {id}));
  return gone == 1;
}

Result<void> RunStore::take_orphans(store::Transaction& transaction) {
  TRY_DO(transaction.execute(statements_->take_orphans, {owner_}));
  return {};
}

}  // namespace rollcall::flow
