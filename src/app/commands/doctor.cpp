// `rollcall doctor`: whether the warehouse that the configuration names answers and has what the flow asks for; with
// --install-functions it is given what it lacks.
#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/embedded.hpp"
#include "base/text.hpp"
#include "http/client.hpp"
#include "kql/catalog.hpp"

namespace rollcall::app {
namespace {

const Principal doctor_principal{Principal::Kind::person, "rollcall"};

// The commands of a script: each begins a line with a dot, and reaches to the next one.
std::vector<std::string> commands_of(std::string_view script) {
  std::vector<std::string> commands;
  for (const auto line : split(script, '\n')) {
    if (line.starts_with("//")) continue;
    if (line.starts_with('.')) commands.emplace_back();
    if (!commands.empty()) commands.back().append(line).append("\n");
  }
  return commands;
}

class Doctor {
 public:
  Doctor(warehouse::Warehouse& warehouse, const Clock& clock, const Console& console)
      : warehouse_(warehouse), console_(console) {
    options_.now = clock.now();
    options_.principal = doctor_principal;
    options_.administers = true;
  }

  int examine(bool install) {
    if (const auto answer = warehouse_.query("print 1", options_); !answer) {
      say(false, fmt::format("the warehouse does not answer: {}", answer.error().message));
      return went_wrong;
    }
    say(true, "the warehouse answers");
    for (const char* view : {"OTelLogs", "Observations", "Sightings"}) examine_view(view, install);
    for (const auto& file : embedded_functions()) examine_function(file, install);
    return well_ ? done : went_wrong;
  }

 private:
  void say(bool well, std::string_view what) {
    console_.out(fmt::format("{} {}\n", well ? "ok " : "no ", what));
    well_ = well_ && well;
  }

  void examine_view(std::string_view name, bool install) {
    const auto there = [&] {
      return warehouse_.query(fmt::format("{} | take 0", name), options_).has_value();
    };
    if (there()) return say(true, fmt::format("{} is there", name));
    if (!install)
      return say(false, fmt::format("{} is not there; --install-functions makes it", name));
    for (const auto& file : embedded_cluster_functions()) {
      for (const auto& command : commands_of(file.content)) {
        if (const auto run = warehouse_.execute(command, options_); !run) {
          return say(false, fmt::format("{} cannot be made: {}", name, run.error().message));
        }
      }
    }
    say(there(), fmt::format("{} was made", name));
  }

  void examine_function(const doors::File& file, bool install) {
    const auto shipped = kql::parse_function(file.content);
    if (!shipped) return say(false, shipped.error().message);
    const auto functions = warehouse_.functions();
    if (!functions) return say(false, functions.error().message);
    const auto present = std::ranges::find(*functions, shipped->name, &kql::Function::name);
    const bool is_there = present != functions->end();
    if (is_there && trim(present->body) == trim(shipped->body))
      return say(true, fmt::format("the function {} is there", shipped->name));
    if (!install) {
      return say(false, fmt::format(
                            "the function {} is {}; --install-functions puts the shipped one there",
                            shipped->name, is_there ? "another one" : "not there"));
    }
    const auto made = warehouse_.create_or_alter_function(*shipped, doctor_principal);
    say(made.has_value(), made ? fmt::format("the function {} was installed", shipped->name)
                               : fmt::format("the function {} cannot be installed: {}",
                                             shipped->name, made.error().message));
  }

  warehouse::Warehouse& warehouse_;
  const Console& console_;
  warehouse::QueryOptions options_;
  bool well_ = true;
};

}  // namespace

int doctor(const Configuration& configuration, bool install, const Console& console,
           const Clock& clock) {
  if (!configuration.kusto) {
    console.out(fmt::format(
        "ok  the logs are kept in {}; what the flow asks for is installed there at each start\n",
        configuration.data.string()));
    return done;
  }
  console.out(fmt::format("ok  the logs are in {}, database {}\n", configuration.kusto->url,
                          configuration.kusto->database));
  const auto client = http::make_client();
  const auto warehouse = warehouse::open_cluster(*configuration.kusto, *client, clock);
  if (!warehouse) return report(console, warehouse.error());
  return Doctor(**warehouse, clock, console).examine(install);
}

}  // namespace rollcall::app
