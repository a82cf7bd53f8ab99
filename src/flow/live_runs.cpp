#include "flow/live_runs.hpp"

namespace rollcall::flow {

LiveRun* LiveRuns::find(RunId id) const {
  const auto run = runs_.find(id);
  return run == runs_.end() ? nullptr : run->second.get();
}

LiveRun& LiveRuns::add(std::unique_ptr<LiveRun> run) {
  const auto id = run->record.id;
  remove(id);
  auto& flow = flows_[run->record.flow];
  ++flow.unfinished;
  if (run->parked) flow.parked.insert(id);
  return *runs_.emplace(id, std::move(run)).first->second;
}

void LiveRuns::remove(RunId id) {
  const auto run = runs_.find(id);
  if (run == runs_.end()) return;
  const auto flow = flows_.find(run->second->record.flow);
  flow->second.parked.erase(id);
  if (--flow->second.unfinished == 0) flows_.erase(flow);
  runs_.erase(run);
}

void LiveRuns::clear() {
  runs_.clear();
  flows_.clear();
}

void LiveRuns::park(LiveRun& run) {
  run.parked = true;
  flows_[run.record.flow].parked.insert(run.record.id);
}

void LiveRuns::begin(LiveRun& run) {
  run.parked = false;
  flows_[run.record.flow].parked.erase(run.record.id);
}

const LiveRuns::OfFlow* LiveRuns::of(std::string_view flow) const {
  const auto found = flows_.find(flow);
  return found == flows_.end() ? nullptr : &found->second;
}

std::size_t LiveRuns::unfinished(std::string_view flow) const {
  const auto* known = of(flow);
  return known == nullptr ? 0 : known->unfinished;
}

std::size_t LiveRuns::parked(std::string_view flow) const {
  const auto* known = of(flow);
  return known == nullptr ? 0 : known->parked.size();
}

LiveRun* LiveRuns::first_parked(std::string_view flow) const {
  const auto* known = of(flow);
  return known == nullptr || known->parked.empty() ? nullptr : find(*known->parked.begin());
}

std::vector<std::string> LiveRuns::flows_with_parked() const {
  std::vector<std::string> names;
  for (const auto& [name, flow] : flows_) {
    if (!flow.parked.empty()) names.push_back(name);
  }
  return names;
}

}  // namespace rollcall::flow
