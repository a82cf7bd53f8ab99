#include "sources/source.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"
#include "sources/kinds.hpp"

namespace rollcall::sources {
namespace {

struct KindRule {
  std::string_view kind;
  std::array<std::string_view, 3> needs;
};
constexpr std::array kind_rules{
    KindRule{"version", {"url", "role", "environment"}},
    KindRule{"prometheus", {"url"}},
    KindRule{"prometheus_server", {"url"}},
    KindRule{"kubernetes", {"url", "environment"}},
    KindRule{"loki", {"url", "query"}},
    KindRule{"elasticsearch", {"url", "index"}},
    KindRule{"kusto", {"url", "database", "query"}},
    KindRule{"postgresql", {"url", "query"}},
    KindRule{"directory", {"folder"}},
};

const std::string& value_of(const SourceOptions& options, std::string_view setting) {
  if (setting == "url") return options.url;
  if (setting == "role") return options.names.role;
  if (setting == "environment") return options.names.environment;
  if (setting == "query") return options.query;
  if (setting == "index") return options.index;
  if (setting == "database") return options.database;
  return options.folder;
}

}  // namespace

Result<void> check(const SourceOptions& options) {
  if (options.name.empty()) return fail("SOURCE0301", "a name of the source");
  for (const auto& rule : kind_rules) {
    if (rule.kind != options.kind) continue;
    for (const auto setting : rule.needs) {
      if (!setting.empty() && value_of(options, setting).empty()) {
        return fail("SOURCE0301", fmt::format("{} for source '{}' of kind {}", setting,
                                              options.name, options.kind));
      }
    }
    return {};
  }
  std::vector<std::string> kinds;
  for (const auto& rule : kind_rules) kinds.emplace_back(rule.kind);
  return fail("SOURCE0301",
              fmt::format("a kind of {} for source '{}'", fmt::join(kinds, ", "), options.name));
}

Result<std::unique_ptr<Source>> make_source(const SourceOptions& options, http::Client& client,
                                            const Clock& clock) {
  TRY_DO(check(options));
  if (options.kind == "version") return make_version(options, client);
  if (options.kind == "prometheus") return make_prometheus(options, client);
  if (options.kind == "prometheus_server") return make_prometheus_server(options, client);
  if (options.kind == "kubernetes") return make_kubernetes(options, client);
  if (options.kind == "loki") return make_loki(options, client);
  if (options.kind == "elasticsearch") return make_elasticsearch(options, client);
  if (options.kind == "kusto") return make_kusto(options, client, clock);
  if (options.kind == "postgresql") return make_postgresql(options);
  return make_directory(options);
}

Result<std::string> ask(http::Client& client, const SourceOptions& options, const std::string& url,
                        const std::string& body) {
  http::ClientRequest request;
  request.url = url;
  request.timeout = seconds(30);
  request.follow_redirects = true;
  if (!options.token.empty()) request.headers.add("Authorization", "Bearer " + options.token);
  if (!body.empty()) {
    request.method = "POST";
    request.headers.add("Content-Type", "application/json");
    request.body = body;
  }
  TRY(auto answer, client.send(request));
  if (answer.status == 200) return std::move(answer.body);
  return fail("SOURCE0102", fmt::format("{} answered {}: {}", url.substr(0, url.find('?')),
                                        answer.status, answer.body.substr(0, 200)));
}

Result<json::value> ask_json(http::Client& client, const SourceOptions& options,
                             const std::string& url, const std::string& body) {
  TRY(const auto text, ask(client, options, url, body));
  auto document = parse_json(text);
  if (!document)
    return fail("SOURCE0102", fmt::format("{} answered no JSON: {}", url.substr(0, url.find('?')),
                                          document.error().message));
  return document;
}

void fill_names(telemetry::LogRow& row, const FixedNames& fixed) {
  if (row.environment.empty()) row.environment = fixed.environment;
  if (row.role.empty()) row.role = fixed.role;
  if (row.region.empty()) row.region = fixed.region;
  if (row.instance.empty()) row.instance = fixed.instance;
}

void append_row(telemetry::LogBatch& rows, const telemetry::Names& names, const FixedNames& fixed,
                Timestamp at, std::string_view body, std::string_view attributes) {
  using telemetry::Names;
  telemetry::LogRow row;
  row.timestamp = row.observed_timestamp = at;
  row.environment = names[Names::environment];
  row.role = names[Names::role];
  row.region = names[Names::region];
  row.instance = names[Names::instance];
  row.version = names[Names::version];
  row.host = names[Names::host];
  row.body = body;
  row.log_attributes = attributes;
  fill_names(row, fixed);
  rows.append(row);
}

std::optional<std::string> text_at(const json::value& document, std::string_view dotted) {
  const json::value* at = &document;
  for (const auto part : split(dotted, '.')) {
    if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || index >= at->get_array().size()) return std::nullopt;
      at = &at->get_array()[index];
    } else if ((at = find(*at, part)) == nullptr) {
      return std::nullopt;
    }
  }
  if (at->is_string()) return std::string(at->get_string());
  if (at->is_number()) return json::serialize(*at);
  return std::nullopt;
}

Slice slice_of(const SourceOptions& options, Timestamp now, std::string_view position) {
  const auto to = now - options.lag;
  return {parse_iso(position).value_or(to - hours(1)), to};
}

}  // namespace rollcall::sources
