// Who runs before whom. Only for validate*.cpp.
#pragma once
#include <vector>

#include "flow/definition.hpp"

namespace rollcall::flow {

class Graph {
 public:
  explicit Graph(const Definition& definition);

  // `before` has finished, or was skipped, whenever `action` starts. False for what stands around
  // `action`, for what may run beside it, and for the other branch of a condition.
  bool runs_before(ActionIndex before, ActionIndex action) const;
  bool is_inside(ActionIndex action, ActionIndex container) const;
  // The nearest container of this kind around the action; no_action: there is none.
  template <class Kind>
  ActionIndex around(ActionIndex action) const {
    for (ActionIndex i = definition_.actions[action].parent; i != no_action;
         i = definition_.actions[i].parent)
      if (std::holds_alternative<Kind>(definition_.actions[i].kind)) return i;
    return no_action;
  }
  // The actions of a block that run in a circle, in order; empty: there is none.
  std::vector<ActionIndex> circle(const Block& block) const;

 private:
  void enter(const Block& block);
  bool follows(ActionIndex later, ActionIndex earlier) const;

  const Definition& definition_;
  std::vector<const Block*> block_of_;
};

}  // namespace rollcall::flow
