// ingest/…: log rows a second through the door until they are durable, in OTLP's protobuf, OTLP's JSON and NDJSON, sent by one
// sender and by two, which is as many cores as they can use. Beside them, in the same run and for the same rows: DuckDB's
// appender fed from memory, with a commit for each batch (the baseline of all), and for JSON simdjson alone, which parses and keeps nothing.
// The figures with CPU in their name are rows for each second of processor time, whatever else the machine does meanwhile.
#include <duckdb.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "bench.hpp"
#include "doors/ingest/ingest.hpp"
#include "doors/otlp/otlp.hpp"
#include "store/database.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::bench {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t rows_a_batch = 8'192;
constexpr std::size_t batches = 16;
constexpr std::size_t rounds = 5;
constexpr std::uint64_t memory_bytes = std::uint64_t{4} << 30;
constexpr std::int64_t start_ns = 1'767'225'600'000'000'000;

// A line of a fleet: 40 services in 25 regions, an error now and then, a handful of attributes.
struct Line {
  std::int64_t time_ns;
  std::string role, region, version, instance, host, severity, body, trace, route;
  int severity_number, duration;
};
Line line_of(std::size_t i) {
  const bool error = i % 97 == 0;
  const auto cell = i / 256;  // a resource sends its lines together
  return {
      .time_ns = start_ns + static_cast<std::int64_t>(i) * 1'000'000,
      .role = fmt::format("role-{}", cell % 40),
      .region = fmt::format("region-{}", cell / 40 % 25),
      .version = fmt::format("1.{}.0", cell % 3),
      .instance = fmt::format("instance-{}", cell % 3'000),
      .host = fmt::format("host-{}", cell % 3'000),
      .severity = error ? "ERROR" : "INFO",
      .body = fmt::format("GET /api/orders/{} answered in {} ms", i * 7919 % 100'000, i % 700),
      .trace = fmt::format("{:016x}{:016x}", i * 0x9E3779B97F4A7C15U, i / 20 * 0xD6E8FEB86659FD93U),
      .route = fmt::format("/api/{}", i % 60),
      .severity_number = error ? 17 : 9,
      .duration = static_cast<int>(i % 700)};
}

class Protobuf {
 public:
  void number(unsigned field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
  }
  void fixed(unsigned field, std::uint64_t value) {
    varint(field << 3 | 1);
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  }
  void text(unsigned field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes += value;
  }
  void attribute(unsigned field, std::string_view key, std::string_view value) {
    Protobuf any, pair;
    any.text(1, value);
    pair.text(1, key);
    pair.text(2, any.bytes);
    text(field, pair.bytes);
  }
  std::string bytes;

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7F));
    bytes += static_cast<char>(value);
  }
};

using Attributes = std::vector<std::pair<std::string_view, std::string>>;
Attributes resource_of(const Line& line) {
  return {{"service.name", line.role},       {"cloud.region", line.region},
          {"service.version", line.version}, {"service.instance.id", line.instance},
          {"host.name", line.host},          {"deployment.environment.name", "production"}};
}
Attributes attributes_of(const Line& line) {
  return {{"http.route", line.route}, {"duration_ms", fmt::format("{}", line.duration)}};
}

std::string protobuf_batch(std::size_t batch) {
  Protobuf request;
  for (std::size_t row = 0; row < rows_a_batch; row += 256) {
    Protobuf scope_logs, resource, resource_logs;
    for (std::size_t i = row; i < row + 256; ++i) {
      const auto line = line_of(batch * rows_a_batch + i);
      Protobuf record, body;
      record.fixed(1, static_cast<std::uint64_t>(line.time_ns));
      record.fixed(11, static_cast<std::uint64_t>(line.time_ns));
      record.number(2, static_cast<std::uint64_t>(line.severity_number));
      record.text(3, line.severity);
      body.text(1, line.body);
      record.text(5, body.bytes);
      for (const auto& [key, value] : attributes_of(line)) record.attribute(6, key, value);
      std::string trace;
      for (std::size_t k = 0; k < 32; k += 2)
        trace += static_cast<char>(std::stoi(line.trace.substr(k, 2), nullptr, 16));
      record.text(9, trace);
      scope_logs.text(2, record.bytes);
    }
    for (const auto& [key, value] : resource_of(line_of(batch * rows_a_batch + row)))
      resource.attribute(1, key, value);
    resource_logs.text(1, resource.bytes);
    resource_logs.text(2, scope_logs.bytes);
    request.text(1, resource_logs.bytes);
  }
  return request.bytes;
}

