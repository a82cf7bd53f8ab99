// Sources that answer what runs at the moment: each pull is a row for every instance that is there.
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/text.hpp"
#include "sources/kinds.hpp"

namespace rollcall::sources {
namespace {

using telemetry::Attributes;
using telemetry::Names;

// A version endpoint: JSON, and the place of the version in it, or the version as text.
class Version final : public HttpSource {
 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view) override {
    Pulled pulled;
    pulled.watermark = now;
    TRY(const auto body, ask(client_, options_, options_.url));
    std::string version(trim(body));
    if (!options_.path.empty() || version.starts_with('{')) {
      TRY(const auto document, parse_json(body));
      const auto path = options_.path.empty() ? std::string("version") : options_.path;
      const auto found = text_at(document, path);
      if (!found)
        return fail("SOURCE0103", fmt::format("{} answers nothing at '{}'", options_.url, path));
      version = *found;
    }
    if (version.empty() || version.size() > 200 || version.find('\n') != std::string::npos) {
      return fail(
          "SOURCE0103",
          fmt::format("{} answers no version; if it is JSON, say where with path", options_.url));
    }
    Names names;
    names.take_attribute("service.version", version);
    append_row(pulled.rows, names, options_.names, now, options_.url, "");
    return pulled;
  }
};

void append_build_info(telemetry::LogBatch& rows, const SourceOptions& options,
                       const BuildInfo& info, Timestamp now) {
  Names names;
  Attributes attributes;
  for (const auto& [name, value] : info.labels) {
    names.take_label(name, value);
    append_json(attributes.next(name), value);
  }
  if (names[Names::version].empty()) return;
  append_row(rows, names, options.names, now, info.metric, attributes.finish());
}

class Prometheus final : public HttpSource {
 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view) override {
    Pulled pulled;
    pulled.watermark = now;
    TRY(const auto body, ask(client_, options_, options_.url));
    for (const auto& info : read_build_info(body))
      append_build_info(pulled.rows, options_, info, now);
    return pulled;
  }
};

// https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
class PrometheusServer final : public HttpSource {
  // `"value": [1767268800, "0"]`: a build that is gone.
  static bool is_zero(const json::value& sample) {
    const auto* value = find(sample, "value");
    if (value == nullptr || !value->is_array() || value->get_array().size() < 2) return false;
    const auto* number = value->get_array()[1].if_string();
    return number != nullptr && *number == "0";
  }

 public:
  using HttpSource::HttpSource;
  Result<Pulled> pull(Timestamp now, std::string_view) override {
    Pulled pulled;
    pulled.watermark = now;
    const auto query =
        options_.query.empty() ? std::string("{__name__=~\".+_build_info\"}") : options_.query;
    TRY(const auto answer, ask_json(client_, options_,
                                    fmt::format("{}/api/v1/query?query={}", options_.url,
                                                http::encode_percent(query))));
    const auto* data = find(answer, "data");
    const auto* result = data == nullptr ? nullptr : find(*data, "result");
    if (result == nullptr || !result->is_array())
      return fail("SOURCE0103",
                  fmt::format("{} answers no vector: {}", options_.url, text_or(answer, "error")));
    for (const auto& one : result->get_array()) {
      const auto* metric = find(one, "metric");
      if (metric == nullptr || !metric->is_object() || is_zero(one)) continue;
      BuildInfo info{std::string(text_or(*metric, "__name__")), {}};
      for (const auto& label : metric->get_object()) {
        if (label.key() != "__name__" && label.value().is_string())
          info.labels.emplace_back(label.key(), label.value().get_string());
      }
      append_build_info(pulled.rows, options_, info, now);
    }
    return pulled;
  }
};

// `name{label="value",…} 1`; false when it is none.
bool read_sample(std::string_view line, BuildInfo& info) {
  const auto brace = line.find('{');
  if (brace == std::string_view::npos) return false;
  info = {std::string(trim(line.substr(0, brace))), {}};
  if (!telemetry::OtlpPoints::is_build_info(info.metric)) return false;
  for (std::size_t at = brace + 1; at < line.size();) {
    while (at < line.size() && (line[at] == ',' || line[at] == ' ')) ++at;
    if (at < line.size() && line[at] == '}')
      return trim(line.substr(at + 1)).starts_with('1');  // 0: a build that is gone
    const auto equal = line.find("=\"", at);
    if (equal == std::string_view::npos) return false;
    const std::string name(trim(line.substr(at, equal - at)));
    std::string value;
    for (at = equal + 2; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\' && at + 1 < line.size()) {
        ++at;
        value += line[at] == 'n' ? '\n' : line[at];
      } else {
        value += line[at];
      }
    }
    if (at >= line.size()) return false;
    ++at;
    info.labels.emplace_back(name, std::move(value));
  }
  return false;
}

}  // namespace

std::vector<BuildInfo> read_build_info(std::string_view exposition) {
  std::vector<BuildInfo> all;
  for (const auto raw : split(exposition, '\n')) {
    const auto line = trim(raw);
    BuildInfo info;
    if (!line.empty() && line.front() != '#' && read_sample(line, info))
      all.push_back(std::move(info));
  }
  return all;
}

std::unique_ptr<Source> make_version(const SourceOptions& options, http::Client& client) {
  return std::make_unique<Version>(options, client);
}
std::unique_ptr<Source> make_prometheus(const SourceOptions& options, http::Client& client) {
  return std::make_unique<Prometheus>(options, client);
}
std::unique_ptr<Source> make_prometheus_server(const SourceOptions& options, http::Client& client) {
  return std::make_unique<PrometheusServer>(options, client);
}

}  // namespace rollcall::sources
