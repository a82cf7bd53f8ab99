// Clustering of starts by version, and the order of the clusters.
#include "fleet/waves.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace rollcall::fleet {
namespace {

// By its own clock the host ran something else between the two.
bool split_by_own_clock(const Run& earlier, const Run& later, std::span<const Run> runs) {
  if (earlier.clock.empty() || earlier.clock != later.clock) return false;
  return std::ranges::any_of(runs, [&](const Run& other) {
    return other.started && other.clock == earlier.clock && other.version != earlier.version &&
           other.interval->first > earlier.interval->first &&
           other.interval->first < later.interval->first;
  });
}

// By its own clock the host started something else since.
bool gave_way(const Run& run, std::span<const Run> runs) {
  return !run.clock.empty() && std::ranges::any_of(runs, [&](const Run& other) {
    return other.started && other.clock == run.clock && other.version != run.version &&
           other.interval->first > run.interval->first;
  });
}

// In mid-rollout one came back from another version and was started again since: it may have been on an
// old image.
bool may_be_stray(const Run& run) {
  return run.replaced && run.before != nullptr && run.before->version != run.version;
}

// Nothing of its version was there before the wave.
bool is_novel(const Wave& wave, std::span<const Run> runs) {
  return std::ranges::none_of(runs, [&](const Run& run) {
    return run.version == wave.version && run.start <= wave.runs.front()->start &&
           std::ranges::find(wave.runs, &run) == wave.runs.end();
  });
}

// Its host's first start in a silence, which may have been as soon as that began: a restart, unless what was
// seen then may have been on an old image; or one that goes over to a version that was new then.
bool may_be_hidden(const Wave& wave, const Run& run, std::span<const Run> runs) {
  if (run.before == nullptr || std::ranges::find(wave.runs, run.before) != wave.runs.end())
    return false;
  if (run.before->version != run.version) return is_novel(wave, runs);
  return !std::ranges::all_of(wave.runs, [](const Run* other) { return may_be_stray(*other); });
}

// Some of the wave live when the run starts; or, where hosts are named, none of them ran anything
// else since. What is near only if clocks are as wrong as they may be is not near what gave way.
bool belongs(const Wave& wave, const Run& run, std::span<const Run> runs,
             const Parameters& parameters) {
  const Run& last = *wave.runs.back();
  const bool hidden = may_be_hidden(wave, run, runs);
  const Timespan apart = (hidden ? earliest_start(run, parameters) : run.start) - last.start;
  if (apart > parameters.wave + run.error + last.error) return false;
  bool split = run.interval->host.empty();
  for (const Run* other : wave.runs) {
    const bool left = apart > parameters.wave && gave_way(*other, runs);
    if (!left && other->gone + other->error > run.start - run.error) return true;
    split = split || left || split_by_own_clock(*other, run, runs);
  }
  return !split;
}

// Its host had stayed on the same version before: it neither came from another one, nor crashes and
// starts over and over.
bool is_restart(const Run& run, const Parameters& parameters) {
  return run.before != nullptr && run.before->version == run.version &&
         run.start - earliest_start(*run.before, parameters) > parameters.hold;
}

using Hosts = std::set<std::string_view>;
Hosts hosts_of(std::span<const Run* const> runs) {
  Hosts hosts;
  for (const Run* run : runs) {
    if (!run->interval->host.empty()) hosts.insert(run->clock);
  }
  return hosts;
}

// Those whose first start is such a one.
template <class Such>
Hosts first_starts(std::span<const Run* const> runs, const Such& such) {
  Hosts seen, found;
  for (const Run* run : runs) {
    if (run->interval->host.empty() || !seen.insert(run->clock).second) continue;
    if (such(*run)) found.insert(run->clock);
  }
  return found;
}

// Those that restarted; and those that another version had brought away from the first round, if most were: one
// may have been on an old image.
Hosts started_again(std::span<const Run* const> second, const Hosts& first, std::size_t hosts,
                    const Parameters& parameters) {
  Hosts again = first_starts(second, [&](const Run& run) { return is_restart(run, parameters); });
  Hosts back = first_starts(second, [&](const Run& run) {
    return first.contains(run.clock) && run.before != nullptr && run.before->version != run.version;
  });
  if (back.size() * 2 > hosts) again.merge(back);
  return again;
}

Timestamp first_start(std::span<const Run* const> runs) {
  return std::ranges::min(runs, {}, &Run::start)->start;
}
Timestamp last_start(std::span<const Run* const> runs) {
  return std::ranges::max(runs, {}, &Run::start)->start;
}

// A deployment starts a host once: where most hosts of a wave started again after what was a round of its
// own, they were deployed to again. A round is where hosts come from other versions; or where most
// start; or some, before a silence, that all start again after it. Answers the runs of the second
// round and takes them away from the wave. What starts in a silence may have started with it.
std::vector<const Run*> take_second_round(Wave& wave, const Parameters& parameters) {
  const std::size_t hosts = hosts_of(wave.runs).size();
  std::vector<const Run*> runs = wave.runs;
  std::ranges::stable_sort(runs, {},
                           [&](const Run* run) { return earliest_start(*run, parameters); });
  std::size_t cut = 0;
  std::pair<std::size_t, Timespan> best{0, {}};
  for (std::size_t i = 1; i < runs.size(); ++i) {
    const std::span<const Run* const> all = runs, first = all.first(i), second = all.subspan(i);
    const Hosts before = hosts_of(first), again = started_again(second, before, hosts, parameters);
    if (again.size() < 2 || again.size() * 2 <= hosts) continue;
    const auto both = static_cast<std::size_t>(
        std::ranges::count_if(before, [&](std::string_view host) { return again.contains(host); }));
    const bool arrivals =
        both * 2 > before.size() &&
        std::ranges::none_of(first, [&](const Run* run) { return is_restart(*run, parameters); });
    const Timespan pause = first_start(second) - last_start(first);
    const bool apart = pause > parameters.wave && std::ranges::includes(again, before);
    const std::pair one(before.size() + again.size(), pause);
    if ((!arrivals && before.size() * 2 <= hosts && !apart) || one <= best) continue;
    best = one;
    cut = i;
  }
  if (cut == 0) return {};
  std::vector<const Run*> second(runs.begin() + static_cast<std::ptrdiff_t>(cut), runs.end());
  std::ranges::stable_sort(second, {}, &Run::start);
  std::erase_if(wave.runs,
                [&](const Run* run) { return std::ranges::find(second, run) != second.end(); });
  return second;
}

// A start may be earlier than its run says, not later, as long as its clock is known at all
// (runs.cpp): so the earliest is the best for when it began, and the best known one for the order.
void find_birth_and_death(Wave& wave, const Parameters& parameters) {
  const Run* first = nullptr;
  wave.death = {0};
  wave.start = timestamp_max;
  for (const Run* run : wave.runs) {
    if (first == nullptr ||
        std::tuple(run->error, run->start) < std::tuple(first->error, first->start))
      first = run;
    if (run->error <= parameters.skew) wave.start = std::min(wave.start, run->start);
    wave.death = std::max(wave.death, run->gone == timestamp_max ? timestamp_max : run->end);
  }
  wave.birth = first->start;
  wave.start = std::min(wave.start, wave.birth);
  wave.error = first->error;
}

// How many more hosts say that a came first than that b did, each by its own clock.
int votes(const Wave& a, const Wave& b) {
  int balance = 0;
  for (const Run* x : a.runs) {
    for (const Run* y : b.runs) {
      if (x->clock.empty() || x->clock != y->clock) continue;
      balance += x->interval->first < y->interval->first ? 1 : -1;
    }
  }
  return balance;
}

bool came_first(const Wave& a, const Wave& b, Timestamp judged, const Parameters& parameters) {
  if (a.known != nullptr && b.known != nullptr &&
      std::max(a.known->started_at, b.known->started_at) < judged) {
    return a.known->sequence < b.known->sequence;
  }
  if (const int balance = votes(a, b); balance != 0) return balance > 0;
  const Timespan apart = a.birth < b.birth ? b.birth - a.birth : a.birth - b.birth;
  if (apart <= a.error + b.error && a.version != b.version && a.death != b.death) {
    const Timespan between = std::max(a.death, b.death) - std::min(a.death, b.death);
    if (between > parameters.heartbeat) return a.death < b.death;
  }
  return a.birth < b.birth;
}

}  // namespace

