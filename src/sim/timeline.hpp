// What was deployed where and when, as a file of real deployments says it: lines of
// `time,environment,role,region,version,change` below a heading that names the columns in any order.
// A timeline is the world's plan; the player (player.hpp) makes a fleet live through it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace rollcall::sim {

struct Cell {
  std::string environment, role, region;
  bool operator==(const Cell&) const = default;
};
// `production/mediawiki/enwiki`
std::string to_string(const Cell& cell);

// Cells and versions by their place in the timeline's tables.
struct Deployment {
  Timestamp time;
  std::uint32_t cell = 0;
  std::uint32_t version = 0;
  bool operator==(const Deployment&) const = default;
};

class Timeline {
 public:
  // The order of adding is kept for equal times.
  void add(Timestamp time, const Cell& cell, std::string_view version);
  const std::vector<Cell>& cells() const { return cells_; }
  const std::vector<std::string>& versions() const { return versions_; }
  const std::vector<Deployment>& deployments() const { return deployments_; }  // by time
  std::uint32_t cell(const Cell& cell);
  std::uint32_t version(std::string_view name);

  // The part in [from, to): the cells that change in it, each with what it ran before `from` (as a
  // deployment at its own, earlier time) when that is known.
  Timeline slice(Timestamp from, Timestamp to) const;

 private:
  std::vector<Cell> cells_;
  std::vector<std::string> versions_;
  std::vector<Deployment> deployments_;
  std::unordered_map<std::string, std::uint32_t> cell_of_, version_of_;
};

// Reads the CSV in pieces of any size. SIM0101: a line that is no deployment, by its number.
class TimelineReader {
 public:
  Result<void> feed(std::string_view bytes);
  Result<Timeline> finish();

 private:
  Result<void> line(std::string_view text);

  std::string rest_;
  std::vector<std::string> fields_;
  std::size_t line_number_ = 0;
  std::vector<std::size_t> columns_;  // of time, environment, role, region, version
  Timeline timeline_;
};

}  // namespace rollcall::sim
