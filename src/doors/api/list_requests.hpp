// What the path and the query of a request say in numbers, and an item as it is answered.
#pragma once
#include "base/json.hpp"
#include "http/message.hpp"
#include "lists/list_store.hpp"

namespace rollcall::doors {

// The path's {id}. API0103: it is no number.
Result<std::int64_t> item_id(const http::Request& request);
// The item's fields, with "@odata.etag".
json::object with_version(const lists::Item& item);
// A number of the query from `least` to `most`, or `otherwise`. API0103: it is none.
Result<std::int64_t> number_of(const http::Request& request, std::string_view name,
                               std::int64_t otherwise, std::int64_t most, std::int64_t least = 0);

}  // namespace rollcall::doors
