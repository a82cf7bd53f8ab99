#include "fleet/declared.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "fleet/fields.hpp"
#include "fleet/guarded_column.hpp"
#include "fleet/repair.hpp"

namespace rollcall::fleet {
namespace {

using lists::Column;
using lists::ColumnType;

constexpr std::array kinds{"deployment", "rollback", "removal", "configuration", "flag"};
constexpr std::array statuses{"pending", "in_progress", "succeeded", "failed", "inactive"};
constexpr std::array agreements{"agrees", "never seen", "version differs", "never declared"};

template <class Value, class Names>
std::optional<Value> named(const Names& names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Value>(i);
  }
  return std::nullopt;
}

bool is_judged(const Declaration& one, Timespan tolerance, Timestamp now) {
  const bool leaves_version =
      one.kind == DeclaredKind::deployment || one.kind == DeclaredKind::rollback;
  return leaves_version && one.status == DeclaredStatus::succeeded && one.at + tolerance <= now;
}

Timespan apart(Timestamp a, Timestamp b) { return a < b ? b - a : a - b; }

struct InCell {
  std::vector<const Declaration*> declared;
  std::vector<const Deployment*> seen;
};

// The nearest deployment in time, of that version or of any.
const Deployment* nearest(const std::vector<const Deployment*>& seen, Timestamp at,
                          Timespan tolerance, const std::string* version) {
  const Deployment* best = nullptr;
  for (const auto* one : seen) {
    if (apart(one->started_at, at) > tolerance ||
        (version != nullptr && version_key(one->version) != version_key(*version)))
      continue;
    if (best == nullptr || apart(one->started_at, at) < apart(best->started_at, at)) best = one;
  }
  return best;
}

void compare_cell(const Cell& cell, const InCell& in, Timespan tolerance, Timestamp now,
                  std::vector<Finding>& findings) {
  std::set<const Deployment*> spoken_for;
  for (const auto* one : in.declared) {
    if (const auto* same = nearest(in.seen, one->at, tolerance, &one->version)) {
      spoken_for.insert(same);
      findings.push_back({Agreement::agrees, one, same, cell});
    }
  }
  for (const auto* one : in.declared) {
    if (!is_judged(*one, tolerance, now) ||
        nearest(in.seen, one->at, tolerance, &one->version) != nullptr)
      continue;
    const auto* other = nearest(in.seen, one->at, tolerance, nullptr);
    if (other != nullptr && spoken_for.contains(other)) other = nullptr;
    if (other != nullptr) spoken_for.insert(other);
    findings.push_back(
        {other != nullptr ? Agreement::version_differs : Agreement::never_seen, one, other, cell});
  }
  for (const auto* one : in.seen) {
    if (one->kind == Kind::initial || one->started_at + tolerance > now || spoken_for.contains(one))
      continue;
    findings.push_back({Agreement::never_declared, nullptr, one, cell});
  }
}

}  // namespace

