// What the handlers of the connector's shape share.
#pragma once
#include <functional>
#include <string>

#include "base/json.hpp"
#include "connectors/sharepoint_changes.hpp"
#include "doors/services.hpp"
#include "http/message.hpp"

namespace rollcall::doors::datasets {

// Names come percent-encoded twice; the router has decoded them once.
std::string twice_decoded(std::string_view part);
Result<lists::ListPtr> list_of(Services& services, store::Connection& connection,
                               const http::Request& request);
http::Response json_text(int status, std::string body);
// {"status":…, "message":…, "error":{"message":…}, "code":…}, as the connector says what went
// wrong.
http::Response refuse(const Error& error);
// http://host/path of the request, without its query.
std::string own_url(const http::Request& request);

// `$metadata.json`: what tables there are and what their columns are.
json::object table_metadata(const lists::List& list);

// The polling triggers: which of the list's changes they tell of.
using Trigger = connectors::ItemTrigger;
Result<http::Response> answer_trigger(Services& services, const http::Request& request,
                                      Trigger trigger);

}  // namespace rollcall::doors::datasets
