#include "connectors/cdevent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace rollcall::connectors {
namespace {

constexpr std::string_view prefix = "dev.cdevents.";
constexpr std::string_view specification = "0.4.1";

// What the subject of a type must say.
struct Kind {
  std::string_view name, version;
  bool environment, artifact;
};
constexpr std::array<Kind, 11> kinds{{{"service.deployed", "0.2.0", true, true},
                                      {"service.upgraded", "0.2.0", true, true},
                                      {"service.rolledback", "0.2.0", true, true},
                                      {"service.removed", "0.2.0", true, false},
                                      {"service.published", "0.2.0", true, false},
                                      {"environment.created", "0.2.0", false, false},
                                      {"environment.modified", "0.2.0", false, false},
                                      {"environment.deleted", "0.2.0", false, false},
                                      {"incident.detected", "0.2.0", true, false},
                                      {"incident.reported", "0.2.0", true, false},
                                      {"incident.resolved", "0.2.0", true, false}}};

std::unexpected<Error> wrong(std::string message) {
  return fail("CONNECTOR0701", std::move(message));
}

}  // namespace

Result<json::object> to_cloud_event(const CdEvent& event) {
  std::string name = event.type, version;
  if (name.starts_with(prefix)) {
    name.erase(0, prefix.size());
    const auto first = name.find('.'),
               second = first == std::string::npos ? first : name.find('.', first + 1);
    if (second != std::string::npos) {
      version = name.substr(second + 1);
      name.resize(second);
    }
  }
  const auto kind = std::ranges::find_if(kinds, [&](const Kind& one) { return one.name == name; });
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const auto& one : kinds) names.emplace_back(one.name);
    const auto near = nearest_name(name, names);
    return wrong(fmt::format(
        "no type of CDEvent is '{}'; {}", event.type,
        near.empty() ? "one is service.deployed" : fmt::format("did you mean '{}'?", near)));
  }
  if (event.subject_id.empty()) return wrong("a CDEvent needs a subject: subjectId is missing");
  const auto* environment = event.content.if_contains("environment");
  if (kind->environment && (environment == nullptr || text_or(*environment, "id").empty()))
    return wrong(fmt::format("{} needs content/environment/id", name));
  if (kind->artifact && text_or(event.content, "artifactId").empty())
    return wrong(fmt::format("{} needs content/artifactId, a package URL", name));
  const auto type = fmt::format("{}{}.{}", prefix, name,
                                version.empty() ? kind->version : std::string_view(version));
  const auto time = format_iso_seconds(event.at);
  json::object subject{{"id", event.subject_id}};
  if (!event.subject_source.empty()) subject.emplace("source", event.subject_source);
  subject.emplace("type", name.substr(0, name.find('.')));
  subject.emplace("content", event.content);
  json::object data;
  data.emplace("context", json::object{{"version", specification},
                                       {"id", event.id},
                                       {"source", event.source},
                                       {"type", type},
                                       {"timestamp", time}});
  data.emplace("subject", std::move(subject));
  json::object cloud{{"specversion", "1.0"},        {"id", event.id},
                     {"source", event.source},      {"type", type},
                     {"subject", event.subject_id}, {"time", time}};
  cloud.emplace("datacontenttype", "application/json");
  cloud.emplace("data", std::move(data));
  return cloud;
}

}  // namespace rollcall::connectors
