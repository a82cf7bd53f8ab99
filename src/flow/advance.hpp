// The core of a flow: a pure function that takes a run forward by one event and says what is to be done.
// It reads no clock, does no I/O and draws no random numbers of its own: time comes with the event, random
// numbers from the run's seed and the place that asks. So folding the events of a run gives its state again,
// and what it still waits for is what a crash left undone.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "flow/connector.hpp"
#include "flow/status.hpp"

namespace rollcall::flow {

class Workflow;  // workflow.hpp: a definition, compiled
struct State;    // state.hpp: where a run stands

// The iterations of the loops around an action, outermost first; counted from 0.
class Iterations {
 public:
  static constexpr std::size_t max_depth = 12;  // of loops within loops; deeper ones are refused
  void push(std::uint32_t iteration);
  std::span<const std::uint32_t> view() const { return {at_.data(), depth_}; }
  bool operator==(const Iterations&) const = default;

 private:
  std::array<std::uint32_t, max_depth> at_{};
  std::uint8_t depth_ = 0;
};

// One execution of one action of a run: `action` is its index in the workflow.
struct Instance {
  std::uint32_t action = 0;
  Iterations iterations;
  bool operator==(const Instance&) const = default;
};

// What happened. The history of a run is a list of these.
struct Started {
  // {"name", "startTime", "outputs": {"headers", "body"}, "clientTrackingId", …}; of a resumed run also
  // {"resume": {"run", "from"}}: the action `from` is held back until Released.
  json::value trigger;
};
// An operation answered.
struct Completed {
  Instance instance;
  std::uint32_t attempt = 1;
  Outcome outcome;
};
// A time that the instance waited for has come: a delay, a retry, a deadline.
struct TimeCame {
  Instance instance;
};
// More local steps, of which an event takes a bounded number.
struct Continued {};
struct CancelRequested {
  std::string by;
};
// The other side of a webhook called the instance back.
struct CalledBack {
  Instance instance;
  json::value outputs;  // {"headers", "queries", "body"}
};
// The actions that a resumed run holds back begin (Started says which).
struct Released {};
// The run has lasted as long as it may.
struct Expired {};
struct Event {
  Timestamp at;
  std::variant<Started, Completed, TimeCame, Continued, CancelRequested, CalledBack, Released,
               Expired>
      what;
};

// What is to be done. Calls stay outstanding until their Completed comes.
struct CallOperation {
  Instance instance;
  std::uint32_t attempt = 1;
  BoundOperation operation;
  json::value inputs;             // an object
  std::string location = {};      // as Call has it
  std::string callback_url = {};  // as Call has it
};
struct StartChild {
  Instance instance;
  std::string flow;
  json::value outputs;  // of its trigger: {"headers", "body", …}
};
// The answer to whoever started the run; at most one a run.
struct Respond {
  json::value outputs;  // {"statusCode", "headers", "body"}
  bool secure = false;  // never to be stored in clear
};
struct Finish {
  Status status;
  std::string code;
  std::string message;
};
using Command = std::variant<CallOperation, StartChild, Respond, Finish>;

// False: the event does not fit the state (a second completion, a time that was waited for no longer) and
// changed nothing. Then it must not be kept either.
bool advance(const Workflow& workflow, State& state, Event event, std::vector<Command>& commands);

}  // namespace rollcall::flow
