#include "flow/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/clock.hpp"
#include "flow/driver.hpp"
#include "flow/history.hpp"
#include "flow/state.hpp"
#include "store/database.hpp"

namespace rollcall::flow {
namespace {

constexpr std::string_view secret = "never-in-clear";
const auto beginning = *parse_iso("2026-01-01T00:00:00Z");

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U + 1) {}
  std::uint64_t below(std::uint64_t n) { return next_random(state_) % n; }
  bool once_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

// What goes wrong, and how often it may still.
struct Faults {
  Dice dice;
  int left = 0;
  SimulationResult* counts = nullptr;

  bool strikes(std::uint64_t one_in, std::uint64_t SimulationResult::* count) {
    if (left <= 0 || !dice.once_in(one_in)) return false;
    --left;
    ++(counts->*count);
    return true;
  }
};

// Fails now and then, before anything is written or after everything was, which is then undone.
class FailingDatabase final : public store::Database {
 public:
  FailingDatabase(store::Database& inner, Faults& faults) : inner_(inner), faults_(faults) {}
  sql::Dialect dialect() const override { return inner_.dialect(); }
  Result<void> claim(std::string_view what, Claim claim) override {
    return inner_.claim(what, claim);
  }
  Result<void> backup(const std::string& path) override { return inner_.backup(path); }
  Result<std::vector<std::string>> verify() override { return inner_.verify(); }

 protected:
  Result<void> do_write(const std::function<Result<void>(store::Transaction&)>& work) override {
    const auto full = [] { return fail("STORE0106", "the disk is full"); };
    if (faults_.strikes(40, &SimulationResult::failed_writes)) return full();
    return inner_.write([&](store::Transaction& transaction) -> Result<void> {
      TRY_DO(work(transaction));
      if (faults_.strikes(40, &SimulationResult::failed_writes)) return full();
      return {};
    });
  }
  Result<void> do_read(const std::function<Result<void>(store::Connection&)>& work) override {
    return inner_.read([&](store::Connection& connection) { return work(connection); });
  }

 private:
  store::Database& inner_;
  Faults& faults_;
};

// The other side of the flows: it survives the crashes of ours.
struct OtherSide {
  std::map<std::string, int> done;  // by key: how often it was asked for and done
  std::vector<std::string> callback_urls;
  int news = 0;  // what the feed still has to tell
};

// Operations: Save (our store), Pay (outside), Ask (waits to be called back), News (a polling trigger).
class SimulatedConnector final : public Connector {
 public:
  SimulatedConnector(OtherSide& other, Faults& faults, store::Prepared insert)
      : other_(other), faults_(faults), insert_(std::move(insert)) {
    operations_ = {{"Save", Place::store, "Save", {}, {}},
                   {"Pay", Place::outside, "Pay", {}, {}},
                   {"Ask", Place::outside, "Ask", {}, {}},
                   {"News", Place::outside, "News", {}, {}}};
    operations_[3].asynchronous = true;
  }
  std::string_view id() const override { return "sim"; }
  std::span<const Operation> operations() const override { return operations_; }

  Result<Outcome> call(std::size_t operation, const Call& call) override {
    const auto key = call.key.to_string();
    if (operation == 0) {
      TRY_DO(call.transaction->execute(insert_, {key}));
      return answered(200, call.parameters);
    }
    if (operation == 3) return news(call);
    if (faults_.strikes(6, &SimulationResult::lost_replies)) {  // refused, or done and not told
      if (faults_.dice.once_in(2)) ++other_.done[key];
      return fail("SIM", "no reply");
    }
    ++other_.done[key];
    if (operation == 2) other_.callback_urls.emplace_back(call.callback_url);
    return answered(
        200, operation == 1 ? json::value{{"paid", true}, {"secret", secret}} : json::value());
  }

 private:
  Outcome news(const Call& call) {
    const auto at = call.location.empty() ? 0 : std::stoi(std::string(call.location));
    const bool more = at < other_.news;
    auto outcome = answered(more ? 200 : 202, more ? json::value(at) : json::value());
    auto outputs = outcome.outputs.value().as_object();
    outputs["headers"] = json::object{{"Location", std::to_string(at + (more ? 1 : 0))}};
    outcome.outputs = std::move(outputs);
    return outcome;
  }

