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
  std::uint32_t attempts = 0;   // of a call
  json::value inputs, outputs;  // null when hidden
  bool hidden_inputs = false, hidden_outputs = false;
  std::string parent;         // the scope, condition or loop around it
  std::string code, message;  // why it failed or was skipped
};

struct RunView {
  RunRecord run;
  json::value trigger;              // {"name", "outputs", …}
  std::vector<ActionView> actions;  // those of the window
  std::size_t total = 0;            // how many there are
};

// Which actions are wanted, in the order they ended; behind them stand those that are under way.
struct ViewWindow {
  std::size_t skip = 0;
  std::size_t top = 10'000;
};

// `site`: as the run itself had it.
Result<RunView> view_run(RunStore& store, const RunRecord& run, const Workflow& workflow,
                         const Site* site, const ViewWindow& window);

}  // namespace rollcall::flow
