// One advance() at work: what the action kinds (actions/*.cpp) see of it. An action begins when its runAfter
// is satisfied, and ends at once or when an event comes; whatever ends may make others ready. Ready actions
// stand in State::ready, so that nothing recurses deeper than blocks are nested.
#pragma once
#include <string>
#include <vector>

#include "flow/environment.hpp"
#include "flow/state.hpp"

namespace rollcall::flow {

// One event takes at most so many local steps; the rest waits for a Continued.
inline constexpr std::size_t max_steps_per_event = 1'000;
// Items of a Foreach, of Select and of Filter array.
inline constexpr std::size_t max_items = 100'000;
// Iterations of an Until.
inline constexpr std::int64_t max_until_count = 5'000;
// Characters of a string variable.
inline constexpr std::size_t max_string_length = 104'857'600;
// The furthest that a delay may reach.
inline constexpr Timespan max_delay = days(366);

class Execution {
 public:
  Execution(const Workflow& workflow, State& state, Timestamp now, std::vector<Command>& commands)
      : workflow_(workflow), state_(state), now_(now), commands_(commands) {}

  const Workflow& workflow() const { return workflow_; }
  State& state() { return state_; }
  Timestamp now() const { return now_; }
  Slot& slot(Frame& frame, ActionIndex action) { return frame.slots[workflow_.plan(action).slot]; }
  void command(Command command) { commands_.push_back(std::move(command)); }
  Instance instance(const Frame& frame, ActionIndex action) const {
    return {action, iterations_of(frame)};
  }
  // What expressions of this action see.
  Environment environment(Frame& frame, ActionIndex action) {
    return {workflow_, state_, frame, action, now_};
  }
  // Someone may ask for the inputs later.
  bool keeps_inputs() const { return state_.observer != nullptr || workflow_.keeps_inputs(); }

  // How an action ends.
  void succeed(Frame& frame, ActionIndex action, Document outputs = {});
  void fail(Frame& frame, ActionIndex action, std::string code, std::string message);
  void fail(Frame& frame, ActionIndex action, const Error& error);
  void end(Frame& frame, ActionIndex action, Status status);
  void end_run(Status status, std::string code, std::string message);

  // Begins one of the action's own blocks; the action ends with it.
  void enter(Frame& frame, ActionIndex action, std::uint32_t block);
  // Nothing in the block will run.
  void pass_over(Frame& frame, std::uint32_t block, SkipReason reason);
  Status block_status(Frame& frame, const BlockPlan& block);

  void set_timer(Frame& frame, ActionIndex action, Timer::Purpose purpose, Timestamp due);
  void drop_timers(const Instance& instance);

  void begin_run();
  void settle();
  void release();

 private:
  void begin(Frame& frame, ActionIndex action);
  bool may_run(Frame& frame, ActionIndex action);
  void end_as_told(Frame& frame, ActionIndex action, const StaticResult& result);
  void leave(Frame& frame, std::uint32_t block);
  std::string first_failure(Frame& frame, const BlockPlan& block);

  const Workflow& workflow_;
  State& state_;
  Timestamp now_;
  std::vector<Command>& commands_;
};

// ---- what each kind does when it begins (actions/*.cpp)
void start(Execution&, Frame&, ActionIndex, const ConnectorCall&);
void start(Execution&, Frame&, ActionIndex, const Http&);
void start(Execution&, Frame&, ActionIndex, const HttpWebhook&);
void start(Execution&, Frame&, ActionIndex, const Compose&);
void start(Execution&, Frame&, ActionIndex, const ParseJson&);
void start(Execution&, Frame&, ActionIndex, const InitializeVariable&);
void start(Execution&, Frame&, ActionIndex, const SetVariable&);
void start(Execution&, Frame&, ActionIndex, const IncrementVariable&);
void start(Execution&, Frame&, ActionIndex, const DecrementVariable&);
void start(Execution&, Frame&, ActionIndex, const AppendToArrayVariable&);
void start(Execution&, Frame&, ActionIndex, const AppendToStringVariable&);
void start(Execution&, Frame&, ActionIndex, const FilterArray&);
void start(Execution&, Frame&, ActionIndex, const Select&);
void start(Execution&, Frame&, ActionIndex, const Table&);
void start(Execution&, Frame&, ActionIndex, const Join&);
void start(Execution&, Frame&, ActionIndex, const Response&);
void start(Execution&, Frame&, ActionIndex, const Terminate&);
void start(Execution&, Frame&, ActionIndex, const Wait&);
void start(Execution&, Frame&, ActionIndex, const RunWorkflow&);
void start(Execution&, Frame&, ActionIndex, const Calculate&);
void start(Execution&, Frame&, ActionIndex, const Scope&);
void start(Execution&, Frame&, ActionIndex, const If&);
void start(Execution&, Frame&, ActionIndex, const Switch&);
void start(Execution&, Frame&, ActionIndex, const Foreach&);
void start(Execution&, Frame&, ActionIndex, const Until&);
void start(Execution&, Frame&, ActionIndex, const Unsupported&);

// ---- what comes later
// All actions of the iteration have finished. The frame may be gone when this returns.
void iteration_ended(Execution&, Frame& iteration);
void call_completed(Execution&, Frame&, ActionIndex, Outcome outcome);
// False: it does not wait to be called back.
bool called_back(Execution&, Frame&, ActionIndex, json::value outputs);
void time_came(Execution&, Frame&, ActionIndex, Timer::Purpose purpose);

}  // namespace rollcall::flow
