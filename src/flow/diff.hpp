// What differs between two definitions, by meaning: order of members, letter case of types and statuses, missing
// runAfter and the designers' metadata do not count; an action that only has another name is renamed, one that
// stands elsewhere is moved.
#pragma once
#include <string>
#include <vector>

#include "flow/definition.hpp"

namespace rollcall::flow {

struct Difference {
  enum class Kind { added, removed, renamed, moved, changed };
  Kind kind = Kind::changed;
  std::string what;  // `action`, `trigger`, `parameter`, `output`, `connection`, `flow`
  std::string name;
  std::string detail;  // `/inputs/uri: "a" → "b"`, `in Scope`, `was Old_name`
};
std::vector<Difference> diff(const Definition& before, const Definition& after);
// `~ action Get: /inputs/uri: "a" → "b"`
std::string to_string(const Difference& difference);

}  // namespace rollcall::flow
