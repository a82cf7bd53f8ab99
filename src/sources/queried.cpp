// Sources that are asked for the lines of a slice of time: Loki, Elasticsearch, a Kusto cluster. The slice ends the source's lag
// before now, and the next begins where it ended, so that no line is read twice.
#include <fmt/format.h>

#include <charconv>

#include "base/json_text.hpp"
#include "sources/kinds.hpp"
#include "warehouse/cluster.hpp"
#include "warehouse/records.hpp"

namespace rollcall::sources {
namespace {

using telemetry::Attributes;
using telemetry::Names;

constexpr std::size_t page_lines = 5'000;

std::int64_t nanoseconds(Timestamp time) { return (time.ticks - unix_epoch_ticks) * 100; }

// A page that is full may break off inside of a moment: what stands at its last moment is left to the next page, which begins
// there. SOURCE0104: more lines than a page at one moment.
Result<Timestamp> end_of_page(std::vector<Timestamp> times, const SourceOptions& options) {
  std::sort(times.begin(), times.end());
  if (times.front() < times.back()) return times.back();
  return fail("SOURCE0104",
              fmt::format("source '{}' has more than {} lines at {}; narrow its query",
                          options.name, page_lines, format_iso(times.back())));
}

// https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time
class Loki final : public HttpSource {
 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view position) override {
    auto slice = slice_of(options_, now, position);
    Pulled pulled;
    if (slice.from >= slice.to) return pulled.watermark = slice.from, pulled;
    TRY(const auto answer,
        ask_json(
            client_, options_,
            fmt::format(
                "{}/loki/api/v1/query_range?query={}&start={}&end={}&limit={}&direction=forward",
                options_.url, http::encode_percent(options_.query), nanoseconds(slice.from),
                nanoseconds(slice.to), page_lines)));
    const auto* data = find(answer, "data");
    const auto* result = data == nullptr ? nullptr : find(*data, "result");
    if (result == nullptr || !result->is_array())
      return fail("SOURCE0103", fmt::format("{} answers no streams", options_.url));
    std::vector<Timestamp> times;
    each(*result,
         [&](const json::value&, Timestamp time, std::string_view) { times.push_back(time); });
    if (times.size() >= page_lines) {
      TRY(slice.to, end_of_page(std::move(times), options_));
      pulled.more = true;
    }
    each(*result, [&](const json::value& stream, Timestamp time, std::string_view line) {
      if (time < slice.to) append(pulled.rows, stream, time, line);
    });
    pulled.position = format_iso(slice.to);
    pulled.watermark = slice.to;
    return pulled;
  }

 private:
  template <class Take>
  static void each(const json::value& result, Take take) {
    for (const auto& one : result.get_array()) {
      const auto* stream = find(one, "stream");
      const auto* values = find(one, "values");
      if (stream == nullptr || !stream->is_object() || values == nullptr || !values->is_array())
        continue;
      for (const auto& pair : values->get_array()) {
        if (!pair.is_array() || pair.get_array().size() < 2 || !pair.get_array()[0].is_string() ||
            !pair.get_array()[1].is_string())
          continue;
        const auto& digits = pair.get_array()[0].get_string();
        std::int64_t time = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), time);
        take(*stream, from_unix_nanoseconds(time),
             std::string_view(pair.get_array()[1].get_string()));
      }
    }
  }
  void append(telemetry::LogBatch& rows, const json::value& stream, Timestamp time,
              std::string_view line) const {
    Names names;
    Attributes attributes;
    for (const auto& label : stream.get_object()) {
      if (!label.value().is_string()) continue;
      names.take_label(label.key(), label.value().get_string());
      append_json(attributes.next(label.key()), label.value().get_string());
    }
    append_row(rows, names, options_.names, time, line, attributes.finish());
  }
};

