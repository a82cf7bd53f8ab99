// Polling triggers: the first request answers 202 and where to ask from now on; that address
// carries the number of the last change that was told, so nothing is told twice and nothing is
// missed, whatever clocks say. Later ones answer 200 with what is new, or 202; both with the next
// address.
#include <fmt/format.h>

#include <charconv>

#include "doors/datasets/requests.hpp"

namespace rollcall::doors::datasets {
namespace {

constexpr const char* poll_again_s = "60";

Result<std::optional<std::int64_t>> state_of(const http::Request& request) {
  const auto text = request.query_value("triggerstate");
  if (!text || text->empty()) return std::nullopt;
  std::int64_t state = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), state);
  if (error != std::errc() || end != text->data() + text->size() || state < 0) {
    return fail(
        "API0103",
        fmt::format("triggerstate={}: this address was not answered here; ask without it", *text));
  }
  return state;
}

http::Response answer(const http::Request& request, std::int64_t state, std::string items) {
  auto response = items.empty() ? http::Response{202, {}, {}}
                                : json_text(200, "{\"value\":[" + std::move(items) + "]}");
  response.headers.add("Location", fmt::format("{}?triggerstate={}", own_url(request), state));
  response.headers.add("Retry-After", poll_again_s);
  return response;
}

}  // namespace

Result<http::Response> answer_trigger(Services& services, const http::Request& request,
                                      Trigger trigger) {
  TRY(const auto since, state_of(request));
  return services.database.read([&](store::Connection& connection) -> Result<http::Response> {
    TRY(const auto list, list_of(services, connection, request));
    TRY(auto told, connectors::tell_changes(services.lists, connection, *list, trigger, since,
                                            services.clock.now()));
    return answer(request, told.state, std::move(told.items));
  });
}

}  // namespace rollcall::doors::datasets
