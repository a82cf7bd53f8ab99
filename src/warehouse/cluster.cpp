#include "warehouse/cluster.hpp"

#include <fmt/format.h>

#include <thread>

#include "base/json.hpp"
#include "http/gzip.hpp"
#include "kql/values.hpp"
#include "warehouse/kusto_answer.hpp"
#include "warehouse/schema.hpp"

namespace rollcall::warehouse {
namespace {

constexpr std::size_t streamed_bytes = std::size_t{4} << 20;  // at once; what Kusto recommends
constexpr std::size_t most_answer_bytes = std::size_t{1} << 30U;

// ['name'], as commands want it.
std::string quoted_name(std::string_view name) {
  std::string out = "['";
  for (const char c : name)
    out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "']";
}

void append_field(std::string& csv, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    csv += text;
    return;
  }
  csv += '"';
  for (const char c : text) csv += c == '"' ? std::string_view("\"\"") : std::string_view(&c, 1);
  csv += '"';
}

std::string line_of(const telemetry::LogRow& row) {
  std::string csv = format_iso(row.timestamp) + "," + format_iso(row.observed_timestamp);
  for (const auto text :
       {row.environment, row.role, row.region, row.version, row.instance, row.host}) {
    csv += ',';
    append_field(csv, text);
  }
  csv += ',';
  if (row.severity_number != telemetry::no_severity) csv += std::to_string(row.severity_number);
  for (const auto text : {row.severity_text, row.body, row.trace_id, row.span_id,
                          row.resource_attributes, row.log_attributes}) {
    csv += ',';
    append_field(csv, text);
  }
  return csv + "\n";
}

class Cluster final : public Warehouse {
 public:
  Cluster(ClusterOptions options, http::Client& client, const Clock& clock)
      : options_(std::move(options)),
        client_(client),
        tokens_(options_.credentials, options_.url, client, clock) {
    if (!options_.sleep) {
      options_.sleep = [](Timespan pause) {
        std::this_thread::sleep_for(std::chrono::milliseconds(pause.ticks / ticks_per_millisecond));
      };
    }
  }

  Result<std::vector<Table>> query_all(std::string_view kql, const QueryOptions& options) override {
    TRY(const auto body, ask("/v2/rest/query", kql, options, true));
    return read_kusto_frames(body);
  }
  Result<Table> execute(std::string_view command, const QueryOptions& options) override {
    TRY(const auto body,
        ask("/v1/rest/mgmt", command, options, kind_of_command(command) == CommandKind::show));
    return read_kusto_table(body);
  }

  Result<void> ingest(const telemetry::LogBatch& batch, Timestamp) override {
    std::string csv;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      csv += line_of(batch.row(i));
      if (csv.size() < streamed_bytes) continue;
      TRY_DO(stream(schema::logs, "csv", "", csv));
      csv.clear();
    }
    return csv.empty() ? Result<void>{} : stream(schema::logs, "csv", "", csv);
  }

  // By the place of the table's columns, as CSV is read.
  Result<void> ingest(std::string_view name, const Table& rows, Timestamp) override {
    TRY(const auto all, tables());
    const auto table =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (table == all.end())
      return fail("WAREHOUSE0302", fmt::format("there is no table named {}", name));
    std::string csv;
    for (std::size_t i = 0; i < rows.row_count(); ++i) {
      for (std::size_t k = 0; k < table->columns.size(); ++k) {
        const auto source = rows.find_column(table->columns[k].name);
        if (k > 0) csv += ',';
        if (source != Table::npos) append_field(csv, to_text(rows.at(i, source)));
      }
      csv += '\n';
      if (csv.size() < streamed_bytes) continue;
      TRY_DO(stream(name, "csv", "", csv));
      csv.clear();
    }
    return csv.empty() ? Result<void>{} : stream(name, "csv", "", csv);
  }

  // How many they were is the cluster's to know.
  Result<std::uint64_t> ingest_text(std::string_view table, const RecordText& text,
                                    const QueryOptions&) override {
    TRY_DO(stream(table, text.format, text.mapping, text.text));
    return std::uint64_t{0};
  }

