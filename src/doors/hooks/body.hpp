// Bodies between HTTP and what a flow sees of them: JSON is JSON, text is a string, a form has its values, parts
// are parts, everything else is an envelope.
#pragma once
#include "base/json.hpp"
#include "http/message.hpp"

namespace rollcall::doors {

// JSON0… when it says that it is JSON and is none.
Result<json::value> read_body(const http::Request& request);
// From {"statusCode", "headers", "body"}, as a Response action has them.
http::Response to_response(const json::value& outputs);

}  // namespace rollcall::doors
