// The texts of the fleet's nouns, as the lists keep them.
#include "fleet/deployment.hpp"

#include <array>
#include <utility>

namespace rollcall::fleet {
namespace {

constexpr std::array<std::pair<Kind, std::string_view>, 4> kinds{{{Kind::initial, "initial"},
                                                                  {Kind::deploy, "deploy"},
                                                                  {Kind::rollback, "rollback"},
                                                                  {Kind::redeploy, "redeploy"}}};
constexpr std::array<std::pair<Status, std::string_view>, 5> statuses{
    {{Status::in_progress, "InProgress"},
     {Status::completed, "Completed"},
     {Status::stalled, "Stalled"},
     {Status::rolled_back, "RolledBack"},
     {Status::superseded, "Superseded"}}};

template <class Names>
std::string_view name_of(const Names& names, auto value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return {};
}

template <class T, class Names>
std::optional<T> value_of(const Names& names, std::string_view text) {
  for (const auto& [value, name] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(const Cell& cell) {
  return cell.environment + "/" + cell.role + "/" + cell.region;
}
std::string_view to_string(Kind kind) { return name_of(kinds, kind); }
std::string_view to_string(Status status) { return name_of(statuses, status); }
std::optional<Kind> parse_kind(std::string_view text) { return value_of<Kind>(kinds, text); }
std::optional<Status> parse_status(std::string_view text) {
  return value_of<Status>(statuses, text);
}

}  // namespace rollcall::fleet
