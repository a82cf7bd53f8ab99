// A declaration in plain JSON, as `rollcall deployments declare` and `rollcall backfill` send it.
#include <fmt/format.h>

#include <array>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "doors/declared/declared.hpp"

namespace rollcall::doors {
namespace {

const std::vector<std::string> members{"environment", "role", "region",      "version", "kind",
                                       "status",      "at",   "updatedAt",   "id",      "change",
                                       "url",         "by",   "description", "source"};

std::unexpected<Error> wrong(std::string_view what) {
  return fail("DECLARED0101", std::string(what));
}

}  // namespace

Result<fleet::Declaration> read_plain(const json::value& body, Timestamp now,
                                      const Principal& principal) {
  if (!body.is_object()) return wrong("a declaration is a JSON object");
  for (const auto& member : body.get_object()) {
    const std::string name(member.key());
    if (std::ranges::find(members, name) == members.end()) {
      const auto near = nearest_name(name, members);
      return wrong(fmt::format("a declaration has no member '{}'{}", name,
                               near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
    }
    if (!member.value().is_string()) return wrong(fmt::format("'{}' must be a text", name));
  }
  const auto text = [&](std::string_view name) { return std::string(text_or(body, name)); };
  fleet::Declaration one;
  one.cell = {text("environment"), text("role"), text("region")};
  one.version = text("version");
  if (one.cell.environment.empty() || one.cell.role.empty())
    return wrong("environment and role are needed");
  const auto kind = fleet::parse_declared_kind(text_or(body, "kind", "deployment"));
  if (!kind)
    return wrong(fmt::format(
        "kind '{}': one of deployment, rollback, removal, configuration, flag was expected",
        text("kind")));
  const auto status = fleet::parse_declared_status(text_or(body, "status", "succeeded"));
  if (!status)
    return wrong(fmt::format(
        "status '{}': one of pending, in_progress, succeeded, failed, inactive was expected",
        text("status")));
  one.kind = *kind;
  one.status = *status;
  const bool leaves_version =
      one.kind == fleet::DeclaredKind::deployment || one.kind == fleet::DeclaredKind::rollback;
  if (leaves_version && one.version.empty()) return wrong("version is needed");
  for (const auto& [name, time] : {std::pair{"at", &one.at}, {"updatedAt", &one.updated_at}}) {
    const auto given = text(name);
    const auto parsed = given.empty() ? std::optional(now) : parse_iso(given);
    if (!parsed) return wrong(fmt::format("{} '{}' is no time", name, given));
    *time = *parsed;
  }
  one.source = text_or(body, "source", "api");
  one.change = text("change");
  one.url = text("url");
  one.by = text_or(body, "by", to_string(principal));
  one.description = text("description");
  const auto said = fmt::format("{}\n{}\n{}\n{}\n{}", to_string(one.cell), one.version,
                                to_string(one.kind), format_iso(one.at), one.change);
  one.declaration_id =
      fmt::format("{}/{}", one.source,
                  text("id").empty() ? fmt::format("{:016x}", xxhash64(said)) : text("id"));
  return one;
}

}  // namespace rollcall::doors
