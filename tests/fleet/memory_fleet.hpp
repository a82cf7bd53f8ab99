// Observations in memory, and what Deployments(lookback) answers over them: the same rules as in
// functions/deployments.kql, in C++ and without a warehouse, so that months of a fleet replay in
// seconds. query_test.cpp holds the two against each other.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "fleet/interval.hpp"

namespace rollcall::fleet::test {

// One log line. Host, instance and version by number; names are made when an answer needs them.
struct Seen {
  std::uint32_t cell = 0;
  std::int64_t host = -1;  // -1: not named
  std::int64_t instance = 0;
  std::uint32_t version = 0;
  Timestamp timestamp, ingested;
  bool request = false;  // written while one was answered
};

struct Names {
  std::function<Cell(std::uint32_t)> cell;
  std::function<std::string(std::int64_t)> host, instance;
  std::function<std::string(std::uint32_t)> version;
};

class MemoryFleet {
 public:
  explicit MemoryFleet(Names names) : names_(std::move(names)) {}

  void fold(const Seen& line);
  std::vector<Interval> deployments(Timestamp now, Timespan lookback);

 private:
  struct Bin {
    std::int64_t number = 0;
    Timestamp first, last, earliest, latest;
    Timespan least_lag;
    std::int64_t lines = 0, requests = 0;
  };
  struct Pair {  // one row of Sightings, with its rows of Observations
    std::int64_t host = -1, instance = 0;
    std::uint32_t version = 0;
    Timestamp first, last, earliest, latest;
    std::vector<Bin> bins;
  };
  struct OwnCell {
    std::vector<Pair> pairs;
    Timestamp latest;
  };

  struct Busy;
  static Traffic traffic_of(const Bin& bin, const Busy& busy);

  bool touched(const OwnCell& cell, Timestamp now, Timespan lookback) const;
  std::int64_t last_asked(Timestamp since) const;
  std::int64_t clock_hash(const Pair& pair) const;
  Timespan usual_lag(Timestamp since) const;
  void answer(std::uint32_t number, const OwnCell& cell, Timestamp since, Timespan usual,
              std::vector<Interval>& rows) const;

  Names names_;
  std::vector<OwnCell> cells_;
};

}  // namespace rollcall::fleet::test
