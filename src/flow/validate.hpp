// Everything that is wrong with a definition and can be known before it runs, in one pass.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "flow/definition.hpp"

namespace rollcall::flow {

struct Finding {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  std::string code;     // FLOW01xx, or the EXPR code of an expression
  std::string path;     // JSON pointer in the definition
  std::string message;  // what it is and what to do
};

// In the order of the definition. A definition without errors can be run: every type is known, every name
// that an expression or runAfter uses is there, and nothing runs in a circle.
std::vector<Finding> validate(const Definition& definition);

// One line: `FLOW0103 /actions/Send/runAfter/Quer: …`; warnings begin with `warning `.
std::string to_string(const Finding& finding);

}  // namespace rollcall::flow
