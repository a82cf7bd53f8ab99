// `rollcall sim`: flows under faults, seed by seed (flow/simulation.hpp says what must hold).
#include <fmt/format.h>

#include "app/commands/simulate.hpp"
#include "base/json.hpp"
#include "flow/simulation.hpp"

namespace rollcall::app {

// Exit code 1 with the first seed that violates something; that seed alone tells the same story again.
int simulate(const SimulateOptions& options, const Console& console, const Clock&) {
  const auto first = options.seed, last = std::max(options.last, first);
  flow::SimulationResult all;
  for (auto seed = first; seed <= last; ++seed) {
    const auto result = flow::simulate_flows(seed);
    if (!result) return report(console, result.error());
    if (result->violation) {
      console.out(options.json ? json::serialize(json::object{{"seed", seed}, {"violation", *result->violation}}) + "\n"
                               : fmt::format("seed {}: {}\n", seed, *result->violation));
      return went_wrong;
    }
    all.crashes += result->crashes;
    all.failed_writes += result->failed_writes;
    all.lost_replies += result->lost_replies;
    all.jumps += result->jumps;
    all.runs += result->runs;
    if (last - first > 500 && (seed - first) % 1'000 == 999) console.err(fmt::format("{} seeds\n", seed - first + 1));
  }
  const auto seeds = last - first + 1;
  console.out(options.json ? json::serialize(json::object{{"seeds", seeds}, {"violations", 0}, {"runs", all.runs}, {"crashes", all.crashes},
                                                          {"failedWrites", all.failed_writes}, {"lostReplies", all.lost_replies}, {"clockJumps", all.jumps}}) + "\n"
                           : fmt::format("{} seeds, 0 violations ({} runs, {} crashes, {} failed writes, {} lost replies, {} clock jumps)\n", seeds, all.runs,
                                         all.crashes, all.failed_writes, all.lost_replies, all.jumps));
  return done;
}

}  // namespace rollcall::app
