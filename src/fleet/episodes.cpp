// The walk over waves and items in order of time, with the version that is current at each step.
#include "fleet/episodes.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "fleet/matching.hpp"

namespace rollcall::fleet {
namespace {

Timespan distance(Timestamp a, Timestamp b) { return a < b ? b - a : a - b; }

// ---- the walk

class Walk {
 public:
  Walk(std::span<const Run> runs, std::span<const Deployment* const> history, Timestamp since,
       Timestamp now, const Parameters& parameters)
      : runs_(runs),
        history_(history),
        now_(now),
        parameters_(parameters),
        waves_(make_waves(runs, since - parameters.reach, parameters)) {
    match_waves(waves_, history, parameters);
    order_waves(waves_, since - parameters.reach, parameters);
    for (const Wave& wave : waves_) {
      if (wave.known != nullptr) seen_.insert(wave.known);
    }
  }

  std::vector<Episode> go() {
    std::size_t item = 0;
    Timestamp reached{0};
    if (history_.empty()) choose_initial();
    for (std::size_t w = 0; w < waves_.size(); ++w) {
      reached = std::max(reached, waves_[w].birth);
      const Deployment* known = waves_[w].known;
      for (; item < history_.size(); ++item) {
        const Deployment& next = *history_[item];
        if (seen_.contains(&next)) continue;
        // What can no longer be seen keeps its place among the items.
        if (known != nullptr ? next.sequence > known->sequence : next.started_at > reached) break;
        add_unseen(next);
      }
      visit(w);
    }
    for (; item < history_.size(); ++item) {
      if (!seen_.contains(history_[item])) add_unseen(*history_[item]);
    }
    return std::move(episodes_);
  }

 private:
  void add_unseen(const Deployment& item) {
    episodes_.push_back({item.version, &item, {}, item.started_at});
  }

  void add(const Wave& wave, const Deployment* known) {
    // By clocks of which nothing is known, nothing is known better.
    const bool keeps = known != nullptr && wave.error > parameters_.skew;
    episodes_.push_back({wave.version, known, wave.runs, keeps ? known->started_at : wave.start});
  }

  void join(Episode& episode, const Wave& wave) {
    episode.runs.insert(episode.runs.end(), wave.runs.begin(), wave.runs.end());
    std::ranges::stable_sort(episode.runs, {}, [](const Run* run) { return run->start; });
  }

  void visit(std::size_t w) {
    const Wave& wave = waves_[w];
    if (wave.known != nullptr) return visit_known(wave);
    if (episodes_.empty()) {
      if (is_first(wave)) add(wave, nullptr);
      return;
    }
    Episode& current = episodes_.back();
    if (current.version == wave.version) {
      if (wave.news && is_redeploy(wave, current)) return add(wave, nullptr);
      return join(current, wave);
    }
    if (from_the_beginning(wave))
      return;  // it came before what is recorded as the first, or beside it
    if (wave.news && (!was_before(wave.version) || is_proven(w, current)))
      return add(wave, nullptr);
    // A restart on an image that is not current: the last episode of that version keeps it.
    for (std::size_t e = episodes_.size(); e-- > 0;) {
      if (episodes_[e].version == wave.version) return join(episodes_[e], wave);
    }
  }

  // What was found just before it, of the same version, is where it began.
  void visit_known(const Wave& wave) {
    const bool begun = !episodes_.empty() && episodes_.back().known == nullptr &&
                       episodes_.back().version == wave.version;
    if (!begun || wave.known->kind == Kind::redeploy) return add(wave, wave.known);
    episodes_.back().known = wave.known;
    join(episodes_.back(), wave);
  }

  bool was_before(std::string_view version) const {
    const auto same = [&](std::string_view other) { return other == version; };
    return std::ranges::any_of(history_, same,
                               [](const Deployment* d) { return std::string_view(d->version); }) ||
           std::ranges::any_of(episodes_, same, &Episode::version);
  }

  // ---- what was already there when the tracker first looked

  Timespan edge(const Wave& wave) const { return parameters_.heartbeat * 2 + wave.error; }

  // The cell's first version is the one that most instances run at the first look.
  void choose_initial() {
    if (waves_.empty()) return;
    Timestamp first = timestamp_max;
    for (const Wave& wave : waves_) first = std::min(first, wave.birth);
    std::size_t most = 0;
    for (const Wave& wave : waves_) {
      if (wave.birth > first + edge(wave)) continue;
      const auto there = static_cast<std::size_t>(std::ranges::count_if(
          wave.runs, [&](const Run* run) { return run->start <= first + edge(wave); }));
      if (there > most) {
        most = there;
        initial_ = wave.version;
      }
    }
    beginning_ = first;
  }

