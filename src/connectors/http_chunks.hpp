// Large contents in pieces, for an HTTP action whose content transfer is `Chunked`.
// https://learn.microsoft.com/azure/logic-apps/logic-apps-handle-large-messages
#pragma once
#include "base/error.hpp"
#include "http/client.hpp"

namespace rollcall::connectors {

// Together at most; CONNECTOR0404 beyond it.
inline constexpr std::size_t most_chunked_bytes = std::size_t{100} << 20;

// Sends the request. A body goes up in pieces of the size that the other side says, to the place that it says; a GET
// comes down in ranges, if the other side gives them. The answer is the last one, of a GET with the whole body. An
// answer that fails is the answer. CONNECTOR0403: the other side does not take, or give, pieces as it should.
Result<http::Response> send_in_chunks(http::Client& client, const http::ClientRequest& request);

}  // namespace rollcall::connectors
