// A run as people look at it: every action with its status, times, inputs and outputs. It is not stored but
// folded from the history.
#pragma once
#include <string>
#include <vector>

#include "flow/run_store.hpp"
#include "flow/state.hpp"

namespace rollcall::flow {

struct ActionView {
  std::string name;
  std::string type;
  std::vector<std::uint32_t> iterations;  // of the loops around it, outermost first
  Status status = Status::waiting;
  Timestamp started, ended;
  std::uint32_t attempts = 0;             // of a call
  json::value inputs, outputs;            // null when marked as secure
  std::string code, message;              // why it failed or was skipped
};

struct RunView {
  RunRecord run;
  json::value trigger;                    // {"name", "outputs", …}
  std::vector<ActionView> actions;        // in the order they ended; then those under way
  bool truncated = false;                 // there are more than max_viewed_actions
};

inline constexpr std::size_t max_viewed_actions = 100'000;

Result<RunView> view_run(RunStore& store, const RunRecord& run, const Workflow& workflow);

}  // namespace rollcall::flow
