#include "fleet/well_known_lists.hpp"

#include "fleet/declared.hpp"
#include "fleet/fields.hpp"
#include "fleet/guarded_column.hpp"

namespace rollcall::fleet {
namespace {

using lists::Column;
using lists::ColumnType;

Column required(std::string_view name, std::string_view description) {
  Column made = guarded_column(name, ColumnType::text, description);
  made.required = true;
  return made;
}

Column choice(std::string_view name, std::vector<std::string> choices,
              std::string_view description) {
  Column made = guarded_column(name, ColumnType::choice, description);
  made.choices = std::move(choices);
  return made;
}

Column title() {
  Column made = guarded_column("Title", ColumnType::text, "what it is, for people");
  made.guarded = false;
  return made;
}

void add_cell(lists::ListDefinition& list) {
  list.columns.push_back(required("Environment", "as logged: deployment.environment.name"));
  list.columns.push_back(required("Role", "as logged: service.name"));
  list.columns.push_back(required("Region", "as logged: cloud.region"));
}

const std::vector<std::string> statuses{"InProgress", "Completed", "Stalled", "RolledBack",
                                        "Superseded"};

}  // namespace

lists::ListDefinition deployment_history_definition() {
  lists::ListDefinition list;
  list.name = deployment_history_list;
  list.description =
      "Every deployment, once: a version becoming current in an environment, role and region.";
  list.columns.push_back(title());
  list.columns.push_back(required("DeploymentId", "given once, never changed or reused"));
  add_cell(list);
  list.columns.push_back(required("Version", "what was deployed"));
  list.columns.push_back(
      guarded_column("PreviousVersion", ColumnType::text, "what it replaced; empty for the first"));
  list.columns.push_back(
      choice("Kind", {"initial", "deploy", "rollback", "redeploy"}, "by the cell's own history"));
  list.columns.push_back(choice("Status", statuses, "how it went"));
  list.columns.push_back(
      guarded_column("StartedAt", ColumnType::datetime, "its first instance started"));
  list.columns.push_back(
      guarded_column("CompletedAt", ColumnType::datetime, "its last instance started"));
  list.columns.push_back(
      guarded_column("DetectedAt", ColumnType::datetime, "the poll that found it"));
  list.columns.push_back(guarded_column("Instances", ColumnType::integer,
                                        "that run it; the most there were, once over"));
  list.columns.push_back(guarded_column("Percent", ColumnType::integer,
                                        "of the living instances; the most, once over"));
  list.columns.push_back(
      guarded_column("Sequence", ColumnType::integer, "its rank in the cell, from 1"));
  list.columns.push_back(guarded_column("RunId", ColumnType::text, "the flow run that found it"));
  list.unique_keys = {{"DeploymentId"}};
  list.indexes = {{"Environment", "Role", "Region", "Sequence"},
                  {"Environment", "Role", "Region", "Version"},
                  {"Version"},
                  {"StartedAt"}};
  return list;
}

lists::ListDefinition current_snapshot_definition() {
  lists::ListDefinition list;
  list.name = current_snapshot_list;
  list.description = "What runs where: one row for each environment, role and region.";
  list.columns.push_back(title());
  add_cell(list);
  list.columns.push_back(required("Version", "what most living instances run"));
  list.columns.push_back(guarded_column("PreviousVersion", ColumnType::text, "what it replaced"));
  list.columns.push_back(
      guarded_column("Since", ColumnType::datetime, "when its first instance started"));
  list.columns.push_back(guarded_column("Percent", ColumnType::integer, "of the living instances"));
  list.columns.push_back(choice("Status", statuses, "of its deployment"));
  list.columns.push_back(
      guarded_column("DeploymentId", ColumnType::text, "its deployment in the history"));
  list.unique_keys = {{"Environment", "Role", "Region"}};
  return list;
}

lists::ListDefinition plain_history_definition() {
  lists::ListDefinition list;
  list.name = plain_history_list;
  list.description =
      "Deployments as a plain exact match finds them: environment, role, region and version.";
  list.columns.push_back(title());
  add_cell(list);
  list.columns.push_back(required("Version", "what was seen"));
  list.columns.push_back(
      guarded_column("FirstSeen", ColumnType::datetime, "its first line in the look-back"));
  list.columns.push_back(
      guarded_column("DetectedAt", ColumnType::datetime, "the poll that found it"));
  list.indexes = {{"Environment", "Role", "Region", "Version"}};
  return list;
}

lists::ListDefinition plain_snapshot_definition() {
  lists::ListDefinition list;
  list.name = plain_snapshot_list;
  list.description = "The version seen last, for each environment, role and region.";
  list.columns.push_back(title());
  add_cell(list);
  list.columns.push_back(required("Version", "what was seen last"));
  list.columns.push_back(
      guarded_column("Since", ColumnType::datetime, "its first line in the look-back"));
  list.unique_keys = {{"Environment", "Role", "Region"}};
  return list;
}

std::vector<lists::ListDefinition> well_known_lists() {
  return {deployment_history_definition(), current_snapshot_definition(),
          plain_history_definition(), plain_snapshot_definition(), declared_definition()};
}

json::object to_fields(const Deployment& deployment) {
  json::object fields;
  fields["Title"] = fmt::format("{} {}", to_string(deployment.cell), deployment.version);
  fields["DeploymentId"] = deployment.deployment_id;
  fields["Environment"] = deployment.cell.environment;
  fields["Role"] = deployment.cell.role;
  fields["Region"] = deployment.cell.region;
  fields["Version"] = deployment.version;
  fields["PreviousVersion"] = deployment.previous_version;
  fields["Kind"] = to_string(deployment.kind);
  fields["Status"] = to_string(deployment.status);
  fields["StartedAt"] = format_iso(deployment.started_at);
  fields["CompletedAt"] = deployment.completed_at
                              ? json::value(format_iso(*deployment.completed_at))
                              : json::value(nullptr);
  fields["DetectedAt"] = format_iso(deployment.detected_at);
  fields["Instances"] = deployment.instances;
  fields["Percent"] = deployment.percent;
  fields["Sequence"] = deployment.sequence;
  fields["RunId"] = deployment.run_id;
  return fields;
}

json::object to_fields(const Snapshot& snapshot) {
  json::object fields;
  fields["Title"] = to_string(snapshot.cell);
  fields["Environment"] = snapshot.cell.environment;
  fields["Role"] = snapshot.cell.role;
  fields["Region"] = snapshot.cell.region;
  fields["Version"] = snapshot.version;
  fields["PreviousVersion"] = snapshot.previous_version;
  fields["Since"] = format_iso(snapshot.since);
  fields["Percent"] = snapshot.percent;
  fields["Status"] = to_string(snapshot.status);
  fields["DeploymentId"] = snapshot.deployment_id;
  return fields;
}

Result<Deployment> parse_deployment(const json::object& fields) {
  const FieldReader read(fields);
  Deployment item;
  TRY(item.deployment_id, read.text("DeploymentId"));
  TRY(item.cell, read.cell());
  TRY(item.version, read.text("Version"));
  TRY(item.previous_version, read.text_or_empty("PreviousVersion"));
  TRY(item.kind, read.named("Kind", parse_kind));
  TRY(item.status, read.named("Status", parse_status));
  TRY(item.started_at, read.time("StartedAt"));
  if (read.has("CompletedAt")) {
    TRY(item.completed_at, read.time("CompletedAt"));
  }
  TRY(item.detected_at, read.time("DetectedAt"));
  TRY(item.instances, read.integer("Instances"));
  TRY(item.percent, read.integer("Percent"));
  TRY(item.sequence, read.integer("Sequence"));
  TRY(item.run_id, read.text_or_empty("RunId"));
  return item;
}

Result<Snapshot> parse_snapshot(const json::object& fields) {
  const FieldReader read(fields);
  Snapshot row;
  TRY(row.cell, read.cell());
  TRY(row.version, read.text("Version"));
  TRY(row.previous_version, read.text_or_empty("PreviousVersion"));
  TRY(row.since, read.time("Since"));
  TRY(row.percent, read.integer("Percent"));
  TRY(row.status, read.named("Status", parse_status));
  TRY(row.deployment_id, read.text_or_empty("DeploymentId"));
  return row;
}

}  // namespace rollcall::fleet
