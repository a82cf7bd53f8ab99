#include "flow/diff.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.hpp"
#include "flow/definition_reader.hpp"

namespace rollcall::flow {
namespace {

using Kind = Difference::Kind;

constexpr std::size_t longest_shown = 60;

bool is_noise(std::string_view name) {
  for (const auto noise : {"metadata", "$schema", "contentVersion", "runAfter", "actions", "else",
                           "cases", "default"}) {
    if (name == noise) return true;
  }
  return false;
}

// The action's own settings, without what stands in it, in an order of their names.
json::object own(const json::object& source, bool top) {
  std::vector<std::pair<std::string, json::value>> members;
  for (const auto& [name, value] : source) {
    if (top && is_noise(name)) continue;
    if (top && equals_ignoring_case(name, "type")) {
      members.emplace_back("type", json::value(to_lower(text_of(&value))));
    } else if (const auto* object = value.if_object()) {
      members.emplace_back(name, own(*object, false));
    } else {
      members.emplace_back(name, value);
    }
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  json::object sorted;
  for (auto& [name, value] : members) sorted.emplace(name, std::move(value));
  return sorted;
}

json::object own(const json::value& source) {
  return source.is_object() ? own(source.get_object(), true) : json::object{{"value", source}};
}

std::string shown(const json::value* value) {
  if (value == nullptr) return "nothing";
  auto text = json::serialize(*value);
  if (text.size() > longest_shown) text = text.substr(0, longest_shown - 3) + "...";
  return text;
}

void compare(const json::value* a, const json::value* b, const std::string& path,
             std::vector<std::string>& details) {
  if (a != nullptr && b != nullptr && *a == *b) return;
  const auto* left = a == nullptr ? nullptr : a->if_object();
  const auto* right = b == nullptr ? nullptr : b->if_object();
  if (left == nullptr || right == nullptr) {
    details.push_back(fmt::format("{}: {} → {}", path.empty() ? "/" : path, shown(a), shown(b)));
    return;
  }
  for (const auto& [name, value] : *left)
    compare(&value, right->if_contains(name), path + pointer_step(name), details);
  for (const auto& [name, value] : *right) {
    if (!left->contains(name)) compare(nullptr, &value, path + pointer_step(name), details);
  }
}

std::string run_after(const Action& action) {
  std::vector<std::string> parts;
  for (const auto& one : action.run_after) {
    std::vector<std::string_view> statuses;
    for (const auto status :
         {Status::succeeded, Status::failed, Status::skipped, Status::timed_out}) {
      if (one.statuses.contains(status)) statuses.push_back(to_string(status));
    }
    parts.push_back(fmt::format("{} {}", one.name, fmt::join(statuses, "/")));
  }
  std::sort(parts.begin(), parts.end());
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, ", "));
}

// Where it stands: the name of what is around it, and which of its branches.
std::string place_of(const Definition& definition, const Action& action) {
  if (action.parent == no_action) return "the flow";
  const auto& around = definition.actions[action.parent];
  auto branch = action.path.substr(around.path.size() + 1);
  branch = branch.substr(0, branch.rfind("/actions"));
  return branch == "actions" || branch.starts_with("actions/")
             ? around.name
             : fmt::format("{} ({})", around.name, branch);
}

const json::value& source_of(const Definition& definition, const std::string& pointer) {
  static const json::value nothing;
  boost::system::error_code error;
  const auto* found = definition.source.find_pointer(pointer, error);
  return found == nullptr ? nothing : *found;
}

// The action of that name. Where a definition, which is not valid then, has several, the one in the same place.
const Action* counterpart(const Definition& definition, const Action& action) {
  const auto* first = definition.find(action.name);
  if (first == nullptr || first->path == action.path) return first;
  const auto same = std::ranges::find_if(definition.actions, [&](const Action& one) {
    return one.path == action.path && equals_ignoring_case(one.name, action.name);
  });
  return same == definition.actions.end() ? first : &*same;
}

class Differ {
 public:
  Differ(const Definition& before, const Definition& after) : before_(before), after_(after) {}

  std::vector<Difference> run() {
    named("parameter", "parameters");
    named("trigger", "triggers");
    actions();
    named("output", "outputs");
    connections();
    if (before_.description != after_.description)
      add(Kind::changed, "flow", "description",
          fmt::format("\"{}\" → \"{}\"", before_.description, after_.description));
    return std::move(found_);
  }

 private:
  void add(Kind kind, std::string what, std::string_view name, std::string detail) {
    found_.push_back({kind, std::move(what), std::string(name), std::move(detail)});
  }