  OtherSide& other_;
  Faults& faults_;
  store::Prepared insert_;
  std::vector<Operation> operations_;
};

// ---- random flows

class Author {
 public:
  explicit Author(Dice& dice) : dice_(dice) {}

  json::value flow() {
    json::object definition;
    definition["triggers"] = json::object{{"manual", {{"type", "Request"}}}};
    json::object actions;
    actions["Count"] =
        action("InitializeVariable",
               json::object{{"variables", json::array{json::object{
                                              {"name", "n"}, {"type", "integer"}, {"value", 0}}}}});
    block(actions, "Count", 0, 2 + dice_.below(5));
    definition["actions"] = std::move(actions);
    return json::object{{"definition", std::move(definition)}};
  }

 private:
  static json::object action(std::string_view type, json::value inputs) {
    return {{"type", type}, {"inputs", std::move(inputs)}};
  }

  static json::object connector(std::string_view type, std::string_view operation,
                                json::value parameters) {
    return action(
        type,
        json::object{
            {"host", {{"apiId", "/x/sim"}, {"connectionName", "sim"}, {"operationId", operation}}},
            {"parameters", std::move(parameters)},
            {"retryPolicy", {{"type", "fixed"}, {"count", 90}, {"interval", "PT5S"}}}});
  }

  json::object one(int depth) {
    switch (dice_.below(depth < 2 ? 11 : 7)) {
      case 0:
        return action("Compose", "@add(1, 2)");
      case 1:
        return action("IncrementVariable", json::object{{"name", "n"}, {"value", 1}});
      case 2:
        return connector("OpenApiConnection", "Save", json::object{{"x", "@triggerBody()"}});
      case 3: {
        auto pay = connector("OpenApiConnection", "Pay", json::object());
        pay["runtimeConfiguration"] =
            json::object{{"secureData", {{"properties", json::array{"outputs"}}}}};
        return pay;
      }
      case 4:
        return connector("OpenApiConnectionWebhook", "Ask", json::object());
      case 5:
        return action("Wait",
                      json::object{{"interval",
                                    {{"count", 1 + static_cast<std::int64_t>(dice_.below(100))},
                                     {"unit", "Second"}}}});
      case 6:
        return action("Compose", "@int('no number')");  // fails
      case 7:
        return inside("Scope", {}, depth);
      case 8: {
        auto choice = inside("If", {}, depth);
        // Only there does nothing beside it change the variable.
        choice["expression"] = json::object{
            {"greater", json::array{depth == 0 ? "@variables('n')" : "@triggerBody()", 1}}};
        return choice;
      }
      default: {
        auto loop = inside("Foreach", {}, depth);
        json::array items;
        for (std::uint64_t i = 0; i <= dice_.below(4); ++i) items.emplace_back(i);
        loop["foreach"] = std::move(items);
        return loop;
      }
    }
  }

  json::object inside(std::string_view type, json::object around, int depth) {
    around["type"] = type;
    json::object actions;
    block(actions, "", depth + 1, 1 + dice_.below(3));
    around["actions"] = std::move(actions);
    return around;
  }

  // Each runs after one that stands before it, whatever became of that one, or only when it succeeded or failed.
  void block(json::object& actions, std::string before, int depth, std::uint64_t count) {
    std::vector<std::string> names;
    if (!before.empty()) names.push_back(std::move(before));
    for (std::uint64_t i = 0; i < count; ++i) {
      auto made = one(depth);
      const auto name = fmt::format("A{}", ++named_);
      if (!names.empty()) {
        static const std::vector<json::array> statuses{
            {"Succeeded"},
            {"Succeeded"},
            {"Succeeded", "Failed", "Skipped", "TimedOut"},
            {"Failed"}};
        // Reading the variable must not race with what changes it.
        const auto& after = depth == 0 ? names.back() : names[dice_.below(names.size())];
        made["runAfter"] = json::object{{after, statuses[dice_.below(statuses.size())]}};
      }
      names.push_back(name);
      actions[name] = std::move(made);
    }
  }

