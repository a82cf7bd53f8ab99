// The runs of this process that have not ended, and of each flow how many they are and which of them wait for a
// place to begin.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "flow/live_run.hpp"

namespace rollcall::flow {

class LiveRuns {
 public:
  // nullptr: it has ended, or lives elsewhere.
  LiveRun* find(RunId id) const;
  bool contains(RunId id) const { return runs_.contains(id); }
  // In the place of the one that has its id.
  LiveRun& add(std::unique_ptr<LiveRun> run);
  void remove(RunId id);
  void clear();

  void park(LiveRun& run);
  void begin(LiveRun& run);
  std::size_t unfinished(std::string_view flow) const;
  std::size_t parked(std::string_view flow) const;
  // Of the flow's, the one that waits longest; nullptr when none does.
  LiveRun* first_parked(std::string_view flow) const;
  std::vector<std::string> flows_with_parked() const;

 private:
  struct OfFlow {
    std::size_t unfinished = 0;
    std::set<RunId> parked;
  };
  const OfFlow* of(std::string_view flow) const;

  std::map<RunId, std::unique_ptr<LiveRun>> runs_;
  std::map<std::string, OfFlow, std::less<>> flows_;
};

}  // namespace rollcall::flow
