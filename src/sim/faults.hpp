// What can go wrong between a fleet and its tracker. Each fault is a small independent piece: a stateless
// answer to a question about one line, or a schedule of intervals made in advance from the seed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "sim/random.hpp"
#include "sim/timeline.hpp"

namespace rollcall::sim {

enum class Fault : std::uint8_t {
  late,        // a tenth of the lines, and now and then all of a host's, come up to 40 minutes late
  skew,        // each host's clock is off by up to five minutes either way
  duplicates,  // 2 % of the lines come twice
  loss,        // 2 % of the lines never come
  silence,  // nothing of a region comes for up to an hour, about once a month, while it is deployed to
  warehouse,  // the warehouse is down for three polls in a row, every few days
  tracker,    // the tracker is down for 20 minutes, every few days, and once for three hours
  crash,      // kill -9 between two steps of a poll, and restart
  old_image,  // in mid-rollout an instance restarts with the old image, for some minutes
};
inline constexpr std::size_t fault_count = 9;
std::string_view to_string(Fault fault);

class Faults {
 public:
  constexpr Faults() = default;
  static Faults all();
  // `none`, `all`, or names with commas between. SIM0102 names the faults there are.
  static Result<Faults> parse(std::string_view text);
  constexpr Faults& add(Fault fault) {
    bits_ |= 1U << static_cast<unsigned>(fault);
    return *this;
  }
  constexpr bool has(Fault fault) const {
    return (bits_ >> static_cast<unsigned>(fault) & 1U) != 0;
  }
  constexpr bool none() const { return bits_ == 0; }
  std::string to_string() const;

 private:
  unsigned bits_ = 0;
};

inline constexpr Timespan skew_bound = minutes(5);
inline constexpr Timespan lateness_bound = minutes(40);

// [from, to)
struct Interval {
  Timestamp from, to;
  bool operator==(const Interval&) const = default;
};
// Disjoint and in order.
class Schedule {
 public:
  void add(Interval interval);  // in any order; overlapping ones become one
  // The interval that covers the time.
  std::optional<Interval> covering(Timestamp time) const;
  const std::vector<Interval>& intervals() const { return intervals_; }

 private:
  std::vector<Interval> intervals_;
};

// When whom is down. Outages sit on real deployments, where they hurt.
struct Outages {
  Schedule warehouse;             // neither takes lines nor answers queries
  Schedule tracker;               // the whole process is down
  std::vector<Schedule> silence;  // by cell: lines written then never come

  // When a line that would arrive at `time` is let in.
  Timestamp let_in(Timestamp time) const;
};
Outages plan_outages(const Timeline& timeline, Faults faults, std::uint64_t seed, Timespan poll);

// What happens to single lines. `host` counts all hosts of the fleet, `n` all lines.
class LineFaults {
 public:
  LineFaults(Faults faults, std::uint64_t seed) : faults_(faults), seed_(seed) {}
  Timespan skew(std::uint64_t host) const;
  bool lost(std::uint64_t n) const;
  bool doubled(std::uint64_t n) const;
  // From writing to arrival: some seconds; with lateness up to 40 minutes more. copy 1 is the duplicate.
  Timespan delay(Timestamp written, std::uint64_t host, std::uint64_t n, unsigned copy) const;

 private:
  Faults faults_;
  std::uint64_t seed_;
};

}  // namespace rollcall::sim
