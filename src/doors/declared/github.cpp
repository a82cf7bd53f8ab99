// GitHub's deployment and deployment_status events.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#deployment_status
#include <fmt/format.h>

#include "doors/declared/declared.hpp"

namespace rollcall::doors {
namespace {

using fleet::DeclaredStatus;

std::unexpected<Error> wrong(std::string_view what) {
  return fail("DECLARED0101", fmt::format("not GitHub's deployment event: {}", what));
}

DeclaredStatus status_of(std::string_view state) {
  if (state == "success") return DeclaredStatus::succeeded;
  if (state == "failure" || state == "error") return DeclaredStatus::failed;
  if (state == "inactive") return DeclaredStatus::inactive;
  if (state == "in_progress") return DeclaredStatus::in_progress;
  return DeclaredStatus::pending;
}

std::string_view first_of(std::initializer_list<std::string_view> texts) {
  for (const auto text : texts) {
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

Result<std::vector<fleet::Declaration>> read_github(std::string_view event,
                                                    const json::value& payload,
                                                    const WebhookOptions& options) {
  if (event != "deployment" && event != "deployment_status")
    return std::vector<fleet::Declaration>();
  const auto* deployment = find(payload, "deployment");
  const auto* repository = find(payload, "repository");
  if (deployment == nullptr || repository == nullptr)
    return wrong("deployment and repository were expected");
  const auto* id = find(*deployment, "id");
  const auto repository_name = text_or(*repository, "full_name");
  if (id == nullptr || !id->is_int64() || repository_name.empty())
    return wrong("deployment.id and repository.full_name were expected");
  const auto began = parse_iso(text_or(*deployment, "created_at"));
  if (!began) return wrong("deployment.created_at is no time");
  fleet::Declaration one;
  const json::value none;
  const auto* status = find(payload, "deployment_status");
  const auto& now = status == nullptr ? none : *status;
  const auto* free = find(*deployment, "payload");
  // Older senders put the JSON into a text.
  json::value parsed;
  if (free != nullptr && free->is_string()) {
    if (auto inner = parse_json(free->get_string())) parsed = *std::move(inner);
    free = &parsed;
  }
  const auto& more = free == nullptr ? none : *free;
  const auto name = first_of({text_or(now, "environment"), text_or(*deployment, "environment")});
  std::tie(one.cell.environment, one.cell.region) =
      split_environment(name, options.environment_pattern.get());
  if (const auto given = text_or(more, "environment"); !given.empty()) one.cell.environment = given;
  if (const auto given = text_or(more, "region"); !given.empty()) one.cell.region = given;
  one.cell.role = first_of({text_or(more, "role"), text_or(more, "service"),
                            repository_name.substr(repository_name.rfind('/') + 1)});
  const auto reference = text_or(*deployment, "ref");
  const auto commit = text_or(*deployment, "sha");
  // A branch is no version: then it is the commit.
  const bool tag = reference.find_first_of("0123456789") != std::string_view::npos;
  one.version =
      first_of({text_or(more, "version"), tag ? reference : std::string_view(), commit, reference});
  if (one.cell.environment.empty() || one.version.empty())
    return wrong("it has no environment, or neither ref nor sha");
  one.declaration_id = fmt::format("github/{}/{}", repository_name, id->get_int64());
  if (text_or(*deployment, "task") == "rollback") one.kind = fleet::DeclaredKind::rollback;
  one.status = status == nullptr ? DeclaredStatus::pending : status_of(text_or(now, "state"));
  one.at = *began;
  one.updated_at = parse_iso(text_or(now, "updated_at"))
                       .value_or(parse_iso(text_or(now, "created_at")).value_or(*began));
  one.source = "github";
  one.change = commit;
  one.url = first_of(
      {text_or(now, "log_url"), text_or(now, "target_url"), text_or(now, "environment_url")});
  const auto* creator = find(*deployment, "creator");
  if (creator != nullptr) one.by = text_or(*creator, "login");
  one.description = first_of({text_or(now, "description"), text_or(*deployment, "description")});
  return std::vector{std::move(one)};
}

}  // namespace rollcall::doors