// https://www.elastic.co/guide/en/elasticsearch/reference/current/search-search.html ; fields by the Elastic Common Schema.
class Elasticsearch final : public HttpSource {
 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view position) override {
    auto slice = slice_of(options_, now, position);
    Pulled pulled;
    if (slice.from >= slice.to) return pulled.watermark = slice.from, pulled;
    const json::object range{
        {"range",
         {{"@timestamp", {{"gte", format_iso(slice.from)}, {"lt", format_iso(slice.to)}}}}}};
    json::array filter{range};
    if (!options_.query.empty())
      filter.push_back(json::object{{"query_string", {{"query", options_.query}}}});
    const json::object query{{"size", page_lines},
                             {"sort", json::array{{{"@timestamp", "asc"}}}},
                             {"query", {{"bool", {{"filter", filter}}}}}};
    TRY(const auto answer,
        ask_json(client_, options_, fmt::format("{}/{}/_search", options_.url, options_.index),
                 json::serialize(query)));
    const auto* outer = find(answer, "hits");
    const auto* hits = outer == nullptr ? nullptr : find(*outer, "hits");
    if (hits == nullptr || !hits->is_array())
      return fail("SOURCE0103", fmt::format("{} answers no hits", options_.url));
    std::vector<std::pair<Timestamp, const json::value*>> lines;
    std::vector<Timestamp> times;
    for (const auto& hit : hits->get_array()) {
      const auto* source = find(hit, "_source");
      const auto time = source == nullptr ? std::nullopt : time_of(*source);
      if (!time) {
        ++pulled.bad;
        continue;
      }
      lines.emplace_back(*time, source);
      times.push_back(*time);
    }
    if (hits->get_array().size() >= page_lines) {
      if (times.empty())
        return fail("SOURCE0103",
                    fmt::format("{} answers {} hits, and none has a time in @timestamp",
                                options_.url, page_lines));
      TRY(slice.to, end_of_page(std::move(times), options_));
      pulled.more = true;
    }
    for (const auto& [time, source] : lines) {
      if (time < slice.to) append(pulled.rows, *source, time);
    }
    pulled.position = format_iso(slice.to);
    pulled.watermark = slice.to;
    return pulled;
  }

 private:
  // ISO 8601, or milliseconds since 1970: a date of a mapping is either.
  static std::optional<Timestamp> time_of(const json::value& source) {
    const auto* given = find(source, "@timestamp");
    if (given == nullptr) return std::nullopt;
    std::int64_t number = 0;
    if (given->is_int64()) {
      number = given->get_int64();
    } else {
      const auto text = text_or(source, "@timestamp");
      if (const auto time = parse_iso(text)) return time;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    }
    constexpr auto most = (timestamp_max.ticks - unix_epoch_ticks) / ticks_per_millisecond;
    if (number < 0 || number > most) return std::nullopt;
    return from_unix_seconds(0) + milliseconds(number);
  }
  // Fields come nested, or with dots in their names.
  static std::string field(const json::value& source, const std::string& name) {
    if (const auto flat = text_or(source, name); !flat.empty()) return std::string(flat);
    return text_at(source, name).value_or("");
  }
  void append(telemetry::LogBatch& rows, const json::value& source, Timestamp time) const {
    Names names;
    for (const char* name :
         {"deployment.environment.name", "deployment.environment", "service.name",
          "service.version", "cloud.region", "service.instance.id", "host.name"}) {
      names.take_attribute(name, field(source, name));
    }
    for (const auto& [name, attribute] :
         {std::pair{"service.environment", "deployment.environment"},
          {"service.node.name", "service.instance.id"}}) {
      names.take_attribute(attribute, field(source, name));
    }
    append_row(rows, names, options_.names, time, text_or(source, "message"),
               json::serialize(source));
  }
};

// The query answers columns of OTelLogs, Timestamp at least, for `_from` <= … < `_to`.
class Kusto final : public Source {
 public:
  Kusto(SourceOptions options, std::unique_ptr<warehouse::Warehouse> cluster)
      : options_(std::move(options)), cluster_(std::move(cluster)) {}
  Result<Pulled> pull(Timestamp now, std::string_view position) override {
    const auto slice = slice_of(options_, now, position);
    Pulled pulled;
    pulled.watermark = slice.to;
    if (slice.from >= slice.to) return pulled;
    warehouse::QueryOptions query;
    query.now = now;
    query.parameters = {{"_from", fmt::format("datetime({})", format_iso(slice.from))},
                        {"_to", fmt::format("datetime({})", format_iso(slice.to))}};
    TRY(const auto table,
        cluster_->query(
            "declare query_parameters(_from:datetime, _to:datetime);\n" + options_.query, query));
    TRY(const auto rows, warehouse::to_log_batch(table));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto row = rows.row(i);
      fill_names(row, options_.names);
      pulled.rows.append(row);
    }
    pulled.position = format_iso(slice.to);
    return pulled;
  }

 private:
  SourceOptions options_;
  std::unique_ptr<warehouse::Warehouse> cluster_;
};

}  // namespace

std::unique_ptr<Source> make_loki(const SourceOptions& options, http::Client& client) {
  return std::make_unique<Loki>(options, client);
}
std::unique_ptr<Source> make_elasticsearch(const SourceOptions& options, http::Client& client) {
  return std::make_unique<Elasticsearch>(options, client);
}
Result<std::unique_ptr<Source>> make_kusto(const SourceOptions& options, http::Client& client,
                                           const Clock& clock) {
  TRY(auto cluster, warehouse::open_cluster({.url = options.url,
                                             .database = options.database,
                                             .credentials = warehouse::GivenToken{options.token}},
                                            client, clock));
  return std::make_unique<Kusto>(options, std::move(cluster));
}

}  // namespace rollcall::sources
