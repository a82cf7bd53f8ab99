#include "flow/shared_variables.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "flow/templates.hpp"

namespace rollcall::flow {
namespace {

bool is_inside(const Definition& definition, ActionIndex action, ActionIndex loop) {
  for (auto up = definition.actions[action].parent; up != no_action;
       up = definition.actions[up].parent) {
    if (up == loop) return true;
  }
  return false;
}

struct Changed {
  std::string name;
  bool set = false;
};

std::optional<Changed> changed_by(const ActionKind& kind) {
  if (const auto* one = std::get_if<SetVariable>(&kind)) return Changed{one->name, true};
  if (const auto* one = std::get_if<IncrementVariable>(&kind)) return Changed{one->name};
  if (const auto* one = std::get_if<DecrementVariable>(&kind)) return Changed{one->name};
  if (const auto* one = std::get_if<AppendToArrayVariable>(&kind)) return Changed{one->name};
  if (const auto* one = std::get_if<AppendToStringVariable>(&kind)) return Changed{one->name};
  return std::nullopt;
}

}  // namespace

std::string first_shared_variable(const Definition& definition, ActionIndex loop) {
  std::set<std::string> changed, read;
  for (ActionIndex i = 0; i < definition.actions.size(); ++i) {
    if (!is_inside(definition, i, loop)) continue;
    const auto& action = definition.actions[i];
    if (const auto change = changed_by(action.kind)) {
      if (change->set) return change->name;
      changed.insert(change->name);
    }
    for_each_template(action, [&](const Template& one) {
      for (const auto& reference : one.references()) {
        if (reference.function == "variables" && reference.argument)
          read.insert(to_lower(*reference.argument));
      }
    });
  }
  for (const auto& name : changed) {
    if (read.contains(to_lower(name))) return name;
  }
  return {};
}

}  // namespace rollcall::flow
