// A run that is under way, in memory: its record, its folded state, and what it has asked for. When its turn
// fails or is thrown away, nothing here may be used again: the run is loaded anew from the store.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "flow/history.hpp"
#include "flow/run_store.hpp"
#include "flow/state.hpp"

namespace rollcall::flow {

struct Incoming {
  Event event;
  std::int64_t letter = 0;  // to be deleted when it is taken in; 0: it was no letter
};

class LiveRun {
 public:
  // Folds what is stored of the run and takes up its letters.
  static Result<std::unique_ptr<LiveRun>> load(RunStore& store, RunRecord record,
                                               std::shared_ptr<const Workflow> workflow,
                                               const Site* site);

  LiveRun(RunRecord record, std::shared_ptr<const Workflow> workflow, const Site* site);
  // There is something that a turn could do now.
  bool has_work() const {
    return !incoming.empty() || !calls.empty() || !children.empty() || state.has_more();
  }
  // It has nothing to do but wait, perhaps for days: gives back the room that working took.
  void rest();
  // It has been created, and waits until fewer runs of its flow are under way.
  bool parked = false;
  // Where it stands among those that the driver wakes.
  std::optional<Timestamp> wake;
  // Takes one event into state and commands; `writer` (absent when folding) keeps it.
  void take_in(Event event, HistoryWriter* writer);

  RunRecord record;
  std::shared_ptr<const Workflow> workflow;
  Principal principal;
  State state;
  Queue<Incoming> incoming;
  Queue<CallOperation> calls;          // local ones, in the order they were asked for
  std::vector<CallOperation> outside;  // to go out after the commit
  std::vector<StartChild> children;    // to be created in the turn that asked for them
  Timestamp last_event;

 private:
  void carry_out(Command command);
  // While the run rests its trigger is a text, if a short one.
  void rest_trigger();
  void wake_trigger();
};

}  // namespace rollcall::flow