json::array json_attributes(const Attributes& attributes) {
  json::array list;
  for (const auto& [key, value] : attributes)
    list.push_back({{"key", key}, {"value", {{"stringValue", value}}}});
  return list;
}

std::string json_batch(std::size_t batch) {
  json::array resources;
  for (std::size_t row = 0; row < rows_a_batch; row += 256) {
    json::array records;
    for (std::size_t i = row; i < row + 256; ++i) {
      const auto line = line_of(batch * rows_a_batch + i);
      records.push_back({{"timeUnixNano", fmt::format("{}", line.time_ns)},
                         {"observedTimeUnixNano", fmt::format("{}", line.time_ns)},
                         {"severityNumber", line.severity_number},
                         {"severityText", line.severity},
                         {"body", {{"stringValue", line.body}}},
                         {"attributes", json_attributes(attributes_of(line))},
                         {"traceId", line.trace}});
    }
    const auto resource = json_attributes(resource_of(line_of(batch * rows_a_batch + row)));
    resources.push_back({{"resource", {{"attributes", resource}}},
                         {"scopeLogs", json::array{{{"logRecords", records}}}}});
  }
  return json::serialize(json::object{{"resourceLogs", resources}});
}

json::object object_of(const Attributes& attributes) {
  json::object object;
  for (const auto& [key, value] : attributes) object[key] = value;
  return object;
}

std::string ndjson_batch(std::size_t batch) {
  std::string text;
  for (std::size_t i = batch * rows_a_batch; i < (batch + 1) * rows_a_batch; ++i) {
    const auto line = line_of(i);
    const auto time = format_iso(from_unix_nanoseconds(line.time_ns));
    text += json::serialize(json::object{{"Timestamp", time},
                                         {"ObservedTimestamp", time},
                                         {"Environment", "production"},
                                         {"Role", line.role},
                                         {"Region", line.region},
                                         {"Version", line.version},
                                         {"Instance", line.instance},
                                         {"Host", line.host},
                                         {"SeverityNumber", line.severity_number},
                                         {"SeverityText", line.severity},
                                         {"Body", line.body},
                                         {"TraceId", line.trace},
                                         {"ResourceAttributes", object_of(resource_of(line))},
                                         {"LogAttributes", object_of(attributes_of(line))}});
    text += '\n';
  }
  return text;
}