  Dice& dice_;
  int named_ = 0;
};

json::value news_flow() {
  return json::object{
      {"definition",
       {{"triggers",
         {{"News",
           {{"type", "OpenApiConnection"},
            {"recurrence", {{"frequency", "Minute"}, {"interval", 1}}},
            {"inputs",
             {{"host", {{"apiId", "/x/sim"}, {"connectionName", "sim"}, {"operationId", "News"}}},
              {"parameters", json::object()}}}}}}},
        {"actions", {{"Told", {{"type", "Compose"}, {"inputs", "@triggerBody()"}}}}}}}};
}

// ---- the world

class World {
 public:
  World(std::uint64_t seed, bool calm, SimulationResult& counts)
      : faults_{Dice(seed * 2 + 1), calm ? 0 : 40, &counts}, clock_(beginning) {
    Dice dice(seed);
    Author author(dice);
    flow_ = author.flow();
    other_.news = static_cast<int>(dice.below(4));
  }

  Result<void> live() {
    TRY(inner_, store::open_sqlite(":memory:", store::Durability::process));
    sql::CreateTable table;
    table.name = "Saved";
    sql::ColumnDefinition column;
    column.name = "Key";
    column.type = sql::Type::text;
    table.columns = {column};
    TRY_DO(inner_->write(
        [&](store::Transaction& transaction) { return transaction.execute_once(table); }));
    database_ = std::make_unique<FailingDatabase>(*inner_, faults_);
    sql::Insert insert;
    insert.table = "Saved";
    insert.columns = {"Key"};
    insert.rows = {{sql::slot(0)}};
    connectors_.add(std::make_unique<SimulatedConnector>(other_, faults_, inner_->prepare(insert)));
    TRY_DO(insist([&]() -> Result<void> {
      TRY_DO(driver_->deploy("flow", flow_, {}));
      TRY_DO(driver_->deploy("news", news_flow(), {}));
      return {};
    }));
    for (std::size_t i = 1; i <= runs_wanted; ++i) {
      TRY_DO(insist([&]() -> Result<void> {
        TRY(const auto there, runs("flow"));
        if (there.size() < i) TRY_DO(driver_->start("flow", "", i, {}));
        return {};
      }));
    }
    return go_on();
  }

  Result<std::vector<RunRecord>> runs(const std::string& flow) {
    RunQuery query;
    query.flow = flow;
    query.limit = 1'000;
    TRY(auto found, driver_->runs().runs(query));
    std::reverse(found.begin(), found.end());
    return found;
  }
  Driver& driver() { return *driver_; }
  store::Database& inner() { return *inner_; }
  const OtherSide& other() const { return other_; }
  const json::value& flow() const { return flow_; }
  const Connectors& connectors() const { return connectors_; }

 private:
  static constexpr std::size_t runs_wanted = 2;

  Result<void> boot() {
    driver_.reset();
    DriverOptions options;
    options.key = "simulation";
    options.turn.events = 1 + faults_.dice.below(20);
    options.crash = [this](CrashPoint) { return faults_.strikes(30, &SimulationResult::crashes); };
    for (int tries = 0;; ++tries) {
      auto opened = Driver::open(*database_, connectors_, clock_, options);
      if (opened) {
        driver_ = *std::move(opened);
        driver_->set_url("http://sim");
        return {};
      }
      if (tries > 100) return std::unexpected(opened.error());
    }
  }

  // Does the work, through crashes and full disks.
  template <class Work>
  Result<void> insist(Work&& work) {
    for (int tries = 0;; ++tries) {
      if (driver_ == nullptr) TRY_DO(boot());
      auto done = work();
      if (done) return done;
      const bool passes = done.error().code == "FLOWCRASH" || done.error().code == "STORE0106";
      if (!passes || tries > 300) return done;
      if (done.error().code == "FLOWCRASH")
        driver_.reset();
      else
        clock_.advance(seconds(1));
    }
  }

