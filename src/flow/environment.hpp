// What the expressions of one action see of its run: the actions before it, the loops around it, variables,
// the trigger. Answers borrow from the State.
#pragma once
#include "expr/environment.hpp"
#include "flow/state.hpp"

namespace rollcall::flow {

class Environment final : public expr::Environment {
 public:
  Environment(const Workflow& workflow, State& state, Frame& frame, ActionIndex action,
              Timestamp now)
      : workflow_(workflow), state_(state), frame_(frame), action_(action), now_(now) {}

  Result<expr::Value> trigger() override;
  Result<expr::Value> action(std::string_view name) override;
  Result<expr::Value> current_action() override;
  Result<expr::Value> trigger_outputs() override;
  Result<expr::Value> action_outputs(std::string_view name) override;
  Result<expr::Value> action_body(std::string_view name) override;
  Result<expr::Value> result(std::string_view scope) override;
  Result<expr::Value> item() override;
  Result<expr::Value> items(std::string_view loop) override;
  Result<expr::Value> iteration_index(std::string_view loop) override;
  Result<expr::Value> variable(std::string_view name) override;
  Result<expr::Value> parameter(std::string_view name) override;
  Result<expr::Value> workflow() override;
  Result<expr::Value> callback_url() override;
  Timestamp now() override { return now_; }
  std::uint64_t random() override { return next_random(state_.random); }

 private:
  Result<ActionIndex> find(std::string_view name) const;
  const Frame* loop_frame(std::string_view loop) const;

  const Workflow& workflow_;
  State& state_;
  Frame& frame_;
  ActionIndex action_;
  Timestamp now_;
};

// {"name", "inputs", "outputs", "startTime", "endTime", "status", "code", "error"}: as actions() and result()
// have it.
std::string_view code_of(const Slot& slot);
json::object record(const Workflow& workflow, ActionIndex action, const Slot& slot);

}  // namespace rollcall::flow
