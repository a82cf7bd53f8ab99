// Share, completion, status, kind and previous version of each episode, and which one the snapshot
// shows.
#include "fleet/records.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace rollcall::fleet {
namespace {

std::int64_t alive_at(std::span<const Run* const> runs, Timestamp at) {
  return std::ranges::count_if(runs, [&](const Run* run) { return alive(*run, at); });
}

// The most that lived at once.
std::int64_t peak(std::span<const Run* const> runs) {
  std::int64_t most = 0;
  for (const Run* run : runs) most = std::max(most, alive_at(runs, run->start));
  return most;
}

class Recorder {
 public:
  Recorder(const Past& past, std::span<const Episode> episodes, std::span<const Run> runs,
           const Snapshot* shown, Timestamp since, Timestamp now, const Parameters& parameters)
      : past_(past),
        episodes_(episodes),
        runs_(runs),
        shown_(shown),
        since_(since),
        now_(now),
        parameters_(parameters) {}

  Records go() {
    for (const auto& [version, sequence] : past_.first) first_of_.emplace(version, sequence);
    records_.items.reserve(episodes_.size());
    for (std::size_t i = 0; i < episodes_.size(); ++i) {
      records_.items.push_back(begin(i));
      first_of_.try_emplace(records_.items[i].version, records_.items[i].sequence);
    }
    for (std::size_t i = 0; i < episodes_.size(); ++i) judge_share(i);
    // What comes first behind the past is far back itself, and stays what it is.
    const std::size_t judged = past_.items > 0 ? std::min<std::size_t>(2, episodes_.size()) : 0;
    for (std::size_t i = judged; i < episodes_.size(); ++i) judge_kind(i);
    for (std::size_t i = judged; i < episodes_.size(); ++i) judge_status(i);
    show();
    return std::move(records_);
  }

 private:
  bool is_last(std::size_t i) const { return i + 1 == episodes_.size(); }
  // Long over: all lines that may still come have come, and instances that died since are no longer
  // seen.
  bool is_settled(std::size_t i) const {
    return episodes_[i].known != nullptr &&
           episodes_[i].known->started_at + parameters_.reach < now_;
  }

  Deployment begin(std::size_t i) const {
    const Episode& episode = episodes_[i];
    Deployment item;
    if (episode.known != nullptr) {
      item = *episode.known;
    } else {
      item.cell = past_.cell;
      item.version = episode.version;
      item.detected_at = now_;
      item.started_at = episode.birth;
    }
    item.sequence = past_.items + static_cast<std::int64_t>(i) + 1;
    if (episode.known != nullptr && episode.seen() && moves(*episode.known, episode.birth)) {
      item.started_at = episode.birth;
    }
    return item;
  }

  // A start moves to where an earlier line puts it, as long as all of its time is seen; and later only while the first
  // instances are surely seen.
  bool moves(const Deployment& known, Timestamp birth) const {
    if (birth < known.started_at)
      return known.started_at - birth > parameters_.still &&
             known.started_at + parameters_.context >= since_;
    return birth - known.started_at > parameters_.still &&
           birth - known.started_at <= parameters_.skew &&
           known.started_at + parameters_.reach >= now_;
  }

  // ---- how many instances, which share, when complete

  void judge_share(std::size_t i) {
    const Episode& episode = episodes_[i];
    Deployment& item = records_.items[i];
    if (!episode.seen()) return;
    if (is_last(i)) {
      const std::int64_t own = living_of(i), all = alive_in_cell(now_);
      if (own == 0) return;  // gone, or not heard: what it reached stays
      item.instances = own;
      item.percent = (own * 100 + all / 2) / all;
      if (own == all && !(item.completed_at && is_settled(i))) complete(item, completion(i, now_));
      return;
    }
    const std::int64_t own = peak(episode.runs);
    if (is_settled(i)) {
      item.instances = std::max(item.instances, own);
      if (item.completed_at) item.percent = 100;
      return;
    }
    const std::int64_t before = i == 0 ? own : records_.items[i - 1].instances;
    item.instances = own;
    item.percent = before == 0 ? 100 : std::min<std::int64_t>(100, own * 100 / before);
    if (own >= before)
      complete(item, completion(i, episodes_[i + 1].birth));
    else
      item.completed_at.reset();
  }

  // Of a version that came back also the instances that never left it count; of a redeploy only new
  // ones do.
  std::int64_t living_of(std::size_t i) const {
    if (i > 0 && episodes_[i - 1].version == episodes_[i].version)
      return alive_at(episodes_[i].runs, now_);
    return std::ranges::count_if(runs_, [&](const Run& run) {
      return run.version == episodes_[i].version && alive(run, now_);
    });
  }

  void complete(Deployment& item, Timestamp at) const {
    const Timestamp known = item.completed_at.value_or(Timestamp{0});
    if (known + parameters_.still < at || at + parameters_.still < known) item.completed_at = at;
  }

  std::int64_t alive_in_cell(Timestamp at) const {
    return std::ranges::count_if(runs_, [&](const Run& run) { return alive(run, at); });
  }

  // When its last instance started that had an old one to replace, or when the last old one was
  // heard. What starts long afterwards, a restart or a stray of either version, is none of it.
  Timestamp completion(std::size_t i, Timestamp end) const {
    const Timespan beats = parameters_.heartbeat * 2;
    Timestamp complete = episodes_[i].birth;
    for (Timestamp before{0}; before != complete;) {
      before = complete;
      Timestamp others = episodes_[i].birth;
      for (const Run& run : runs_) {
        if (i == 0 || run.version == episodes_[i].version || run.start >= end ||
            run.start > complete + beats)
          continue;
        others = std::max(others, std::min(run.end, end));
      }
      for (const Run* run : episodes_[i].runs) {
        if (run->start >= end) break;
        if (run->start <= std::max(complete + parameters_.wave, others + beats))
          complete = std::max(complete, run->start);
      }
      if (others > complete + beats) complete = others;
    }
    return complete;
  }

