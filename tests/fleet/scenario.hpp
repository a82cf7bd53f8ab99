// Small fleets written as text, for golden cases: who logs which version from when to when, by what
// clock and with what losses; polls every five minutes; the history that comes of it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "memory_fleet.hpp"
#include "memory_lists.hpp"

namespace rollcall::fleet::test {

class Scenario {
 public:
  // One row for each stretch of an instance's life: `host/instance version from..to` and what is
  // special: `every=1m`, `clock=+5m`, `late=20m`, `lost=10:00..10:30`,
  // `held=10:00..10:30` (all of it comes at the end), `twice`, `served=11:00..12:00` (ten requests a minute),
  // `cell=environment/role/region`. `-` for a host or an instance that the logs do not name.
  // Answers "" or what cannot be read.
  std::string add(std::string_view rows);
  // Polls every five minutes up to and with `until`, but not in [down_from, down_to); what was
  // changed.
  std::string poll(std::string_view until, std::string_view down);
  std::string history() const;
  std::string snapshot() const;

 private:
  std::uint32_t number_of(std::vector<std::string>& names, std::string_view name);

  std::vector<std::string> cells_, hosts_, instances_, versions_;
  std::vector<Seen> lines_;  // by ingestion, those not yet folded
  std::unique_ptr<MemoryFleet> fleet_;
  MemoryLists lists_;
  std::optional<Timestamp> polled_, succeeded_;
};

}  // namespace rollcall::fleet::test