  bool is_first(const Wave& wave) const {
    if (history_.empty() && wave.version == initial_) return true;
    if (!from_the_beginning(wave)) return !history_.empty();
    // On a host of its it was seen to give way: it was there before what most ran at the first
    // look.
    return std::ranges::any_of(wave.runs, [](const Run* run) { return run->replaced; });
  }

  // Another version that was there at the first look, and of which nothing started since, is on its
  // way out.
  bool from_the_beginning(const Wave& wave) const {
    const Timestamp beginning = history_.empty() ? beginning_ : history_.front()->started_at;
    if (std::ranges::any_of(wave.runs, [&](const Run* run) { return replaced_another(*run); }))
      return false;
    return distance(wave.birth, beginning) <= edge(wave) &&
           distance(wave.last_start(), beginning) <= edge(wave);
  }

  // Its host ran another version before.
  bool replaced_another(const Run& run) const {
    return run.before != nullptr && run.before->version != run.version;
  }

  // ---- proofs

  std::size_t alive_at(std::span<const Run* const> runs, Timestamp at) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(runs, [&](const Run* run) { return alive(*run, at); }));
  }

  // One lives and was not last heard long before: what its host started after a silence is another.
  bool still_heard(std::span<const Run* const> runs, Timestamp at) const {
    return std::ranges::any_of(runs, [&](const Run* run) {
      return alive(*run, at) && at <= run->end + parameters_.quiet + run->error;
    });
  }

  // Nothing of the cell was heard between the two, of one version. Not when that version may still
  // have been running beside the first: in mid-rollout a host may restart on the old image.
  bool began_before_silence(const Wave& wave, const Wave& next) const {
    if (next.version != wave.version) return false;
    Timestamp silent{0};
    for (const Run* run : wave.runs) {
      if (gave_way(*run, next.birth)) return false;
      silent = std::max(silent, run->end + parameters_.quiet + run->error);
    }
    if (next.start <= silent) return false;
    return std::ranges::none_of(runs_, [&](const Run& run) {
      const bool heard = run.end > silent && run.start + parameters_.quiet <= next.start;
      return heard || may_run_beside(run, wave);
    });
  }

  // Its host started another version by then.
  bool gave_way(const Run& run, Timestamp at) const {
    return std::ranges::any_of(runs_, [&](const Run& other) {
      return !run.clock.empty() && other.clock == run.clock && other.version != run.version &&
             other.interval->first > run.interval->first && other.start <= at;
    });
  }

  // Of the same version, there before the wave, and not known to be gone when it began.
  bool may_run_beside(const Run& run, const Wave& wave) const {
    if (run.version != wave.version || run.start >= wave.birth) return false;
    if (std::ranges::find(wave.runs, &run) != wave.runs.end()) return false;
    const Timestamp until = run.replaced ? run.gone : run.end + parameters_.patience;
    return until + run.error > wave.birth - wave.error;
  }

  // Of one host, when others may not have left its version yet: it is on an old image.
  bool is_alone_in_mid_rollout(const Wave& wave) const {
    if (places_of(wave.runs) != 1) return false;
    return std::ranges::any_of(runs_, [&](const Run& run) {
      return run.clock != wave.runs.front()->clock && may_run_beside(run, wave);
    });
  }

  // When both fell silent at once, the one has not outlived the other.
  bool heard_after(std::span<const Run* const> runs, Timestamp at) const {
    return std::ranges::any_of(runs,
                               [&](const Run* run) { return alive(*run, at) && run->end >= at; });
  }

  // When the next thing that surely is another deployment begins, or now.
  std::optional<Timestamp> bound_of(std::size_t w) const {
    for (std::size_t next = w + 1; next < waves_.size(); ++next) {
      if (waves_[next].version == waves_[w].version) continue;
      if (waves_[next].known != nullptr || !was_before(waves_[next].version))
        return waves_[next].birth;
    }
    return std::nullopt;
  }

  // By itself, or by what had begun with it when the cell fell silent.
  bool is_proven(std::size_t w, const Episode& current) const {
    const auto proven = [&](std::size_t wave) {
      return came_back(wave, current) || went_and_returned(wave, current);
    };
    return proven(w) || (w + 1 < waves_.size() && began_before_silence(waves_[w], waves_[w + 1]) &&
                         proven(w + 1));
  }

