// $select, $filter, $orderby, $top and $skip over entities that are no items: lists, fields, users.
// They are few, so they are looked at in memory.
#pragma once
#include "base/error.hpp"
#include "base/json.hpp"
#include "http/message.hpp"

namespace rollcall::doors::sharepoint {

// Leaves what the query asks for. ODATA… errors.
Result<void> shape(json::array& entities, const http::Parameters& query);
// $select alone.
Result<void> shape(json::object& entity, const http::Parameters& query);

}  // namespace rollcall::doors::sharepoint
