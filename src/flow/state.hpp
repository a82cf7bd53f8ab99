// Where a run stands: statuses and outputs of its actions, variables, loops, times it waits for. Only
// advance() changes it. Frames hold the actions of the run itself or of one iteration of a loop.
#pragma once
#include <boost/container/devector.hpp>
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"
#include "flow/advance.hpp"
#include "flow/workflow.hpp"

namespace rollcall::flow {

struct Frame;
class Site;  // site.hpp

// First in, first out; an empty one takes no memory, and many runs do nothing but wait.
template <class T>
using Queue = boost::container::devector<T>;

// Why an action was passed over.
enum class SkipReason : std::uint8_t { none, run_after, branch, parent };

struct Failure {
  std::string code;
  std::string message;
};

struct LoopState {
  json::value items;        // of Foreach: an array
  std::uint32_t next = 0;   // the iteration that begins next
  std::uint32_t total = 0;  // of Until: the most there may be
  Timestamp deadline;       // of Until
  Status status = Status::succeeded;
  std::vector<std::unique_ptr<Frame>> active;
  std::vector<std::unique_ptr<Frame>>
      over;                      // finished iterations, when they are kept; of Until the last one
  std::unique_ptr<Frame> spare;  // for the next iteration
};

// What a call is at, once it is more than one question and its answer.
struct CallState {
  enum class Stage : std::uint8_t {
    asking,         // or waiting for its next attempt
    polling,        // the other side is still at it, and has said where to ask
    waiting,        // subscribed; to be called back
    unsubscribing,  // called back, or too late
  };
  Stage stage = Stage::asking;
  BoundOperation operation;  // of the classic style, which finds it by its request
  std::uint32_t retries = 0;
  std::string location;              // of polling
  std::optional<json::value> heard;  // what the call back said
  Document subscription;             // what subscribing answered
  bool timed_out = false;
};

struct Slot {
  Status status = Status::waiting;
  SkipReason skip_reason = SkipReason::none;
  std::uint32_t attempt = 0;
  // Before it runs: predecessors that have not finished. While it runs: actions of its block that have not.
  std::uint32_t pending = 0;
  std::uint32_t branch = 0;  // of If and Switch: which of its blocks runs
  Timestamp started, ended;
  json::value inputs;
  Document outputs;
  std::unique_ptr<Failure> failure;
  std::unique_ptr<LoopState> loop;
  std::unique_ptr<CallState> call;
};

struct Frame {
  ActionIndex loop = no_action;
  std::uint32_t iteration = 0;
  std::uint32_t pending = 0;  // actions of the body that have not finished
  Frame* outer = nullptr;
  const json::value* item = nullptr;
  std::vector<Slot> slots;
};

struct Variable {
  std::string name;
  VariableDeclaration::Type type;
  json::value value;
};

struct Timer {
  enum class Purpose { delay, retry, poll, deadline };
  Instance instance;
  Purpose purpose;
};

// Told of every action that ends, with its frame and slot as they are then; for those who show a run.
class Observer {
 public:
  virtual void ended(const Workflow& workflow, const Frame& frame, ActionIndex action,
                     const Slot& slot) = 0;

 protected:
  ~Observer() = default;
};

// What a run is told of itself when it begins.
struct RunFacts {
  std::int64_t run = 0;
  std::string flow;
  std::uint64_t seed = 0;
  const Site* site = nullptr;  // absent: nobody can call it back
};

// An action whose predecessors have all finished.
struct Ready {
  Frame* frame;
  ActionIndex action;
};

struct State {
  State(const Workflow& workflow, RunFacts run);

  bool over() const { return finished(status); }
  // The event's share of local steps was used up: a Continued is due.
  bool has_more() const { return !ready.empty(); }
  std::optional<Timestamp> next_time() const;
  // The instance whose time has come by then, earliest first.
  std::optional<Instance> due(Timestamp now) const;
  // The run has lasted as long as it may.
  bool expires(Timestamp now) const { return !over() && ends_by && *ends_by <= now; }
  // The call is still waited for.
  bool awaits(const Workflow& workflow, const Instance& instance, std::uint32_t attempt) const;

  RunFacts run;
  Status status = Status::waiting;
  json::value trigger;  // {"name", "outputs", …}
  std::unique_ptr<Frame> root;
  std::vector<Variable> variables;
  Queue<Ready> ready;
  ActionIndex held = no_action;  // of a resumed run: it waits here, not to be begun before Released
  std::vector<Ready> holding;
  std::optional<Timestamp> ends_by;
  boost::container::flat_multimap<Timestamp, Timer> timers;
  std::uint64_t random = 0;   // where the run's random numbers stand
  std::uint64_t actions = 0;  // how many have begun
  bool responded = false;
  Observer* observer = nullptr;
};

// The frame that holds the instance's slot; nullptr when its iteration is not (or no longer) there.
Frame* find_frame(const Workflow& workflow, const State& state, const Instance& instance);
// By name, letter case ignored; nullptr when it is not initialized.
Variable* find_variable(State& state, std::string_view name);
// The iterations around an action in this frame.
Iterations iterations_of(const Frame& frame);
// A frame as it is before anything in it began.
void reset(Frame& frame, const Workflow& workflow);
std::uint64_t next_random(std::uint64_t& state);  // SplitMix64

}  // namespace rollcall::flow
