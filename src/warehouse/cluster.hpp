// A Kusto cluster (Azure Data Explorer, Fabric Eventhouse) behind the Warehouse seam: queries go to it as they are, rows are
// streamed into it. Its Observations are a materialized view (functions/cluster/observations.kql).
#pragma once
#include <functional>

#include "warehouse/credentials.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::warehouse {

struct ClusterOptions {
  std::string url;  // https://help.westeurope.kusto.windows.net
  std::string database;
  Credentials credentials = GivenToken{};
  unsigned attempts =
      5;  // of what may be repeated: queries always, other requests when they were throttled
  Timespan first_pause =
      seconds(1);  // between them; doubled each time, unless the cluster says how long
  std::function<void(Timespan)> sleep = {};  // empty: the thread sleeps
};

// The client and the clock must outlive it. Asks for nothing yet. KUSTO0201: the URL or the database is missing.
Result<std::unique_ptr<Warehouse>> open_cluster(ClusterOptions options, http::Client& client,
                                                const Clock& clock);

}  // namespace rollcall::warehouse
