// What comes over HTTP as the outcome of an operation, for all connectors that ask over it. Bodies
// that are JSON are JSON, texts are strings, the rest is an envelope {"$content-type", "$content"}
// with base64.
#pragma once
#include <string>

#include "flow/connector.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

// Any status from 400 on has failed; 408, 429 and 5xx may be retried, after what Retry-After says.
flow::Outcome to_outcome(const http::Response& response);
// The same with a body that was read, and perhaps changed, already.
flow::Outcome to_outcome(const http::Response& response, json::value body);
json::value body_of(const http::Response& response);
// Nobody answered, or the URL cannot be asked.
flow::Outcome no_answer(const Error& error);

// As it is sent: a text as it is, the bytes of an envelope, else JSON.
std::string body_text(const json::value& body);
// What a value looks like in a URL or a header: true, 5, 1.5, a text as it is; arrays and objects
// as JSON; "" for null.
std::string plain_text(const json::value& value);

}  // namespace rollcall::connectors
