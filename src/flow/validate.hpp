// Everything that is wrong with a definition and can be known before it runs, in one pass.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "flow/definition.hpp"

namespace rollcall::flow {

// In the order of the definition. A definition without errors can be run: every type is known,
// every name that an expression or runAfter uses is there, and nothing runs in a circle.
std::vector<Finding> validate(const Definition& definition);

// One line: `FLOW0103 /actions/Send/runAfter/Quer: …`; warnings begin with `warning `.
std::string to_string(const Finding& finding);

}  // namespace rollcall::flow