  // A version that was there before is current again when most of what lives started on it since,
  // and it stays; or when its predecessor is gone and what it had restarted.
  bool came_back(std::size_t w, const Episode& current) const {
    const std::optional<Timestamp> bound = bound_of(w);
    const Timestamp end = std::min(bound.value_or(now_), now_);
    std::vector<const Run*> fresh, others;
    for (const Run& run : runs_) {
      if (run.start >= end) continue;
      const bool since = run.started && run.version == waves_[w].version &&
                         run.start >= waves_[w].runs.front()->start;
      (since ? fresh : others).push_back(&run);
    }
    const std::size_t size = usual_size();
    if (went_over(waves_[w]) > 1) return true;
    const auto majority = [&](Timestamp at) {
      const std::size_t own = alive_at(fresh, at);
      return own * 2 > size && own > alive_at(others, at) && still_heard(waves_[w].runs, at);
    };
    for (const Run* run : fresh) {
      if (!majority(run->start)) continue;
      if (bound || on_several_hosts(fresh, run->start, alive_at(others, run->start) == 0))
        return true;
      if (end - run->start >= parameters_.hold && majority(end)) return true;
    }
    const std::optional<Timestamp> gone = gone_for_good(current, end);
    return gone && heard_after(waves_[w].runs, *gone) && fresh.size() * 2 >= current.runs.size() &&
           (!started_again(current, *gone) ||
            on_several_hosts(waves_[w].runs, waves_[w].last_start(), true));
  }

  // How many hosts went over to it from another version. One may restart on an old image; two do not,
  // though they never ran it at once: the next deployment may already be under way. Also those that
  // may have gone with them, in a silence; but not in mid-rollout.
  std::size_t went_over(const Wave& wave) const {
    std::set<std::string_view> hosts;
    const bool alone =
        std::ranges::none_of(runs_, [&](const Run& run) { return may_run_beside(run, wave); });
    for (const Run& run : runs_) {
      if (run.version != wave.version || !run.started || run.interval->host.empty()) continue;
      const bool own = std::ranges::find(wave.runs, &run) != wave.runs.end();
      const bool hidden = alone && run.start > wave.last_start() &&
                          earliest_start(run, parameters_) <= wave.last_start() + parameters_.wave;
      if ((own || hidden) && replaced_another(run)) hosts.insert(run.clock);
    }
    return hosts.size();
  }

  // So soon after it was gone that it may never have been.
  bool started_again(const Episode& episode, Timestamp gone) const {
    return std::ranges::any_of(runs_, [&](const Run& run) {
      return run.version == episode.version && run.started && run.start > gone &&
             run.start <= gone + parameters_.hold;
    });
  }

  // One host may restart on an old image; two at once do not. What ran there before must have been
  // heard, or they may have been there all the time; unless they are all that lives.
  bool on_several_hosts(std::span<const Run* const> runs, Timestamp at, bool alone) const {
    std::set<std::string_view> hosts;
    for (const Run* run : runs) {
      if (run->interval->host.empty() || !alive(*run, at)) continue;
      if (alone || run->before != nullptr) hosts.insert(run->clock);
    }
    return hosts.size() > 1;
  }

  // How many instances the cell has when nothing is going on, as far as it is known: the most of
  // the last few deployments that were completed, or are found only now.
  std::size_t usual_size() const {
    std::int64_t most = 1;
    int looked_at = 0;
    for (std::size_t e = episodes_.size(); e-- > 0 && looked_at < 3;) {
      const Deployment* known = episodes_[e].known;
      if (known != nullptr && !known->completed_at) continue;
      most = std::max(most, known != nullptr ? known->instances : most_at_once(episodes_[e].runs));
      ++looked_at;
    }
    return static_cast<std::size_t>(most);
  }

  std::int64_t most_at_once(std::span<const Run* const> runs) const {
    std::size_t most = 0;
    for (const Run* run : runs) most = std::max(most, alive_at(runs, run->start));
    return static_cast<std::int64_t>(most);
  }

  // All its instances restarted on something else or are unheard for long, and so that none other
  // of it can still turn up, every host has been heard since. Since when.
  std::optional<Timestamp> gone_for_good(const Episode& episode, Timestamp at) const {
    if (!episode.seen()) return std::nullopt;
    Timestamp gone{0};
    for (const Run* run : episode.runs) {
      const Timespan wait = run->replaced ? parameters_.hold : parameters_.patience;
      if (run->gone == timestamp_max || run->gone + wait > at) return std::nullopt;
      gone = std::max(gone, run->replaced ? run->gone : run->gone + run->error);
    }
    const bool informed = std::ranges::all_of(runs_, [&](const Run& run) {
      return run.replaced || run.end >= gone || run.end + parameters_.patience <= at;
    });
    return informed ? std::optional(gone) : std::nullopt;
  }

