// Flows as text: `connector` says what the other side answers, `workflow` deploys, `run` and `recur` drive the
// flow on a virtual clock and show a timed history. Every run is repeated with the plug pulled at each point
// between two durable steps; history and writes must come out the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.hpp"
#include "flow/driver.hpp"
#include "flow/history_text.hpp"
#include "flow/scripted_connector.hpp"
#include "support/cases.hpp"
#include "support/golden.hpp"

namespace rollcall::test {
namespace {

constexpr std::size_t most_times = 2'000;
constexpr std::size_t most_lines = 100;
constexpr Timespan far_future = days(365'000);
const auto midnight = *parse_iso("2026-01-01T00:00:00Z");

struct Flow {
  json::value document;
  flow::DeployOptions options;
};

struct Script {
  std::map<std::string, std::string> connectors;
  std::map<std::string, Flow> flows;
  // Who waits there is called back, once everything else is idle.
  struct CallBack {
    std::string instance;
    json::value body;
    std::optional<flow::RunId> run;  // of this one alone
  };
  std::vector<CallBack> callbacks;
};

// One process life after another on one database file.
class World {
 public:
  explicit World(const Script& script) : script_(script), clock_(midnight) {
    static int count = 0;
    file_ = std::filesystem::temp_directory_path() /
            fmt::format("rollcall-flow-{}-{}.db", getpid(), ++count);
    remove();
  }
  ~World() {
    driver_.reset();
    database_.reset();
    remove();
  }

  Result<void> boot() {
    driver_.reset();
    connectors_.reset();
    database_.reset();
    TRY(database_, store::open_sqlite(file_.string(), store::Durability::process));
    TRY_DO(prepare_writes(*database_));
    connectors_ = std::make_unique<flow::Connectors>();
    for (const auto& [id, script] : script_.connectors) {
      connectors_->add(std::make_unique<ScriptedConnector>(id, script, *database_));
    }
    flow::DriverOptions options;
    options.turn.events = turn_events;
    options.key = "the key of the tests";
    if (shares) {  // whoever is there no more is known to be gone at once
      options.lease = Timespan{};
      options.look_every = far_future;
    }
    options.crash = [this](flow::CrashPoint) { return ++points == crash_at; };
    TRY(driver_, flow::Driver::open(*database_, *connectors_, clock_, std::move(options)));
    driver_->set_url("http://rollcall.test");
    return {};
  }

  Result<void> deploy() {
    for (const auto& [name, flow] : script_.flows) {
      if (auto done = driver_->deploy(name, flow.document, {}, flow.options); !done)
        return std::unexpected(done.error());
    }
    return {};
  }

  // Does the work; when the plug is pulled, boots again and goes on.
  template <class Work>
  Result<void> survive(Work&& work) {
    for (;;) {
      auto done = work();
      if (done || done.error().code != "FLOWCRASH") return done;
      TRY_DO(boot());
    }
  }

  // Until nothing is due before `until`.
  Result<void> go(Timestamp until) {
    return survive([&]() -> Result<void> {
      for (std::size_t times = 0; times < most_times; ++times) {
        TRY_DO(driver_->run_until_idle(100'000));
        TRY(const bool called, call_back());
        if (called) continue;
        const auto due = driver_->next_due();
        if (!due || *due > until || *due - midnight >= far_future) return {};
        clock_.set(std::max(clock_.now(), *due));
      }
      return fail("TEST", "the flow does not come to an end");
    });
  }

  flow::Driver& driver() { return *driver_; }
  store::Database& database() { return *database_; }
  ManualClock& clock() { return clock_; }

  std::size_t points = 0;
  std::size_t crash_at = 0;
  std::size_t turn_events = 2'000;
  bool shares = false;  // with other processes

 private:
  Result<bool> call_back() {
    bool any = false;
    TRY(const auto runs, driver_->runs().runs({}));
    for (const auto& [instance, body, only] : script_.callbacks) {
      for (const auto& run : runs) {
        if (run.ended || run.id != only.value_or(run.id) || called_.contains({run.id, instance}))
          continue;
        called_.insert({run.id, instance});
        const auto done = driver_->call_back(
            run.id, instance, json::object{{"headers", json::object()}, {"body", body}});
        if (!done && done.error().code != "FLOW0512") return std::unexpected(done.error());
        any = any || done.has_value();
      }
    }
    return any;
  }

  void remove() {
    for (const auto suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file_.string() + suffix);
  }

  const Script& script_;
  std::set<std::pair<flow::RunId, std::string>> called_;  // as the other side remembers it
  ManualClock clock_;
  std::filesystem::path file_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<flow::Connectors> connectors_;
  std::unique_ptr<flow::Driver> driver_;
};

std::string since_midnight(Timestamp time) { return flow::since(midnight, time); }

std::string history_of(World& world, const flow::RunRecord& run) {
  const auto view = world.driver().show(run.id);
  return view ? flow::history_text(*view, midnight, world.clock().now()) : render(view.error(), "");
}

// All runs in the order they began, then what they wrote.
Result<std::string> everything(World& world) {
  TRY(auto runs, world.driver().runs().runs({}));
  std::string text;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (runs.size() > 1)
      text += fmt::format("{} {} {}\n", run->flow, run->id, since_midnight(run->started));
    text += history_of(world, *run);
  }
  // Of runs with many actions only the end is shown.
  if (const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
      lines > most_lines) {
    const auto last = text.rfind('\n', text.size() - 2);
    text = fmt::format("({} lines)\n{}", lines - 1, text.substr(last + 1));
  }
  TRY(const auto writes, read_writes(world.database()));
  for (const auto& write : writes) text += "wrote " + write + "\n";
  return text;
}

using Drive = std::function<Result<void>(World&)>;

Result<std::string> play(World& world, const Drive& drive) {
  TRY_DO(world.boot());
  TRY_DO(world.deploy());
  world.points = 0;
  TRY_DO(drive(world));
  return everything(world);
}

void same(const std::string& expected, const Result<std::string>& got, const std::string& how) {
  EXPECT_TRUE(got.has_value()) << how << ": " << (got ? "" : got.error().message);
  if (got) {
    EXPECT_EQ(expected, *got) << how;
  }
}

// `taken_over`: also by another process, which then finds what the first had claimed; it waits for a question that was
// under way.
std::string with_and_without_crashes(const Script& script, const Drive& drive,
                                     bool taken_over = true) {
  World calm(script);
  const auto expected = play(calm, drive);
  if (!expected) return render(expected.error(), "");
  for (std::size_t point = 1; point <= calm.points; ++point) {
    World world(script);
    world.crash_at = point;
    same(*expected, play(world, drive), fmt::format("crash {}", point));
  }
  World slow(script);
  slow.turn_events = 1;
  same(*expected, play(slow, drive), "with turns of one event");
  for (std::size_t point = 1; taken_over && point <= calm.points; point += point < 10 ? 1 : 7) {
    World world(script);
    world.crash_at = point;
    world.shares = true;
    same(*expected, play(world, drive), fmt::format("taken over by another process at {}", point));
  }
  return *expected;
}

// A body that is no definition is the actions of one with a request trigger.
json::value definition_of(json::value body) {
  if (find(body, "definition") != nullptr || find(body, "triggers") != nullptr ||
      find(body, "properties") != nullptr)
    return body;
  return json::object{{"triggers", {{"manual", {{"type", "Request"}, {"kind", "Http"}}}}},
                      {"actions", std::move(body)}};
}

Timestamp time_argument(const GoldenCase& one, std::string_view name, Timestamp otherwise) {
  for (const auto& argument : one.arguments) {
    if (!argument.starts_with(name)) continue;
    if (const auto time = parse_iso(argument.substr(name.size()))) return *time;
    ADD_FAILURE() << argument;
  }
  return otherwise;
}

Handlers make() {
  auto script = std::make_shared<Script>();
  Handlers handlers;
  handlers["connector"] = [script](const GoldenCase& one) {
    script->connectors[one.arguments.at(0)] = one.body;
    return std::string();
  };
  handlers["callback"] = [script](const GoldenCase& one) {
    std::optional<flow::RunId> run;
    if (one.arguments.size() > 1) run = std::stoll(one.arguments[1]);
    script->callbacks.push_back(
        {one.arguments.at(0), parse_json(one.body.empty() ? "null" : one.body).value(), run});
    return std::string();
  };
  // Says what is wrong, or nothing.
  handlers["workflow"] = [script](const GoldenCase& one) -> std::string {
    auto body = parse_json(one.body);
    if (!body) return render(body.error(), one.body);
    const auto name = one.arguments.empty() ? std::string("flow") : one.arguments[0];
    Flow flow{definition_of(*std::move(body)), {}};
    if (one.arguments.size() > 1)
      flow.options.parameters = parse_json(one.arguments[1])->as_object();
    if (script->flows.size() == 1 && script->flows.contains(name)) script->flows.clear();
    auto alone = *script;
    alone.flows = {{name, flow}};
    World world(alone);
    if (auto up = world.boot(); !up) return render(up.error(), "");
    if (auto deployed = world.deploy(); !deployed) return render(deployed.error(), "");
    script->flows[name] = std::move(flow);
    return {};
  };
  handlers["run"] = [script](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body.empty() ? "null" : one.body);
    if (!body) return render(body.error(), one.body);
    const auto name = one.arguments.empty() ? std::string("flow") : one.arguments[0];
    return with_and_without_crashes(*script, [&](World& world) -> Result<void> {
      // Whoever starts a run and gets no answer looks whether it is there.
      const auto start_once = [&]() -> Result<void> {
        TRY(const auto runs, world.driver().runs().runs({}));
        if (runs.empty()) TRY_DO(world.driver().start(name, "", *body, {}));
        return {};
      };
      TRY_DO(world.survive(start_once));
      return world.go(time_argument(one, "until=", timestamp_max));
    });
  };
  // Waits until the trigger has subscribed, and calls it.
  handlers["called"] = [script](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body.empty() ? "null" : one.body).value();
    return with_and_without_crashes(
        *script,
        [&](World& world) -> Result<void> {
          TRY_DO(world.go(midnight));
          TRY(const auto flow, world.driver().runs().flow("flow"));
          if (!flow || flow->trigger_state.find("\"subscription\"") == std::string::npos)
            return fail("TEST", "the trigger has not subscribed");
          TRY_DO(world.survive([&]() -> Result<void> {
            TRY(const auto runs, world.driver().runs().runs({}));
            if (runs.empty()) TRY_DO(world.driver().start("flow", "", body, {}));
            return {};
          }));
          return world.go(timestamp_max);
        },
        false);
  };
  // Runs it, then resumes the first run from an action.
  handlers["resume"] = [script](const GoldenCase& one) -> std::string {
    const auto body = parse_json(one.body.empty() ? "null" : one.body);
    return with_and_without_crashes(*script, [&](World& world) -> Result<void> {
      const auto once = [&](std::size_t before, const auto& work) {
        return world.survive([&]() -> Result<void> {
          TRY(const auto runs, world.driver().runs().runs({}));
          if (runs.size() == before) TRY_DO(work());
          return {};
        });
      };
      TRY_DO(once(0, [&] { return world.driver().start("flow", "", *body, {}); }));
      TRY_DO(world.go(timestamp_max));
      world.clock().advance(hours(1));
      TRY_DO(once(1, [&] { return world.driver().resume(1, one.arguments.at(0), {}); }));
      return world.go(timestamp_max);
    });
  };
  // Lets the recurrences fire until a time, from a time at which the process comes up again.
  handlers["recur"] = [script](const GoldenCase& one) -> std::string {
    return with_and_without_crashes(
        *script,
        [&](World& world) -> Result<void> {
          const auto down = time_argument(one, "down=", timestamp_max);
          const auto until = time_argument(one, "until=", midnight);
          if (down != timestamp_max) {
            TRY_DO(world.go(down));
            world.clock().set(time_argument(one, "up=", down));
            TRY_DO(world.boot());
          }
          return world.go(until);
        },
        script->connectors.empty());
  };
  return handlers;
}

const Registration golden{[] { register_golden("Flow", TEST_FOLDER "/runs", make); }};

}  // namespace
}  // namespace rollcall::test