  // ---- kind and previous version

  void judge_kind(std::size_t i) {
    Deployment& item = records_.items[i];
    if (i == 0) {
      item.kind = Kind::initial;
      item.previous_version.clear();
      return;
    }
    std::size_t before = i - 1;
    if (before > 0 && was_abandoned(before) && records_.items[before - 1].version != item.version)
      --before;
    const std::string& previous = records_.items[before].version;
    item.previous_version = previous;
    if (previous == item.version)
      item.kind = Kind::redeploy;
    else
      item.kind =
          first_of_.at(item.version) < first_of_.at(previous) ? Kind::rollback : Kind::deploy;
  }

  // It never had most instances, and what ran before outlived it.
  bool was_abandoned(std::size_t i) const {
    const Episode& episode = episodes_[i];
    const Episode& before = episodes_[i - 1];
    if (!episode.seen() || !before.seen() || records_.items[i].percent > 50) return false;
    Timestamp gone{0};
    for (const Run* run : episode.runs) gone = std::max(gone, run->gone);
    if (gone > now_) return false;
    return alive_at(before.runs, gone + parameters_.hold) * 2 > records_.items[i - 1].instances;
  }

  // ---- status

  void judge_status(std::size_t i) {
    Deployment& item = records_.items[i];
    const bool complete = item.completed_at.has_value();
    if (!is_last(i)) {
      const Deployment& next = records_.items[i + 1];
      if (next.kind == Kind::rollback && next.previous_version == item.version)
        item.status = Status::rolled_back;
      else if (i > 0 && was_abandoned(i))
        item.status = Status::rolled_back;
      else
        item.status = complete ? Status::completed : Status::superseded;
      return;
    }
    if (i > 0 && was_abandoned(i))
      item.status = Status::rolled_back;
    else if (complete)
      item.status = Status::completed;
    else if (episodes_[i].seen())
      item.status = is_stalled(i) ? Status::stalled : Status::in_progress;
  }

  bool is_stalled(std::size_t i) const {
    return episodes_[i].runs.back()->start + parameters_.stall <= now_;
  }

  // ---- the snapshot: what most living instances run

  std::optional<std::size_t> last_of(std::string_view version) const {
    for (std::size_t i = episodes_.size(); i-- > 0;) {
      if (episodes_[i].version == version) return i;
    }
    return std::nullopt;
  }

  // To an earlier version, of which no return is recorded, only when most have run it for a while: in
  // mid-rollout it may be an old image that makes them most.
  bool leaves_too_soon(std::size_t chosen,
                       const std::map<std::string_view, std::int64_t>& living) const {
    if (shown_ == nullptr || !living.contains(shown_->version)) return false;
    const auto shown = last_of(shown_->version);
    if (!shown || chosen >= *shown) return false;
    Timestamp heard{0};
    for (const Run& run : runs_) heard = std::max(heard, std::min(run.end, now_));
    const auto most_at = [&](Timestamp at) {
      std::int64_t balance = 0;
      for (const Run& run : runs_) {
        if (!alive(run, at)) continue;
        balance += run.version == episodes_[chosen].version ? 1 : 0;
        balance -= run.version == shown_->version ? 1 : 0;
      }
      return balance > 0;
    };
    const Timestamp from = heard - parameters_.hold;
    return !most_at(from) || std::ranges::any_of(runs_, [&](const Run& run) {
      return run.start > from && run.start <= heard && !most_at(run.start);
    });
  }

  void show() {
    if (records_.items.empty()) return;
    std::map<std::string_view, std::int64_t> living;
    std::int64_t all = 0;
    for (const Run& run : runs_) {
      if (!alive(run, now_)) continue;
      ++living[run.version];
      ++all;
    }
    std::optional<std::size_t> chosen;
    std::int64_t most = 0;
    for (std::size_t i = episodes_.size(); i-- > 0;) {
      const auto found = living.find(episodes_[i].version);
      const std::int64_t count = found == living.end() ? 0 : found->second;
      const bool shown = shown_ != nullptr && shown_->version == episodes_[i].version;
      if (count > most || (count == most && count > 0 && shown &&
                           records_.items[*chosen].version != shown_->version)) {
        chosen = i;
        most = count;
      }
    }
    if (!chosen && shown_ != nullptr) return;  // nobody lives: what is shown stays
    if (chosen && leaves_too_soon(*chosen, living)) {
      chosen = last_of(shown_->version);
      most = living.at(shown_->version);
    }
    records_.current = chosen.value_or(episodes_.size() - 1);
    const Deployment& item = records_.items[records_.current];
    records_.snapshot = Snapshot{past_.cell,
                                 item.version,
                                 item.previous_version,
                                 item.started_at,
                                 all == 0 ? 0 : (most * 100 + all / 2) / all,
                                 item.status,
                                 item.deployment_id};
  }

  const Past& past_;
  std::span<const Episode> episodes_;
  std::span<const Run> runs_;
  const Snapshot* shown_;
  Timestamp since_, now_;
  const Parameters& parameters_;
  Records records_;
  std::unordered_map<std::string_view, std::int64_t> first_of_;  // Sequence of each version's first
};

}  // namespace

Records make_records(const Past& past, std::span<const Episode> episodes, std::span<const Run> runs,
                     const Snapshot* shown, Timestamp since, Timestamp now,
                     const Parameters& parameters) {
  return Recorder(past, episodes, runs, shown, since, now, parameters).go();
}

}  // namespace rollcall::fleet
