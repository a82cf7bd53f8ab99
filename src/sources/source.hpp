// What is pulled: a source is asked again and again, and answers rows of logs and how far it has been read. The position is
// kept in the warehouse with the rows, so a restart loses nothing and repeats nothing.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "http/client.hpp"
#include "telemetry/batch.hpp"

namespace rollcall::sources {

// What the rows are of, where the source itself does not say it.
struct FixedNames {
  std::string environment, role, region, instance;
};

struct SourceOptions {
  std::string name;  // unique; it names the position that is kept
  // version            a URL that answers a version, as JSON (`path`) or as text
  // prometheus         a target's metrics: its *_build_info
  // prometheus_server  a Prometheus server that has scraped them
  // kubernetes         the API server: the images that pods run
  // loki               a Loki server, by `query` in LogQL
  // elasticsearch      Elasticsearch or OpenSearch: `index`, `query` in Lucene's syntax
  // kusto              a Kusto cluster: `database`, `query` in KQL over `_from` and `_to`
  // postgresql         a PostgreSQL database, `url` its connection string: `query` in SQL, over $1 and $2 or over now
  // directory          a `folder` of NDJSON files that grow
  std::string kind;
  std::string url, path, query, index, database, folder, token;
  FixedNames names;
  Timespan every = seconds(60);
  Timespan lag = seconds(60);  // of queries by time: how late lines may come and still be read
};
// SOURCE0301: what is missing or too much for its kind.
Result<void> check(const SourceOptions& options);

struct Pulled {
  telemetry::LogBatch rows;
  std::optional<std::string> position;  // absent: as it was
  bool more = false;                    // ask again at once
  std::uint64_t bad = 0;                // lines that cannot be read
  Timestamp watermark;                  // everything up to here has been read
};

class Source {
 public:
  virtual ~Source() = default;
  // `position` is what the last pull answered that was stored; "" at the first.
  virtual Result<Pulled> pull(Timestamp now, std::string_view position) = 0;
};

// The client and the clock must outlive it.
Result<std::unique_ptr<Source>> make_source(const SourceOptions& options, http::Client& client,
                                            const Clock& clock);

}  // namespace rollcall::sources
