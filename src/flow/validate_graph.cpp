#include "flow/validate_graph.hpp"

#include <algorithm>

namespace rollcall::flow {

Graph::Graph(const Definition& definition)
    : definition_(definition), block_of_(definition.actions.size(), nullptr) {
  enter(definition.root);
}

void Graph::enter(const Block& block) {
  for (const ActionIndex i : block.actions) {
    block_of_[i] = &block;
    for (const Block* inner : blocks(definition_.actions[i])) enter(*inner);
  }
}

bool Graph::is_inside(ActionIndex action, ActionIndex container) const {
  for (ActionIndex i = definition_.actions[action].parent; i != no_action;
       i = definition_.actions[i].parent)
    if (i == container) return true;
  return false;
}

// Both in one block: following runAfter back from `later` one comes to `earlier`.
bool Graph::follows(ActionIndex later, ActionIndex earlier) const {
  std::vector<bool> seen(definition_.actions.size());
  std::vector<ActionIndex> open{later};
  while (!open.empty()) {
    const ActionIndex i = open.back();
    open.pop_back();
    for (const RunAfter& after : definition_.actions[i].run_after) {
      if (after.action == earlier) return true;
      if (after.action == no_action || seen[after.action]) continue;
      seen[after.action] = true;
      open.push_back(after.action);
    }
  }
  return false;
}

bool Graph::runs_before(ActionIndex before, ActionIndex action) const {
  for (ActionIndex i = action; i != no_action; i = definition_.actions[i].parent)
    for (ActionIndex j = before; j != no_action; j = definition_.actions[j].parent)
      if (block_of_[i] == block_of_[j]) return i != j && follows(i, j);
  return false;
}

std::vector<ActionIndex> Graph::circle(const Block& block) const {
  enum class Mark { fresh, open, done };
  std::vector<Mark> marks(definition_.actions.size(), Mark::fresh);
  for (const ActionIndex start : block.actions) {
    if (marks[start] != Mark::fresh) continue;
    std::vector<std::pair<ActionIndex, std::size_t>> path{{start, 0}};
    marks[start] = Mark::open;
    while (!path.empty()) {
      auto& [i, next] = path.back();
      const auto& after = definition_.actions[i].run_after;
      if (next == after.size()) {
        marks[i] = Mark::done;
        path.pop_back();
        continue;
      }
      const ActionIndex to = after[next++].action;
      if (to == no_action || marks[to] == Mark::done) continue;
      if (marks[to] == Mark::open) {
        std::vector<ActionIndex> found;
        const auto from = std::ranges::find(path, to, &std::pair<ActionIndex, std::size_t>::first);
        for (auto at = from; at != path.end(); ++at) found.push_back(at->first);
        std::ranges::reverse(found);
        return found;
      }
      marks[to] = Mark::open;
      path.emplace_back(to, 0);
    }
  }
  return {};
}

}  // namespace rollcall::flow
