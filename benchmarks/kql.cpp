// kql/compile: what parsing, binding and lowering a query costs, over the queries of a collection (ROLLCALL_CORPUS).
// kql/ROWS/QUESTION: ten questions about a day of logs, each in turns with the same question in SQL by hand, on the same
// DuckDB and a copy of the file. kql/ROWS/last-hour: the last hour's versions out of that day, beside the same over all of it.
#include <duckdb.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.hpp"
#include "bench.hpp"
#include "conformance/grown_catalog.hpp"
#include "sql/render.hpp"
#include "warehouse/warehouse.hpp"

namespace rollcall::bench {
namespace {

namespace fs = std::filesystem;
constexpr int rounds = 5;
constexpr std::uint64_t memory_bytes = std::uint64_t{4} << 30;
const auto day_start = *parse_iso("2026-01-01T00:00:00Z");
const auto now = day_start + hours(24);

[[noreturn]] void give_up(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

// ---- compiling

std::vector<std::string> collected_queries() {
  const char* corpus = std::getenv("ROLLCALL_CORPUS");
  const std::string path =
      fmt::format("{}/kql/real_queries.jsonl.gz", corpus ? corpus : "../shared/corpus");
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) {
    fmt::print(stderr, "kql/compile is not measured: {} is not there\n", path);
    return {};
  }
  std::string text;
  std::array<char, 65536> buffer{};
  for (int n = 0; (n = gzread(file, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  std::vector<std::string> queries;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    if (const auto line = parse_json(std::string_view(text).substr(at, end - at)))
      queries.emplace_back(line->at("query").as_string());
  }
  return queries;
}

void compile(const Report& report) {
  kql::Options options;
  options.now = now;
  std::vector<double> times;
  for (const auto& query : collected_queries()) {
    const auto grown = conformance::grow_catalog(query, options);
    if (!grown) continue;
    std::vector<double> rounds_of_query;
    for (int i = 0; i < rounds; ++i) {
      rounds_of_query.push_back(1e6 * seconds_of([&] {
                                  const auto compiled =
                                      kql::compile(query, grown->catalog, options);
                                  for (const auto& output : *compiled)
                                    sql::render(*output.query, sql::Dialect::duckdb);
                                }));
    }
    times.push_back(median(rounds_of_query));
  }
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  const auto figure = [&](std::string name, double share) {
    report({.name = std::move(name),
            .value = times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))],
            .unit = "us",
            .baseline = 0,
            .baseline_name = "",
            .n = static_cast<std::int64_t>(times.size()),
            .durability = "",
            .less_is_better = true});
  };
  figure("kql/compile/median", 0.5);
  figure("kql/compile/p99", 0.99);
}

// ---- asking

// DuckDB as it comes, for the SQL by hand and for filling the file.
class ByHand {
 public:
  explicit ByHand(const fs::path& file) {
    duckdb_config config = nullptr;
    duckdb_create_config(&config);
    duckdb_set_config(config, "memory_limit", fmt::format("{}B", memory_bytes).c_str());
    char* error = nullptr;
    if (duckdb_open_ext(file.c_str(), &database_, config, &error) != DuckDBSuccess) give_up(error);
    duckdb_destroy_config(&config);
    duckdb_connect(database_, &connection_);
  }
  ~ByHand() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  // Fetches all rows, as a reader would.
  void run(const std::string& sql) {
    duckdb_result result;
    if (duckdb_query(connection_, sql.c_str(), &result) != DuckDBSuccess)
      give_up(duckdb_result_error(&result));
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

// A day of lines in order of time: 40 roles, 25 regions, 3 hosts in each of their cells.
std::string fill(std::int64_t rows) {
  const std::int64_t step = hours(24).ticks / rows;
  return fmt::format(
      R"(INSERT INTO "OTelLogs" SELECT {0} + i * {1}, {0} + i * {1}, 'production', 'role-' || (i % 40), 'region-' || (i // 40 % 25),
         '1.' || (i // {2}), 'instance-' || (i % 3000), 'host-' || (i % 3000),
         CASE WHEN i % 97 = 0 THEN 17 WHEN i % 11 = 0 THEN 13 ELSE 9 END,
         CASE WHEN i % 97 = 0 THEN 'Error' WHEN i % 11 = 0 THEN 'Warning' ELSE 'Information' END,
         'request ' || i || CASE WHEN i % 1009 = 0 THEN ' ended with a timeout' ELSE ' done in ' || (i % 700) || ' ms' END,
         md5((i // 20)::VARCHAR), '', '', '{{"duration":' || (i % 700) || ',"route":"/api/' || (i % 60) || '"}}', {0} + i * {1} + 20000000
         FROM range({3}) t(i))",
      day_start.ticks, step, rows / 6, rows);
}

struct Question {
  const char* name;
  const char* kql;
  const char* sql;  // {hour}: the ticks of an hour ago
};
constexpr Question questions[] = {
    {"severities", "OTelLogs | summarize count() by SeverityText",
     R"(SELECT "SeverityText", count(*) FROM "OTelLogs" GROUP BY 1)"},
    {"errors-last-hour",
     "OTelLogs | where Timestamp > ago(1h) and SeverityNumber >= 17 | summarize count() by Region",
     R"(SELECT "Region", count(*) FROM "OTelLogs" WHERE "Timestamp" > {hour} AND "SeverityNumber" >= 17 GROUP BY 1)"},
    {"contains", "OTelLogs | where Body contains 'timeout' | count",
     R"(SELECT count(*) FROM "OTelLogs" WHERE contains(lower("Body"), 'timeout'))"},
    {"has", "OTelLogs | where Body has 'timeout' | count",
     R"(SELECT count(*) FROM "OTelLogs" WHERE contains(lower("Body"), 'timeout') AND regexp_matches("Body", '(?i)\btimeout\b'))"},
    {"timechart", "OTelLogs | summarize count() by bin(Timestamp, 5m)",
     R"(SELECT "Timestamp" - "Timestamp" % 3000000000, count(*) FROM "OTelLogs" GROUP BY 1)"},
    {"top-hosts",
     "OTelLogs | where SeverityNumber >= 13 | summarize n = count() by Host | top 10 by n",
     R"(SELECT "Host", count(*) n FROM "OTelLogs" WHERE "SeverityNumber" >= 13 GROUP BY 1 ORDER BY n DESC LIMIT 10)"},
    {"dcount", "OTelLogs | summarize dcount(Instance) by Role",
     R"(SELECT "Role", count(DISTINCT "Instance") FROM "OTelLogs" GROUP BY 1)"},
    {"versions", "OTelLogs | summarize min(Timestamp), max(Timestamp) by Role, Region, Version",
     R"(SELECT "Role", "Region", "Version", min("Timestamp"), max("Timestamp") FROM "OTelLogs" GROUP BY 1, 2, 3)"},
    {"latest", "OTelLogs | summarize arg_max(Timestamp, Version) by Role, Region",
     R"(SELECT "Role", "Region", max("Timestamp"), arg_max("Version", "Timestamp") FROM "OTelLogs" GROUP BY 1, 2)"},
    {"trace",
     "OTelLogs | where TraceId == 'c4ca4238a0b923820dcc509a6f75849b' | project Timestamp, Body | "
     "sort by Timestamp asc",
     R"(SELECT "Timestamp", "Body" FROM "OTelLogs" WHERE "TraceId" = 'c4ca4238a0b923820dcc509a6f75849b' ORDER BY 1)"},
};
constexpr const char* versions_of_an_hour =
    "OTelLogs | where Timestamp > ago(1h) | summarize min(Timestamp), max(Timestamp) by "
    "Environment, Role, Region, Host, Version";
constexpr const char* versions_of_all =
    "OTelLogs | summarize min(Timestamp), max(Timestamp) by Environment, Role, Region, Host, "
    "Version";

warehouse::EmbeddedOptions at(const fs::path& file) {
  warehouse::EmbeddedOptions options;
  options.file = file;
  options.memory_limit_bytes = memory_bytes;
  return options;
}

struct Times {
  double ours = 0, other = 0;  // ms, the medians
};

// In turns, so that what else the machine does falls on both: once each to read the file's blocks, then until both had
// seven rounds and two seconds.
Times in_turns(const std::function<void()>& ours, const std::function<void()>& other) {
  std::vector<double> times[2];
  ours();
  other();
  double total = 0;
  for (std::size_t round = 0; (round < 7 || total < 2) && round < 400; ++round) {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t which = (round + i) % 2;
      const double seconds = seconds_of(which == 0 ? ours : other);
      times[which].push_back(1e3 * seconds);
      total += seconds;
    }
  }
  return {median(std::move(times[0])), median(std::move(times[1]))};
}

std::function<void()> asking(warehouse::Warehouse& warehouse, const char* text) {
  return [&warehouse, text] {
    warehouse::QueryOptions options;
    options.now = now;
    must(warehouse.query(text, options));
  };
}

std::string with_hour(std::string sql) {
  if (const auto place = sql.find("{hour}"); place != sql.npos)
    sql.replace(place, 6, fmt::format("{}", (now + hours(-1)).ticks));
  return sql;
}

void ask_all(const Report& report, const fs::path& folder, std::int64_t rows) {
  const fs::path file = folder / fmt::format("{}.duckdb", rows),
                 copy = folder / fmt::format("{}.copy.duckdb", rows);
  must(warehouse::open_embedded(at(file)));
  {
    ByHand database(file);
    database.run(fill(rows));
    database.run("CHECKPOINT");
  }
  fs::copy_file(file, copy);  // one process opens a file once
  ByHand database(copy);
  auto warehouse = must(warehouse::open_embedded(at(file)));
  const auto figure = [&](std::string_view name, const Times& times, std::string baseline_name) {
    report({.name = fmt::format("kql/{}M/{}", rows / 1'000'000, name),
            .value = times.ours,
            .unit = "ms",
            .baseline = times.other,
            .baseline_name = std::move(baseline_name),
            .n = rows,
            .durability = "",
            .less_is_better = true});
  };
  for (const auto& one : questions) {
    const auto sql = with_hour(one.sql);
    figure(one.name, in_turns(asking(*warehouse, one.kql), [&] { database.run(sql); }),
           "SQL by hand");
  }
  figure("last-hour",
         in_turns(asking(*warehouse, versions_of_an_hour), asking(*warehouse, versions_of_all)),
         "over the whole day");
}

void ask_all_of(const Report& report, std::int64_t rows) {
  const Folder folder;
  ask_all(report, folder.path, rows);
}

const Benchmark benchmark("kql/compile", compile);
const Benchmark of_10M("kql/10M", [](const Report& report) { ask_all_of(report, 10'000'000); });
const Benchmark of_50M("kql/50M", [](const Report& report) { ask_all_of(report, 50'000'000); });

}  // namespace
}  // namespace rollcall::bench
