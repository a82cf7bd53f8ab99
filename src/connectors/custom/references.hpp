// `$ref`s of an OpenAPI 2.0 document, within the document; and what is left of the work that
// reading may take.
#pragma once
#include <optional>

#include "connectors/custom/definition.hpp"

namespace rollcall::connectors {

class References {
 public:
  explicit References(const json::value& document) : document_(document) {}
  // Follows `$ref`s until something else comes. CONNECTOR0504: it leads nowhere, out of the
  // document, or round in a circle; CONNECTOR0503: the document asks for more than is read.
  Result<const json::value*> follow(const json::value& value);
  // The shape of a body with this schema.
  Result<BodyShape> shape(const json::value& schema);

 private:
  Result<void> shape_into(const json::value& schema, BodyShape& shape, int depth);
  Result<void> members(const json::value& schema, BodyShape& shape, int depth);
  Result<void> spend();

  const json::value& document_;
  std::vector<const json::value*>
      open_;  // schemas that are being read: who comes back to one is in a circle
  std::size_t spent_ = 0;
};

}  // namespace rollcall::connectors