  Result<std::vector<TableSchema>> tables() override {
    TRY(const auto shown,
        execute(fmt::format(".show database {} schema as json", quoted_name(options_.database)),
                {}));
    const auto document = parse_json(shown.cells.empty() ? "" : to_text(shown.cells[0]), 1'000);
    const auto* databases = document ? find(*document, "Databases") : nullptr;
    if (databases == nullptr || !databases->is_object())
      return fail("KUSTO0203", "the cluster's schema cannot be read");
    std::vector<TableSchema> all;
    for (const auto& database : databases->get_object()) {
      for (const char* kind : {"Tables", "MaterializedViews"}) {
        const auto* named = find(database.value(), kind);
        if (named == nullptr || !named->is_object()) continue;
        for (const auto& entry : named->get_object())
          TRY_DO(add_table(all, entry.key(), entry.value()));
      }
    }
    return all;
  }
  Result<void> create_table(const TableSchema& wanted, const Principal&) override {
    std::string columns;
    for (const auto& one : wanted.columns) {
      columns += fmt::format("{}{}:{}", columns.empty() ? "" : ", ", quoted_name(one.name),
                             kql::name_of(one.type));
    }
    return command(fmt::format(".create-merge table {} ({})", quoted_name(wanted.name), columns));
  }
  Result<void> drop_table(std::string_view name, const Principal&) override {
    return command(".drop table " + quoted_name(name));
  }

  Result<void> create_or_alter_function(const kql::Function& function, const Principal&) override {
    return command(
        fmt::format(".create-or-alter function with (folder={}, docstring={}) {}{} {{{}\n}}",
                    kql::json_string(function.folder), kql::json_string(function.docstring),
                    function.name, function.parameters, function.body));
  }
  Result<void> drop_function(std::string_view name, const Principal&) override {
    return command(".drop function " + quoted_name(name));
  }
  Result<std::vector<kql::Function>> functions() override {
    TRY(const auto shown, execute(".show functions", {}));
    std::vector<kql::Function> all;
    for (std::size_t i = 0; i < shown.row_count(); ++i) {
      const auto text = [&](const char* column) {
        const auto at = shown.find_column(column);
        return at == Table::npos ? std::string() : to_text(shown.at(i, at));
      };
      auto body = text("Body");
      if (body.size() >= 2) body = body.substr(1, body.size() - 2);  // without its braces
      all.push_back(
          {text("Name"), text("Parameters"), std::move(body), text("Folder"), text("DocString")});
    }
    return all;
  }

 private:
  static Result<void> add_table(std::vector<TableSchema>& all, std::string_view name,
                                const json::value& entry) {
    TableSchema schema{std::string(name), {}, is_built_in(name)};
    const auto* columns = find(entry, "OrderedColumns");
    if (columns == nullptr || !columns->is_array())
      return fail("KUSTO0203", fmt::format("the schema of table {} cannot be read", name));
    for (const auto& column : columns->get_array()) {
      const auto type = kql::type_named(text_or(column, "CslType"));
      if (!type)
        return fail("KUSTO0203", fmt::format("table {} has a column of type {}", name,
                                             text_or(column, "CslType")));
      schema.columns.push_back({std::string(text_or(column, "Name")), *type});
    }
    all.push_back(std::move(schema));
    return {};
  }
  static bool is_built_in(std::string_view name) {
    const auto& all = schema::built_in();
    return std::any_of(all.begin(), all.end(),
                       [&](const auto& table) { return table.name == name; });
  }

  Result<void> command(const std::string& text) {
    TRY_DO(execute(text, {}));
    return {};
  }

  Result<std::string> ask(std::string_view path, std::string_view text, const QueryOptions& options,
                          bool repeatable) {
    json::object named{{"servertimeout", format_timespan(options.limits.timeout)},
                       {"truncationmaxrecords", options.limits.rows},
                       {"truncationmaxsize", options.limits.bytes}};
    if (options.now.ticks != 0) named["query_now"] = format_iso(options.now);
    if (options.take_records) named["query_take_max_records"] = *options.take_records;
    if (options.readonly) named["request_readonly"] = true;
    json::object parameters;
    for (const auto& [name, value] : options.parameters) parameters[name] = value;
    const json::object properties{{"Options", std::move(named)},
                                  {"Parameters", std::move(parameters)}};
    http::ClientRequest request;
    request.method = "POST";
    request.url = options_.url + std::string(path);
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("x-ms-app", "Rollcall");
    if (!options.client_activity_id.empty())
      request.headers.add("x-ms-client-request-id", options.client_activity_id);
    request.body = json::serialize(
        json::object{{"db", options_.database}, {"csl", text}, {"properties", properties}});
    request.timeout = options.limits.timeout + seconds(30);
    return send(request, repeatable);
  }

  Result<void> stream(std::string_view table, std::string_view format, std::string_view mapping,
                      std::string_view text) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = fmt::format("{}/v1/rest/ingest/{}/{}?streamFormat={}", options_.url,
                              http::encode_percent(options_.database), http::encode_percent(table),
                              http::encode_percent(format));
    if (!mapping.empty()) request.url += "&mappingName=" + http::encode_percent(mapping);
    request.headers.add("Content-Encoding", "gzip");
    request.headers.add("Content-Type", "application/octet-stream");
    request.headers.add("x-ms-app", "Rollcall");
    request.body = http::gzip(text);
    TRY_DO(send(request, false));
    return {};
  }

  // What was throttled was not begun, and is sent again; what may be repeated also after the cluster broke down.
  Result<std::string> send(http::ClientRequest request, bool repeatable) {
    request.max_response_bytes = most_answer_bytes;
    auto pause = options_.first_pause;
    for (unsigned attempt = 1;; ++attempt) {
      TRY(const auto token, tokens_.token());
      if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
      const auto answer = client_.send(request);
      if (answer && answer->status == 200) return answer->body;
      const auto error = answer ? read_kusto_error(answer->status, answer->body)
                                : Error{"KUSTO0203", "the cluster: " + answer.error().message};
      if (answer && answer->status == 401) tokens_.forget();
      const bool throttled = error.code == "WAREHOUSE0104";
      const bool broken =
          error.code == "KUSTO0203" || (answer && answer->status == 401 && attempt == 1);
      if (attempt >= options_.attempts || !(throttled || (broken && repeatable)))
        return std::unexpected(error);
      const auto told =
          answer ? kql::parse_long(answer->headers.value_or("Retry-After")) : std::nullopt;
      options_.sleep(told ? seconds(std::clamp<std::int64_t>(*told, 0, 60)) : pause);
      pause = pause * 2;
    }
  }

  ClusterOptions options_;
  http::Client& client_;
  TokenSource tokens_;
};

}  // namespace

Result<std::unique_ptr<Warehouse>> open_cluster(ClusterOptions options, http::Client& client,
                                                const Clock& clock) {
  while (options.url.ends_with('/')) options.url.pop_back();
  if (options.url.empty() || options.database.empty())
    return fail("KUSTO0201", "a cluster needs its URL and the name of a database");
  return std::make_unique<Cluster>(std::move(options), client, clock);
}

}  // namespace rollcall::warehouse
