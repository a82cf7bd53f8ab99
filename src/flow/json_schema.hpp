// JSON Schema as Parse JSON and request triggers use it (draft 4 to 7, without remote references): compiled
// once, checked often. Keywords that only describe (title, format, examples, x-…) are skipped, as the
// specification says; a keyword that would check something we do not is an error at compilation.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace rollcall::flow {

class JsonSchema {
 public:
  // FLOW0311: not a schema, or with a keyword that is not supported; names it and where it stands.
  static Result<JsonSchema> compile(const json::value& schema);
  // FLOW0312: the first place that does not fit, as a JSON pointer, and why.
  Result<void> check(const json::value& value) const;

  struct Node;

 private:
  std::shared_ptr<const std::vector<Node>> nodes_;  // the root is the first
};

}  // namespace rollcall::flow