  void named(const std::string& what, std::string_view section) {
    const auto* left = member(before_.source, section);
    const auto* right = member(after_.source, section);
    const json::object none;
    const auto& a = left != nullptr && left->is_object() ? left->get_object() : none;
    const auto& b = right != nullptr && right->is_object() ? right->get_object() : none;
    for (const auto& [name, value] : a) {
      if (name.starts_with('$')) continue;
      const auto* other = b.if_contains(name);
      if (other == nullptr) {
        add(Kind::removed, what, name, {});
        continue;
      }
      changes(what, name, own(value), own(*other));
    }
    for (const auto& [name, value] : b) {
      if (!a.contains(name) && !name.starts_with('$')) add(Kind::added, what, name, {});
    }
  }

  void changes(const std::string& what, std::string_view name, const json::value& a,
               const json::value& b) {
    std::vector<std::string> details;
    compare(&a, &b, {}, details);
    for (auto& detail : details) add(Kind::changed, what, name, std::move(detail));
  }

  void actions() {
    std::vector<const Action*> gone, come;
    for (const auto& action : before_.actions) {
      if (after_.find(action.name) == nullptr) gone.push_back(&action);
    }
    for (const auto& action : after_.actions) {
      const auto* was = counterpart(before_, action);
      if (was == nullptr)
        come.push_back(&action);
      else
        both(*was, action);
    }
    for (const auto* action : come) {
      const auto same = std::ranges::find_if(gone, [&](const Action* one) {
        return one != nullptr &&
               own(source_of(before_, one->path)) == own(source_of(after_, action->path)) &&
               equals_ignoring_case(one->type, action->type);
      });
      if (same == gone.end()) {
        add(Kind::added, "action", action->name,
            fmt::format("of type {} in {}", action->type, place_of(after_, *action)));
      } else {
        add(Kind::renamed, "action", action->name, fmt::format("was {}", (*same)->name));
        *same = nullptr;
      }
    }
    for (const auto* action : gone) {
      if (action != nullptr)
        add(Kind::removed, "action", action->name,
            fmt::format("of type {} in {}", action->type, place_of(before_, *action)));
    }
  }

  void both(const Action& was, const Action& is) {
    const auto from = place_of(before_, was), to = place_of(after_, is);
    if (!equals_ignoring_case(from, to))
      add(Kind::moved, "action", is.name, fmt::format("from {} to {}", from, to));
    const auto after_before = run_after(was), after_now = run_after(is);
    if (!equals_ignoring_case(after_before, after_now)) {
      add(Kind::changed, "action", is.name,
          fmt::format("runs after: {} → {}", after_before, after_now));
    }
    changes("action", is.name, own(source_of(before_, was.path)), own(source_of(after_, is.path)));
    const auto* left = std::get_if<Switch>(&was.kind);
    const auto* right = std::get_if<Switch>(&is.kind);
    if (left == nullptr || right == nullptr) return;
    for (const auto& one : left->cases) {
      const auto other = std::ranges::find(right->cases, one.name, &Switch::Case::name);
      if (other == right->cases.end())
        add(Kind::changed, "action", is.name, fmt::format("case {} is gone", one.name));
      else if (other->value.source() != one.value.source())
        add(Kind::changed, "action", is.name,
            fmt::format("case {}: {} → {}", one.name, shown(&one.value.source()),
                        shown(&other->value.source())));
    }
    for (const auto& one : right->cases) {
      if (std::ranges::find(left->cases, one.name, &Switch::Case::name) == left->cases.end())
        add(Kind::changed, "action", is.name, fmt::format("case {} is new", one.name));
    }
  }

  void connections() {
    for (const auto& one : before_.connections) {
      const auto exact = std::ranges::find(after_.connections, one.name, &Connection::name);
      const auto* other =
          exact == after_.connections.end() ? after_.find_connection(one.name) : &*exact;
      if (other == nullptr)
        add(Kind::removed, "connection", one.name, {});
      else if (!equals_ignoring_case(other->connector, one.connector))
        add(Kind::changed, "connection", one.name,
            fmt::format("{} → {}", one.connector, other->connector));
    }
    for (const auto& one : after_.connections) {
      if (before_.find_connection(one.name) == nullptr)
        add(Kind::added, "connection", one.name, {});
    }
  }

  const Definition& before_;
  const Definition& after_;
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> diff(const Definition& before, const Definition& after) {
  return Differ(before, after).run();
}

std::string to_string(const Difference& difference) {
  const auto sign = [&] {
    switch (difference.kind) {
      case Kind::added:
        return '+';
      case Kind::removed:
        return '-';
      case Kind::renamed:
      case Kind::moved:
      case Kind::changed:
        return '~';
    }
    return '~';
  }();
  const auto verb = difference.kind == Kind::renamed ? " renamed"
                    : difference.kind == Kind::moved ? " moved"
                                                     : "";
  return fmt::format("{} {} {}{}{}{}", sign, difference.what, difference.name, verb,
                     difference.detail.empty()          ? ""
                     : difference.kind == Kind::changed ? ": "
                                                        : " ",
                     difference.detail);
}

}  // namespace rollcall::flow
