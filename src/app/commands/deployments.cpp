// `rollcall deployments declare` and `rollcall deployments reconcile`: what pipelines and people say they did, and whether the
// logs agree.
#include <fmt/format.h>

#include "app/commands/commands.hpp"

namespace rollcall::app {

int declare_deployment(const DeclareOptions& options, const Console& console, const Clock& clock) {
  auto connect_options = options.connect;
  connect_options.create = true;
  const auto connection = connect(connect_options, clock, console);
  if (!connection) return report(console, connection.error());
  json::object body;
  for (const auto& [name, value] : {std::pair{"environment", &options.environment},
                                    {"role", &options.role},
                                    {"region", &options.region},
                                    {"version", &options.version},
                                    {"kind", &options.kind},
                                    {"status", &options.status},
                                    {"at", &options.at},
                                    {"id", &options.id},
                                    {"change", &options.change},
                                    {"url", &options.url},
                                    {"by", &options.by},
                                    {"description", &options.description}}) {
    if (!value->empty()) body[name] = *value;
  }
  const auto answer = (*connection)->post("/api/v1/deployments", body);
  if (!answer) return report(console, answer.error());
  if (options.json) {
    console.out(pretty(*answer));
    return done;
  }
  const bool known = answer->at("known").to_number<std::int64_t>() > 0;
  console.out(known                                                 ? "known already\n"
              : answer->at("updated").to_number<std::int64_t>() > 0 ? "updated\n"
                                                                    : "declared\n");
  return done;
}

int reconcile_deployments(const ReconcileOptions& options, const Console& console,
                          const Clock& clock) {
  const auto connection = connect(options.connect, clock, console);
  if (!connection) return report(console, connection.error());
  auto target = fmt::format("/api/v1/deployments/reconciliation?tolerance={}", options.tolerance);
  if (!options.since.empty()) target += "&since=" + http::encode_percent(options.since);
  const auto answer = (*connection)->get(target);
  if (!answer) return report(console, answer.error());
  const auto& findings = answer->at("findings").as_array();
  if (options.json) {
    console.out(pretty(*answer));
    return findings.empty() ? done : went_wrong;
  }
  for (const auto& one : findings) {
    const json::value none;
    const auto* declared = find(one, "declared");
    const auto* seen = find(one, "seen");
    const auto& said = declared == nullptr ? none : *declared;
    const auto& was = seen == nullptr ? none : *seen;
    console.out(fmt::format("{:<16} {}/{}/{}  declared {} {}  seen {} {}\n",
                            text_or(one, "finding"), text_or(one, "environment"),
                            text_or(one, "role"), text_or(one, "region"),
                            text_or(said, "version", "-"), text_or(said, "at"),
                            text_or(was, "version", "-"), text_or(was, "startedAt")));
  }
  console.out(fmt::format("{} agree, {} do not\n", answer->at("agree").to_number<std::int64_t>(),
                          findings.size()));
  return findings.empty() ? done : went_wrong;
}

}  // namespace rollcall::app
