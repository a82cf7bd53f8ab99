// The HTTP action: one request to anywhere. Bodies that are JSON are JSON, texts are strings, the rest is an
// envelope {"$content-type", "$content"} with base64.
// https://learn.microsoft.com/azure/connectors/connectors-native-http
#pragma once
#include <memory>

#include "flow/connector.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

// The client must outlive the connector, and is used by several threads.
std::unique_ptr<flow::Connector> make_http(http::Client& client);

}  // namespace rollcall::connectors