telemetry::LogBatch memory_batch(std::size_t batch) {
  telemetry::LogBatch rows;
  for (std::size_t i = batch * rows_a_batch; i < (batch + 1) * rows_a_batch; ++i) {
    const auto line = line_of(i);
    const auto resource = json::serialize(object_of(resource_of(line))),
               attributes = json::serialize(object_of(attributes_of(line)));
    telemetry::LogRow row;
    row.timestamp = row.observed_timestamp = from_unix_nanoseconds(line.time_ns);
    row.environment = "production";
    row.role = line.role;
    row.region = line.region;
    row.version = line.version;
    row.instance = line.instance;
    row.host = line.host;
    row.severity_number = line.severity_number;
    row.severity_text = line.severity;
    row.body = line.body;
    row.trace_id = line.trace;
    row.resource_attributes = resource;
    row.log_attributes = attributes;
    rows.append(row);
  }
  return rows;
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Rate {
  double rows_a_second = 0, rows_a_processor_second = 0;
};
Rate rate_of(std::size_t rows, const std::function<void()>& work) {
  const double before = processor_seconds();
  const double seconds = seconds_of(work);
  const double processor = processor_seconds() - before;
  return {static_cast<double>(rows) / seconds, static_cast<double>(rows) / processor};
}
Rate median_of(const std::vector<Rate>& rates) {
  std::vector<double> wall, processor;
  for (const auto& rate : rates) {
    wall.push_back(rate.rows_a_second);
    processor.push_back(rate.rows_a_processor_second);
  }
  return {median(wall), median(processor)};
}

// ---- the baselines

// The rows by DuckDB's C API as its documentation has it: a value at a time, flushed and committed for each batch.
Rate appender(const std::vector<telemetry::LogBatch>& all) {
  const Folder folder;
  const auto file = folder.path / "appender.duckdb";
  {
    warehouse::EmbeddedOptions options;
    options.file = file;
    must(warehouse::open_embedded(options));  // makes the table
  }
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  duckdb_config config = nullptr;
  char* error = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "memory_limit", fmt::format("{}B", memory_bytes).c_str());
  if (duckdb_open_ext(file.c_str(), &database, config, &error) != DuckDBSuccess) std::exit(1);
  duckdb_connect(database, &connection);
  const auto rate = rate_of(all.size() * rows_a_batch, [&] {
    for (const auto& batch : all) {
      duckdb_query(connection, "BEGIN", nullptr);
      duckdb_appender rows = nullptr;
      duckdb_appender_create(connection, nullptr, "OTelLogs", &rows);
      const auto text = [&](std::string_view value) {
        duckdb_append_varchar_length(rows, value.data(), value.size());
      };
      for (std::size_t i = 0; i < batch.size(); ++i) {
        duckdb_append_int64(rows, batch.timestamp[i].ticks);
        duckdb_append_int64(rows, batch.observed_timestamp[i].ticks);
        for (const auto* column : {&batch.environment, &batch.role, &batch.region, &batch.version,
                                   &batch.instance, &batch.host})
          text((*column)[i]);
        duckdb_append_int32(rows, batch.severity_number[i]);
        for (const auto* column :
             {&batch.severity_text, &batch.body, &batch.trace_id, &batch.span_id,
              &batch.resource_attributes, &batch.log_attributes}) {
          text((*column)[i]);
        }
        duckdb_append_int64(rows, batch.timestamp[i].ticks);
        if (duckdb_appender_end_row(rows) != DuckDBSuccess) std::exit(1);
      }
      if (duckdb_appender_destroy(&rows) != DuckDBSuccess) std::exit(1);
      if (duckdb_query(connection, "COMMIT", nullptr) != DuckDBSuccess) std::exit(1);
    }
  });
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  duckdb_destroy_config(&config);
  return rate;
}

// Every text and number is read, and nothing is kept of it.
std::uint64_t visit(const simdjson::dom::element& value) {
  std::uint64_t sum = 0;
  if (value.is_object()) {
    for (const auto [key, member] : simdjson::dom::object(value)) sum += key.size() + visit(member);
  } else if (value.is_array()) {
    for (const auto member : simdjson::dom::array(value)) sum += visit(member);
  } else if (value.is_string()) {
    sum += std::string_view(value).size();
  }
  return sum;
}
Rate simdjson_alone(const std::vector<std::string>& bodies, bool lines) {
  return rate_of(bodies.size() * rows_a_batch, [&] {
    simdjson::dom::parser parser;
    std::uint64_t sum = 0;
    for (const auto& body : bodies) {
      if (!lines) {
        sum += visit(parser.parse(body));
        continue;
      }
      simdjson::dom::document_stream stream;
      if (parser.parse_many(body, body.size()).get(stream) != simdjson::SUCCESS) std::exit(1);
      for (auto document : stream) sum += visit(document.value());
    }
    if (sum == 0) std::exit(1);
  });
}

// ---- the doors

// A warehouse on disk behind its doors, without a socket.
class House {
 public:
  House()
      : database_(must(store::open_sqlite(":memory:", store::Durability::process))),
        lists_(must(lists::ListStore::open(*database_))),
        warehouse_(must(warehouse::open_embedded(options()))),
        driver_(must(flow::Driver::open(*database_, connectors_, clock_))),
        runs_(*database_),
        tokens_(must(doors::Tokens::open(*database_))),
        access_(*tokens_),
        shared_(*driver_),
        services_{clock_, *warehouse_, *database_, *lists_,  shared_,
                  runs_,  *tokens_,    access_,    metrics_, {}} {
    doors::add_ingest(router_, services_);
    doors::add_otlp(router_, services_);
  }
  void post(const std::string& target, const std::string& type, const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.target = target;
    request.headers.add("Content-Type", type);
    request.body = body;
    request.loopback = true;
    const auto answer = router_.dispatch(std::move(request));
    if (answer.status == 200) return;
    fmt::print(stderr, "{} {}\n", answer.status, answer.body);
    std::exit(1);
  }
  std::uint64_t rows() const { return metrics_.rows_ingested; }

