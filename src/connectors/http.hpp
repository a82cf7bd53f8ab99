// The HTTP action: one request to anywhere. Bodies that are JSON are JSON, texts are strings, the rest is an
// envelope {"$content-type", "$content"} with base64.
// https://learn.microsoft.com/azure/connectors/connectors-native-http
#pragma once
#include <memory>

#include "base/clock.hpp"
#include "flow/connector.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

// The client and the clock must outlive the connector; the client is used by several threads.
std::unique_ptr<flow::Connector> make_http(http::Client& client, const Clock& clock);

}  // namespace rollcall::connectors
