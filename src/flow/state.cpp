#include "flow/state.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

namespace rollcall::flow {

State::State(const Workflow& workflow, RunFacts facts)
    : run(std::move(facts)), root(std::make_unique<Frame>()), random(run.seed) {
  reset(*root, workflow);
}

std::optional<Timestamp> State::next_time() const {
  if (over()) return std::nullopt;
  if (timers.empty()) return ends_by;
  return ends_by ? std::min(*ends_by, timers.begin()->first) : timers.begin()->first;
}

std::optional<Instance> State::due(Timestamp now) const {
  if (timers.empty() || timers.begin()->first > now) return std::nullopt;
  return timers.begin()->second.instance;
}

bool State::awaits(const Workflow& workflow, const Instance& instance,
                   std::uint32_t attempt) const {
  if (over()) return false;
  const auto* frame = find_frame(workflow, *this, instance);
  if (frame == nullptr) return false;
  const auto& slot = frame->slots[workflow.plan(instance.action).slot];
  return slot.status == Status::running && slot.attempt == attempt;
}

Frame* find_frame(const Workflow& workflow, const State& state, const Instance& instance) {
  const auto iterations = instance.iterations.view();
  std::array<ActionIndex, Iterations::max_depth> loops{};
  std::size_t depth = 0;
  for (auto loop = workflow.plan(instance.action).loop; loop != no_action;
       loop = workflow.plan(loop).loop) {
    if (depth == iterations.size()) return nullptr;
    loops[depth++] = loop;
  }
  if (depth != iterations.size()) return nullptr;
  auto* frame = state.root.get();
  for (std::size_t i = 0; i < depth; ++i) {
    const auto& loop = frame->slots[workflow.plan(loops[depth - 1 - i]).slot].loop;
    if (loop == nullptr) return nullptr;
    const auto found =
        std::find_if(loop->active.begin(), loop->active.end(),
                     [&](const auto& active) { return active->iteration == iterations[i]; });
    if (found == loop->active.end()) return nullptr;
    frame = found->get();
  }
  return frame;
}

Variable* find_variable(State& state, std::string_view name) {
  for (auto& variable : state.variables) {
    if (equals_ignoring_case(variable.name, name)) return &variable;
  }
  return nullptr;
}

Iterations iterations_of(const Frame& frame) {
  Iterations iterations;
  if (frame.loop == no_action) return iterations;
  iterations = iterations_of(*frame.outer);
  iterations.push(frame.iteration);
  return iterations;
}

void Iterations::push(std::uint32_t iteration) {
  CHECK(depth_ < max_depth);
  at_[depth_++] = iteration;
}

void reset(Frame& frame, const Workflow& workflow) {
  const auto& actions = workflow.frame(frame.loop);
  frame.slots.clear();
  frame.slots.resize(actions.size());
  for (std::size_t i = 0; i < actions.size(); ++i) {
    frame.slots[i].pending =
        static_cast<std::uint32_t>(workflow.action(actions[i]).run_after.size());
  }
}

std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace rollcall::flow