 private:
  warehouse::EmbeddedOptions options() const {
    warehouse::EmbeddedOptions options;
    options.file = folder_.path / "warehouse.duckdb";
    options.memory_limit_bytes = memory_bytes;
    return options;
  }
  Folder folder_;
  ManualClock clock_{from_unix_nanoseconds(start_ns)};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<lists::ListStore> lists_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  flow::Connectors connectors_;
  std::unique_ptr<flow::Driver> driver_;
  flow::RunStore runs_;
  std::unique_ptr<doors::Tokens> tokens_;
  doors::Access access_;
  doors::SharedDriver shared_;
  doors::Metrics metrics_;
  doors::Services services_;
  http::Router router_;
};

Rate through_the_door(const std::string& target, const std::string& type,
                      const std::vector<std::string>& bodies, std::size_t senders) {
  House house;
  const auto rate = rate_of(bodies.size() * rows_a_batch, [&] {
    std::vector<std::thread> threads;
    for (std::size_t sender = 0; sender < senders; ++sender) {
      threads.emplace_back([&, sender] {
        for (std::size_t i = sender; i < bodies.size(); i += senders)
          house.post(target, type, bodies[i]);
      });
    }
    for (auto& thread : threads) thread.join();
  });
  if (house.rows() != bodies.size() * rows_a_batch) std::exit(1);
  return rate;
}

template <class Make>
auto all_batches(Make make) {
  std::vector<decltype(make(std::size_t{}))> all;
  for (std::size_t i = 0; i < batches; ++i) all.push_back(make(i));
  return all;
}

void run(const Report& report) {
  struct Format {
    std::string name, target, type;
    std::vector<std::string> bodies;
  };
  const std::vector<Format> formats{
      {"otlp-protobuf", "/v1/logs", "application/x-protobuf", all_batches(protobuf_batch)},
      {"otlp-json", "/v1/logs", "application/json", all_batches(json_batch)},
      {"ndjson", "/ingest/OTelLogs", "application/x-ndjson", all_batches(ndjson_batch)}};
  const auto rows = all_batches(memory_batch);
  // In turn, so that what else the machine does falls on all of them alike.
  std::map<std::string, std::vector<Rate>> rates;
  for (std::size_t round = 0; round < rounds; ++round) {
    rates["appender"].push_back(appender(rows));
    for (const auto& format : formats) {
      for (const std::size_t senders : {1U, 2U})
        rates[fmt::format("{}/{}", format.name, senders)].push_back(
            through_the_door(format.target, format.type, format.bodies, senders));
    }
    rates["simdjson/otlp-json"].push_back(simdjson_alone(formats[1].bodies, false));
    rates["simdjson/ndjson"].push_back(simdjson_alone(formats[2].bodies, true));
  }
  const auto baseline = median_of(rates["appender"]);
  const auto count = static_cast<std::int64_t>(batches * rows_a_batch);
  for (const auto& [name, all] : rates) {
    const auto rate = median_of(all);
    const bool alone = name == "appender";
    const std::string durability = name.starts_with("simdjson") ? "" : "power";
    report({.name = "ingest/" + name,
            .value = rate.rows_a_second,
            .unit = "rows/s",
            .baseline = alone ? 0 : baseline.rows_a_second,
            .baseline_name = alone ? "" : "DuckDB's appender",
            .n = count,
            .durability = durability});
    report({.name = "ingest/" + name + "/cpu",
            .value = rate.rows_a_processor_second,
            .unit = "rows/cpu-s",
            .baseline = alone ? 0 : baseline.rows_a_processor_second,
            .baseline_name = alone ? "" : "DuckDB's appender",
            .n = count,
            .durability = durability});
  }
}

const Benchmark ingest("ingest", run);

}  // namespace
}  // namespace rollcall::bench