  // Replaced by something else on its host, or unheard for so long that no lines of it can still be
  // held up.
  bool surely_gone(const Run& run, Timestamp at) const {
    return run.gone <= at && (run.replaced || run.end + parameters_.patience <= now_);
  }

  // What its host ran before, or before what it ran on the way, was of the current episode; unknown
  // where no host is named, or where the episode is too long ago to be seen.
  bool took_over(const Run& run, const Episode& current, const Wave* way) const {
    if (run.interval->host.empty()) return true;
    const Run* before = run.before;
    while (way != nullptr && before != nullptr &&
           std::ranges::find(way->runs, before) != way->runs.end())
      before = before->before;
    if (before == nullptr) return !current.seen();
    return std::ranges::find(current.runs, before) != current.runs.end();
  }

  // None of its instances is among what was heard for hours before the look-back.
  bool is_forgotten(const Episode& episode) const {
    return !episode.seen() && std::ranges::none_of(runs_, [&](const Run& run) {
      return run.version == episode.version && !run.started;
    });
  }

  // Most instances are new, some by `way` of another version, and most of those that lived before
  // are gone. Before: when the cell was last heard before the wave; it may have been silent since.
  bool is_redeploy(const Wave& wave, const Episode& current, const Wave* way = nullptr) const {
    if (wave.birth + parameters_.settle > now_) return false;
    std::vector<const Run*> taking;
    for (const Run* run : wave.runs) {
      if (took_over(*run, current, way)) taking.push_back(run);
    }
    const std::size_t fresh = places_of(taking);
    if (fresh * 2 <= usual_size()) return false;
    if (is_forgotten(current)) return true;
    Timestamp before{0};
    for (const Run* run : current.runs) {
      if (run->start < wave.birth)
        before = std::max(before, std::min(run->end, wave.birth - Timespan{1}));
    }
    std::vector<const Run*> old, staying;
    for (const Run* run : current.runs) {
      const bool replaced = std::ranges::find(wave.runs, run->after) != wave.runs.end();
      const bool lived = run->start <= before && run->end + parameters_.quiet >= before;
      if (!lived && !replaced) continue;
      old.push_back(run);
      if (!surely_gone(*run, wave.last_start() + parameters_.quiet)) staying.push_back(run);
    }
    const std::size_t before_it = places_of(old);
    return before_it > 0 && fresh * 2 > before_it && places_of(staying) * 2 < before_it;
  }

  // On how many hosts they ran; where none is named, how many there were.
  std::size_t places_of(std::span<const Run* const> runs) const {
    std::set<std::string_view> hosts;
    std::size_t unnamed = 0;
    for (const Run* run : runs) {
      if (run->interval->host.empty())
        ++unnamed;
      else
        hosts.insert(run->clock);
    }
    return hosts.size() + unnamed;
  }

  // It was seen for a moment, and then the version before it was started anew on most instances:
  // what looks like a redeploy of that one was the way to this one and back. A host that had left
  // it before that was only on an old image, and so was one alone in mid-rollout.
  bool went_and_returned(std::size_t w, const Episode& current) const {
    if (w + 1 == waves_.size()) return false;
    const Wave& next = waves_[w + 1];
    if (next.version != current.version || !is_redeploy(next, current, &waves_[w])) return false;
    if (is_alone_in_mid_rollout(waves_[w])) return false;
    return std::ranges::all_of(waves_[w].runs, [&](const Run* run) {
      return surely_gone(*run, next.last_start() + parameters_.heartbeat) &&
             (run->after == nullptr || std::ranges::find(next.runs, run->after) != next.runs.end());
    });
  }

  std::span<const Run> runs_;
  std::span<const Deployment* const> history_;
  Timestamp now_;
  const Parameters& parameters_;
  std::vector<Wave> waves_;
  std::set<const Deployment*> seen_;
  std::vector<Episode> episodes_;
  std::string_view initial_;
  Timestamp beginning_{0};
};

}  // namespace

std::vector<Episode> make_episodes(std::span<const Run> runs,
                                   std::span<const Deployment* const> history, Timestamp since,
                                   Timestamp now, const Parameters& parameters) {
  return Walk(runs, history, since, now, parameters).go();
}

}  // namespace rollcall::fleet