  // Until nothing moves any more, the feed has told everything, and nobody waits to be called back.
  Result<void> go_on() {
    constexpr int most_rounds = 5'000;
    for (int round = 0; round < most_rounds; ++round) {
      TRY_DO(insist([&]() -> Result<void> {
        TRY_DO(driver_->run_until_idle(10'000));
        return {};
      }));
      TRY_DO(call_back());
      TRY(const bool over, all_over());
      if (over) return {};
      const auto due = driver_->next_due();
      if (!due) return fail("SIM", "something waits for ever");
      clock_.set(std::max(clock_.now(), *due));
      if (faults_.strikes(10, &SimulationResult::jumps)) {
        clock_.advance(faults_.dice.once_in(2)
                           ? minutes(static_cast<std::int64_t>(faults_.dice.below(120)))
                           : Timespan{-minutes(30).ticks});
      }
    }
    return fail("SIM", "the flows do not come to an end");
  }

  Result<bool> all_over() {
    TRY(const auto told, runs("news"));
    if (told.size() < static_cast<std::size_t>(other_.news)) return false;
    TRY(const auto unfinished, driver_->runs().unfinished());
    return unfinished.empty();
  }

  // Everybody who was asked calls back, some of them twice.
  Result<void> call_back() {
    const auto urls = other_.callback_urls;
    for (std::size_t i = called_; i < urls.size(); ++i) {
      constexpr std::string_view prefix = "http://sim/hooks/runs/";
      const auto rest = std::string_view(urls[i]).substr(prefix.size());
      const auto slash = rest.find('/');
      const auto run = std::stoll(std::string(rest.substr(0, slash)));
      auto instance = std::string(rest.substr(slash + 1, rest.find('?') - slash - 1));
      if (const auto at = instance.find("%2F"); at != std::string::npos)
        instance.replace(at, 3, "/");
      const int times = faults_.dice.once_in(3) ? 2 : 1;
      for (int time = 0; time < times; ++time) {
        TRY_DO(insist([&]() -> Result<void> {
          auto done = driver_->call_back(run, instance, json::object{{"body", "yes"}});
          if (!done && done.error().code == "FLOW0512") return {};
          return done;
        }));
      }
    }
    called_ = urls.size();
    return {};
  }

  Faults faults_;
  ManualClock clock_;
  OtherSide other_;
  json::value flow_;
  std::size_t called_ = 0;
  std::unique_ptr<store::Database> inner_;
  std::unique_ptr<FailingDatabase> database_;
  Connectors connectors_;
  std::unique_ptr<Driver> driver_;
};

// ---- what must hold

using Violation = std::optional<std::string>;

// What a run came to, without times and attempts.
Result<std::vector<std::string>> essence(World& world, const RunRecord& run) {
  TRY(const auto view, world.driver().show(run.id));
  std::vector<std::string> lines{fmt::format("run {} {}", to_string(run.status), run.message)};
  for (const auto& action : view.actions) {
    std::string at;
    for (const auto iteration : action.iterations) at += fmt::format("/{}", iteration);
    // What a variable has been increased to depends on who was first, and that on when others answered.
    const auto outputs = action.type == "IncrementVariable" ? json::value() : action.outputs;
    lines.push_back(fmt::format("{}{} {} {}", action.name, at, to_string(action.status),
                                json::serialize(outputs)));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Result<std::vector<std::string>> saved_keys(World& world) {
  sql::Select select;
  select.items = {{sql::column("Key"), {}}};
  select.from = sql::table("Saved");
  const auto statement = world.inner().prepare(sql::query(std::move(select)));
  std::vector<std::string> keys;
  TRY_DO(world.inner().read([&](store::Connection& connection) {
    return connection.query(statement, {},
                            [&](const store::Row& row) { keys.emplace_back(row.text(0)); });
  }));
  std::sort(keys.begin(), keys.end());
  return keys;
}

Status fold(const Workflow& workflow, const RunRecord& run, const std::vector<Event>& events,
            int times, const Site& site) {
  auto facts = facts_of(run);
  facts.site = &site;
  State state(workflow, facts);
  std::vector<Command> commands;
  for (const auto& event : events) {
    for (int time = 0; time < times; ++time) {
      // Continued is no news that could come twice: it is our own breath.
      if (time == 0 || !std::holds_alternative<Continued>(event.what))
        advance(workflow, state, event, commands);
    }
    commands.clear();
  }
  return state.status;
}

Result<Violation> judge_run(World& world, const Workflow& workflow, const RunRecord& run,
                            std::set<std::string>& saves) {
  if (!run.ended) return fmt::format("ends: run {} is {}", run.id, to_string(run.status));
  TRY(const auto events, world.driver().runs().events(run.id, workflow));
  Timestamp last{};
  for (const auto& event : events) {
    if (event.at < last) return fmt::format("forward: run {} goes back in time", run.id);
    last = event.at;
    const auto* completed = std::get_if<Completed>(&event.what);
    if (completed == nullptr || !completed->outcome.succeeded()) continue;
    const auto& action = workflow.action(completed->instance.action);
    const auto* call = std::get_if<ConnectorCall>(&action.kind);
    if (call == nullptr) continue;
    const auto key = IdempotencyKey{run.id, action.name, completed->instance.iterations.view(),
                                    completed->attempt}
                         .to_string();
    if (call->operation == "Save")
      saves.insert(key);
    else if (!world.other().done.contains(key))
      return fmt::format("done: {} was answered, and never done", key);
  }
  for (const int times : {1, 2}) {
    const auto status = fold(workflow, run, events, times, world.driver().site());
    if (status != run.status) {
      return fmt::format("folds: run {} is {}, and its history{} says {}", run.id,
                         to_string(run.status), times > 1 ? ", given twice," : "",
                         to_string(status));
    }
  }
  std::string stored;
  for (const auto& event : events) stored += event_line(workflow, event);
  if (stored.find(secret) != std::string::npos) return fmt::format("hidden: run {} tells", run.id);
  return Violation();
}

Result<Violation> judge(World& world, World& calm) {
  TRY(auto definition, parse_definition(world.flow()));
  Settings settings;
  settings.seal = &world.driver().site().seal();
  TRY(const auto workflow, Workflow::compile(std::move(definition), world.connectors(), settings));
  TRY(const auto runs, world.runs("flow"));
  TRY(const auto calm_runs, calm.runs("flow"));
  if (runs.size() != calm_runs.size())
    return fmt::format("once: {} runs instead of {}", runs.size(), calm_runs.size());
  std::set<std::string> saves;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    TRY(auto violation, judge_run(world, workflow, runs[i], saves));
    if (violation) return violation;
    TRY(const auto is, essence(world, runs[i]));
    TRY(const auto should, essence(calm, calm_runs[i]));
    for (std::size_t line = 0; line < std::max(is.size(), should.size()); ++line) {
      const auto a = line < is.size() ? is[line] : "nothing",
                 b = line < should.size() ? should[line] : "nothing";
      if (a != b)
        return fmt::format("same: run {} has `{}`, and in a calm world `{}`", runs[i].id, a, b);
    }
  }
  TRY(const auto keys, saved_keys(world));
  if (keys != std::vector<std::string>(saves.begin(), saves.end())) {
    return fmt::format("once: {} writes for {} actions that succeeded in one", keys.size(),
                       saves.size());
  }
  TRY(const auto told, world.runs("news"));
  std::set<std::string> heard;
  for (const auto& run : told) {
    TRY(const auto view, world.driver().show(run.id));
    heard.insert(view.actions.empty() ? "nothing" : json::serialize(view.actions.front().outputs));
  }
  if (heard.size() != told.size() || told.size() != static_cast<std::size_t>(world.other().news)) {
    return fmt::format("news: {} runs, {} of them different, for {} news", told.size(),
                       heard.size(), world.other().news);
  }
  return Violation();
}

}  // namespace

Result<SimulationResult> simulate_flows(std::uint64_t seed) {
  SimulationResult result, none;
  World calm(seed, true, none);
  TRY_DO(calm.live());
  World world(seed, false, result);
  if (auto lived = world.live(); !lived) {
    if (lived.error().code != "SIM") return std::unexpected(lived.error());
    result.violation = "ends: " + lived.error().message;
    return result;
  }
  TRY(const auto runs, world.runs(""));
  result.runs = runs.size();
  TRY(result.violation, judge(world, calm));
  return result;
}

}  // namespace rollcall::flow