std::string_view to_string(DeclaredKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::string_view to_string(DeclaredStatus status) {
  return statuses[static_cast<std::size_t>(status)];
}
std::string_view to_string(Agreement agreement) {
  return agreements[static_cast<std::size_t>(agreement)];
}
std::optional<DeclaredKind> parse_declared_kind(std::string_view text) {
  return named<DeclaredKind>(kinds, text);
}
std::optional<DeclaredStatus> parse_declared_status(std::string_view text) {
  return named<DeclaredStatus>(statuses, text);
}

lists::ListDefinition declared_definition() {
  lists::ListDefinition list;
  list.name = declared_list;
  list.description =
      "What pipelines and people declared: deployments, rollbacks, removals, configuration and "
      "flag changes.";
  auto title = guarded_column("Title", ColumnType::text, "what it is, for people");
  title.guarded = false;
  list.columns.push_back(std::move(title));
  auto id = guarded_column("DeclarationId", ColumnType::text, "the source's own id of it");
  id.required = true;
  list.columns.push_back(std::move(id));
  for (const auto& [name, description] :
       {std::pair{"Environment", "where"},
        {"Role", "what"},
        {"Region", "empty: every region"},
        {"Version", "what is to run; of configuration and flags the new value"}}) {
    list.columns.push_back(guarded_column(name, ColumnType::text, description));
  }
  auto kind = guarded_column("Kind", ColumnType::choice, "what was done");
  kind.choices.assign(kinds.begin(), kinds.end());
  auto status = guarded_column("Status", ColumnType::choice, "as far as the source knows");
  status.choices.assign(statuses.begin(), statuses.end());
  list.columns.push_back(std::move(kind));
  list.columns.push_back(std::move(status));
  list.columns.push_back(guarded_column("At", ColumnType::datetime, "when it began"));
  list.columns.push_back(
      guarded_column("UpdatedAt", ColumnType::datetime, "when the source said this"));
  for (const auto& [name, description] : {std::pair{"Source", "api, cdevents, github or git"},
                                          {"Change", "commit, ticket or flag"},
                                          {"Url", "where to read more"},
                                          {"By", "who did it"}}) {
    list.columns.push_back(guarded_column(name, ColumnType::text, description));
  }
  list.columns.push_back(guarded_column("Description", ColumnType::note, "in the source's words"));
  for (auto& one : list.columns) {
    if (one.name == "DeclarationId" || one.name == "Url") one.max_length = 1'000;
  }
  list.unique_keys = {{"DeclarationId"}};
  list.indexes = {{"At"}, {"Environment", "Role", "Region"}};
  return list;
}

json::object to_fields(const Declaration& one) {
  const auto title = one.version.empty()
                         ? fmt::format("{} {}", to_string(one.cell), to_string(one.kind))
                         : fmt::format("{} {}", to_string(one.cell), one.version);
  constexpr std::size_t most = 250;
  const auto cut = [](const std::string& text, std::size_t size) {
    if (text.size() <= size) return text;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
      --size;  // not within a character
    return text.substr(0, size);
  };
  return {{"Title", cut(title, most)},
          {"DeclarationId", one.declaration_id},
          {"Environment", one.cell.environment},
          {"Role", one.cell.role},
          {"Region", one.cell.region},
          {"Version", one.version},
          {"Kind", to_string(one.kind)},
          {"Status", to_string(one.status)},
          {"At", format_iso(one.at)},
          {"UpdatedAt", format_iso(one.updated_at)},
          {"Source", one.source},
          {"Change", cut(one.change, most)},
          {"Url", cut(one.url, 1'000)},
          {"By", cut(one.by, most)},
          {"Description", one.description}};
}

Result<Declaration> parse_declaration(const json::object& fields) {
  const FieldReader read(fields);
  Declaration one;
  TRY(one.declaration_id, read.text("DeclarationId"));
  TRY(one.cell.environment, read.text_or_empty("Environment"));
  TRY(one.cell.role, read.text_or_empty("Role"));
  TRY(one.cell.region, read.text_or_empty("Region"));
  TRY(one.version, read.text_or_empty("Version"));
  TRY(one.kind, read.named("Kind", parse_declared_kind));
  TRY(one.status, read.named("Status", parse_declared_status));
  TRY(one.at, read.time("At"));
  TRY(one.updated_at, read.time("UpdatedAt"));
  TRY(one.source, read.text_or_empty("Source"));
  TRY(one.change, read.text_or_empty("Change"));
  TRY(one.url, read.text_or_empty("Url"));
  TRY(one.by, read.text_or_empty("By"));
  TRY(one.description, read.text_or_empty("Description"));
  return one;
}

std::vector<Finding> compare(std::span<const Declaration> declared,
                             std::span<const Deployment> seen, Timespan tolerance, Timestamp now) {
  std::map<Cell, InCell> cells;
  std::map<std::pair<std::string, std::string>, std::set<std::string>>
      regions;  // of each role in its environment
  std::set<std::pair<std::string, std::string>> declaring;
  for (const auto& one : seen) {
    cells[one.cell].seen.push_back(&one);
    regions[{one.cell.environment, one.cell.role}].insert(one.cell.region);
  }
  for (const auto& one : declared) {
    if (one.kind != DeclaredKind::deployment && one.kind != DeclaredKind::rollback) continue;
    declaring.insert({one.cell.environment, one.cell.role});
    if (!one.cell.region.empty()) {
      cells[one.cell].declared.push_back(&one);
      continue;
    }
    const auto known = regions.find({one.cell.environment, one.cell.role});
    if (known == regions.end()) {
      cells[one.cell].declared.push_back(&one);
      continue;
    }
    for (const auto& region : known->second)
      cells[{one.cell.environment, one.cell.role, region}].declared.push_back(&one);
  }
  std::vector<Finding> findings;
  for (const auto& [cell, in] : cells) {
    if (declaring.contains({cell.environment, cell.role}))
      compare_cell(cell, in, tolerance, now, findings);
  }
  return findings;
}

}  // namespace rollcall::fleet
