// A definition laid out for running: operations are bound, parameters have their values, and every action has
// a place (a slot) in the frame of the innermost loop around it, so that an iteration is one small array.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "flow/connector.hpp"
#include "flow/definition.hpp"
#include "flow/json_schema.hpp"

namespace rollcall::flow {

// The actions of one level as running needs them.
struct BlockPlan {
  ActionIndex owner = no_action;  // no_action: the flow itself
  ActionIndex frame = no_action;  // the loop in whose frame its actions stand
  std::vector<ActionIndex> actions;
  std::vector<ActionIndex> first;  // run after nothing
  std::vector<ActionIndex> last;   // nothing runs after them: they decide the block's status
};

struct ActionPlan {
  ActionIndex loop = no_action;  // the innermost loop around it; no_action: none
  std::uint32_t slot = 0;        // in that loop's frame
  std::vector<ActionIndex> successors;
  std::vector<std::uint32_t> blocks;  // indices of its own blocks, in the order of flow::blocks()
  std::uint32_t block = 0;            // the one it stands in
  Connector* connector =
      nullptr;  // of a call in the classic style, whose operation is found when it runs
  BoundOperation operation;  // of every other call
  // Of a loop: finished iterations are kept, because something outside it asks for what was in them.
  bool kept = false;
  // Of a Foreach: how many iterations run at once. One, whatever the definition says, when they would otherwise
  // read each other's half-set variables, or stand in a loop whose iterations run at once.
  int at_once = 1;
  bool shares_variables =
      false;  // it would run several at once, were it not for the variables it sets
  // Of an action whose inputs show what must stay hidden.
  bool shows_secrets = false;
};

class Seal;

// What a trigger that asks others is bound to; nothing when it is none, or its connector is not here.
struct TriggerPlan {
  Connector* connector = nullptr;  // of the classic style
  BoundOperation operation;
  std::string why_not;                    // it does not fire by itself
  std::optional<JsonSchema> schema = {};  // of a request's body, when it is to be checked
  bool bound() const { return connector != nullptr || operation.connector != nullptr; }
};

// How much one run may do. They are kept with the flow's version, so that a run is the same whenever it is
// folded.
struct Limits {
  std::uint64_t actions = 5'000'000;  // that it may begin
  Timespan run_duration = days(90);
};

// What a deployment adds to a definition.
struct Settings {
  json::object parameters;
  json::object connections;  // connection name → connector id
  Limits limits = {};
  const Seal* seal = nullptr;  // for what must not be stored in clear; outlives the workflow
};

// The ids of the connectors that its calls and triggers are bound to, whether they are there or not.
std::vector<std::string> connectors_of(const Definition& definition, const Settings& settings);

class Workflow {
 public:
  // All that is wrong, one line each, in one error: FLOW0300 when there is more than one.
  static Result<Workflow> compile(Definition definition, const Connectors& connectors,
                                  const Settings& settings);

  const Definition& definition() const { return definition_; }
  const Action& action(ActionIndex index) const { return definition_.actions[index]; }
  const ActionPlan& plan(ActionIndex index) const { return plans_[index]; }
  const TriggerPlan& plan(const Trigger& trigger) const;
  const BlockPlan& block(std::uint32_t index) const { return blocks_[index]; }
  const BlockPlan& root() const { return blocks_[0]; }
  // The actions with a slot in the frame of this loop (no_action: of the run), in order of their slots.
  const std::vector<ActionIndex>& frame(ActionIndex loop) const;
  // no_action when there is none. The name as it is written is found fastest.
  ActionIndex find(std::string_view name) const;
  // nullptr: no such parameter, or it has no value.
  const json::value* parameter(std::string_view name) const;
  const JsonSchema* schema(ActionIndex parse_json) const;
  // nullptr: the action does what it does.
  const StaticResult* static_result(ActionIndex action) const;
  const Limits& limits() const { return limits_; }
  const Seal* seal() const { return seal_; }
  // Something may ask for an action's inputs after it ended.
  bool keeps_inputs() const { return keeps_inputs_; }

 private:
  void lay_out();
  std::uint32_t add_block(const Block& block, ActionIndex owner, ActionIndex loop);
  void decide_what_to_keep();
  void decide_how_many_at_once(ActionIndex loop);
  void find_secrets();
  void keep_what_is_asked_for(ActionIndex from, const expr::Reference& reference);
  Result<void> set_parameters(const Settings& settings);
  void compile_schemas(std::vector<Error>& errors);

  Definition definition_;
  std::vector<ActionPlan> plans_;
  std::vector<TriggerPlan> triggers_;
  std::vector<BlockPlan> blocks_;                                     // the root is the first
  std::unordered_map<ActionIndex, std::vector<ActionIndex>> frames_;  // by loop
  std::unordered_map<std::string_view, ActionIndex> names_;           // into definition_
  json::object parameters_;
  std::unordered_map<ActionIndex, JsonSchema> schemas_;
  bool keeps_inputs_ = false;
  Limits limits_;
  const Seal* seal_ = nullptr;
};

}  // namespace rollcall::flow
