// Polling triggers: the first request answers 202 and where to ask from now on; that address
// carries the number of the last change that was told, so nothing is told twice and nothing is
// missed, whatever clocks say. Later ones answer 200 with what is new, or 202; both with the next
// address.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/json_text.hpp"
#include "connectors/sharepoint_items.hpp"
#include "doors/datasets/requests.hpp"

namespace rollcall::doors::datasets {
namespace {

constexpr std::int64_t changes_at_once = 1000;
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

bool tells(Trigger trigger, const lists::ItemVersion& version) {
  switch (trigger) {
    case Trigger::created:
      return version.version == 1;
    case Trigger::modified:
      return version.version > 1 && !version.deleted;
    case Trigger::created_or_modified:
      return !version.deleted;
    case Trigger::deleted:
      return version.deleted;
  }
  return false;
}

std::string deleted_item(const lists::ItemVersion& version) {
  const auto title = text_or(version.fields, "Title");
  return json::serialize(json::object{{"ID", version.id},
                                      {"Name", title},
                                      {"FileNameWithExtension", title},
                                      {"DeletedByUserName", version.principal},
                                      {"TimeDeleted", format_iso_seconds(version.known_from)},
                                      {"IsFolder", false}});
}

// The items that were written, each once and as it is now, in the order of their last change.
Result<std::string> written_items(Services& services, store::Connection& connection,
                                  const lists::List& list, const std::vector<std::int64_t>& ids) {
  std::string items;
  for (const auto id : ids) {
    odata::Options options;
    options.filter = fmt::format("ID eq {}", id);
    connectors::expand_lookups(list, options);
    TRY_DO(services.lists.query(connection, list, options, services.clock.now(), {},
                                [&](const lists::ItemView& item) {
                                  if (!items.empty()) items += ',';
                                  connectors::append_sharepoint_item(items, list, item);
                                }));
  }
  return items;
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
    if (!since) {
      TRY(const auto last, services.lists.last_change(connection, *list));
      return answer(request, last, {});
    }
    TRY(const auto changes,
        services.lists.read_changes(connection, *list, *since, changes_at_once));
    std::string items;
    std::vector<std::int64_t> ids;
    for (const auto& change : changes) {
      if (!tells(trigger, change.version)) continue;
      if (trigger == Trigger::deleted) {
        items += (items.empty() ? "" : ",") + deleted_item(change.version);
      } else {
        std::erase(ids, change.version.id);
        ids.push_back(change.version.id);
      }
    }
    if (trigger != Trigger::deleted) {
      TRY(items, written_items(services, connection, *list, ids));
    }
    return answer(request, changes.empty() ? *since : changes.back().number, std::move(items));
  });
}

}  // namespace rollcall::doors::datasets
