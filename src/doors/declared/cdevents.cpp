// CDEvents' service events (https://cdevents.dev/docs/continuous-deployment/): deployed, upgraded, rolledback, removed, of the
// versions 0.4 (context.version, subject.type) and 0.5 (context.specversion). https://github.com/cdevents/spec
#include <fmt/format.h>

#include "base/text.hpp"
#include "doors/declared/declared.hpp"

namespace rollcall::doors {
namespace {

std::unexpected<Error> wrong(std::string_view what) {
  return fail("DECLARED0101", fmt::format("not a CDEvent of a service: {}", what));
}

std::string_view last_part(std::string_view text, char separator) {
  return text.substr(text.rfind(separator) + 1);
}

// `pkg:generic/portal@1.2.3?arch=x#y`: https://github.com/package-url/purl-spec
struct Artifact {
  std::string name, version;
};
Artifact read_purl(std::string_view purl) {
  purl = purl.substr(0, purl.find_first_of("?#"));
  const auto at = purl.rfind('@');
  const auto path = purl.substr(0, at);
  return {http::decode_percent(last_part(path, '/'), false),
          at == std::string_view::npos ? std::string()
                                       : http::decode_percent(purl.substr(at + 1), false)};
}

std::optional<fleet::DeclaredKind> kind_of(std::string_view type) {
  constexpr std::string_view prefix = "dev.cdevents.service.";
  if (!type.starts_with(prefix)) return std::nullopt;
  const auto predicate = type.substr(prefix.size(), type.find('.', prefix.size()) - prefix.size());
  if (predicate == "deployed" || predicate == "upgraded") return fleet::DeclaredKind::deployment;
  if (predicate == "rolledback") return fleet::DeclaredKind::rollback;
  if (predicate == "removed") return fleet::DeclaredKind::removal;
  return std::nullopt;
}

}  // namespace

Result<std::vector<fleet::Declaration>> read_cdevent(const json::value& event,
                                                     const WebhookOptions& options) {
  const auto* context = find(event, "context");
  const auto* subject = find(event, "subject");
  if (context == nullptr || subject == nullptr) return wrong("context and subject were expected");
  const auto version = text_or(*context, "specversion", text_or(*context, "version"));
  if (version.empty()) return wrong("context.specversion (0.4: context.version) is missing");
  const auto id = text_or(*context, "id"), source = text_or(*context, "source"),
             type = text_or(*context, "type");
  if (id.empty() || source.empty() || type.empty())
    return wrong("context needs id, source and type");
  const auto kind = kind_of(type);
  if (!kind) return std::vector<fleet::Declaration>();
  const auto time = parse_iso(text_or(*context, "timestamp"));
  if (!time) return wrong("context.timestamp is no time");
  const auto* content = find(*subject, "content");
  const auto* environment = content == nullptr ? nullptr : find(*content, "environment");
  const auto name = environment == nullptr ? std::string_view() : text_or(*environment, "id");
  if (name.empty()) return wrong("subject.content.environment.id is missing");
  fleet::Declaration one;
  const auto artifact = read_purl(text_or(*content, "artifactId"));
  const json::value none;
  const auto* custom = find(event, "customData");
  const auto& more = custom == nullptr ? none : *custom;
  std::tie(one.cell.environment, one.cell.region) =
      split_environment(name, options.environment_pattern.get());
  if (const auto region = text_or(more, "region"); !region.empty()) one.cell.region = region;
  one.cell.role = text_or(more, "role", last_part(text_or(*subject, "id"), '/'));
  if (one.cell.role.empty()) one.cell.role = artifact.name;
  one.version = text_or(more, "version", artifact.version);
  if (one.version.empty() && *kind != fleet::DeclaredKind::removal) {
    return wrong(
        "subject.content.artifactId must be a package URL with a version, such as "
        "pkg:generic/portal@1.2.3");
  }
  one.declaration_id = fmt::format("cdevents/{}/{}", source, id);
  one.kind = *kind;
  one.at = one.updated_at = *time;
  one.source = "cdevents";
  one.change = text_or(*context, "chainId");
  one.url = text_or(more, "url");
  one.by = source;
  return std::vector{std::move(one)};
}

}  // namespace rollcall::doors
