// What people and pipelines say they did, beside what the logs show: declarations of deployments, rollbacks, removals,
// configuration and flag changes, the list they are kept in, and the comparison of the two. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/deployment.hpp"
#include "lists/list.hpp"

namespace rollcall::fleet {

inline constexpr std::string_view declared_list = "Declared deployments";
lists::ListDefinition declared_definition();

enum class DeclaredKind { deployment, rollback, removal, configuration, flag };
enum class DeclaredStatus { pending, in_progress, succeeded, failed, inactive };
std::string_view to_string(DeclaredKind kind);
std::string_view to_string(DeclaredStatus status);
std::optional<DeclaredKind> parse_declared_kind(std::string_view text);
std::optional<DeclaredStatus> parse_declared_status(std::string_view text);

struct Declaration {
  std::string
      declaration_id;   // of the source, its own id: the same event again is the same declaration
  Cell cell;            // region "": every region of the role
  std::string version;  // "" for a removal; of a configuration or flag what it was set to
  DeclaredKind kind = DeclaredKind::deployment;
  DeclaredStatus status = DeclaredStatus::succeeded;
  Timestamp at;          // when it began, by the source's clock
  Timestamp updated_at;  // of what is said here; an older word does not go over a newer one
  std::string source;    // api, cdevents, github, git
  std::string change;    // commit, ticket, flag
  std::string url, by, description;
  bool operator==(const Declaration&) const = default;
};
json::object to_fields(const Declaration& declaration);
Result<Declaration> parse_declaration(const json::object& fields);

// How a declaration and the deployments that were seen agree.
enum class Agreement {
  agrees,
  never_seen,       // declared to have succeeded, and its version never became current
  version_differs,  // at that time another version became current
  never_declared,   // seen, in a role that is otherwise declared, and nobody said so
};
std::string_view to_string(Agreement agreement);
struct Finding {
  Agreement agreement;
  const Declaration* declared = nullptr;
  const Deployment* seen = nullptr;
  Cell cell;
};

// Compares what was declared with what was seen, cell by cell. A pair is within `tolerance` of each other in time. What is
// younger than the tolerance at `now` is not judged. Configuration and flags leave no version to be seen and are not judged.
// Versions that are only spelled differently are the same. The findings borrow from the two.
std::vector<Finding> compare(std::span<const Declaration> declared,
                             std::span<const Deployment> seen, Timespan tolerance, Timestamp now);

}  // namespace rollcall::fleet
