#include "fleet/cell_rules.hpp"

#include <algorithm>
#include <array>

namespace rollcall::fleet {
namespace {

bool fits(std::string_view pattern, std::string_view name) {
  return pattern == "*" || pattern == name;
}

bool matches_any(const std::vector<CellPattern>& patterns, const Cell& cell) {
  return std::ranges::any_of(patterns,
                             [&](const CellPattern& pattern) { return pattern.matches(cell); });
}

}  // namespace

bool CellPattern::matches(const Cell& other) const {
  return fits(cell.environment, other.environment) && fits(cell.role, other.role) &&
         fits(cell.region, other.region);
}

bool CellPattern::is_exact() const {
  return cell.environment != "*" && cell.role != "*" && cell.region != "*";
}

Result<CellPattern> parse_cell_pattern(std::string_view text) {
  const std::size_t first = text.find('/'), last = text.rfind('/');
  if (first != std::string_view::npos && first != last) {
    CellPattern pattern{{std::string(text.substr(0, first)),
                         std::string(text.substr(first + 1, last - first - 1)),
                         std::string(text.substr(last + 1))}};
    const Cell& cell = pattern.cell;
    if (!cell.environment.empty() && !cell.role.empty() && !cell.region.empty()) return pattern;
  }
  return fail(
      "FLEET0103",
      fmt::format("'{}' is no cell: environment/role/region, each a name or * for any", text));
}

bool CellRules::is_expected(const Cell& cell) const {
  return expected.empty() || matches_any(expected, cell);
}

std::string_view to_string(Presence presence) {
  constexpr std::array<std::string_view, 3> names{"live", "unknown", "removed"};
  return names[static_cast<std::size_t>(presence)];
}

Presence presence_of(const Cell& cell, const LastHeard& heard, const CellRules& rules,
                     Timestamp now) {
  if (heard.cell && now - *heard.cell <= rules.silent_after) return Presence::live;
  if (matches_any(rules.removed, cell)) return Presence::removed;
  if (heard.removal && (!heard.cell || *heard.cell <= *heard.removal + rules.silent_after))
    return Presence::removed;
  const bool others = heard.environment && now - *heard.environment <= rules.silent_after;
  if (others && heard.cell && now - *heard.cell > rules.removed_after) return Presence::removed;
  return Presence::unknown;
}

}  // namespace rollcall::fleet
