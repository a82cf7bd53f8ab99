// Which cells there should be, as the configuration says ([cells]): those that are expected, so that
// a machine of somebody's own is no region, and those out of service, so that their silence is no
// news. And from that and from who was heard when: whether what is shown of a cell is still known.
// Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "fleet/deployment.hpp"

namespace rollcall::fleet {

// `environment/role/region`, where `*` stands for any.
struct CellPattern {
  Cell cell;
  bool matches(const Cell& other) const;
  bool is_exact() const;
};
// FLEET0103: it has no three parts. What is between the first slash and the last is the role.
Result<CellPattern> parse_cell_pattern(std::string_view text);

struct CellRules {
  std::vector<CellPattern> expected;    // others are not recorded; empty: all that log are expected
  std::vector<CellPattern> removed;     // out of service for good
  Timespan silent_after = minutes(10);  // of which nothing comes for so long is silent
  Timespan removed_after = days(7);  // silent for so long while its environment is heard: removed
  bool is_expected(const Cell& cell) const;
};

enum class Presence { live, unknown, removed };
std::string_view to_string(Presence presence);  // `live`, `unknown`, `removed`

struct LastHeard {
  std::optional<Timestamp> cell;         // when a line of it last came
  std::optional<Timestamp> environment;  // of any cell of its environment
  std::optional<Timestamp> removal;      // that somebody last declared it removed
};
// Heard is live, whatever is said of it. A declared removal counts while nothing has come long
// after it.
Presence presence_of(const Cell& cell, const LastHeard& heard, const CellRules& rules,
                     Timestamp now);

}  // namespace rollcall::fleet