std::vector<Wave> make_waves(std::span<const Run> runs, Timestamp judged,
                             const Parameters& parameters) {
  std::map<std::string_view, std::vector<Wave>> by_version;
  for (const Run& run : runs) {
    if (!run.started) continue;
    std::vector<Wave>& own = by_version[run.version];
    if (own.empty() || !belongs(own.back(), run, runs, parameters))
      own.push_back({run.version, {}, {}, {}, {}, {}, false, nullptr});
    own.back().runs.push_back(&run);
  }
  std::vector<Wave> waves;
  for (auto& [version, own] : by_version) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      Wave next{version, take_second_round(own[i], parameters), {}, {}, {}, {}, false, nullptr};
      if (next.runs.empty()) continue;
      own.insert(own.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(next));
    }
    for (Wave& wave : own) {
      find_birth_and_death(wave, parameters);
      wave.news = std::ranges::any_of(
          wave.runs, [&](const Run* run) { return run->interval->earliest_ingested >= judged; });
      waves.push_back(std::move(wave));
    }
  }
  std::ranges::stable_sort(waves, {}, &Wave::birth);
  return waves;
}

void order_waves(std::vector<Wave>& waves, Timestamp judged, const Parameters& parameters) {
  // The comparison need not be transitive, so neighbours are exchanged until none wants to, at most
  // so often.
  for (std::size_t round = 0; round < waves.size(); ++round) {
    bool changed = false;
    for (std::size_t i = 0; i + 1 < waves.size(); ++i) {
      if (!came_first(waves[i + 1], waves[i], judged, parameters)) continue;
      std::swap(waves[i], waves[i + 1]);
      changed = true;
    }
    if (!changed) break;
  }
}

}  // namespace rollcall::fleet
