// The policy pollingtrigger: a trigger whose API knows nothing of triggers. Each answer says what
// the next poll asks for (triggerConfig), and where the news are (triggerDataPath); without news
// there is nothing to run for.
// https://learn.microsoft.com/connectors/custom-connectors/create-polling-trigger
#pragma once
#include "connectors/custom/policy_text.hpp"
#include "connectors/custom/request.hpp"

namespace rollcall::connectors {

struct Polled {
  bool news = false;
  http::Parameters next;  // the queries of the next poll that change
};
// CONNECTOR0523: the policy's parameters do not make sense.
Result<Polled> read_poll(const Policy& policy, const ConnectionValues& connection,
                         const json::value& body);
// The address with these queries in place of those of the same name.
std::string with_queries(std::string_view url, const http::Parameters& queries);

}  // namespace rollcall::connectors
